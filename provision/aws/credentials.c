/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/credentials.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROLE_PATH "/latest/meta-data/iam/security-credentials/"

static void wipe_text(char **text)
{
	if (*text)
		OPENSSL_cleanse(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void credentials_fini(struct credentials *credentials)
{
	wipe_text(&credentials->access_key_id);
	wipe_text(&credentials->secret_access_key);
	wipe_text(&credentials->session_token);
	*credentials = (struct credentials){0};
}

bool credentials_stale(const struct credentials *credentials, int64_t now)
{
	return credentials->expires_at &&
	       credentials->expires_at - now <= CREDENTIALS_REFRESH_SECONDS;
}

/* Keys become parts of headers: printable ASCII without blanks. */
static bool printable(const char *text)
{
	const char *c = text;

	while (*c > 0x20 && *c < 0x7f)
		c++;
	return c != text && !*c;
}

int credentials_set(struct credentials *credentials, const char *id, const char *secret,
		    const char *token, const char *origin, struct failure *failure)
{
	if (!printable(id) || !printable(secret) || (token && !printable(token))) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "credentials from %s: blanks, line breaks or other characters that no "
			    "AWS key has",
			    origin);
		failure_set_remedy(failure, "copy the keys again");
		return -EINVAL;
	}
	credentials->access_key_id = strdup(id);
	credentials->secret_access_key = strdup(secret);
	credentials->session_token = token ? strdup(token) : NULL;
	if (!credentials->access_key_id || !credentials->secret_access_key ||
	    (token && !credentials->session_token))
		return failure_memory(failure);
	return 0;
}

/* The environment. */

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Who names a profile must not act as the instance's role instead. */
static int profile_named(struct failure *failure)
{
	failure_set(failure, FAILURE_CREDENTIALS,
		    "credentials of AWS_PROFILE '%s': profiles are not supported yet",
		    variable("AWS_PROFILE"));
	failure_set_remedy(failure, "export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (`aws "
				    "configure export-credentials --format env` prints them), or "
				    "unset AWS_PROFILE");
	return -EINVAL;
}

static int load_environment(const struct credentials_context *context,
			    struct credentials *credentials, struct failure *failure)
{
	const char *id = variable("AWS_ACCESS_KEY_ID");
	const char *secret = variable("AWS_SECRET_ACCESS_KEY");

	if (!id && !secret && variable("AWS_PROFILE"))
		return profile_named(failure);
	if (!id && !secret) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
		return -ENOENT;
	}
	/* Half a pair is a mistake; another source's keys would be a surprise. */
	if (!id || !secret) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "credentials from the environment: %s is "
			    "set but %s is not",
			    id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
			    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
		failure_set_remedy(failure, "set both or neither");
		return -EINVAL;
	}
	return credentials_set(credentials, id, secret, variable("AWS_SESSION_TOKEN"),
			       "the environment", failure);
}

/* The instance's role. */

static int bad_document(const char *what, struct failure *failure)
{
	failure_set(failure, FAILURE_CREDENTIALS, "credentials from instance metadata: %s", what);
	failure_set_remedy(failure, "check the instance profile's role and its trust policy");
	return -EPROTO;
}

int64_t credentials_parse_time(const char *text)
{
	struct tm utc = {0};
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc) : NULL;

	return end && !*end ? timegm(&utc) : 0;
}

static int parse_role_document(const json_t *document, struct credentials *credentials,
			       struct failure *failure)
{
	const char *code = json_string_value(json_object_get(document, "Code"));
	const char *message = json_string_value(json_object_get(document, "Message"));
	const char *id = json_string_value(json_object_get(document, "AccessKeyId"));
	const char *secret = json_string_value(json_object_get(document, "SecretAccessKey"));
	const char *token = json_string_value(json_object_get(document, "Token"));
	const char *expiration = json_string_value(json_object_get(document, "Expiration"));
	char what[512];

