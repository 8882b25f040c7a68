/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/failure.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void formats_one_line(void **state)
{
	struct failure failure;
	char line[512];

	failure_set(&failure, FAILURE_USAGE, "--x '%d': bad", 7);
	failure_format(&failure, line, sizeof(line));
	assert_string_equal(line, "--x '7': bad");
	failure_set_remedy(&failure, "give %s", "8");
	failure_format(&failure, line, sizeof(line));
	assert_string_equal(line, "--x '7': bad: give 8");

	failure_set(&failure, FAILURE_SERVICE, "no");
	assert_string_equal(failure.remedy, "");
	snprintf(failure.code, sizeof(failure.code), "Code");
	failure.http_status = 400;
	failure_format(&failure, line, sizeof(line));
	assert_string_equal(line, "Code: no (HTTP 400, request id none)");
	/* Found here: no answer said so. */
	failure.http_status = 0;
	failure_format(&failure, line, sizeof(line));
	assert_string_equal(line, "Code: no");
	failure.http_status = 400;
	snprintf(failure.request_id, sizeof(failure.request_id), "r-1");
	failure_set_remedy(&failure, "yes");
	failure_format(&failure, line, sizeof(line));
	assert_string_equal(line, "Code: no (HTTP 400, request id r-1): yes");
}

static void takes_its_own_text(void **state)
{
	struct failure failure;

	failure_set(&failure, FAILURE_REGION, "inner");
	failure_set(&failure, FAILURE_REGION, "outer: %s", failure.message);
	assert_string_equal(failure.message, "outer: inner");
}

static void takes_a_prefix(void **state)
{
	struct failure failure;
	char line[128], long_prefix[2000];

	failure_set(&failure, FAILURE_SERVICE, "no");
	snprintf(failure.code, sizeof(failure.code), "AccessDenied");
	failure.http_status = 403;
	failure_prefix(&failure, "role %s: ", "r");
	failure_format(&failure, line, sizeof(line));
	assert_string_equal(line, "AccessDenied: role r: no (HTTP 403, request id none)");
	memset(long_prefix, 'x', sizeof(long_prefix));
	long_prefix[sizeof(long_prefix) - 1] = '\0';
	failure_prefix(&failure, "%s", long_prefix);
	assert_int_equal(strlen(failure.message), sizeof(failure.message) - 1);
}

static void replaces_controls(void **state)
{
	struct failure failure;
	char line[64], small[8];

	failure_set(&failure, FAILURE_RESPONSE,
		    "a\033[2Jb\nc\xc2\x9b"
		    "d\x7f \xc3\xbc");
	failure_format(&failure, line, sizeof(line));
	assert_string_equal(line, "a?[2Jb?c??d? \xc3\xbc");
	failure_format(&failure, small, sizeof(small));
	assert_string_equal(small, "a?[2Jb?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_one_line),
		cmocka_unit_test(takes_its_own_text),
		cmocka_unit_test(takes_a_prefix),
		cmocka_unit_test(replaces_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
