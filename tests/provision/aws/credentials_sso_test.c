/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials of a single sign-on. */
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

#define CORP   "ee0bfd2552fbd840c02cc48b6e823320543c450f"
#define LEGACY "8d7508fc02b29d01cb82e0b8f2fc0b6fcac3890d"
#define FUTURE "\"expiresAt\": \"2999-01-01T00:00:00Z\""
#define GOOD   "{\"accessToken\": \"sso-token\", " FUTURE "}"

static const char config[] =
	"[profile session]\nsso_session = corp\nsso_account_id = 123456789012\n"
	"sso_role_name = Audit & more\n"
	"[sso-session corp]\nsso_start_url = https://corp.test/start\nsso_region = eu-north-1\n"
	"[profile legacy]\nsso_start_url = https://legacy.test/start\nsso_region = eu-north-1\n"
	"sso_account_id = 123456789012\nsso_role_name = Audit & more\n"
	"[profile refused]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = Other\n"
	"[profile no_session]\nsso_session = gone\nsso_account_id = 1\nsso_role_name = a\n"
	"[profile half]\nsso_session = corp\nsso_account_id = 1\n"
	"[profile bad_region]\nsso_start_url = u\nsso_region = evil.test/\n"
	"sso_account_id = 1\nsso_role_name = a\n";

static int set_up(void **state)
{
	char home[256];

	peer_clear_environment();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	chain_write(config, NULL);
	snprintf(home, sizeof(home), "%s", peer_file(".home", ""));
	*strrchr(home, '/') = '\0';
	setenv("HOME", home, 1);
	return 0;
}

static int load(const char *scenario, const char *profile, struct credentials *credentials,
		struct failure *failure)
{
	struct peer peer;
	int rc;

	peer_start(&peer, scenario);
	setenv("AWS_ENDPOINT_URL_SSO", peer.url, 1);
	rc = chain_load(profile, credentials, failure);
	peer_stop(&peer);
	return rc;
}

static void takes_keys(void **state)
{
	static const char *const profiles[] = {"session", "legacy"};

	peer_file(".aws/sso/cache/" CORP ".json", GOOD);
	peer_file(".aws/sso/cache/" LEGACY ".json", GOOD);
	for (size_t i = 0; i < 2; i++) {
		struct credentials credentials;
		struct failure failure;

		print_message("# %s\n", profiles[i]);
		assert_int_equal(load("portal", profiles[i], &credentials, &failure), 0);
		assert_string_equal(credentials.access_key_id, "ASIASSO");
		assert_string_equal(credentials.secret_access_key, "sso/secret+");
		assert_string_equal(credentials.session_token, "sso-session");
		assert_string_equal(credentials.source, "SSO");
		assert_true(credentials.expires_at > time(NULL) + 3000);
		assert_true(credentials.expires_at < time(NULL) + 4000);
		credentials_fini(&credentials);
	}
}

static void sends_the_user_to_log_in(void **state)
{
	static const struct {
		const char *cache;
		const char *message;
	} table[] = {
		{"", "not a JSON object"},
		{"[]", "not a JSON object"},
		{"{\"accessToken\": \"sso-token\"}", "lacks"},
		{"{\"accessToken\": 7, " FUTURE "}", "lacks"},
		{"{\"accessToken\": \"sso-token\", \"expiresAt\": \"2020-01-01T00:00:00UTC\"}",
		 "has expired"},
		{"{\"accessToken\": \"sso-token-2\", " FUTURE "}", "refuses the cached token"},
	};
	struct credentials credentials;
	struct failure failure;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		print_message("# row %zu\n", i);
		peer_file(".aws/sso/cache/" CORP ".json", table[i].cache);
		assert_int_equal(load("portal", "session", &credentials, &failure), -EINVAL);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_string_equal(failure.remedy, "run: aws sso login --profile session");
		assert_null(strstr(failure.message, "sso-token"));
	}
	remove(peer_file(".aws/sso/cache/" CORP ".json", ""));
	assert_int_equal(load("portal", "session", &credentials, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "no cached token"));
}

static void tells_what_is_wrong(void **state)
{
	static const struct {
		const char *scenario, *profile;
		int rc;
		const char *message;
	} table[] = {
		{"portal", "no_session", -EINVAL, "without sso_start_url in [sso-session gone]"},
		{"portal", "half", -EINVAL, "SSO without sso_role_name"},
		{"portal", "bad_region", -EINVAL, "not the name of a region"},
		{"portal", "refused", -EREMOTEIO, "No access"},
		{"portal_incomplete", "session", -EPROTO, "secretAccessKey or sessionToken is"},
		{"portal_text_time", "session", -EPROTO, "Expiration is not a time"},
		{"portal_bad_time", "session", -EPROTO, "Expiration is not a time"},
		{"not_xml", "session", -EPROTO, "is missing"},
		{"cut_short", "session", -EHOSTUNREACH, "credentials from SSO"},
	};

	peer_file(".aws/sso/cache/" CORP ".json", GOOD);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;

		print_message("# row %zu\n", i);
		assert_int_equal(load(table[i].scenario, table[i].profile, &credentials, &failure),
				 table[i].rc);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_null(strstr(failure.message, "sso/secret"));
		assert_null(strstr(failure.message, "sso-token"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_keys, set_up),
		cmocka_unit_test_setup(sends_the_user_to_log_in, set_up),
		cmocka_unit_test_setup(tells_what_is_wrong, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
