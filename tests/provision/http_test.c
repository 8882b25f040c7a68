/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/http.h"

#include <errno.h>
#include <libgen.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "peer.h"

static int clear(void **state)
{
	peer_clear_environment();
	return 0;
}

static int send(const char *url, struct http_response *response, struct failure *failure)
{
	const struct http_request request = {
		.method = "POST",
		.url = url,
		.body = "a=b",
		.body_length = 3,
		.connect_timeout_ms = 1000,
		.timeout_ms = 1000,
	};
	struct http *http = http_new();
	int rc;

	assert_non_null(http);
	*failure = (struct failure){0};
	rc = http_send(http, &request, response, failure);
	http_free(http);
	return rc;
}

static void judges_connections(void **state)
{
	static const struct {
		const char *url;
		int rc;
		enum failure_kind kind;
		const char *message;
	} table[] = {
		{"http://127.0.0.1:1/", -EHOSTUNREACH, FAILURE_UNREACHABLE, "http://127.0.0.1:1/"},
		{"http://no-such-host.invalid/", -EHOSTUNREACH, FAILURE_UNREACHABLE,
		 "no-such-host"},
		{"file:///etc/passwd", -EINVAL, FAILURE_USAGE, "file"},
		{"http:///", -EINVAL, FAILURE_USAGE, ""},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct http_response response;
		struct failure failure;

		assert_int_equal(send(table[i].url, &response, &failure), table[i].rc);
		assert_int_equal(failure.kind, table[i].kind);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_string_not_equal(failure.remedy, "");
		assert_false(failure.unclear);
	}
}

static void judges_answers(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
		enum failure_kind kind;
	} table[] = {
		{"huge", -EMSGSIZE, FAILURE_RESPONSE},
		{"cut_short", -EHOSTUNREACH, FAILURE_UNREACHABLE},
		{"hang_up", -EHOSTUNREACH, FAILURE_UNREACHABLE},
		{"imds_slow", -ETIMEDOUT, FAILURE_TIMEOUT},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct http_response response;
		struct failure failure;
		struct peer peer;

		peer_start(&peer, table[i].scenario);
		assert_int_equal(send(peer.url, &response, &failure), table[i].rc);
		assert_int_equal(failure.kind, table[i].kind);
		/* It was sent: who knows what came of it. */
		assert_true(failure.unclear);
		peer_stop(&peer);
	}
}

static void follows_no_redirect(void **state)
{
	struct http_response response;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "redirect");
	assert_int_equal(send(peer.url, &response, &failure), 0);
	assert_int_equal(response.status, 302);
	assert_string_equal(response.request_id, "req-of-the-header");
	assert_string_equal(peer_report(&peer), "POST / a=b");
	http_response_fini(&response);
	peer_stop(&peer);
}

static void reads_the_date(void **state)
{
	const int64_t ahead = 3600;
	struct http_response response;
	struct failure failure;
	int64_t now = time(NULL);
	struct peer peer;

	peer_start(&peer, "imds_disabled");
	assert_int_equal(send(peer.url, &response, &failure), 0);
	assert_int_equal(response.date, 0);
	assert_string_equal(response.request_id, "");
	http_response_fini(&response);
	peer_stop(&peer);
	peer_start(&peer, "dated");
	assert_int_equal(send(peer.url, &response, &failure), 0);
	assert_true(response.date >= now + ahead - 1 && response.date <= now + ahead + 10);
	http_response_fini(&response);
	peer_stop(&peer);
}

static void refuses_line_breaks_in_headers(void **state)
{
	static const struct http_header headers[] = {
		{"name", "a\nb: c"}, {"name", "a\r"}, {"na\nme", "a"}, {"na:me", "a"}};
	struct http *http = http_new();
	struct peer peer;

	peer_start(&peer, "imds_disabled");
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const struct http_request request = {.method = "GET",
						     .url = peer.url,
						     .headers = &headers[i],
						     .header_count = 1,
						     .connect_timeout_ms = 1000,
						     .timeout_ms = 1000};
		struct http_response response;
		struct failure failure;

		assert_int_equal(http_send(http, &request, &response, &failure), -EINVAL);
	}
	http_free(http);
	peer_stop(&peer);
}

