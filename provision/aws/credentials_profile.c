/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that stand in a profile itself. */
#include <errno.h>

#include "provision/aws/credentials_sources.h"

typedef const char *(*lookup)(const struct profiles *profiles, const char *name, const char *key);

static int load_keys(const struct credentials_context *context, lookup value,
		     const struct buffer *path, struct credentials *credentials,
		     struct failure *failure)
{
	const struct profiles *profiles = context->profiles;
	const char *id = value(profiles, context->profile, "aws_access_key_id");
	const char *secret = value(profiles, context->profile, "aws_secret_access_key");
	const char *token = value(profiles, context->profile, "aws_session_token");

	if (!token)
		token = value(profiles, context->profile, "aws_security_token");
	if (!id && !secret) {
		failure_set(failure, FAILURE_CREDENTIALS, "%s: no keys in profile '%s'",
			    buffer_string(path), context->profile);
		return -ENOENT;
	}
	if (!id || !secret) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "%s: profile '%s' has aws_%s but no aws_%s", buffer_string(path),
			    context->profile, id ? "access_key_id" : "secret_access_key",
			    id ? "secret_access_key" : "access_key_id");
		failure_set_remedy(failure, "give it both or neither");
		return -EINVAL;
	}
	return credentials_set(credentials, id, secret, token, buffer_string(path), failure);
}

int credentials_shared_file(const struct credentials_context *context,
			    struct credentials *credentials, struct failure *failure)
{
	return load_keys(context, profiles_credentials_value, &context->profiles->credentials_path,
			 credentials, failure);
}

int credentials_config_file(const struct credentials_context *context,
			    struct credentials *credentials, struct failure *failure)
{
	return load_keys(context, profiles_config_value, &context->profiles->config_path,
			 credentials, failure);
}
