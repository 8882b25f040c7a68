/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/exchange.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "provision/aws/service_error.h"
#include "provision/aws/sigv4.h"

enum {
	/* AWS accepts 5 minutes; below 4 a complaint has another cause. */
	CLOCK_TOLERANCE_SECONDS = 240,
	PAUSE_STEP_MS = 50,
	MAX_HEADERS = 5,
};

void exchange_init(struct exchange *exchange, struct http *http)
{
	*exchange = (struct exchange){.http = http};
	retry_quota_init(&exchange->quota);
}

void exchange_set_stop(struct exchange *exchange, const volatile sig_atomic_t *stop)
{
	exchange->stop = stop;
	http_set_stop(exchange->http, stop);
}

int64_t exchange_time(const struct exchange *exchange)
{
	return time(NULL) + exchange->clock_offset;
}

int exchange_pause(const struct exchange *exchange, uint32_t ms, struct failure *failure)
{
	/* In steps: the flag may be set on another thread, which interrupts no sleep of ours. */
	for (;;) {
		uint32_t step_ms = ms < PAUSE_STEP_MS ? ms : PAUSE_STEP_MS;
		const struct timespec step = {.tv_nsec = step_ms * 1000000L};

		if (exchange->stop && *exchange->stop) {
			failure_set(failure, FAILURE_STOPPED, "stopped");
			return -ECANCELED;
		}
		if (!ms)
			return 0;
		nanosleep(&step, NULL);
		ms -= step_ms;
	}
}

/* One attempt. */

static int sign(const struct exchange_request *call, int64_t now, const struct http_header *headers,
		size_t count, struct buffer *authorization)
{
	const struct sigv4_request request = {
		.method = "POST",
		.path = call->endpoint->path,
		.headers = headers,
		.header_count = count,
		.payload = call->query->body.data,
		.payload_length = call->query->body.length,
	};
	const struct sigv4_scope scope = {
		.time = now,
		.region = call->region,
		.service = endpoint_services[call->service].name,
	};
	const struct sigv4_key key = {
		.access_key_id = call->credentials->access_key_id,
		.secret_access_key = call->credentials->secret_access_key,
	};

	return sigv4_sign(&request, &scope, &key, authorization);
}

static int send(struct exchange *exchange, const struct exchange_request *call,
		const struct http_header *headers, size_t count, struct http_response *response,
		struct failure *failure)
{
	const struct http_request request = {
		.method = "POST",
		.url = call->endpoint->url,
		.headers = headers,
		.header_count = count,
		.body = call->query->body.data,
		.body_length = call->query->body.length,
		.connect_timeout_ms = EXCHANGE_CONNECT_TIMEOUT_MS,
		.timeout_ms = EXCHANGE_TIMEOUT_MS,
	};

	return http_send(exchange->http, &request, response, failure);
}

static int send_signed(struct exchange *exchange, const struct exchange_request *call,
		       struct http_response *response, struct failure *failure)
{
	const char *token = call->credentials->session_token;
	const int64_t now = exchange_time(exchange);
	struct buffer authorization = {0};
	char date[SIGV4_DATE_BYTES];
	struct http_header headers[MAX_HEADERS] = {
		{"content-type", QUERY_CONTENT_TYPE},
		{"host", call->endpoint->host},
		{"x-amz-date", date},
		{"x-amz-security-token", token},
	};
	size_t count = token ? 4 : 3;
	int rc;

	sigv4_date(now, date);
	rc = sign(call, now, headers, count, &authorization);
	if (rc == -ENOMEM) {
		failure_memory(failure);
		goto out;
	}
	if (rc) {
		failure_set(failure, FAILURE_SYSTEM, "signing the request: %s", strerror(-rc));
		goto out;
	}
	headers[count++] = (struct http_header){"authorization", authorization.data};
	rc = send(exchange, call, headers, count, response, failure);
out:
	buffer_fini(&authorization);
	return rc;
}

static int send_unsigned(struct exchange *exchange, const struct exchange_request *call,
			 struct http_response *response, struct failure *failure)
{
	const struct http_header headers[] = {{"content-type", QUERY_CONTENT_TYPE}};

	return send(exchange, call, headers, 1, response, failure);
}

