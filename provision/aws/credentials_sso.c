/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A role that the user's single sign-on gives. The token is the one that `aws sso login` left in
 * ~/.aws/sso/cache; logging in is left to that command.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

#include "provision/aws/credentials_fetch.h"
#include "provision/aws/credentials_json.h"
#include "provision/aws/credentials_sources.h"
#include "provision/aws/file_text.h"
#include "provision/aws/region.h"
#include "provision/aws/uri.h"

#define ORIGIN "SSO"

enum {
	TIMEOUT_MS = 30000,
	MAX_CACHE_BYTES = 64 << 10,
	SHA1_BYTES = 20,
};

static const struct credentials_shape role_credentials = {
	"accessKeyId", "secretAccessKey", "sessionToken", "expiration", true, true, true,
};

/* All borrowed from the profiles. */
struct sso {
	const char *session; /* NULL: the legacy form, without a section of its own */
	const char *start_url;
	const char *region;
	const char *account_id;
	const char *role_name;
};

static void read_profile(const struct credentials_context *context, struct sso *sso)
{
	const struct profiles *profiles = context->profiles;
	const char *profile = context->profile;

	*sso = (struct sso){
		.session = profiles_value(profiles, profile, "sso_session"),
		.start_url = profiles_value(profiles, profile, "sso_start_url"),
		.region = profiles_value(profiles, profile, "sso_region"),
		.account_id = profiles_value(profiles, profile, "sso_account_id"),
		.role_name = profiles_value(profiles, profile, "sso_role_name"),
	};
	if (!sso->session)
		return;
	sso->start_url = profiles_sso_session(profiles, sso->session, "sso_start_url");
	sso->region = profiles_sso_session(profiles, sso->session, "sso_region");
}

static int check(const struct credentials_context *context, const struct sso *sso,
		 struct failure *failure)
{
	const struct {
		const char *key;
		const char *value;
	} needed[] = {
		{"sso_start_url", sso->start_url},
		{"sso_region", sso->region},
		{"sso_account_id", sso->account_id},
		{"sso_role_name", sso->role_name},
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (needed[i].value)
			continue;
		failure_set(failure, FAILURE_CREDENTIALS, "profile '%s': SSO without %s%s%s%s",
			    context->profile, needed[i].key,
			    sso->session && i < 2 ? " in [sso-session " : "",
			    sso->session && i < 2 ? sso->session : "",
			    sso->session && i < 2 ? "]" : "");
		failure_set_remedy(failure, "run: aws configure sso");
		return -EINVAL;
	}
	if (region_valid(sso->region))
		return 0;
	failure_set(failure, FAILURE_CREDENTIALS,
		    "profile '%s': sso_region '%s' is not the name of a region", context->profile,
		    sso->region);
	failure_set_remedy(failure, "correct it");
	return -EINVAL;
}

static int log_in(const struct credentials_context *context, const char *why,
		  struct failure *failure)
{
	failure_set(failure, FAILURE_CREDENTIALS, "profile '%s': SSO: %s", context->profile, why);
	failure_set_remedy(failure, "run: aws sso login --profile %s", context->profile);
	return -EINVAL;
}

/* The cached token. */

static int cache_path(const struct sso *sso, struct buffer *path)
{
	const char *key = sso->session ? sso->session : sso->start_url;
	unsigned char hash[SHA1_BYTES];

	if (!EVP_Digest(key, strlen(key), hash, NULL, EVP_sha1(), NULL))
		return -EIO;
	profiles_home(path, "/.aws/sso/cache/");
	for (size_t i = 0; i < sizeof(hash); i++)
		buffer_format(path, "%02x", hash[i]);
	buffer_text(path, ".json");
	return buffer_error(path);
}

static int take_token(const struct credentials_context *context, const json_t *document,
		      struct buffer *token, struct failure *failure)
{
	const char *text = credentials_json_text(document, "accessToken");
	int64_t expires_at = credentials_parse_time(credentials_json_text(document, "expiresAt"));

