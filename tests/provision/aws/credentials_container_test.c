/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials beside a container. */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "chain.h"
#include "peer.h"

static int clear(void **state)
{
	peer_clear_environment();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	return 0;
}

/* Points the container's variable at the peer. */
static void point(const struct peer *peer, const char *path)
{
	char url[128];

	snprintf(url, sizeof(url), "%s%s", peer->url, path);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
}

static void takes_keys(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "container_busy_once");
	point(&peer, "/container");
	/* A proxy must never see these. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIACONTAINER");
	assert_string_equal(credentials.session_token, "role-token");
	assert_string_equal(credentials.source, "container");
	assert_true(credentials.expires_at > time(NULL));
	credentials_fini(&credentials);
	assert_string_equal(peer_report(&peer), "GET /container ");
	assert_string_equal(peer_report(&peer), "GET /container ");
	peer_stop(&peer);
}

static void shows_its_token(void **state)
{
	static const struct {
		const char *token, *file;
		int rc;
		const char *message;
	} table[] = {
		{"Bearer abc", NULL, 0, NULL},
		{"Bearer wrong", NULL, -EREMOTEIO, "not Bearer wrong"},
		/* The file counts, without its last line break. */
		{"Bearer wrong", "Bearer abc\n", 0, NULL},
		{"Bearer abc", "Bearer\r\nX: 1", -EINVAL, "line break"},
	};
	struct peer peer;

	peer_start(&peer, "container");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;

		print_message("# row %zu\n", i);
		clear(NULL);
		point(&peer, "/container");
		setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", table[i].token, 1);
		if (table[i].file)
			setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
			       peer_file("token", table[i].file), 1);
		assert_int_equal(chain_load(NULL, &credentials, &failure), table[i].rc);
		if (table[i].rc)
			assert_non_null(strstr(failure.message, table[i].message));
		else
			credentials_fini(&credentials);
	}
	peer_stop(&peer);
}

static void reads_the_token_file_again(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "container");
	point(&peer, "/container");
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", peer_file("token", "Bearer old"), 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), -EREMOTEIO);
	assert_int_equal(failure.http_status, 400);
	peer_file("token", "Bearer abc");
	assert_int_equal(chain_load(NULL, &credentials, &failure), 0);
	credentials_fini(&credentials);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/nonexistent/token", 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "token file /nonexistent/token: No such file"));
	peer_stop(&peer);
}

/* Those of the wrong ones that would be asked lead nowhere: the failure tells which it was. */
static void asks_no_other_host(void **state)
{
	static const struct {
		const char *url;
		bool allowed;
	} table[] = {
		{"http://example.com/", false},
		{"http://10.0.0.1/", false},
		{"http://169.254.169.254/", false},
		{"http://169.254.170.20/", false},
		{"http://127.0.0.1.example.com/", false},
		{"http://127.0.0.1@example.com/", false},
		{"http://example.com#@127.0.0.1/", false},
		{"http://[::2]/", false},
		{"ftp://127.0.0.1/", false},
		{"127.0.0.1/", false},
		{"http://", false},
		{"https://user:pa55word@host.invalid/", false},
		{"http://user:pa55word@127.0.0.1:1/", false},
		{"http://:pa55word@127.0.0.1:1/", false},
		{"ftp://host.invalid/?key=pa55word", false},
		{"http://127.0.0.1:1/", true},
		{"http://127.0.0.1:1/pa55word?key=pa55word", true},
		{"http://127.9.9.9:1/", true},
		{"http://localhost:1/", true},
		{"http://[::1]:1/", true},
		{"https://127.0.0.1:1/", true},
		{"https://host.invalid:1/", true},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;
		int rc;

		print_message("# %s\n", table[i].url);
		setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", table[i].url, 1);
		rc = chain_load(NULL, &credentials, &failure);
		assert_int_equal(rc, table[i].allowed ? -EHOSTUNREACH : -EINVAL);
		if (!table[i].allowed)
			assert_non_null(strstr(failure.message, "neither https:// nor"));
		assert_null(strstr(failure.message, "pa55word"));
	}
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@example.com/", 1);
	assert_int_equal(chain_load(NULL, &(struct credentials){0}, &(struct failure){0}), -EINVAL);
}

static void tells_what_is_wrong(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
		const char *message;
	} table[] = {
		{"container_not_json", -EPROTO, "not a JSON object"},
		{"container_cut", -EPROTO, "not a JSON object"},
		{"container_deep", -EPROTO, "not a JSON object"},
		{"container_twice", -EPROTO, "not a JSON object"},
		{"container_expired", -EINVAL, "expired at 2020-01-01T00:00:00Z"},
		{"container_no_expiration", -EPROTO, "Expiration is not a time"},
		{"container_line_break", -EINVAL, "line breaks"},
		{"imds_incomplete", -EREMOTEIO, "no message"},
		{"hang_up", -EHOSTUNREACH, "the container endpoint"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;
		struct peer peer;

		print_message("# %s\n", table[i].scenario);
		peer_start(&peer, table[i].scenario);
		point(&peer, "/container");
		assert_int_equal(chain_load(NULL, &credentials, &failure), table[i].rc);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_null(strstr(failure.message, "role/secret+"));
		assert_null(credentials.secret_access_key);
		peer_stop(&peer);
	}
}

/* ECS's own address, in a network namespace where it is ours. The last test: nothing leaves it. */
static void asks_ecs(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	if (unshare(CLONE_NEWNET) ||
	    system("ip link set lo up && ip address add 169.254.170.2/32 dev lo")) {
		print_message("# no network namespace of our own: needs root and iproute2\n");
		return;
	}
	setenv("PEER_ADDRESS", "169.254.170.2:80", 1);
	peer_start(&peer, "container");
	unsetenv("PEER_ADDRESS");
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/container", 1);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/", 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIACONTAINER");
	credentials_fini(&credentials);
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_keys, clear),
		cmocka_unit_test_setup(shows_its_token, clear),
		cmocka_unit_test_setup(reads_the_token_file_again, clear),
		cmocka_unit_test_setup(asks_no_other_host, clear),
		cmocka_unit_test_setup(tells_what_is_wrong, clear),
		cmocka_unit_test_setup(asks_ecs, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
