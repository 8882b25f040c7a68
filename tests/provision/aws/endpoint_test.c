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
	enum endpoint_id id;
	const char *region, *url;          /* options */
	const char *name, *value;          /* of one variable */
	const char *second, *second_value; /* of another */
	int rc;
	const char *expected_url; /* or a part of the failure */
	const char *expected_host;
	const char *expected_path;
};

#define AT(url, host, path) ENDPOINT_EC2, "r", url, NULL, NULL, NULL, NULL, 0, url, host, path
#define BAD(url, message) \
	ENDPOINT_EC2, "r", url, NULL, NULL, NULL, NULL, -EINVAL, message, NULL, NULL
#define FIPS "AWS_USE_FIPS_ENDPOINT", "true"
#define DUAL "AWS_USE_DUALSTACK_ENDPOINT", "True"
#define NONE NULL, NULL
#define DEFAULT(id, region, first, second, host) \
	id, region, NULL, first, second, 0, "https://" host "/", host, "/"

static const struct row rows[] = {
	/* Wrong ones. */
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
	{ENDPOINT_EC2, "us-isof-south-1", NULL, DUAL, NONE, -EINVAL, "has no dual-stack", NULL,
	 NULL},
	/* Defaults: what botocore 1.43 resolves. */
	{DEFAULT(ENDPOINT_EC2, "eu-west-1", NONE, NONE, "ec2.eu-west-1.amazonaws.com")},
	{DEFAULT(ENDPOINT_ELBV2, "eu-west-1", NONE, NONE,
		 "elasticloadbalancing.eu-west-1.amazonaws.com")},
	{DEFAULT(ENDPOINT_STS, "eu-west-1", NONE, NONE, "sts.eu-west-1.amazonaws.com")},
	{DEFAULT(ENDPOINT_SSO, "eu-west-1", NONE, NONE, "portal.sso.eu-west-1.amazonaws.com")},
	{DEFAULT(ENDPOINT_EC2, "cn-north-1", NONE, NONE, "ec2.cn-north-1.amazonaws.com.cn")},
	{DEFAULT(ENDPOINT_STS, "cn-north-1", FIPS, NONE, "sts-fips.cn-north-1.amazonaws.com.cn")},
	{DEFAULT(ENDPOINT_EC2, "cn-north-1", DUAL, NONE,
		 "ec2.cn-north-1.api.amazonwebservices.com.cn")},
	{DEFAULT(ENDPOINT_EC2, "us-isob-east-1", NONE, NONE, "ec2.us-isob-east-1.sc2s.sgov.gov")},
	{DEFAULT(ENDPOINT_EC2, "us-iso-east-1", FIPS, DUAL,
		 "ec2-fips.us-iso-east-1.api.aws.ic.gov")},
	{DEFAULT(ENDPOINT_EC2, "eu-isoe-west-1", FIPS, NONE,
		 "ec2-fips.eu-isoe-west-1.cloud.adc-e.uk")},
	{DEFAULT(ENDPOINT_EC2, "eusc-de-east-1", DUAL, NONE,
		 "ec2.eusc-de-east-1.api.amazonwebservices.eu")},
	{DEFAULT(ENDPOINT_EC2, "eu-west-1", FIPS, NONE, "ec2-fips.eu-west-1.amazonaws.com")},
	{DEFAULT(ENDPOINT_EC2, "eu-west-1", DUAL, NONE, "ec2.eu-west-1.api.aws")},
	{DEFAULT(ENDPOINT_ELBV2, "us-east-1", FIPS, DUAL,
		 "elasticloadbalancing-fips.us-east-1.api.aws")},
	{DEFAULT(ENDPOINT_SSO, "us-west-2", FIPS, NONE, "portal.sso-fips.us-west-2.amazonaws.com")},
	/* There the plain ones are FIPS endpoints, but for dual-stack. */
	{DEFAULT(ENDPOINT_EC2, "us-gov-west-1", NONE, NONE, "ec2.us-gov-west-1.amazonaws.com")},
	{DEFAULT(ENDPOINT_STS, "us-gov-west-1", FIPS, NONE, "sts.us-gov-west-1.amazonaws.com")},
	{DEFAULT(ENDPOINT_STS, "us-gov-west-1", FIPS, DUAL, "sts-fips.us-gov-west-1.api.aws")},
	/* Where the endpoint comes from. */
	{ENDPOINT_EC2, "r", "http://a/", "AWS_ENDPOINT_URL_EC2", "http://b/", FIPS, 0, "http://a/",
	 "a", "/"},
	{ENDPOINT_EC2, "r", NULL, "AWS_ENDPOINT_URL", "http://c/", "AWS_ENDPOINT_URL_EC2",
	 "http://b/", 0, "http://b/", "b", "/"},
	{ENDPOINT_EC2, "r", NULL, "AWS_ENDPOINT_URL", "http://c/", "AWS_ENDPOINT_URL_STS",
	 "http://b/", 0, "http://c/", "c", "/"},
	{ENDPOINT_STS, "r", NULL, "AWS_ENDPOINT_URL", "http://c/", "AWS_ENDPOINT_URL_STS",
	 "http://b/", 0, "http://b/", "b", "/"},
	{ENDPOINT_ELBV2, "r", NULL, "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "http://b/", NONE,
	 0, "http://b/", "b", "/"},
	{ENDPOINT_SSO, "r", NULL, "AWS_ENDPOINT_URL_SSO", "http://b/", NONE, 0, "http://b/", "b",
	 "/"},
	/* The Host header has the port where it is not the scheme's own. */
	{AT("http://127.0.0.1:8080/", "127.0.0.1:8080", "/")},
	{AT("https://h:8443/x/y", "h:8443", "/x/y")},
	{ENDPOINT_EC2, "r", "https://h:443/", NONE, NONE, 0, "https://h/", "h", "/"},
	{ENDPOINT_EC2, "r", "http://h:80", NONE, NONE, 0, "http://h/", "h", "/"},
	{ENDPOINT_EC2, "r", "https://h:80", NONE, NONE, 0, "https://h:80/", "h:80", "/"},
	{AT("https://[::1]:8443/", "[::1]:8443", "/")},
};

static void resolves(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct endpoint endpoint;
		struct failure failure;

		print_message("# row %zu\n", i);
		peer_clear_environment();
		if (row->name)
			setenv(row->name, row->value, 1);
		if (row->second)
			setenv(row->second, row->second_value, 1);
		assert_int_equal(
			endpoint_resolve(row->id, row->region, row->url, NULL, &endpoint, &failure),
			row->rc);
		if (row->rc) {
			assert_non_null(strstr(failure.message, row->expected_url));
			assert_string_not_equal(failure.remedy, "");
			assert_null(strstr(failure.message, "hidden"));
			continue;
		}
		assert_string_equal(endpoint.url, row->expected_url);
		assert_string_equal(endpoint.host, row->expected_host);
		assert_string_equal(endpoint.path, row->expected_path);
		endpoint_fini(&endpoint);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(resolves, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
