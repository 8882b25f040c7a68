/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "provision/aws/credentials.h"
#include "provision/aws/endpoint.h"
#include "provision/aws/http.h"
#include "provision/aws/imds.h"
#include "provision/aws/retry.h"
#include "provision/aws/service_error.h"
#include "provision/aws/sigv4.h"

enum {
	/* AWS accepts 5 minutes; below 4 a complaint has another cause. */
	CLOCK_TOLERANCE_SECONDS = 240,
	PAUSE_STEP_MS = 50,
	MAX_HEADERS = 5,
};

struct client {
	struct http *http;
	struct imds imds;
	struct endpoint endpoint;
	struct credentials credentials;
	struct retry_quota quota;
	const volatile sig_atomic_t *stop; /* borrowed */
	int64_t clock_offset;              /* seconds, added to our clock */
	int64_t server_ahead;              /* seconds, by the last answer's Date */
	unsigned int attempts;
};

static int load_credentials(struct client *client, struct failure *failure)
{
	const struct credentials_context context = {.imds = &client->imds};

	return credentials_load(&context, &client->credentials, failure);
}

int client_new(const struct client_options *options, struct client **result,
	       struct failure *failure)
{
	struct client *client = calloc(1, sizeof(*client));
	int rc;

	if (!client)
		return failure_memory(failure);
	client->http = http_new();
	if (!client->http) {
		free(client);
		return failure_memory(failure);
	}
	client_set_stop(client, options->stop);
	retry_quota_init(&client->quota);
	imds_init(&client->imds, client->http);
	rc = endpoint_resolve(options->region, options->endpoint_url, &client->imds,
			      &client->endpoint, failure);
	if (!rc)
		rc = load_credentials(client, failure);
	if (rc) {
		client_free(client);
		return rc;
	}
	*result = client;
	return 0;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	credentials_fini(&client->credentials);
	endpoint_fini(&client->endpoint);
	imds_fini(&client->imds);
	http_free(client->http);
	free(client);
}

void client_set_stop(struct client *client, const volatile sig_atomic_t *stop)
{
	client->stop = stop;
	http_set_stop(client->http, stop);
}

const char *client_region(const struct client *client)
{
	return client->endpoint.region;
}

const char *client_endpoint(const struct client *client)
{
	return client->endpoint.url;
}

unsigned int client_attempts(const struct client *client)
{
	return client->attempts;
}

int client_pause(const struct client *client, unsigned int ms, struct failure *failure)
{
	const struct timespec step = {.tv_nsec = PAUSE_STEP_MS * 1000000L};

	/* In steps: the flag may be set on another thread, which interrupts no sleep of ours. */
	for (unsigned int slept = 0;; slept += PAUSE_STEP_MS) {
		if (client->stop && *client->stop) {
			failure_set(failure, FAILURE_STOPPED, "stopped");
			return -ECANCELED;
		}
		if (slept >= ms)
			return 0;
		nanosleep(&step, NULL);
	}
}

/* One attempt. */

static int64_t aws_time(const struct client *client)
{
	return time(NULL) + client->clock_offset;
}

static int renew_credentials(struct client *client, struct failure *failure)
{
	const struct credentials *old = &client->credentials;
	int rc;

	if (!credentials_stale(old, aws_time(client)))
		return 0;
	rc = load_credentials(client, failure);
	/* Renewal comes early so that it may fail for a while. */
	if (rc && rc != -ECANCELED && aws_time(client) < old->expires_at)
		return 0;
	return rc;
}

static int sign(const struct client *client, const char *service, int64_t now,
		const struct query *query, const struct http_header *headers, size_t count,
		struct buffer *authorization)
{
	const struct sigv4_request request = {
		.method = "POST",
		.path = client->endpoint.path,
		.headers = headers,
		.header_count = count,
		.payload = query->body.data,
		.payload_length = query->body.length,
	};
	const struct sigv4_scope scope = {
		.time = now,
		.region = client->endpoint.region,
		.service = service,
	};
	const struct sigv4_key key = {
		.access_key_id = client->credentials.access_key_id,
		.secret_access_key = client->credentials.secret_access_key,
	};

	return sigv4_sign(&request, &scope, &key, authorization);
}

static int send_signed(struct client *client, const char *service, const struct query *query,
		       struct http_response *response, struct failure *failure)
{
	const char *token = client->credentials.session_token;
	const int64_t now = aws_time(client);
	struct buffer authorization = {0};
	char date[SIGV4_DATE_BYTES];
	struct http_header headers[MAX_HEADERS] = {
		{"content-type", QUERY_CONTENT_TYPE},
		{"host", client->endpoint.host},
		{"x-amz-date", date},
		{"x-amz-security-token", token},
	};
	size_t count = token ? 4 : 3;
	int rc;

