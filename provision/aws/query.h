/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request in the EC2 Query protocol: Action, Version and parameters as
 * application/x-www-form-urlencoded, lists as Name.1, Name.2, in the order in which they are added.
 */
#ifndef PROVISION_QUERY_H
#define PROVISION_QUERY_H

#include <stdint.h>

#include "provision/aws/buffer.h"

#define QUERY_CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

struct query {
	struct buffer body; /* owned; body.failed where memory ran out */
};

/* Starts a request; query needs no initialisation. Freed with query_fini(). */
void query_init(struct query *query, const char *action, const char *version);

/*
 * Adds a parameter. Its name is a printf format, so that members of lists are written as they read:
 * query_add(query, value, "Filter.%u.Value.%u", i, j). A NULL value adds nothing: optional
 * parameters need no test at the caller.
 */
void query_add(struct query *query, const char *value, const char *name_format, ...)
	__attribute__((format(printf, 3, 4)));

void query_add_number(struct query *query, const char *name, uint32_t value);

void query_fini(struct query *query);

#endif
