/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "peer.h"
#include "provision/aws/endpoint.h"
#include "provision/aws/region.h"

static const char config[] = "[default]\n"
			     "region = us-east-1\n"
			     "[profile audit]\n"
			     "region = eu-west-1\n"
			     "aws_access_key_id = CONFIG\n"
			     "role_arn = arn:r\n"
			     "services = local\n"
			     "endpoint_url = http://general/\n"
			     "use_fips_endpoint = true\n"
			     "[profile \"with blank\"]\n"
			     "region = eu-west-2\n"
			     "[plain]\n"
			     "region = eu-west-3\n"
			     "[sso-session corp]\n"
			     "sso_region = eu-north-1\n"
			     "[services local]\n"
			     "sts =\n"
			     "  endpoint_url = http://sts/\n"
			     "elastic_load_balancing_v2 =\n"
			     "  other = 1\n"
			     "[profile fips]\n"
			     "use_fips_endpoint = true\n"
			     "use_dualstack_endpoint = true\n";
static const char credentials[] = "[audit]\n"
				  "aws_access_key_id = CREDENTIALS\n"
				  "[only]\n"
				  "aws_access_key_id = ONLY\n"
				  "region = eu-south-1\n"
				  "[profile x]\n"
				  "region = x\n";

static int write_files(void **state)
{
	peer_clear_environment();
	setenv("AWS_CONFIG_FILE", peer_file("config", config), 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", peer_file("credentials", credentials), 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	return 0;
}

static void looks_profiles_up(void **state)
{
	static const struct {
		const char *name, *key, *value;
	} table[] = {
		{"default", "region", "us-east-1"},
		{"audit", "region", "eu-west-1"},
		/* The credentials file's value counts. */
		{"audit", "aws_access_key_id", "CREDENTIALS"},
		{"audit", "role_arn", "arn:r"},
		{"with blank", "region", "eu-west-2"},
		{"only", "region", "eu-south-1"},
		/* Not written as the file at hand wants it. */
		{"plain", "region", NULL},
		{"x", "region", NULL},
		{"profile x", "region", "x"},
		{"corp", "sso_region", NULL},
	};
	struct profiles profiles;
	struct failure failure;

	assert_int_equal(profiles_load(NULL, &profiles, &failure), 0);
	assert_string_equal(profiles.name, "default");
	assert_false(profiles.option);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *value = profiles_value(&profiles, table[i].name, table[i].key);

		print_message("# row %zu\n", i);
		if (table[i].value)
			assert_string_equal(value, table[i].value);
		else
			assert_null(value);
	}
	assert_string_equal(profiles_config_value(&profiles, "audit", "aws_access_key_id"),
			    "CONFIG");
	assert_string_equal(profiles_sso_session(&profiles, "corp", "sso_region"), "eu-north-1");
	assert_null(profiles_sso_session(&profiles, "audit", "region"));
	profiles_fini(&profiles);
}

