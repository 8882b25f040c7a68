/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/endpoint.h"

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

struct row {
	const char *region, *url;          /* options */
	const char *name, *value;          /* of one variable */
	const char *second, *second_value; /* of another */
	int rc;
	const char *expected_region;
	const char *expected_url; /* or a part of the failure */
	const char *expected_host;
	const char *expected_path;
};

#define EU                  "eu-west-1", "https://ec2.eu-west-1.amazonaws.com/", "ec2.eu-west-1.amazonaws.com", "/"
#define AT(url, host, path) "r", url, NULL, NULL, NULL, NULL, 0, "r", url, host, path
#define BAD(url, message)   "r", url, NULL, NULL, NULL, NULL, -EINVAL, NULL, message, NULL, NULL

static const struct row rows[] = {
	/* Wrong ones. */
	{NULL, NULL, NULL, NULL, NULL, NULL, -ENOENT, NULL,
	 "tried --region, AWS_REGION, AWS_DEFAULT_REGION", NULL, NULL},
	{"eu west", NULL, NULL, NULL, NULL, NULL, -EINVAL, NULL, "region 'eu west'", NULL, NULL},
	{"evil.example/", NULL, NULL, NULL, NULL, NULL, -EINVAL, NULL, "not the name", NULL, NULL},
	{"-a", NULL, NULL, NULL, NULL, NULL, -EINVAL, NULL, "not the name", NULL, NULL},
	{NULL, NULL, "AWS_REGION", "EU-WEST-1", NULL, NULL, -EINVAL, NULL, "EU-WEST-1", NULL, NULL},
	{BAD("ftp://h/", "is neither https:// nor http://")},
	{BAD("localhost:8080", "endpoint URL 'localhost:8080'")},
	{BAD("https://", "endpoint URL")},
	{BAD("https://u:p@h/", "has a user")},
	{BAD("https://u:hidden@h h/", "endpoint URL: ")},
	{BAD("u:hidden@h", "endpoint URL: ")},
	{BAD("https://u:hidden@h:99999/", "endpoint URL: ")},
	{BAD("https://h/?q=1", "query")},
	{BAD("https://h/#f", "fragment")},
	{BAD("https://h:99999/", "endpoint URL")},
	{BAD("https://h h/", "endpoint URL")},
	{BAD("file:///etc/passwd", "neither")},
	/* Where the region comes from. */
	{"eu-west-1", NULL, "AWS_REGION", "us-west-2", NULL, NULL, 0, EU},
	{NULL, NULL, "AWS_REGION", "eu-west-1", "AWS_DEFAULT_REGION", "us-west-2", 0, EU},
	{NULL, NULL, "AWS_DEFAULT_REGION", "eu-west-1", "AWS_REGION", "", 0, EU},
	/* Partitions. */
	{"cn-north-1", NULL, NULL, NULL, NULL, NULL, 0, "cn-north-1",
	 "https://ec2.cn-north-1.amazonaws.com.cn/", "ec2.cn-north-1.amazonaws.com.cn", "/"},
	{"us-gov-west-1", NULL, NULL, NULL, NULL, NULL, 0, "us-gov-west-1",
	 "https://ec2.us-gov-west-1.amazonaws.com/", "ec2.us-gov-west-1.amazonaws.com", "/"},
	{"us-isob-east-1", NULL, NULL, NULL, NULL, NULL, 0, "us-isob-east-1",
	 "https://ec2.us-isob-east-1.sc2s.sgov.gov/", "ec2.us-isob-east-1.sc2s.sgov.gov", "/"},
	/* Where the endpoint comes from. */
	{"r", "http://a/", "AWS_ENDPOINT_URL_EC2", "http://b/", NULL, NULL, 0, "r", "http://a/",
	 "a", "/"},
	{"r", NULL, "AWS_ENDPOINT_URL", "http://c/", "AWS_ENDPOINT_URL_EC2", "http://b/", 0, "r",
	 "http://b/", "b", "/"},
	{"r", NULL, "AWS_ENDPOINT_URL", "http://c/", NULL, NULL, 0, "r", "http://c/", "c", "/"},
	/* The Host header has the port where it is not the scheme's own. */
	{AT("http://127.0.0.1:8080/", "127.0.0.1:8080", "/")},
	{AT("https://h:8443/x/y", "h:8443", "/x/y")},
	{"r", "https://h:443/", NULL, NULL, NULL, NULL, 0, "r", "https://h/", "h", "/"},
	{"r", "http://h:80", NULL, NULL, NULL, NULL, 0, "r", "http://h/", "h", "/"},
	{"r", "https://h:80", NULL, NULL, NULL, NULL, 0, "r", "https://h:80/", "h:80", "/"},
	{AT("https://[::1]:8443/", "[::1]:8443", "/")},
};

static void resolves(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct endpoint endpoint;
		struct failure failure;
		struct imds imds;

		print_message("# row %zu\n", i);
		peer_clear_environment();
		setenv("AWS_EC2_METADATA_DISABLED", "TRUE", 1);
		if (row->name)
			setenv(row->name, row->value, 1);
		if (row->second)
			setenv(row->second, row->second_value, 1);
		imds_init(&imds, NULL);
		assert_int_equal(
			endpoint_resolve(row->region, row->url, &imds, &endpoint, &failure),
			row->rc);
		imds_fini(&imds);
		if (row->rc) {
			assert_non_null(strstr(failure.message, row->expected_url));
			assert_string_not_equal(failure.remedy, "");
			assert_null(strstr(failure.message, "hidden"));
			continue;
		}
		assert_string_equal(endpoint.region, row->expected_region);
		assert_string_equal(endpoint.url, row->expected_url);
		assert_string_equal(endpoint.host, row->expected_host);
		assert_string_equal(endpoint.path, row->expected_path);
		endpoint_fini(&endpoint);
	}
}

static void asks_the_instance(void **state)
{
	struct http *http = http_new();
	struct endpoint endpoint;
	struct failure failure;
	struct imds imds;
	struct peer peer;

	peer_start(&peer, "imds");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url, 1);
	imds_init(&imds, http);
	assert_int_equal(endpoint_resolve(NULL, NULL, &imds, &endpoint, &failure), 0);
	assert_string_equal(endpoint.region, "eu-central-1");
	assert_string_equal(endpoint.url, "https://ec2.eu-central-1.amazonaws.com/");
	endpoint_fini(&endpoint);
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
