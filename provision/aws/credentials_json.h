/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials as JSON, in the shapes in which instance metadata, containers, credential processes
 * and SSO give them. All memory of the documents is wiped when it is freed.
 */
#ifndef PROVISION_CREDENTIALS_JSON_H
#define PROVISION_CREDENTIALS_JSON_H

#include <jansson.h>

#include "provision/aws/credentials.h"

/* How a source names what it gives. */
struct credentials_shape {
	const char *id;
	const char *secret;
	const char *token;
	const char *expiration;
	bool token_needed;
	bool expiration_needed;
	bool expiration_ms; /* since the epoch; else a text */
};

/* As instance metadata and containers give them. */
extern const struct credentials_shape credentials_json_role;

/*
 * Parses a whole text as a JSON object. origin: names it in the failure.
 * document: owned by the caller, json_decref(); set only on 0.
 * Returns 0, or -EPROTO with failure set (no JSON object, cut short, nested too deep, a key twice).
 */
int credentials_json_parse(const char *text, size_t length, const char *origin, json_t **document,
			   struct failure *failure);

/*
 * Takes keys out of an object. An expiration that is null is none.
 * credentials: zeroed; credentials_fini() in any case.
 * Returns 0, or -errno with failure set: -EPROTO (incomplete, or of another type), -EINVAL, -ENOMEM.
 */
int credentials_json_take(const json_t *object, const struct credentials_shape *shape,
			  const char *origin, struct credentials *credentials,
			  struct failure *failure);

/* Sets a failure about an answer: "credentials from ORIGIN: what". Returns -EPROTO. */
int credentials_json_bad(const char *origin, const char *what, struct failure *failure);

/* A text of an object, or NULL. */
const char *credentials_json_text(const json_t *object, const char *key);

#endif
