/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/retry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct failure failure_of(enum failure_kind kind, const char *code, int status)
{
	struct failure failure = {.kind = kind, .http_status = status};

	snprintf(failure.code, sizeof(failure.code), "%s", code);
	return failure;
}

static void knows_what_passes(void **state)
{
	static const struct {
		enum failure_kind kind;
		const char *code;
		int status;
		bool possible;
	} table[] = {
		{FAILURE_NONE, "", 0, false},
		{FAILURE_USAGE, "", 0, false},
		{FAILURE_TLS, "", 0, false},
		{FAILURE_PROXY, "", 0, false},
		{FAILURE_RESPONSE, "", 0, false},
		{FAILURE_STOPPED, "", 0, false},
		{FAILURE_CREDENTIALS, "", 0, false},
		{FAILURE_UNREACHABLE, "", 0, true},
		{FAILURE_TIMEOUT, "", 0, true},
		{FAILURE_SERVICE, "", 500, true},
		{FAILURE_SERVICE, "", 501, false},
		{FAILURE_SERVICE, "", 502, true},
		{FAILURE_SERVICE, "", 503, true},
		{FAILURE_SERVICE, "", 504, true},
		{FAILURE_SERVICE, "", 302, false},
		{FAILURE_SERVICE, "InternalError", 500, true},
		{FAILURE_SERVICE, "Throttling", 400, true},
		{FAILURE_SERVICE, "ThrottlingException", 400, true},
		{FAILURE_SERVICE, "RequestLimitExceeded", 503, true},
		{FAILURE_SERVICE, "RequestLimitExceeded", 400, true},
		{FAILURE_SERVICE, "BandwidthLimitExceeded", 400, true},
		{FAILURE_SERVICE, "RequestThrottled", 400, true},
		{FAILURE_SERVICE, "SlowDown", 400, true},
		{FAILURE_SERVICE, "EC2ThrottledException", 400, true},
		{FAILURE_SERVICE, "PriorRequestNotComplete", 400, true},
		{FAILURE_SERVICE, "InvalidParameterValue", 400, false},
		{FAILURE_SERVICE, "UnauthorizedOperation", 403, false},
		{FAILURE_SERVICE, "InvalidTrafficMirrorSessionId.NotFound", 400, false},
		/* Full quotas, whatever they come with. */
		{FAILURE_SERVICE, "TrafficMirrorSessionLimitExceeded", 400, false},
		{FAILURE_SERVICE, "TrafficMirrorSessionsPerInterfaceLimitExceeded", 503, false},
		{FAILURE_SERVICE, "TrafficMirrorSourcesPerTargetLimitExceeded", 500, false},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct failure failure = failure_of(table[i].kind, table[i].code, table[i].status);

		print_message("# %d %s %d\n", table[i].kind, table[i].code, table[i].status);
		assert_int_equal(retry_possible(&failure), table[i].possible);
		if (retry_throttled(&failure))
			assert_true(retry_possible(&failure));
	}
}

static void knows_throttling(void **state)
{
	static const struct {
		const char *code;
		int status;
		bool throttled;
	} table[] = {
		{"RequestLimitExceeded", 503, true},
		{"Throttling", 400, true},
		{"EC2ThrottledException", 400, true},
		{"", 503, false},
		{"InternalError", 500, false},
		{"PriorRequestNotComplete", 400, false},
		{"TrafficMirrorSessionLimitExceeded", 400, false},
	};
	struct failure failure = failure_of(FAILURE_UNREACHABLE, "Throttling", 0);

	assert_false(retry_throttled(&failure));
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		failure = failure_of(FAILURE_SERVICE, table[i].code, table[i].status);
		assert_int_equal(retry_throttled(&failure), table[i].throttled);
	}
}

static void stops_after_three_attempts(void **state)
{
	const struct failure failure = failure_of(FAILURE_UNREACHABLE, "", 0);
	struct retry_quota quota;
	int cost = 0;

	retry_quota_init(&quota);
	assert_true(retry_allowed(&quota, &failure, 1, &cost));
	assert_true(retry_allowed(&quota, &failure, 2, &cost));
	assert_false(retry_allowed(&quota, &failure, 3, &cost));
	assert_int_equal(cost, 2 * RETRY_COST);
	assert_int_equal(quota.left, RETRY_QUOTA - 2 * RETRY_COST);
	retry_succeeded(&quota, cost);
	assert_int_equal(quota.left, RETRY_QUOTA);
}

static void spends_its_quota(void **state)
{
	const struct failure failure = failure_of(FAILURE_TIMEOUT, "", 0);
	struct retry_quota quota;
	int cost = 0, allowed = 0;

	retry_quota_init(&quota);
	while (retry_allowed(&quota, &failure, 1, &cost))
		allowed++;
	assert_int_equal(allowed, RETRY_QUOTA / RETRY_COST_TIMEOUT);
	assert_int_equal(quota.left, 0);
	/* One success refills a little, and never above the start. */
	retry_succeeded(&quota, 0);
	assert_int_equal(quota.left, 1);
	assert_false(retry_allowed(&quota, &failure, 1, &cost));
	retry_succeeded(&quota, 10 * RETRY_QUOTA);
	assert_int_equal(quota.left, RETRY_QUOTA);
}

static void delays_grow(void **state)
{
	static const struct {
		double fraction;
		unsigned int attempt;
		uint32_t ms;
	} table[] = {
		{0, 1, 0},       {0.5, 1, 500},           {1, 1, 1000},
		{1, 2, 2000},    {0.25, 2, 500},          {1, 3, 4000},
		{1, 4, 8000},    {1, 5, 16000},           {1, 6, 20000},
		{0.5, 7, 10000}, {1, 4000000000U, 20000},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(retry_delay_ms(table[i].attempt, table[i].fraction), table[i].ms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_what_passes),
		cmocka_unit_test(knows_throttling),
		cmocka_unit_test(stops_after_three_attempts),
		cmocka_unit_test(spends_its_quota),
		cmocka_unit_test(delays_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