	sigv4_date(now, date);
	rc = sign(client, service, now, query, headers, count, &authorization);
	if (rc == -ENOMEM) {
		failure_memory(failure);
		goto out;
	}
	if (rc) {
		failure_set(failure, FAILURE_SYSTEM, "signing the request: %s", strerror(-rc));
		goto out;
	}
	headers[count++] = (struct http_header){"authorization", authorization.data};
	const struct http_request request = {
		.method = "POST",
		.url = client->endpoint.url,
		.headers = headers,
		.header_count = count,
		.body = query->body.data,
		.body_length = query->body.length,
		.connect_timeout_ms = CLIENT_CONNECT_TIMEOUT_MS,
		.timeout_ms = CLIENT_TIMEOUT_MS,
	};
	rc = http_send(client->http, &request, response, failure);
out:
	buffer_fini(&authorization);
	return rc;
}

static int read_answer(const struct client *client, const struct http_response *response,
		       struct xml_document **document, struct failure *failure)
{
	const char *body = buffer_string(&response->body);
	int rc;

	if (response->status != 200) {
		service_error_decode(body, response->body.length, response->status,
				     response->request_id, failure);
		failure->unclear = response->status >= 500;
		return -EREMOTEIO;
	}
	rc = xml_parse(body, response->body.length, document);
	if (!rc)
		return 0;
	if (rc == -ENOMEM)
		return failure_memory(failure);
	failure_set(failure, FAILURE_RESPONSE, "%s: the answer is %s", client->endpoint.url,
		    rc == -EMSGSIZE ? "larger or deeper than any of EC2's" : "not an XML document");
	failure_set_remedy(failure, "check the endpoint URL and HTTPS_PROXY");
	failure->unclear = true;
	return -EPROTO;
}

static int try_once(struct client *client, const char *service, const struct query *query,
		    struct xml_document **document, struct failure *failure)
{
	struct http_response response;
	int rc;

	client->server_ahead = 0;
	rc = renew_credentials(client, failure);
	if (rc)
		return rc;
	rc = send_signed(client, service, query, &response, failure);
	if (rc)
		return rc;
	if (response.date)
		client->server_ahead = response.date - aws_time(client);
	rc = read_answer(client, &response, document, failure);
	http_response_fini(&response);
	return rc;
}

/* Attempts. */

static bool clock_suspected(const struct failure *failure)
{
	static const char *const codes[] = {"RequestExpired", "RequestTimeTooSkewed", "AuthFailure",
					    "SignatureDoesNotMatch", "InvalidSignatureException"};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(failure->code, codes[i]) == 0)
			return true;
	}
	return false;
}

/* True where the next attempt will carry another time. Once is enough: then the offset is right. */
static bool correct_clock(struct client *client, const struct failure *failure)
{
	if (client->clock_offset || !clock_suspected(failure) ||
	    llabs(client->server_ahead) < CLOCK_TOLERANCE_SECONDS)
		return false;
	client->clock_offset = client->server_ahead;
	return true;
}

static double random_fraction(void)
{
	uint32_t random = UINT32_MAX / 2;

	/* Without randomness the middle will do. */
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		random = UINT32_MAX / 2;
	return random / (double)UINT32_MAX;
}

static void tell_attempts(const struct client *client, struct failure *failure)
{
	size_t length = strlen(failure->message);

	if (client->attempts > 1)
		snprintf(failure->message + length, sizeof(failure->message) - length,
			 " (%u attempts)", client->attempts);
}

int client_call(struct client *client, const char *service, const struct query *query,
		struct xml_document **document, struct failure *failure)
{
	bool unclear = false;
	int cost = 0, rc;

	client->attempts = 0;
	if (query->body.failed)
		return failure_memory(failure);
	for (;;) {
		client->attempts++;
		rc = try_once(client, service, query, document, failure);
		if (!rc) {
			retry_succeeded(&client->quota, cost);
			return 0;
		}
		unclear |= failure->unclear;
		if (correct_clock(client, failure)) {
			/* Refused before it had any effect. */
			client->attempts--;
			continue;
		}
		if (!retry_allowed(&client->quota, failure, client->attempts, &cost))
			break;
		rc = client_pause(client, retry_delay_ms(client->attempts, random_fraction()),
				  failure);
		if (rc)
			break;
	}
	failure->unclear = unclear;
	tell_attempts(client, failure);
	return rc;
}
