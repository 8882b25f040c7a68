/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/credentials.h"

#include <errno.h>
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
	return 0;
}

/* Loads with the environment as it is; metadata at url, none where NULL. */
static int load(const char *url, struct credentials *credentials, struct failure *failure)
{
	if (url)
		setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", url, 1);
	else
		setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	return chain_load(NULL, credentials, failure);
}

static void reads_the_environment(void **state)
{
	static const struct {
		const char *id, *secret, *token;
		int rc;
		const char *message;
	} table[] = {
		{NULL, NULL, NULL, -ENOENT, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not"},
		{"", "", NULL, -ENOENT, "no AWS credentials"},
		{NULL, NULL, "token", -ENOENT, "disabled by AWS_EC2_METADATA_DISABLED"},
		{"AKID", NULL, NULL, -EINVAL, "AWS_SECRET_ACCESS_KEY is not"},
		{NULL, "secret", NULL, -EINVAL, "AWS_ACCESS_KEY_ID is not"},
		{"AKID\n", "secret", NULL, -EINVAL, "line breaks"},
		{"AKID", "sec ret", NULL, -EINVAL, "blanks"},
		{"AKID", "secret", "to\r\nX-Header: 1", -EINVAL, "line breaks"},
		{"AKID", "secret/+", NULL, 0, NULL},
		{"AKID", "secret", "", 0, NULL},
		{"ASIA", "secret", "token==", 0, NULL},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;

		peer_clear_environment();
		if (table[i].id)
			setenv("AWS_ACCESS_KEY_ID", table[i].id, 1);
		if (table[i].secret)
			setenv("AWS_SECRET_ACCESS_KEY", table[i].secret, 1);
		if (table[i].token)
			setenv("AWS_SESSION_TOKEN", table[i].token, 1);
		assert_int_equal(load(NULL, &credentials, &failure), table[i].rc);
		if (table[i].rc) {
			assert_non_null(strstr(failure.message, table[i].message));
			assert_int_equal(failure.kind, FAILURE_CREDENTIALS);
			assert_null(credentials.secret_access_key);
			continue;
		}
		assert_string_equal(credentials.access_key_id, table[i].id);
		assert_string_equal(credentials.secret_access_key, table[i].secret);
		assert_int_equal(!credentials.session_token, !table[i].token || !*table[i].token);
		assert_string_equal(credentials.source, "environment");
		assert_false(credentials_stale(&credentials, INT64_MAX / 2));
		credentials_fini(&credentials);
	}
}

static void takes_the_instance_role(void **state)
{
	struct credentials credentials;
	struct failure failure;
	int64_t now = time(NULL);
	struct peer peer;

	peer_start(&peer, "imds");
	/* A proxy must never see these. */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	assert_int_equal(load(peer.url, &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIAROLE");
	assert_string_equal(credentials.secret_access_key, "role/secret+");
	assert_string_equal(credentials.session_token, "role-token");
	assert_string_equal(credentials.source, "instance metadata");
	assert_true(credentials.expires_at > now + INT64_C(5) * 3600);
	assert_true(credentials.expires_at < now + INT64_C(7) * 3600);
	assert_false(credentials_stale(&credentials, now));
	assert_true(credentials_stale(&credentials,
				      credentials.expires_at - CREDENTIALS_REFRESH_SECONDS));
	credentials_fini(&credentials);
	assert_null(credentials.secret_access_key);
	assert_string_equal(peer_report(&peer), "PUT /latest/api/token ");
	assert_string_equal(peer_report(&peer), "GET /latest/meta-data/iam/security-credentials/ ");
	assert_string_equal(peer_report(&peer),
			    "GET /latest/meta-data/iam/security-credentials/collector ");
	peer_stop(&peer);
}

static void prefers_the_environment(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "imds");
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	assert_int_equal(load(peer.url, &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "AKID");
	credentials_fini(&credentials);
	peer_stop(&peer);
}

static void a_missing_profile_is_no_other_identity(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "imds");
	setenv("AWS_PROFILE", "audit", 1);
	assert_int_equal(load(peer.url, &credentials, &failure), -EINVAL);
	assert_int_equal(failure.kind, FAILURE_CREDENTIALS);
	assert_non_null(strstr(failure.message, "profile 'audit': neither in"));
	/* As good as unset. */
	setenv("AWS_PROFILE", "", 1);
	assert_int_equal(load(peer.url, &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIAROLE");
	credentials_fini(&credentials);
	peer_stop(&peer);
}

static void reads_times(void **state)
{
	static const struct {
		const char *text;
		int64_t time;
	} table[] = {
		{NULL, 0},
		{"", 0},
		{"soon", 0},
		{"2015-08-30T12:36:00", 0},
		{"2015-08-30T12:36:00z", 0},
		{"2015-08-30T12:36:00Zx", 0},
		{"2015-08-30T12:36:00+", 0},
		{"2015-08-30T12:36:00+1:2:3", 0},
		{"2015-08-30 12:36:00Z", 0},
		{"1013-11-22T23:10:38Z", 0},
		{"2015-08-30T12:36:00Z", 1440938160},
		{"2015-08-30T12:36:00UTC", 1440938160},
		{"2015-08-30T12:36:00.123Z", 1440938160},
		{"2015-08-30T14:36:00+02:00", 1440938160},
		{"2015-08-30T08:06:00.5-04:30", 1440938160},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		print_message("# row %zu\n", i);
		assert_int_equal(credentials_parse_time(table[i].text), table[i].time);
	}
}

static void tells_what_metadata_did_wrong(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
		const char *message;
	} table[] = {
		{"imds_role_error", -EPROTO,
		 "AssumeRoleUnauthorizedAccess: EC2 cannot assume the role"},
		{"imds_incomplete", -EPROTO, "AccessKeyId, SecretAccessKey or Token is missing"},
		{"imds_bad_time", -EPROTO, "Expiration is not a time"},
		{"imds_not_json", -EPROTO, "not a JSON object"},
		{"imds_line_break", -EINVAL, "line breaks"},
		{"imds_no_role", -ENOENT, "the instance has no role"},
		{"imds_bad_role", -EPROTO, "not a name"},
		{"imds_disabled", -EACCES, "HTTP 403"},
		{"imds_version_1", -EPROTO, "HTTP 404"},
		{"imds_bad_token", -EPROTO, "not a token"},
		{"imds_slow", -ENOENT, "no answer within 1000 ms"},
		{"hang_up", -ENOENT, "no answer"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;
		struct peer peer;
		int rc;

		print_message("# %s\n", table[i].scenario);
		peer_start(&peer, table[i].scenario);
		rc = load(peer.url, &credentials, &failure);
		peer_stop(&peer);
		assert_int_equal(rc, table[i].rc);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_null(strstr(failure.message, "role/secret+"));
	}
}

static void renews_a_refused_token(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "imds_token_expires");
	assert_int_equal(load(peer.url, &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIAROLE");
	credentials_fini(&credentials);
	peer_stop(&peer);
}

static void does_not_wait_twice(void **state)
{
	struct http *http = http_new();
	struct buffer value = {0};
	struct failure failure;
	struct timespec start, end;
	struct imds imds;
	struct peer peer;

	peer_start(&peer, "imds_slow");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url, 1);
	imds_init(&imds, http);
	assert_int_equal(imds_get(&imds, "/a", &value, &failure), -EHOSTUNREACH);
	clock_gettime(CLOCK_MONOTONIC, &start);
	assert_int_equal(imds_get(&imds, "/b", &value, &failure), -EHOSTUNREACH);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - start.tv_sec <= 1);
	assert_string_equal(peer_report(&peer), "PUT /latest/api/token ");
	imds_fini(&imds);
	http_free(http);
	peer_stop(&peer);
}

static void what_answered_once_is_asked_again(void **state)
{
	struct http *http = http_new();
	struct buffer value = {0};
	struct failure failure;
	struct imds imds;
	struct peer peer;

	peer_start(&peer, "imds_stutters");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url, 1);
	imds_init(&imds, http);
	assert_int_equal(imds_get(&imds, "/latest/meta-data/placement/region", &value, &failure),
			 0);
	assert_int_equal(imds_get(&imds, "/latest/meta-data/placement/region", &value, &failure),
			 -EHOSTUNREACH);
	buffer_truncate(&value, 0);
	assert_int_equal(imds_get(&imds, "/latest/meta-data/placement/region", &value, &failure),
			 0);
	assert_string_equal(buffer_string(&value), "eu-central-1");
	buffer_fini(&value);
	imds_fini(&imds);
	http_free(http);
	peer_stop(&peer);
}

static void chooses_the_endpoint(void **state)
{
	static const struct {
		const char *endpoint, *mode, *expected;
	} table[] = {
		{NULL, NULL, "http://169.254.169.254"},
		{NULL, "IPv4", "http://169.254.169.254"},
		{NULL, "IPv6", "http://[fd00:ec2::254]"},
		{"http://imds.test:8080/", "IPv6", "http://imds.test:8080"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct imds imds;

		peer_clear_environment();
		if (table[i].endpoint)
			setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", table[i].endpoint, 1);
		if (table[i].mode)
			setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", table[i].mode, 1);
		imds_init(&imds, NULL);
		assert_string_equal(imds.endpoint.data, table[i].expected);
		imds_fini(&imds);
	}
}

/* It would stand in every line about it. */
static void asks_no_endpoint_with_a_password(void **state)
{
	struct buffer value = {0};
	struct failure failure;
	struct imds imds;

	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://user:pa55word@127.0.0.1:1", 1);
	imds_init(&imds, NULL);
	assert_int_equal(imds_get(&imds, "/latest/", &value, &failure), -EINVAL);
	assert_null(strstr(failure.message, "pa55word"));
	imds_fini(&imds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reads_the_environment, clear),
		cmocka_unit_test_setup(takes_the_instance_role, clear),
		cmocka_unit_test_setup(prefers_the_environment, clear),
		cmocka_unit_test_setup(a_missing_profile_is_no_other_identity, clear),
		cmocka_unit_test_setup(tells_what_metadata_did_wrong, clear),
		cmocka_unit_test_setup(renews_a_refused_token, clear),
		cmocka_unit_test_setup(does_not_wait_twice, clear),
		cmocka_unit_test_setup(what_answered_once_is_asked_again, clear),
		cmocka_unit_test_setup(chooses_the_endpoint, clear),
		cmocka_unit_test_setup(asks_no_endpoint_with_a_password, clear),
		cmocka_unit_test(reads_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