static void verifies_the_certificate(void **state)
{
	struct http_response response;
	struct failure failure;
	char url[64], certificate[256], garbage[300];
	struct peer peer;
	FILE *file;

	peer_start(&peer, "encrypted");
	snprintf(certificate, sizeof(certificate), "%s", peer_report(&peer));
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", peer.port);

	assert_int_equal(send(url, &response, &failure), -EPROTO);
	assert_int_equal(failure.kind, FAILURE_TLS);
	assert_non_null(strstr(failure.remedy, "AWS_CA_BUNDLE"));

	setenv("AWS_CA_BUNDLE", "/no/such/bundle", 1);
	assert_int_equal(send(url, &response, &failure), -EPROTO);
	assert_int_equal(failure.kind, FAILURE_TLS);

	snprintf(garbage, sizeof(garbage), "%s.garbage", certificate);
	file = fopen(garbage, "w");
	assert_non_null(file);
	fputs("no certificate\n", file);
	fclose(file);
	setenv("AWS_CA_BUNDLE", garbage, 1);
	assert_int_equal(send(url, &response, &failure), -EPROTO);
	assert_int_equal(failure.kind, FAILURE_TLS);

	setenv("AWS_CA_BUNDLE", certificate, 1);
	assert_int_equal(send(url, &response, &failure), 0);
	assert_int_equal(response.status, 200);
	http_response_fini(&response);

	/* The certificate names 127.0.0.1 alone. */
	snprintf(url, sizeof(url), "https://localhost:%d/", peer.port);
	assert_int_equal(send(url, &response, &failure), -EPROTO);
	assert_int_equal(failure.kind, FAILURE_TLS);
	remove(garbage);
	remove(certificate);
	assert_int_equal(remove(dirname(certificate)), 0);
	peer_stop(&peer);
}

static void goes_through_the_proxy(void **state)
{
	struct http_response response;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "imds_disabled");
	setenv("http_proxy", peer.url, 1);
	assert_int_equal(send("http://ec2.invalid/x", &response, &failure), 0);
	assert_string_equal(peer_report(&peer), "POST http://ec2.invalid/x a=b");
	http_response_fini(&response);
	/* Link-local addresses go directly, whatever that gives: the next report is not theirs. */
	if (send("http://169.254.77.77:1/", &response, &failure) == 0)
		http_response_fini(&response);
	assert_int_equal(send("http://ec2.invalid/y", &response, &failure), 0);
	assert_string_equal(peer_report(&peer), "POST http://ec2.invalid/y a=b");
	http_response_fini(&response);
	/* So does what the environment excepts. */
	setenv("NO_PROXY", "ec2.invalid", 1);
	assert_int_equal(send("http://ec2.invalid/x", &response, &failure), -EHOSTUNREACH);
	peer_stop(&peer);
}

static void stops_when_told(void **state)
{
	volatile sig_atomic_t stop = 1;
	const struct http_request request = {
		.method = "GET", .connect_timeout_ms = 60000, .timeout_ms = 60000};
	struct http_request actual = request;
	struct http *http = http_new();
	struct http_response response;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "imds_slow");
	actual.url = peer.url;
	http_set_stop(http, &stop);
	assert_int_equal(http_send(http, &actual, &response, &failure), -ECANCELED);
	assert_int_equal(failure.kind, FAILURE_STOPPED);
	http_free(http);
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(judges_connections, clear),
		cmocka_unit_test_setup(judges_answers, clear),
		cmocka_unit_test_setup(follows_no_redirect, clear),
		cmocka_unit_test_setup(reads_the_date, clear),
		cmocka_unit_test_setup(refuses_line_breaks_in_headers, clear),
		cmocka_unit_test_setup(verifies_the_certificate, clear),
		cmocka_unit_test_setup(goes_through_the_proxy, clear),
		cmocka_unit_test_setup(stops_when_told, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
