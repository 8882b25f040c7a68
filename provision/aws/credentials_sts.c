/* SPDX-License-Identifier: Apache-2.0 */
/* Roles that STS gives keys for: of a profile, and by a web identity token. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provision/aws/credentials_sources.h"
#include "provision/aws/exchange.h"
#include "provision/aws/file_text.h"
#include "provision/aws/sts.h"

enum {
	MIN_DURATION_SECONDS = 900,
	MAX_DURATION_SECONDS = 43200,
	MAX_TOKEN_BYTES = 64 << 10,
};

/* The profiles on the way to the one that is looked at; a role's source may be a role again. */
struct visit {
	const char *profile;
	const struct visit *before; /* NULL for the first */
};

/* Sends a query that asks for keys. signer: NULL for none. */
static int ask_sts(const struct credentials_context *context, const struct query *query,
		   const struct credentials *signer, struct credentials *credentials,
		   struct failure *failure)
{
	struct xml_document *document;
	struct endpoint endpoint;
	int rc = endpoint_resolve(ENDPOINT_STS, context->region, NULL, context->profiles, &endpoint,
				  failure);

	if (rc)
		return rc;
	const struct exchange_request call = {
		.service = ENDPOINT_STS,
		.region = context->region,
		.endpoint = &endpoint,
		.credentials = signer,
		.query = query,
	};
	rc = exchange_call(context->exchange, &call, &document, failure);
	endpoint_fini(&endpoint);
	if (rc)
		return rc;
	rc = sts_decode_credentials(document, credentials, failure);
	xml_free(document);
	return rc;
}

/* A profile's role. */

static const char *setting(const struct credentials_context *context, const char *key)
{
	return profiles_value(context->profiles, context->profile, key);
}

static int bad_profile(const struct credentials_context *context, const char *what,
		       const char *remedy, struct failure *failure)
{
	failure_set(failure, FAILURE_CREDENTIALS, "profile '%s': %s", context->profile, what);
	failure_set_remedy(failure, "%s", remedy);
	return -EINVAL;
}

static int read_duration(const struct credentials_context *context, struct sts_role *role,
			 struct failure *failure)
{
	const char *text = setting(context, "duration_seconds");
	char *end;
	long seconds;

	if (!text)
		return 0;
	seconds = strtol(text, &end, 10);
	if (*end || seconds < MIN_DURATION_SECONDS || seconds > MAX_DURATION_SECONDS)
		return bad_profile(context, "duration_seconds is not a number from 900 to 43200",
				   "correct or remove it", failure);
	role->duration_seconds = (uint32_t)seconds;
	return 0;
}

/* Who assumes the role, where that is no profile. */
static int load_credential_source(const struct credentials_context *context, const char *name,
				  struct credentials *credentials, struct failure *failure)
{
	static const struct {
		const char *name;
		int (*load)(const struct credentials_context *context,
			    struct credentials *credentials, struct failure *failure);
	} sources[] = {
		{"Environment", credentials_env},
		{"Ec2InstanceMetadata", credentials_instance},
		{"EcsContainer", credentials_container},
	};
	struct credentials_context with_environment = *context;

	with_environment.environment = true;
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (strcmp(sources[i].name, name) == 0)
			return sources[i].load(&with_environment, credentials, failure);
	}
	return bad_profile(context,
			   "credential_source is neither Environment, Ec2InstanceMetadata nor "
			   "EcsContainer",
			   "correct it", failure);
}

static bool is_role(const struct credentials_context *context)
{
	return setting(context, "role_arn") && !setting(context, "web_identity_token_file");
}

static bool visited(const struct visit *visit, const char *profile)
{
	for (; visit; visit = visit->before) {
		if (strcmp(visit->profile, profile) == 0)
			return true;
	}
	return false;
}

/* "a -> b" up to the profile that is looked at. */
static void name_way(const struct visit *visit, struct buffer *way)
{
	if (visit->before) {
		name_way(visit->before, way);
		buffer_text(way, " -> ");
	}
	buffer_text(way, visit->profile);
}

static int loop_found(const struct credentials_context *context, const struct visit *visit,
		      const char *source, struct failure *failure)
{
	struct buffer way = {0};

	name_way(visit, &way);
	failure_set(failure, FAILURE_CREDENTIALS,
		    "profile '%s': its source_profile leads back to it: %s -> %s", context->profile,
		    buffer_string(&way), source);
	failure_set_remedy(failure, "let the last one have keys of its own");
	buffer_fini(&way);
	return -EINVAL;
}

static int load_role(const struct credentials_context *context, const struct visit *visit,
		     struct credentials *credentials, struct failure *failure);

/* NOLINTNEXTLINE(misc-no-recursion): no deeper than there are profiles. */
static int load_source_profile(const struct credentials_context *context, const struct visit *visit,
			       const char *name, struct credentials *credentials,
			       struct failure *failure)
{
	struct credentials_context source = *context;
	const struct visit next = {name, visit};
	int rc;

