/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/http.h"

#include <errno.h>
#include <libgen.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
		.connect_timeout_ms = 3000,
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
	/* RFC 1035: no label is longer than 63, so that no name server is asked. */
	static const char no_name[] =
		"http://a23456789-123456789-123456789-123456789-123456789-123456789-1234.invalid/";
	const struct {
		const char *url;
		int rc;
		enum failure_kind kind;
		const char *message;
	} table[] = {
		{"http://127.0.0.1:1/", -EHOSTUNREACH, FAILURE_UNREACHABLE, "http://127.0.0.1:1/"},
		{no_name, -EHOSTUNREACH, FAILURE_UNREACHABLE, "a23456789-"},
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

static void shows_no_secrets(void **state)
{
	static const struct {
		const char *url, *shown;
		bool user;
	} table[] = {
		{"https://host.invalid:8443/path?key=s#s", "https://host.invalid:8443/", false},
		{"https://user:pw@host.invalid/path", "https://host.invalid/", true},
		{"https://u@v:pw@host.invalid", "https://host.invalid/", true},
		{"http://host.invalid?s@t", "http://host.invalid/", false},
		{"http://[::1]:80/a@b", "http://[::1]:80/", false},
		{"http://", "/", false},
		{"user:pw@host.invalid", "/", false},
		{"", "/", false},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char shown[HTTP_SHOWN_URL_BYTES];

		print_message("# %s\n", table[i].url);
		http_shown_url(table[i].url, shown);
		assert_string_equal(shown, table[i].shown);
		assert_int_equal(http_names_user(table[i].url), table[i].user);
	}
}

/* A request that had its effect, perhaps, is not sent again behind the caller's back. */
static void sends_no_post_twice(void **state)
{
	struct http_request request = {
		.method = "POST",
		.body = "ClientToken=t",
		.body_length = strlen("ClientToken=t"),
		.connect_timeout_ms = 1000,
		.timeout_ms = 1000,
	};
	struct http *http = http_new();
	struct http_response response;
	struct failure failure = {0};
	struct peer peer;

	peer_start(&peer, "hang_up_later");
	request.url = peer.url;
	assert_int_equal(http_send(http, &request, &response, &failure), 0);
	http_response_fini(&response);
	assert_int_equal(http_send(http, &request, &response, &failure), -EHOSTUNREACH);
	assert_int_equal(failure.kind, FAILURE_UNREACHABLE);
	assert_true(failure.unclear);
	assert_non_null(strstr(failure.message, "without an answer"));
	assert_int_equal(http_send(http, &request, &response, &failure), 0);
	http_response_fini(&response);
	for (int i = 0; i < 3; i++)
		assert_string_equal(peer_report(&peer), "POST / ClientToken=t");
	http_free(http);
	peer_stop(&peer);
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

/* A file without a name: nothing is left behind a test that fails. Its path is below /proc. */
static void bundle_of(const char *text, char path[64])
{
	int fd = memfd_create("bundle", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, 64, "/proc/self/fd/%d", fd);
}

struct encrypted_peer {
	struct peer peer;
	char url[64];
	char certificate[4096];
	char bundle[64];
};

static void start_encrypted(struct encrypted_peer *encrypted)
{
	char path[256];
	size_t length;
	FILE *file;

	peer_start(&encrypted->peer, "encrypted");
	snprintf(encrypted->url, sizeof(encrypted->url), "https://127.0.0.1:%d/",
		 encrypted->peer.port);
	snprintf(path, sizeof(path), "%s", peer_report(&encrypted->peer));
	file = fopen(path, "r");
	assert_non_null(file);
	length = fread(encrypted->certificate, 1, sizeof(encrypted->certificate) - 1, file);
	encrypted->certificate[length] = '\0';
	fclose(file);
	remove(path);
	assert_int_equal(remove(dirname(path)), 0);
	bundle_of(encrypted->certificate, encrypted->bundle);
}

static void verifies_the_certificate(void **state)
{
	struct encrypted_peer encrypted;
	struct http_response response;
	struct failure failure;
	char url[64], garbage[64];

	start_encrypted(&encrypted);
	assert_int_equal(send(encrypted.url, &response, &failure), -EPROTO);
	assert_int_equal(failure.kind, FAILURE_TLS);
	assert_non_null(strstr(failure.remedy, "AWS_CA_BUNDLE"));

	setenv("AWS_CA_BUNDLE", "/no/such/bundle", 1);
	assert_int_equal(send(encrypted.url, &response, &failure), -EPROTO);
	assert_int_equal(failure.kind, FAILURE_TLS);

	bundle_of("no certificate\n", garbage);
	setenv("AWS_CA_BUNDLE", garbage, 1);
	assert_int_equal(send(encrypted.url, &response, &failure), -EPROTO);
	assert_int_equal(failure.kind, FAILURE_TLS);

	setenv("AWS_CA_BUNDLE", encrypted.bundle, 1);
	assert_int_equal(send(encrypted.url, &response, &failure), 0);
	assert_int_equal(response.status, 200);
	http_response_fini(&response);

	/* The certificate names 127.0.0.1 alone. */
	snprintf(url, sizeof(url), "https://localhost:%d/", encrypted.peer.port);
	assert_int_equal(send(url, &response, &failure), -EPROTO);
	assert_int_equal(failure.kind, FAILURE_TLS);
	peer_stop(&encrypted.peer);
}

enum { CHILD_FAILED = 1, CHILD_UNABLE = 77 };

static bool write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

/* Where the system's directory of CAs holds the one peer's certificate, and nobody else sees it. */
static int ask_with_own_directory(const struct encrypted_peer *trusted,
				  const struct encrypted_peer *other)
{
	struct http_response response;
	struct failure failure;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/etc/ssl/certs", "tmpfs", 0, NULL) ||
	    !write_text("/etc/ssl/certs/trusted.pem", trusted->certificate) ||
	    !write_text("/etc/ssl/certs/ca-certificates.crt", other->certificate) ||
	    system("openssl rehash /etc/ssl/certs >/dev/null 2>&1") != 0)
		return CHILD_UNABLE;
	/* A libcurl that has no such directory cannot err. */
	if (send(trusted->url, &response, &failure))
		return CHILD_UNABLE;
	http_response_fini(&response);
	setenv("AWS_CA_BUNDLE", other->bundle, 1);
	return send(trusted->url, &response, &failure) == -EPROTO ? 0 : CHILD_FAILED;
}

static void the_bundle_replaces_the_system(void **state)
{
	struct encrypted_peer trusted, other;
	int status;
	pid_t pid;

	start_encrypted(&trusted);
	start_encrypted(&other);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(ask_with_own_directory(&trusted, &other));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	peer_stop(&other.peer);
	peer_stop(&trusted.peer);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_UNABLE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_refused_tunnel_sends_nothing(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
		enum failure_kind kind;
		const char *message;
	} table[] = {
		{"proxy_wants_a_name", -EACCES, FAILURE_PROXY, "HTTP 407"},
		{"proxy_forbids", -EACCES, FAILURE_PROXY, "HTTP 403"},
		{"proxy_busy", -EHOSTUNREACH, FAILURE_UNREACHABLE, "HTTP 503"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct http_response response;
		struct failure failure;
		struct peer peer;

		peer_start(&peer, table[i].scenario);
		setenv("HTTPS_PROXY", peer.url, 1);
		assert_int_equal(send("https://ec2.invalid/x", &response, &failure), table[i].rc);
		assert_string_equal(peer_report(&peer), "CONNECT ec2.invalid:443 ");
		assert_int_equal(failure.kind, table[i].kind);
		assert_false(failure.unclear);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_non_null(strstr(failure.remedy, "HTTPS_PROXY"));
		peer_stop(&peer);
	}
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
	assert_non_null(strstr(failure.message, ": stopped"));
	http_free(http);
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(judges_connections, clear),
		cmocka_unit_test_setup(judges_answers, clear),
		cmocka_unit_test(shows_no_secrets),
		cmocka_unit_test_setup(sends_no_post_twice, clear),
		cmocka_unit_test_setup(follows_no_redirect, clear),
		cmocka_unit_test_setup(reads_the_date, clear),
		cmocka_unit_test_setup(refuses_line_breaks_in_headers, clear),
		cmocka_unit_test_setup(verifies_the_certificate, clear),
		cmocka_unit_test_setup(the_bundle_replaces_the_system, clear),
		cmocka_unit_test_setup(a_refused_tunnel_sends_nothing, clear),
		cmocka_unit_test_setup(goes_through_the_proxy, clear),
		cmocka_unit_test_setup(stops_when_told, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
