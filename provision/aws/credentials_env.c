/* SPDX-License-Identifier: Apache-2.0 */
/* Keys in the environment. */
#include <errno.h>
#include <stdlib.h>

#include "provision/aws/credentials_sources.h"

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Half a pair is a mistake; another source's keys would be a surprise. */
static int half_a_pair(bool id, struct failure *failure)
{
	failure_set(failure, FAILURE_CREDENTIALS,
		    "credentials from the environment: %s is set but %s is not",
		    id ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
		    id ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
	failure_set_remedy(failure, "set both or neither");
	return -EINVAL;
}

int credentials_env(const struct credentials_context *context, struct credentials *credentials,
		    struct failure *failure)
{
	const char *id = variable("AWS_ACCESS_KEY_ID");
	const char *secret = variable("AWS_SECRET_ACCESS_KEY");
	const char *expiration = variable("AWS_CREDENTIAL_EXPIRATION");

	if (!context->environment) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "environment: not asked, as --profile was given");
		return -ENOENT;
	}
	if (!id && !secret) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
		return -ENOENT;
	}
	if (!id || !secret)
		return half_a_pair(id, failure);
	credentials->expires_at = credentials_parse_time(expiration);
	if (expiration && !credentials->expires_at) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "credentials from the environment: AWS_CREDENTIAL_EXPIRATION is not a "
			    "time");
		failure_set_remedy(failure, "unset it, or write it as 2026-01-31T23:59:59Z");
		return -EINVAL;
	}
	return credentials_set(credentials, id, secret, variable("AWS_SESSION_TOKEN"),
			       "the environment", failure);
}
