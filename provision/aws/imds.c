/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/imds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENDPOINT_IPV4 "http://169.254.169.254"
#define ENDPOINT_IPV6 "http://[fd00:ec2::254]"
#define TOKEN_SECONDS "21600"

static const char *default_endpoint(void)
{
	const char *mode = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");

	return mode && strcasecmp(mode, "ipv6") == 0 ? ENDPOINT_IPV6 : ENDPOINT_IPV4;
}

void imds_init(struct imds *imds, struct http *http)
{
	const char *endpoint = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *disabled = getenv("AWS_EC2_METADATA_DISABLED");

	*imds = (struct imds){.http = http};
	imds->disabled = disabled && strcasecmp(disabled, "true") == 0;
	buffer_text(&imds->endpoint, endpoint && *endpoint ? endpoint : default_endpoint());
	while (imds->endpoint.length && imds->endpoint.data[imds->endpoint.length - 1] == '/')
		buffer_truncate(&imds->endpoint, imds->endpoint.length - 1);
}

void imds_fini(struct imds *imds)
{
	buffer_fini(&imds->token);
	buffer_fini(&imds->endpoint);
}

/* Sends one request; the status is the caller's to judge. */
static int exchange(struct imds *imds, const char *method, const char *path,
		    const struct http_header *header, struct http_response *response,
		    struct failure *failure)
{
	struct http_request request = {
		.method = method,
		.headers = header,
		.header_count = 1,
		.connect_timeout_ms = IMDS_TIMEOUT_MS,
		.timeout_ms = IMDS_TIMEOUT_MS,
		.direct = true,
	};
	struct buffer url = {0};
	int rc;

	buffer_format(&url, "%s%s", buffer_string(&imds->endpoint), path);
	if (url.failed || imds->endpoint.failed) {
		buffer_fini(&url);
		return failure_memory(failure);
	}
	request.url = url.data;
	rc = http_send(imds->http, &request, response, failure);
	buffer_fini(&url);
	return rc;
}

static void show(const struct imds *imds, char shown[HTTP_SHOWN_URL_BYTES])
{
	http_shown_url(buffer_string(&imds->endpoint), shown);
	/* A path follows. */
	shown[strlen(shown) - 1] = '\0';
}

static int refused(const struct imds *imds, const char *path, int status, struct failure *failure)
{
	char shown[HTTP_SHOWN_URL_BYTES];

	show(imds, shown);
	failure_set(failure, FAILURE_CREDENTIALS, "instance metadata %s%s: HTTP %d", shown, path,
		    status);
	if (status == 404)
		return -ENOENT;
	if (status == 401 || status == 403)
		failure_set_remedy(failure, "allow access to the instance metadata service "
					    "(HttpEndpoint=enabled)");
	return status == 401 || status == 403 ? -EACCES : -EPROTO;
}

static int unreachable(struct imds *imds, int rc, struct failure *failure)
{
	char shown[HTTP_SHOWN_URL_BYTES];

	if (rc != -EHOSTUNREACH && rc != -ETIMEDOUT)
		return rc;
	show(imds, shown);
	/* What has answered once is there, and may do so again. */
	imds->absent = !imds->token.length;
	failure_set(failure, FAILURE_UNREACHABLE,
		    "instance metadata %s: no answer within %d ms (not an EC2 instance, or the "
		    "response hop limit is too low for a container)",
		    shown, IMDS_TIMEOUT_MS);
	return -EHOSTUNREACH;
}

/* It becomes the value of a header. */
static bool token_usable(const struct buffer *token)
{
	for (size_t i = 0; i < token->length; i++) {
		if (token->data[i] < 0x21 || token->data[i] > 0x7e)
			return false;
	}
	return token->length > 0;
}

static int fetch_token(struct imds *imds, struct failure *failure)
{
	static const char path[] = "/latest/api/token";
	const struct http_header lifetime = {"x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS};
	struct http_response response;
	int rc = exchange(imds, "PUT", path, &lifetime, &response, failure);

	if (rc)
		return unreachable(imds, rc, failure);
	if (response.status != 200) {
		rc = refused(imds, path, response.status, failure);
		/* A 404 here is no missing value but a service that is not version 2. */
		rc = rc == -ENOENT ? -EPROTO : rc;
	} else if (!token_usable(&response.body)) {
		failure_set(failure, FAILURE_RESPONSE, "instance metadata %s: not a token", path);
		rc = -EPROTO;
	} else {
		buffer_fini(&imds->token);
		imds->token = response.body;
		response.body = (struct buffer){0};
	}
	http_response_fini(&response);
	return rc;
}

/* *status is 401 where the token is no longer good. */
static int read_value(struct imds *imds, const char *path, struct buffer *value, int *status,
		      struct failure *failure)
{
	const struct http_header token = {"x-aws-ec2-metadata-token", buffer_string(&imds->token)};
	struct http_response response;
	int rc = exchange(imds, "GET", path, &token, &response, failure);

	if (rc)
		return unreachable(imds, rc, failure);
	*status = response.status;
	if (response.status != 200) {
		rc = refused(imds, path, response.status, failure);
	} else {
		buffer_append(value, response.body.data, response.body.length);
		if (value->failed)
			rc = failure_memory(failure);
	}
	http_response_fini(&response);
	return rc;
}

int imds_get(struct imds *imds, const char *path, struct buffer *value, struct failure *failure)
{
	int status = 0, rc = 0;

	if (imds->disabled) {
		failure_set(failure, FAILURE_UNREACHABLE,
			    "instance metadata: disabled by AWS_EC2_METADATA_DISABLED");
		return -ENODEV;
	}
	if (http_names_user(buffer_string(&imds->endpoint))) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "instance metadata: AWS_EC2_METADATA_SERVICE_ENDPOINT has a user");
		failure_set_remedy(failure, "give it without one");
		return -EINVAL;
	}
	if (imds->absent)
		return unreachable(imds, -EHOSTUNREACH, failure);
	if (!imds->token.length)
		rc = fetch_token(imds, failure);
	if (!rc)
		rc = read_value(imds, path, value, &status, failure);
	if (rc != -EACCES || status != 401)
		return rc;
	rc = fetch_token(imds, failure);
	return rc ? rc : read_value(imds, path, value, &status, failure);
}
