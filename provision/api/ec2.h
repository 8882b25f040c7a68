/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EC2's calls about traffic mirror sessions with C structs around them, for `mirrorcap run`. What
 * is sent was checked before (session_options_check()), EC2 checks the rest.
 *
 * All return 0, or -errno with failure set: -EREMOTEIO where EC2 answered with an error (its code
 * in failure->code, "UnauthorizedOperation" with the permission that is missing as the remedy),
 * -EPROTO where the answer is not what the API promises, else as client_call().
 *
 * EC2 is eventually consistent: a session that was just created may be unknown to the next call.
 * ec2_wait_session() bridges that.
 */
#ifndef PROVISION_EC2_H
#define PROVISION_EC2_H

#include <stdbool.h>

#include "provision/api/mirror_session.h"
#include "provision/api/operation.h"
#include "provision/aws/client.h"

/* All borrowed. */
struct ec2_create {
	struct mirror_session_spec spec; /* interface, target, filter and number are needed */
	const char *client_token;        /* NULL: a random one */
	bool dry_run;
};

struct ec2_created {
	struct mirror_session session;            /* owned; empty after a dry run */
	char client_token[OPERATION_TOKEN_BYTES]; /* the one that was sent; set on failure too */
};

struct ec2_filter {
	const char *name;
	const char *const *values;
	size_t value_count;
};

/* All borrowed. Ids and filters may be combined; neither: all sessions of the region. */
struct ec2_describe {
	const char *const *ids; /* one that does not exist is an error of EC2's */
	size_t id_count;
	const struct ec2_filter *filters;
	size_t filter_count;
	bool dry_run;
};

/*
 * Creates a session. One client token goes with all attempts, so that a retry cannot create a
 * second one. With dry_run, 0 means that it would have been created, and nothing was.
 * created: needs no initialisation; ec2_created_fini() on 0. Where it may exist after a failure
 * (failure->unclear), the remedy tells how to find out.
 */
int ec2_create_session(struct client *client, const struct ec2_create *create,
		       struct ec2_created *created, struct failure *failure);

void ec2_created_fini(struct ec2_created *created);

/*
 * Lists sessions, all pages. A failure on any page is a failure of the whole: a partial list never
 * passes for a complete one.
 * list: needs no initialisation; mirror_session_list_fini() on 0. With dry_run it stays empty.
 */
int ec2_describe_sessions(struct client *client, const struct ec2_describe *describe,
			  struct mirror_session_list *list, struct failure *failure);

/*
 * Finds the session that does what spec wants (mirror_session_matches()); of several, the one with
 * the lowest session number, whose filter AWS asks first.
 * session: needs no initialisation; mirror_session_fini() on 0.
 * Returns -ENOENT where there is none; failure is then untouched.
 */
int ec2_find_session(struct client *client, const struct mirror_session_spec *spec,
		     struct mirror_session *session, struct failure *failure);

/*
 * Describes one session, again and again while EC2 does not know it.
 * timeout_ms: for all attempts; 0 asks once.
 * session: needs no initialisation; mirror_session_fini() on 0.
 */
int ec2_wait_session(struct client *client, const char *id, unsigned int timeout_ms,
		     struct mirror_session *session, struct failure *failure);

/*
 * Deletes a session. One that an earlier attempt of the same call has deleted counts as deleted.
 * With dry_run, 0 means that it would have been.
 */
int ec2_delete_session(struct client *client, const char *id, bool dry_run,
		       struct failure *failure);

#endif
