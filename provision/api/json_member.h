/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading members of a JSON object in AWS CLI's form into C. A member that is missing or null is no
 * error and leaves NULL, 0 or false; one of another kind is -EBADMSG.
 */
#ifndef PROVISION_JSON_MEMBER_H
#define PROVISION_JSON_MEMBER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/api/mirror_session.h"

/* copy: owned by the caller, free(); an empty text is NULL. Returns 0, -EBADMSG, -ENOMEM. */
int json_member_text(const json_t *object, const char *name, char **copy);

/* Members of one object, as a table; name NULL ends it. Stops at the first failure. */
struct json_member_text {
	const char *name;
	char **copy;
};
int json_member_texts(const json_t *object, const struct json_member_text *table);

/* present: may be NULL. Returns 0, -EBADMSG (no number, or not in 0…max). */
int json_member_number(const json_t *object, const char *name, uint32_t max, bool *present,
		       uint32_t *number);

/* Returns 0, -EBADMSG. */
int json_member_flag(const json_t *object, const char *name, bool *flag);

/*
 * A list of texts; with part, a list of structures of which that member's text is taken.
 * texts: owned by the caller, json_member_free_list(). Returns 0, -EBADMSG, -ENOMEM.
 */
int json_member_list(const json_t *object, const char *name, const char *part, char ***texts,
		     size_t *count);
void json_member_free_list(char **texts, size_t count);

/* The member "Tags". tags: owned by the caller, json_member_free_tags(). Returns as above. */
int json_member_tags(const json_t *object, struct mirror_session_tag **tags, size_t *count);
void json_member_free_tags(struct mirror_session_tag *tags, size_t count);

#endif
