/* SPDX-License-Identifier: Apache-2.0 */
/* The role of a container: of ECS, EKS Pod Identity, Greengrass, from an endpoint beside it. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provision/aws/credentials_fetch.h"
#include "provision/aws/credentials_json.h"
#include "provision/aws/credentials_sources.h"
#include "provision/aws/file_text.h"

#define ORIGIN       "the container endpoint"
#define RELATIVE_URI "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL_URI     "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN_FILE   "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
#define TOKEN        "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define ECS_HOST     "http://169.254.170.2"

enum {
	TIMEOUT_MS = 2000,
	MAX_TOKEN_BYTES = 16 << 10,
};

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool is_loopback(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

/* Hosts that may be asked in the clear: nothing that others on the network could answer for. */
static bool host_allowed(char *host)
{
	static const char *const hosts[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23",
					    "localhost"};
	size_t length = strlen(host);

	if (host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = '\0';
		host++;
	}
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		if (strcasecmp(host, hosts[i]) == 0)
			return true;
	}
	return is_loopback(host);
}

/* By the parser that will also send it: two would not always see the same host. */
static bool url_allowed(const char *url, bool *encrypted)
{
	char *scheme = NULL, *host = NULL;
	CURLU *parsed = curl_url();
	bool allowed = false;

	if (parsed && !http_names_user(url) && !curl_url_set(parsed, CURLUPART_URL, url, 0) &&
	    !curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) &&
	    !curl_url_get(parsed, CURLUPART_HOST, &host, 0)) {
		*encrypted = strcmp(scheme, "https") == 0;
		allowed = *encrypted || (strcmp(scheme, "http") == 0 && host_allowed(host));
	}
	curl_free(host);
	curl_free(scheme);
	curl_url_cleanup(parsed);
	return allowed;
}

static int refuse_url(const char *url, struct failure *failure)
{
	char shown[HTTP_SHOWN_URL_BYTES];

	http_shown_url(url, shown);
	failure_set(
		failure, FAILURE_CREDENTIALS,
		"credentials from " ORIGIN ": " FULL_URI " '%s' is neither https:// nor http:// "
		"to a loopback address, 169.254.170.2, 169.254.170.23 or fd00:ec2::23, or has a "
		"user",
		shown);
	failure_set_remedy(failure, "no other host may see them in the clear: correct or unset it");
	return -EINVAL;
}

/* encrypted: set where the URL is https. -ENOENT where neither variable is set. */
static int find_url(struct buffer *url, bool *encrypted, struct failure *failure)
{
	const char *relative = variable(RELATIVE_URI);
	const char *full = variable(FULL_URI);

	*encrypted = false;
	if (!relative && !full) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "container: neither " RELATIVE_URI " nor " FULL_URI " is set");
		return -ENOENT;
	}
	if (relative && relative[0] != '/') {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "credentials from " ORIGIN ": " RELATIVE_URI " does not start with "
			    "'/'");
		return -EINVAL;
	}
	if (!relative && !url_allowed(full, encrypted))
		return refuse_url(full, failure);
	if (relative)
		buffer_format(url, ECS_HOST "%s", relative);
	else
		buffer_text(url, full);
	return url->failed ? failure_memory(failure) : 0;
}

/* Read each time: EKS replaces the file. */
static int find_token(struct buffer *token, struct failure *failure)
{
	const char *path = variable(TOKEN_FILE);
	const char *value = variable(TOKEN);
	int rc = 0;

	if (path)
		rc = file_text_read(path, MAX_TOKEN_BYTES, token);
	else if (value)
		buffer_text(token, value);
	if (!rc)
		return token->failed ? failure_memory(failure) : 0;
	failure_set(failure, FAILURE_CREDENTIALS, "credentials from " ORIGIN ": token file %s: %s",
		    path, strerror(-rc));
	failure_set_remedy(failure, "check " TOKEN_FILE);
	return rc == -ENOENT ? -EINVAL : rc;
}

static int fetch(const struct credentials_context *context, const char *url, bool encrypted,
		 const struct buffer *token, json_t **document, struct failure *failure)
{
	const struct http_header headers[] = {
		{"accept", "application/json"},
		{"authorization", buffer_string(token)},
	};
	const struct http_request request = {
		.method = "GET",
		.url = url,
		.headers = headers,
		.header_count = token->length ? 2 : 1,
		.connect_timeout_ms = TIMEOUT_MS,
		.timeout_ms = TIMEOUT_MS,
		.direct = !encrypted,
	};

	return credentials_fetch(context->exchange, &request, ORIGIN, document, failure);
}

int credentials_container(const struct credentials_context *context,
			  struct credentials *credentials, struct failure *failure)
{
	struct buffer url = {0}, token = {0};
	json_t *document = NULL;
	bool encrypted;
	int rc = find_url(&url, &encrypted, failure);

	if (!rc)
		rc = find_token(&token, failure);
	if (!rc)
		rc = fetch(context, url.data, encrypted, &token, &document, failure);
	if (!rc)
		rc = credentials_json_take(document, &credentials_json_role, ORIGIN, credentials,
					   failure);
	json_decref(document);
	buffer_fini(&token);
	buffer_fini(&url);
	return rc;
}