	if (!text || !*text || !expires_at)
		return log_in(context, "the cached token lacks accessToken or expiresAt", failure);
	if (expires_at <= exchange_time(context->exchange))
		return log_in(context, "the cached token has expired", failure);
	buffer_text(token, text);
	return token->failed ? failure_memory(failure) : 0;
}

static int read_token(const struct credentials_context *context, const struct sso *sso,
		      struct buffer *token, struct failure *failure)
{
	struct buffer path = {0}, text = {0};
	json_t *document = NULL;
	int rc = cache_path(sso, &path);

	if (rc == -ENOMEM)
		failure_memory(failure);
	else if (rc)
		failure_set(failure, FAILURE_SYSTEM, "SSO: SHA-1: %s", strerror(-rc));
	if (rc)
		goto out;
	rc = file_text_read(path.data, MAX_CACHE_BYTES, &text);
	if (rc) {
		rc = log_in(context, rc == -ENOENT ? "no cached token" : strerror(-rc), failure);
		goto out;
	}
	if (credentials_json_parse(buffer_string(&text), text.length, ORIGIN, &document, failure))
		rc = log_in(context, "the cached token is not a JSON object", failure);
	else
		rc = take_token(context, document, token, failure);
out:
	json_decref(document);
	buffer_fini(&text);
	buffer_fini(&path);
	return rc;
}

/* The portal. */

static int make_url(const struct credentials_context *context, const struct sso *sso,
		    struct buffer *url, struct failure *failure)
{
	struct endpoint endpoint;
	int rc = endpoint_resolve(ENDPOINT_SSO, sso->region, NULL, context->profiles, &endpoint,
				  failure);

	if (rc)
		return rc;
	buffer_format(url, "%s%sfederation/credentials?role_name=", endpoint.url,
		      endpoint.url[strlen(endpoint.url) - 1] == '/' ? "" : "/");
	uri_encode(url, sso->role_name, strlen(sso->role_name), "");
	buffer_text(url, "&account_id=");
	uri_encode(url, sso->account_id, strlen(sso->account_id), "");
	endpoint_fini(&endpoint);
	return url->failed ? failure_memory(failure) : 0;
}

static int ask_portal(const struct credentials_context *context, const char *url,
		      const struct buffer *token, json_t **document, struct failure *failure)
{
	const struct http_header header = {"x-amz-sso_bearer_token", buffer_string(token)};
	const struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = &header,
		.header_count = 1,
		.connect_timeout_ms = EXCHANGE_CONNECT_TIMEOUT_MS,
		.timeout_ms = TIMEOUT_MS,
	};
	int rc = credentials_fetch(context->exchange, &request, ORIGIN, document, failure);

	if (rc == -EREMOTEIO && failure->http_status == 401)
		return log_in(context, "the portal refuses the cached token", failure);
	if (rc == -EREMOTEIO && failure->http_status == 403)
		failure_set_remedy(failure, "check sso_account_id and sso_role_name, and that the "
					    "role is assigned to you");
	return rc;
}

int credentials_sso(const struct credentials_context *context, struct credentials *credentials,
		    struct failure *failure)
{
	struct buffer token = {0}, url = {0};
	json_t *document = NULL;
	struct sso sso;
	int rc;

	read_profile(context, &sso);
	if (!sso.account_id && !sso.role_name) {
		failure_set(failure, FAILURE_CREDENTIALS, "SSO: none in profile '%s'",
			    context->profile);
		return -ENOENT;
	}
	rc = check(context, &sso, failure);
	if (!rc)
		rc = read_token(context, &sso, &token, failure);
	if (!rc)
		rc = make_url(context, &sso, &url, failure);
	if (!rc)
		rc = ask_portal(context, url.data, &token, &document, failure);
	if (!rc)
		rc = credentials_json_take(json_object_get(document, "roleCredentials"),
					   &role_credentials, ORIGIN, credentials, failure);
	json_decref(document);
	buffer_fini(&url);
	buffer_fini(&token);
	return rc;
}
