/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What AWS can be asked: a table of operations, and the two ways to call one.
 *
 *	const struct operation *describe = operation_find("DescribeTrafficMirrorTargets");
 *	rc = operation_list(client, describe, NULL, each_target, &targets, &failure);
 */
#ifndef PROVISION_OPERATION_H
#define PROVISION_OPERATION_H

#include <jansson.h>

#include "provision/api/shape.h"
#include "provision/aws/client.h"

enum { OPERATION_TOKEN_BYTES = SHAPE_TOKEN_LENGTH + 1 };

struct operation_service {
	const char *name;    /* as client_call() has it: "ec2" */
	const char *version; /* "2016-11-15" */
	enum shape_dialect dialect;
	const char *title; /* for people: "EC2" */
};

struct operation {
	const char *name; /* "CreateTrafficMirrorSession" */
	const struct operation_service *service;
	const struct shape *input;
	const struct shape *output; /* NULL: answers with nothing but success */
	/* Paginated ones: the output's list, the input's page token and the output's, the input's
	 * page size. NULL: all in one answer. */
	const char *items, *token, *next_token, *page_size;
	const char *ids;     /* the input's list of ids, beside which no page size is allowed */
	unsigned int size;   /* items per page */
	const char *id;      /* the input's member that names what is changed or deleted, or NULL */
	const char *on;      /* the resources on which IAM must allow it: "the …"; NULL: "*" */
	const char *tagging; /* TagSpecifications' ResourceType, or NULL */
};

/* The operation of that name, or NULL. */
const struct operation *operation_find(const char *name);

/* All operations, one after the other; NULL after the last. */
const struct operation *operation_at(size_t index);

/*
 * Calls once. Where the input has a ClientToken and none was given, a random one goes with all
 * attempts. The input is not checked here (shape_check()).
 *
 * A dry run that would have worked is success, with no output. What an earlier attempt of the same
 * call has deleted counts as deleted. An answer that is another operation's, or names another
 * object, is an error.
 *
 * input: borrowed, NULL for {}. output: owned by the caller, json_decref(); set only on 0; NULL
 * after a dry run and where there is none; the pointer itself may be NULL.
 * Returns 0, or -errno with failure set: -EREMOTEIO (AWS answered with an error, its code in
 * failure->code; a missing permission is named in the remedy), -EPROTO (the answer is not what the
 * API promises; failure->unclear is set), else as client_call().
 */
int operation_call(struct client *client, const struct operation *operation, const json_t *input,
		   json_t **output, struct failure *failure);

/*
 * Calls until the last page, and each() for every item. A failure on any page is a failure of the
 * whole, an answer without the list too: what each() saw is then no complete list.
 * each: its item is borrowed (json_incref() to keep it); returns 0, or -errno that ends the list
 * and is returned, with failure as each() left it (set by it through arg, or untouched).
 * Returns as operation_call(); a dry run calls each() for none.
 */
int operation_list(struct client *client, const struct operation *operation, const json_t *input,
		   int (*each)(void *arg, json_t *item), void *arg, struct failure *failure);

/* As operation_list(), into one array. items: owned by the caller; set only on 0. */
int operation_list_all(struct client *client, const struct operation *operation,
		       const json_t *input, json_t **items, struct failure *failure);

/*
 * Makes a random client token (RFC 4122, version 4), for callers that must know theirs.
 * Returns 0, or -EIO with failure set.
 */
int operation_token(char token[OPERATION_TOKEN_BYTES], struct failure *failure);

/* The two pure halves of operation_call(). */

/* query: needs no initialisation; query_fini() by the caller. */
void operation_encode(const struct operation *operation, const json_t *input, struct query *query);

/*
 * Reads an answer. output: as above.
 * Returns 0, -EBADMSG (not this operation's answer), -ENOMEM.
 */
int operation_decode(const struct operation *operation, const struct xml_document *document,
		     json_t **output);

#endif
