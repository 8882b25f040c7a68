/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/region.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"

static int clear(void **state)
{
	peer_clear_environment();
	return 0;
}

static const struct {
	const char *option;
	const char *name, *value;
	const char *second, *second_value;
	int rc;
	const char *expected; /* or a part of the failure */
	const char *source;
} rows[] = {
	/* Wrong ones. */
	{NULL, NULL, NULL, NULL, NULL, -ENOENT, "tried --region, AWS_REGION, AWS_DEFAULT_REGION",
	 NULL},
	{"eu west", NULL, NULL, NULL, NULL, -EINVAL, "region 'eu west' (--region)", NULL},
	{"evil.example/", NULL, NULL, NULL, NULL, -EINVAL, "not the name", NULL},
	{"-a", NULL, NULL, NULL, NULL, -EINVAL, "not the name", NULL},
	{"", NULL, NULL, NULL, NULL, -EINVAL, "not the name", NULL},
	{NULL, "AWS_REGION", "EU-WEST-1", NULL, NULL, -EINVAL, "'EU-WEST-1' (AWS_REGION)", NULL},
	/* Right ones. */
	{"eu-west-1", "AWS_REGION", "us-west-2", NULL, NULL, 0, "eu-west-1", "--region"},
	{NULL, "AWS_REGION", "eu-west-1", "AWS_DEFAULT_REGION", "us-west-2", 0, "eu-west-1",
	 "AWS_REGION"},
	{NULL, "AWS_DEFAULT_REGION", "eu-west-1", "AWS_REGION", "", 0, "eu-west-1",
	 "AWS_DEFAULT_REGION"},
};

static void resolves(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct region region;
		struct failure failure;
		struct imds imds;

		print_message("# row %zu\n", i);
		peer_clear_environment();
		setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
		if (rows[i].name)
			setenv(rows[i].name, rows[i].value, 1);
		if (rows[i].second)
			setenv(rows[i].second, rows[i].second_value, 1);
		imds_init(&imds, NULL);
		assert_int_equal(region_resolve(rows[i].option, NULL, &imds, &region, &failure),
				 rows[i].rc);
		imds_fini(&imds);
		if (rows[i].rc) {
			assert_non_null(strstr(failure.message, rows[i].expected));
			assert_string_not_equal(failure.remedy, "");
			continue;
		}
		assert_string_equal(region.name, rows[i].expected);
		assert_string_equal(region.source, rows[i].source);
		region_fini(&region);
	}
}

static void asks_the_instance(void **state)
{
	struct http *http = http_new();
	struct region region;
	struct failure failure;
	struct imds imds;
	struct peer peer;

	peer_start(&peer, "imds");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url, 1);
	imds_init(&imds, http);
	assert_int_equal(region_resolve(NULL, NULL, &imds, &region, &failure), 0);
	assert_string_equal(region.name, "eu-central-1");
	assert_string_equal(region.source, "instance metadata");
	region_fini(&region);
	imds_fini(&imds);
	http_free(http);
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(resolves, clear),
		cmocka_unit_test_setup(asks_the_instance, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
