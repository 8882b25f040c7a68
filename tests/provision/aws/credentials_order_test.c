/* SPDX-License-Identifier: Apache-2.0 */
/* Which source wins: for each two of them, and each alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain.h"
#include "peer.h"

#define SSO_CACHE ".aws/sso/cache/a0688f07cde3b41a1b34b7adb1e768409ef047ee.json"

/* What the sources write while they are set up. */
struct setup {
	const struct peer *peer;
	struct buffer config, shared;
};

static void set_env(struct setup *setup)
{
	setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
}

static void set_role(struct setup *setup)
{
	buffer_text(&setup->config, "role_arn = arn:aws:iam::1:role/1\nsource_profile = base\n");
}

static void set_web_identity(struct setup *setup)
{
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", peer_file("web", "web/token=="), 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/w", 1);
}

static void set_sso(struct setup *setup)
{
	buffer_text(&setup->config, "sso_start_url = https://order.test\nsso_region = eu-north-1\n"
				    "sso_account_id = 123456789012\n"
				    "sso_role_name = Audit & more\n");
}

static void set_shared(struct setup *setup)
{
	buffer_text(&setup->shared, "[default]\naws_access_key_id = AKIDSHARED\n"
				    "aws_secret_access_key = secret\n");
}

static void set_process(struct setup *setup)
{
	buffer_text(&setup->config,
		    "credential_process = " PEER_PYTHON " " PEER_PROGRAM " process good\n");
}

static void set_config(struct setup *setup)
{
	buffer_text(&setup->config, "aws_access_key_id = AKIDCONFIG\n"
				    "aws_secret_access_key = secret\n");
}

static void set_container(struct setup *setup)
{
	char url[128];

	snprintf(url, sizeof(url), "%s/container", setup->peer->url);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
}

static void set_imds(struct setup *setup)
{
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", setup->peer->url, 1);
	unsetenv("AWS_EC2_METADATA_DISABLED");
}

/* In the order of the AWS SDKs. */
static const struct {
	const char *name;
	void (*set)(struct setup *setup);
	const char *id;
} sources[] = {
	{"environment", set_env, "AKIDENV"},
	{"role of a profile", set_role, "ASIA-1"},
	{"web identity", set_web_identity, "ASIAWEB"},
	{"SSO", set_sso, "ASIASSO"},
	{"shared credentials file", set_shared, "AKIDSHARED"},
	{"credential process", set_process, "ASIAPROCESS"},
	{"config file", set_config, "AKIDCONFIG"},
	{"container", set_container, "ASIACONTAINER"},
	{"instance metadata", set_imds, "ASIAROLE"},
};

enum { SOURCES = sizeof(sources) / sizeof(sources[0]) };

/* Sets both up, the later one first. Returns which won. */
static void check(const struct peer *peer, size_t winner, size_t loser, const char *profile)
{
	struct setup setup = {.peer = peer};
	struct credentials credentials;
	struct failure failure;

	print_message("# %s over %s%s\n", sources[winner].name, sources[loser].name,
		      profile ? " with --profile" : "");
	peer_clear_environment();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_ENDPOINT_URL", peer->url, 1);
	buffer_text(&setup.config, "[default]\nregion = us-east-1\n");
	sources[loser].set(&setup);
	if (winner != loser)
		sources[winner].set(&setup);
	buffer_text(&setup.config, "[profile base]\naws_access_key_id = AKIDBASE\n"
				   "aws_secret_access_key = secret\n");
	chain_write(setup.config.data, buffer_string(&setup.shared));
	assert_int_equal(chain_load(profile, &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, sources[winner].id);
	assert_string_equal(credentials.source, sources[winner].name);
	credentials_fini(&credentials);
	buffer_fini(&setup.config);
	buffer_fini(&setup.shared);
}

static void log_in(void)
{
	char home[256];

	snprintf(home, sizeof(home), "%s",
		 peer_file(SSO_CACHE, "{\"accessToken\": \"sso-token\", "
				      "\"expiresAt\": \"2999-01-01T00:00:00Z\"}"));
	*strstr(home, "/.aws") = '\0';
	setenv("HOME", home, 1);
}

static void asks_in_order(void **state)
{
	struct peer peer;

	log_in();
	peer_start(&peer, "sources");
	for (size_t winner = 0; winner < SOURCES; winner++) {
		for (size_t loser = winner; loser < SOURCES; loser++)
			check(&peer, winner, loser, NULL);
	}
	peer_stop(&peer);
}

/* Who insists on a profile does not mean the environment's keys, nor its web identity. */
static void a_profile_goes_before_the_environment(void **state)
{
	static const size_t of_environment[] = {0, 2};
	struct peer peer;

	log_in();
	peer_start(&peer, "sources");
	for (size_t i = 0; i < 2; i++) {
		for (size_t winner = 1; winner < SOURCES; winner++) {
			if (winner != 2)
				check(&peer, winner, of_environment[i], "default");
		}
	}
	peer_stop(&peer);
}

/* Every row of the chain is in the table above, at its place. */
static void covers_the_chain(void **state)
{
	for (size_t i = 0; i < SOURCES; i++)
		assert_string_equal(credentials_sources[i].name, sources[i].name);
	assert_null(credentials_sources[SOURCES].name);
}

static void lists_what_was_tried(void **state)
{
	static const char *const tried[] = {
		"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set",
		"profile 'default': no role_arn",
		"AWS_WEB_IDENTITY_TOKEN_FILE is not set",
		"SSO: none in profile 'default'",
		"/nonexistent/credentials: no keys in profile 'default'",
		"no credential_process",
		"/nonexistent/config: no keys in profile 'default'",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"disabled by AWS_EC2_METADATA_DISABLED",
	};
	struct credentials credentials;
	struct failure failure;

	peer_clear_environment();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), -ENOENT);
	assert_int_equal(failure.kind, FAILURE_CREDENTIALS);
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
		assert_non_null(strstr(failure.message, tried[i]));
}

static void refuses_expired_keys(void **state)
{
	struct credentials credentials;
	struct failure failure;

	peer_clear_environment();
	set_env(NULL);
	setenv("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z", 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), -EINVAL);
	assert_non_null(
		strstr(failure.message, "from environment: expired at 2020-01-01T00:00:00Z"));
	setenv("AWS_CREDENTIAL_EXPIRATION", "tomorrow", 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "AWS_CREDENTIAL_EXPIRATION is not a time"));
	setenv("AWS_CREDENTIAL_EXPIRATION", "2999-01-01T00:00:00Z", 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), 0);
	assert_int_equal(credentials.expires_at, INT64_C(32472144000));
	credentials_fini(&credentials);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(covers_the_chain),
		cmocka_unit_test(asks_in_order),
		cmocka_unit_test(a_profile_goes_before_the_environment),
		cmocka_unit_test(lists_what_was_tried),
		cmocka_unit_test(refuses_expired_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
