/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials that a program prints. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "chain.h"
#include "peer.h"
#include "provision/aws/client.h"

#define PROGRAM PEER_PYTHON " " PEER_PROGRAM " process "

static int set_up(void **state)
{
	peer_clear_environment();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	return 0;
}

static int load(const char *command, struct credentials *credentials, struct failure *failure)
{
	char config[1024];

	snprintf(config, sizeof(config), "[default]\ncredential_process = %s\n", command);
	chain_write(config, NULL);
	return chain_load(NULL, credentials, failure);
}

static void takes_keys(void **state)
{
	struct credentials credentials;
	struct failure failure;

	assert_int_equal(load(PROGRAM "good", &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIAPROCESS");
	assert_string_equal(credentials.secret_access_key, "process/secret+");
	assert_string_equal(credentials.session_token, "process-token");
	assert_string_equal(credentials.source, "credential process");
	assert_int_equal(credentials.expires_at, INT64_C(32472144000));
	credentials_fini(&credentials);
	assert_int_equal(load(PROGRAM "long_term", &credentials, &failure), 0);
	assert_null(credentials.session_token);
	assert_int_equal(credentials.expires_at, 0);
	credentials_fini(&credentials);
	assert_int_equal(load(PROGRAM "null_time", &credentials, &failure), 0);
	assert_int_equal(credentials.expires_at, 0);
	credentials_fini(&credentials);
}

/* No shell sees it. */
static void splits_arguments(void **state)
{
	struct credentials credentials;
	struct failure failure;

	assert_int_equal(load(PROGRAM "show_arguments 'a b' \"c\\\"d\" $HOME `id` ; | x\\ y",
			      &credentials, &failure),
			 0);
	assert_string_equal(credentials.access_key_id, "a_b|c\"d|$HOME|`id`|;|||x_y");
	credentials_fini(&credentials);
}

/* It can be interrupted, although its parent holds signals back just then. */
static void gets_no_blocked_signals(void **state)
{
	struct credentials credentials;
	struct failure failure;
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	rc = load(PROGRAM "show_signals", &credentials, &failure);
	sigprocmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(rc, 0);
	assert_string_equal(credentials.access_key_id, "BLOCKED0");
	credentials_fini(&credentials);
}

static void tells_what_is_wrong(void **state)
{
	static const struct {
		const char *command;
		int rc;
		const char *message;
	} table[] = {
		{"/nonexistent/program --secret hidden", -EINVAL,
		 "credential_process /nonexistent/program: No such file"},
		{"/etc/passwd", -EINVAL, "Permission denied"},
		{"'unfinished hidden", -EINVAL, "a quotation or backslash without an end"},
		{PROGRAM "fails hidden", -EPROTO, "exit status 3"},
		{PROGRAM "dies", -EPROTO, "killed by signal 9"},
		{PROGRAM "silent", -EPROTO, "prints no JSON object"},
		{PROGRAM "not_json", -EPROTO, "prints no JSON object"},
		{PROGRAM "too_much", -EMSGSIZE, "prints more than 64 KiB"},
		{PROGRAM "version_2", -EPROTO, "prints no \"Version\": 1"},
		{PROGRAM "version_text", -EPROTO, "prints no \"Version\": 1"},
		{PROGRAM "incomplete", -EPROTO, "AccessKeyId, SecretAccessKey is missing"},
		{PROGRAM "number", -EPROTO, "is missing"},
		{PROGRAM "bad_time", -EPROTO, "Expiration is not a time"},
		/* Milliseconds are SSO's. */
		{PROGRAM "number_time", -EPROTO, "Expiration is not a time"},
		{PROGRAM "expired", -EINVAL, "expired at 2020-01-01T00:00:00Z"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;

		print_message("# row %zu\n", i);
		assert_int_equal(load(table[i].command, &credentials, &failure), table[i].rc);
		assert_int_equal(failure.kind, FAILURE_CREDENTIALS);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_null(strstr(failure.message, "process/secret"));
		assert_null(strstr(failure.message, "hidden"));
		assert_null(credentials.secret_access_key);
	}
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = 1;
}

/* Nobody waits for a program that hangs: with its output open, or closed. */
static void stops_waiting(void **state)
{
	static const char *const commands[] = {PROGRAM "sleeps", PROGRAM "closes"};
	const struct sigaction action = {.sa_handler = stop};

	sigaction(SIGALRM, &action, NULL);
	for (size_t i = 0; i < 2; i++) {
		struct client_options options = {.region = "us-east-1", .stop = &stopped};
		struct failure failure;
		struct client *client;
		char config[1024];
		time_t start = time(NULL);

		snprintf(config, sizeof(config), "[default]\ncredential_process = %s\n",
			 commands[i]);
		chain_write(config, NULL);
		stopped = 0;
		alarm(1);
		assert_int_equal(client_new(&options, &client, &failure), -ECANCELED);
		assert_int_equal(failure.kind, FAILURE_STOPPED);
		assert_true(time(NULL) - start < 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_keys, set_up),
		cmocka_unit_test_setup(splits_arguments, set_up),
		cmocka_unit_test_setup(gets_no_blocked_signals, set_up),
		cmocka_unit_test_setup(tells_what_is_wrong, set_up),
		cmocka_unit_test_setup(stops_waiting, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