static void chooses(void **state)
{
	static const struct {
		const char *option, *variable, *older;
		const char *chosen; /* NULL: refused */
	} table[] = {
		{NULL, NULL, NULL, "default"},   {"audit", "only", "only", "audit"},
		{NULL, "only", "audit", "only"}, {NULL, NULL, "audit", "audit"},
		{NULL, "", "", "default"},       {"plain", "audit", NULL, NULL},
		{NULL, "corp", NULL, NULL},      {"", "audit", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct profiles profiles;
		struct failure failure;
		int rc;

		unsetenv("AWS_PROFILE");
		unsetenv("AWS_DEFAULT_PROFILE");
		if (table[i].variable)
			setenv("AWS_PROFILE", table[i].variable, 1);
		if (table[i].older)
			setenv("AWS_DEFAULT_PROFILE", table[i].older, 1);
		rc = profiles_load(table[i].option, &profiles, &failure);
		assert_int_equal(rc, table[i].chosen ? 0 : -EINVAL);
		if (rc) {
			assert_non_null(strstr(failure.message, "neither in /"));
			continue;
		}
		assert_string_equal(profiles.name, table[i].chosen);
		assert_int_equal(profiles.option, table[i].option != NULL);
		profiles_fini(&profiles);
	}
}

static void names_file_and_line(void **state)
{
	struct profiles profiles;
	struct failure failure;
	char folder[256];

	setenv("AWS_SHARED_CREDENTIALS_FILE",
	       peer_file("broken", "[a]\naws_secret_access_key = hidden\nhidden\n"), 1);
	assert_int_equal(profiles_load(NULL, &profiles, &failure), -EINVAL);
	assert_int_equal(failure.kind, FAILURE_CREDENTIALS);
	assert_non_null(strstr(failure.message, "/broken:3: neither [section] nor key = value"));
	assert_null(strstr(failure.message, "hidden"));
	/* Neither a file nor absent. */
	strncpy(folder, getenv("AWS_CONFIG_FILE"), sizeof(folder) - 1);
	*strrchr(folder, '/') = '\0';
	setenv("AWS_SHARED_CREDENTIALS_FILE", folder, 1);
	assert_int_equal(profiles_load(NULL, &profiles, &failure), -EISDIR);
	assert_non_null(strstr(failure.message, "Is a directory"));
	/* Below the home directory where no variable says otherwise. */
	setenv("HOME", folder, 1);
	unsetenv("AWS_SHARED_CREDENTIALS_FILE");
	setenv("AWS_CONFIG_FILE", "~/config", 1);
	peer_file(".aws/credentials", "[home]\nregion = a\n");
	assert_int_equal(profiles_load("home", &profiles, &failure), 0);
	assert_true(profiles_have(&profiles, "audit"));
	profiles_fini(&profiles);
}

static void gives_the_region(void **state)
{
	struct profiles profiles;
	struct failure failure;
	struct region region;
	struct imds imds;

	imds_init(&imds, NULL);
	assert_int_equal(profiles_load("audit", &profiles, &failure), 0);
	assert_int_equal(region_resolve(NULL, &profiles, &imds, &region, &failure), 0);
	assert_string_equal(region.name, "eu-west-1");
	assert_string_equal(region.source, "profile");
	region_fini(&region);
	setenv("AWS_REGION", "eu-central-1", 1);
	assert_int_equal(region_resolve(NULL, &profiles, &imds, &region, &failure), 0);
	assert_string_equal(region.name, "eu-central-1");
	region_fini(&region);
	profiles_fini(&profiles);
	unsetenv("AWS_REGION");
	assert_int_equal(profiles_load("fips", &profiles, &failure), 0);
	assert_int_equal(region_resolve(NULL, &profiles, &imds, &region, &failure), -ENOENT);
	assert_non_null(strstr(failure.message, "profile 'fips'"));
	profiles_fini(&profiles);
	imds_fini(&imds);
}

static void gives_endpoints(void **state)
{
	static const struct {
		const char *profile;
		enum endpoint_id id;
		const char *variable, *value;
		const char *url, *source;
	} table[] = {
		{"audit", ENDPOINT_EC2, NULL, NULL, "http://general/", "profile"},
		{"audit", ENDPOINT_STS, NULL, NULL, "http://sts/", "profile"},
		{"audit", ENDPOINT_ELBV2, NULL, NULL, "http://general/", "profile"},
		{"audit", ENDPOINT_STS, "AWS_ENDPOINT_URL", "http://all/", "http://all/",
		 "AWS_ENDPOINT_URL"},
		{"audit", ENDPOINT_EC2, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true",
		 "https://ec2-fips.r.amazonaws.com/", "region"},
		{"fips", ENDPOINT_EC2, NULL, NULL, "https://ec2-fips.r.api.aws/", "region"},
		{"fips", ENDPOINT_EC2, "AWS_USE_FIPS_ENDPOINT", "false", "https://ec2.r.api.aws/",
		 "region"},
		{"default", ENDPOINT_EC2, NULL, NULL, "https://ec2.r.amazonaws.com/", "region"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct endpoint endpoint;
		struct profiles profiles;
		struct failure failure;

		print_message("# row %zu\n", i);
		if (table[i].variable)
			setenv(table[i].variable, table[i].value, 1);
		assert_int_equal(profiles_load(table[i].profile, &profiles, &failure), 0);
		assert_int_equal(
			endpoint_resolve(table[i].id, "r", NULL, &profiles, &endpoint, &failure),
			0);
		assert_string_equal(endpoint.url, table[i].url);
		assert_string_equal(endpoint.source, table[i].source);
		endpoint_fini(&endpoint);
		profiles_fini(&profiles);
		if (table[i].variable)
			unsetenv(table[i].variable);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(looks_profiles_up, write_files),
		cmocka_unit_test_setup(chooses, write_files),
		cmocka_unit_test_setup(names_file_and_line, write_files),
		cmocka_unit_test_setup(gives_the_region, write_files),
		cmocka_unit_test_setup(gives_endpoints, write_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