	source.profile = name;
	source.environment = false;
	if (!profiles_have(context->profiles, name)) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "profile '%s': there is no source_profile '%s'", context->profile,
			    name);
		failure_set_remedy(failure, "correct source_profile, or add that profile");
		return -EINVAL;
	}
	/* Keys of its own go before its role: a profile may be its own source. */
	if (setting(&source, "aws_access_key_id") || !is_role(&source))
		rc = credentials_load_profile(&source, credentials, failure);
	else if (visited(visit, name))
		return loop_found(context, visit, name, failure);
	else
		rc = load_role(&source, &next, credentials, failure);
	return rc;
}

/* Keys to assume the role with. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static int load_source(const struct credentials_context *context, const struct visit *visit,
		       struct credentials *credentials, struct failure *failure)
{
	const char *profile = setting(context, "source_profile");
	const char *source = setting(context, "credential_source");
	int rc;

	if (!profile == !source)
		return bad_profile(context,
				   profile ? "both source_profile and credential_source"
					   : "a role_arn without source_profile or "
					     "credential_source",
				   "give it one of both", failure);
	if (profile)
		rc = load_source_profile(context, visit, profile, credentials, failure);
	else
		rc = load_credential_source(context, source, credentials, failure);
	/* The chain must not go on: the profile says who it wants to be. */
	if (rc == -ENOENT) {
		failure_prefix(failure,
			       "profile '%s': its %s '%s' has no credentials: ", context->profile,
			       profile ? "source_profile" : "credential_source",
			       profile ? profile : source);
		rc = -EINVAL;
	}
	return rc;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static int load_role(const struct credentials_context *context, const struct visit *visit,
		     struct credentials *credentials, struct failure *failure)
{
	struct sts_role role = {
		.role_arn = setting(context, "role_arn"),
		.session_name = setting(context, "role_session_name"),
		.external_id = setting(context, "external_id"),
	};
	struct credentials signer = {0};
	struct query query;
	int rc;

	if (setting(context, "mfa_serial"))
		return bad_profile(context, "mfa_serial: no code is asked for here",
				   "export credentials of a session: aws configure "
				   "export-credentials --format env --profile PROFILE",
				   failure);
	rc = read_duration(context, &role, failure);
	if (!rc)
		rc = load_source(context, visit, &signer, failure);
	if (!rc) {
		sts_encode_assume_role(&query, &role);
		rc = ask_sts(context, &query, &signer, credentials, failure);
		query_fini(&query);
		if (rc)
			failure_prefix(failure,
				       "profile '%s': assuming role %s: ", context->profile,
				       role.role_arn);
	}
	credentials_fini(&signer);
	return rc;
}

int credentials_role(const struct credentials_context *context, struct credentials *credentials,
		     struct failure *failure)
{
	const struct visit first = {context->profile, NULL};

	if (is_role(context))
		return load_role(context, &first, credentials, failure);
	failure_set(failure, FAILURE_CREDENTIALS, "profile '%s': no role_arn", context->profile);
	return -ENOENT;
}

/* Web identity. */

static const char *web_setting(const struct credentials_context *context, const char *variable,
			       const char *key)
{
	const char *value = context->environment ? getenv(variable) : NULL;

	return value && *value ? value : setting(context, key);
}

int credentials_web_identity(const struct credentials_context *context,
			     struct credentials *credentials, struct failure *failure)
{
	const struct sts_role role = {
		.role_arn = web_setting(context, "AWS_ROLE_ARN", "role_arn"),
		.session_name = web_setting(context, "AWS_ROLE_SESSION_NAME", "role_session_name"),
	};
	const char *path =
		web_setting(context, "AWS_WEB_IDENTITY_TOKEN_FILE", "web_identity_token_file");
	struct buffer token = {0};
	struct query query;
	int rc;

	if (!path) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
		return -ENOENT;
	}
	if (!role.role_arn) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "web identity: a token file but no AWS_ROLE_ARN");
		failure_set_remedy(failure, "set AWS_ROLE_ARN, or role_arn in the profile");
		return -EINVAL;
	}
	/* Read each time: whoever issues the tokens replaces it. */
	rc = file_text_read(path, MAX_TOKEN_BYTES, &token);
	if (rc) {
		failure_set(failure, FAILURE_CREDENTIALS, "web identity token file %s: %s", path,
			    strerror(-rc));
		failure_set_remedy(failure, "check AWS_WEB_IDENTITY_TOKEN_FILE");
		buffer_fini(&token);
		return rc == -ENOENT ? -EINVAL : rc;
	}
	sts_encode_web_identity(&query, &role, buffer_string(&token));
	rc = ask_sts(context, &query, NULL, credentials, failure);
	if (rc)
		failure_prefix(failure, "web identity: assuming role %s: ", role.role_arn);
	query_fini(&query);
	buffer_fini(&token);
	return rc;
}
