/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/credentials_json.h"

#include <errno.h>
#include <stdlib.h>

#include "provision/aws/wipe.h"

const struct credentials_shape credentials_json_role = {
	"AccessKeyId", "SecretAccessKey", "Token", "Expiration", true, true, false,
};

int credentials_json_bad(const char *origin, const char *what, struct failure *failure)
{
	failure_set(failure, FAILURE_CREDENTIALS, "credentials from %s: %s", origin, what);
	return -EPROTO;
}

const char *credentials_json_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int credentials_json_parse(const char *text, size_t length, const char *origin, json_t **document,
			   struct failure *failure)
{
	json_t *parsed;

	/* Whatever was allocated before is malloc()'s, too. */
	json_set_alloc_funcs(malloc, wipe_free);
	parsed = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(parsed)) {
		json_decref(parsed);
		return credentials_json_bad(origin, "not a JSON object", failure);
	}
	*document = parsed;
	return 0;
}

/* 0 where it is no time. */
static int64_t take_time(const struct credentials_shape *shape, const json_t *value)
{
	if (shape->expiration_ms)
		return json_integer_value(value) / 1000;
	return credentials_parse_time(json_string_value(value));
}

int credentials_json_take(const json_t *object, const struct credentials_shape *shape,
			  const char *origin, struct credentials *credentials,
			  struct failure *failure)
{
	const char *id = credentials_json_text(object, shape->id);
	const char *secret = credentials_json_text(object, shape->secret);
	const char *token = credentials_json_text(object, shape->token);
	const json_t *expiration = json_object_get(object, shape->expiration);

	if (!id || !secret || (shape->token_needed && !token)) {
		failure_set(failure, FAILURE_CREDENTIALS, "credentials from %s: %s, %s%s%s", origin,
			    shape->id, shape->secret, shape->token_needed ? " or " : "",
			    shape->token_needed ? shape->token : "");
		failure_set(failure, FAILURE_CREDENTIALS, "%s is missing", failure->message);
		return -EPROTO;
	}
	if ((expiration && !json_is_null(expiration)) || shape->expiration_needed) {
		credentials->expires_at = take_time(shape, expiration);
		if (credentials->expires_at <= 0)
			return credentials_json_bad(origin, "Expiration is not a time", failure);
	}
	return credentials_set(credentials, id, secret, token, origin, failure);
}