	/* The service reports a role that cannot be assumed with status 200. */
	if (code && strcmp(code, "Success") != 0) {
		snprintf(what, sizeof(what), "%s: %s", code, message ? message : "no message");
		return bad_document(what, failure);
	}
	if (!id || !secret || !token)
		return bad_document("AccessKeyId, SecretAccessKey or Token is missing", failure);
	credentials->expires_at = credentials_parse_time(expiration);
	if (!credentials->expires_at)
		return bad_document("Expiration is not a time", failure);
	return credentials_set(credentials, id, secret, token, "instance metadata", failure);
}

/* jansson frees its strings as they are. */
static void free_document(json_t *document)
{
	const char *key;
	json_t *value;

	json_object_foreach(document, key, value)
	{
		if (json_is_string(value))
			OPENSSL_cleanse((char *)json_string_value(value),
					json_string_length(value));
	}
	json_decref(document);
}

static int parse_role(const struct buffer *text, struct credentials *credentials,
		      struct failure *failure)
{
	json_t *document = json_loadb(buffer_string(text), text->length, 0, NULL);
	int rc;

	if (!json_is_object(document)) {
		json_decref(document);
		return bad_document("not a JSON object", failure);
	}
	rc = parse_role_document(document, credentials, failure);
	free_document(document);
	return rc;
}

/* The list of roles is one name on a line; it becomes part of a path. */
static bool trim_role(struct buffer *role)
{
	buffer_truncate(role, strcspn(buffer_string(role), "\r\n"));
	return role->length && !strpbrk(role->data, "/ ?#%");
}

static int load_instance(const struct credentials_context *context, struct credentials *credentials,
			 struct failure *failure)
{
	struct buffer role = {0}, path = {0}, text = {0};
	int rc = imds_get(context->imds, ROLE_PATH, &role, failure);

	if (rc == -ENOENT)
		failure_set(failure, FAILURE_CREDENTIALS,
			    "instance metadata: the instance has no role");
	/* Elsewhere than on EC2 the service is simply not there. */
	if (rc == -EHOSTUNREACH || rc == -ENODEV)
		rc = -ENOENT;
	if (rc)
		goto out;
	if (!trim_role(&role)) {
		rc = bad_document("the list of roles is not a name", failure);
		goto out;
	}
	buffer_format(&path, ROLE_PATH "%s", role.data);
	if (path.failed) {
		rc = failure_memory(failure);
		goto out;
	}
	rc = imds_get(context->imds, path.data, &text, failure);
	if (!rc)
		rc = parse_role(&text, credentials, failure);
	else if (rc == -ENOENT)
		rc = bad_document("the instance's role vanished", failure);
out:
	buffer_fini(&text);
	buffer_fini(&path);
	buffer_fini(&role);
	return rc;
}

/* The chain. */

const struct credentials_source credentials_sources[] = {
	{"environment", load_environment},
	{"instance metadata", load_instance},
	{NULL, NULL},
};

static int none_found(const struct buffer *tried, struct failure *failure)
{
	if (tried->failed)
		return failure_memory(failure);
	failure_set(failure, FAILURE_CREDENTIALS, "no AWS credentials; tried %s",
		    buffer_string(tried));
	failure_set_remedy(failure, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and "
				    "AWS_SESSION_TOKEN), or give the instance a role");
	return -ENOENT;
}

int credentials_load(const struct credentials_context *context, struct credentials *credentials,
		     struct failure *failure)
{
	const struct credentials_source *source = credentials_sources;
	struct credentials found = {0};
	struct buffer tried = {0};
	int rc = -ENOENT;

	for (; source->name; source++) {
		rc = source->load(context, &found, failure);
		if (rc != -ENOENT)
			break;
		credentials_fini(&found);
		buffer_format(&tried, "%s%s", tried.length ? "; " : "", failure->message);
	}
	if (rc == -ENOENT)
		rc = none_found(&tried, failure);
	buffer_fini(&tried);
	if (rc) {
		credentials_fini(&found);
		return rc;
	}
	found.source = source->name;
	credentials_fini(credentials);
	*credentials = found;
	return 0;
}