static int read_answer(const struct exchange_request *call, const struct http_response *response,
		       struct xml_document **document, struct failure *failure)
{
	const char *body = buffer_string(&response->body);
	int rc;

	if (response->status != 200) {
		service_error_decode(body, response->body.length, response->status,
				     response->request_id, failure);
		/* A throttled request was refused at the door. */
		failure->unclear = response->status >= 500 && !retry_throttled(failure);
		return -EREMOTEIO;
	}
	rc = xml_parse(body, response->body.length, document);
	if (!rc)
		return 0;
	if (rc == -ENOMEM)
		return failure_memory(failure);
	failure_set(failure, FAILURE_RESPONSE, "%s: the answer is %s", call->endpoint->url,
		    rc == -EMSGSIZE ? "larger or deeper than any of AWS's" : "not an XML document");
	failure_set_remedy(failure, "check the endpoint URL and HTTPS_PROXY");
	failure->unclear = true;
	return -EPROTO;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* A query's body starts with its action. */
static enum pacing_class class_of(const struct query *query)
{
	static const char prefix[] = "Action=";
	const char *body = buffer_string(&query->body);

	return pacing_class(strncmp(body, prefix, strlen(prefix)) == 0 ? body + strlen(prefix)
								       : "");
}

static int hold_back(struct exchange *exchange, const struct exchange_request *call,
		     struct failure *failure)
{
	if (!call->pacing)
		return 0;
	return exchange_pause(exchange,
			      pacing_take(call->pacing, class_of(call->query), monotonic_ms()),
			      failure);
}

static void slow_down(const struct exchange_request *call, const struct failure *failure)
{
	if (call->pacing && retry_throttled(failure))
		pacing_throttled(call->pacing, class_of(call->query), monotonic_ms());
}

static int try_once(struct exchange *exchange, const struct exchange_request *call,
		    struct xml_document **document, struct failure *failure)
{
	struct http_response response;
	int rc;

	exchange->server_ahead = 0;
	rc = hold_back(exchange, call, failure);
	if (rc)
		return rc;
	rc = call->credentials ? send_signed(exchange, call, &response, failure)
			       : send_unsigned(exchange, call, &response, failure);
	if (rc)
		return rc;
	if (response.date)
		exchange->server_ahead = response.date - exchange_time(exchange);
	rc = read_answer(call, &response, document, failure);
	if (rc)
		slow_down(call, failure);
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

/* True where the next attempt will carry another time. Once in a call is enough: then the offset is
 * right. A later call may find our clock put right, or wrong. */
static bool correct_clock(struct exchange *exchange, const struct failure *failure, bool *corrected)
{
	if (*corrected || !clock_suspected(failure) ||
	    llabs(exchange->server_ahead) < CLOCK_TOLERANCE_SECONDS)
		return false;
	exchange->clock_offset += exchange->server_ahead;
	*corrected = true;
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

int exchange_backoff(const struct exchange *exchange, unsigned int attempt, struct failure *failure)
{
	return exchange_pause(exchange, retry_delay_ms(attempt, random_fraction()), failure);
}

static void tell_attempts(const struct exchange *exchange, struct failure *failure)
{
	size_t length = strlen(failure->message);

	if (exchange->attempts > 1)
		snprintf(failure->message + length, sizeof(failure->message) - length,
			 " (%u attempts)", exchange->attempts);
}

int exchange_call(struct exchange *exchange, const struct exchange_request *call,
		  struct xml_document **document, struct failure *failure)
{
	bool unclear = false, corrected = false;
	int cost = 0, rc;

	exchange->attempts = 0;
	if (call->query->body.failed)
		return failure_memory(failure);
	for (;;) {
		exchange->attempts++;
		rc = try_once(exchange, call, document, failure);
		if (!rc) {
			retry_succeeded(&exchange->quota, cost);
			return 0;
		}
		unclear |= failure->unclear;
		if (correct_clock(exchange, failure, &corrected)) {
			/* Refused before it had any effect. */
			exchange->attempts--;
			continue;
		}
		if (!retry_allowed(&exchange->quota, failure, exchange->attempts, &cost))
			break;
		rc = exchange_backoff(exchange, exchange->attempts, failure);
		if (rc)
			break;
	}
	failure->unclear = unclear;
	tell_attempts(exchange, failure);
	return rc;
}
