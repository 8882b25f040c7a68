/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/pacing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

/* EC2's own bucket, by its documentation: the judge. */
struct service {
	double burst, per_second, tokens;
	int64_t at_ms;
};

static bool accepts(struct service *service, int64_t now_ms)
{
	service->tokens += (double)(now_ms - service->at_ms) * service->per_second / 1000;
	if (service->tokens > service->burst)
		service->tokens = service->burst;
	service->at_ms = now_ms;
	if (service->tokens < 1)
		return false;
	service->tokens -= 1;
	return true;
}

static const struct {
	enum pacing_class kind;
	double burst, per_second;
} documented[] = {
	{PACING_CHANGE, 50, 5},
	{PACING_DESCRIBE, 100, 20},
};

/* 10,000 calls, each sent when it may be: none is throttled, and the rate is nearly EC2's. */
static void never_trips_the_service(void **state)
{
	enum { CALLS = 10000 };

	for (size_t i = 0; i < sizeof(documented) / sizeof(documented[0]); i++) {
		struct service service = {documented[i].burst, documented[i].per_second,
					  documented[i].burst, 0};
		struct pacing pacing;
		double rate;
		int64_t now_ms = 0;

		pacing_init(&pacing);
		for (int call = 0; call < CALLS; call++) {
			now_ms += pacing_take(&pacing, documented[i].kind, now_ms);
			assert_true(accepts(&service, now_ms));
		}
		rate = (CALLS - documented[i].burst) * 1000.0 / (double)now_ms;
		print_message("# %.2f calls a second\n", rate);
		assert_true(rate < documented[i].per_second);
		assert_true(rate > documented[i].per_second * 0.9);
	}
}

static void starts_with_a_burst(void **state)
{
	struct pacing pacing;

	pacing_init(&pacing);
	for (int i = 0; i < PACING_CHANGE_BURST; i++)
		assert_int_equal(pacing_take(&pacing, PACING_CHANGE, 5000), 0);
	assert_int_equal(pacing_take(&pacing, PACING_CHANGE, 5000), PACING_CHANGE_INTERVAL_MS);
	/* The next takes its turn behind the one that waits. */
	assert_int_equal(pacing_take(&pacing, PACING_CHANGE, 5000), 2 * PACING_CHANGE_INTERVAL_MS);
	/* The other bucket is full still. */
	assert_int_equal(pacing_take(&pacing, PACING_DESCRIBE, 5000), 0);
}

/* Idle time gives back what was taken, and no more. */
static void fills_up_again(void **state)
{
	struct pacing pacing;
	int64_t now_ms = 0;

	pacing_init(&pacing);
	for (int i = 0; i < PACING_CHANGE_BURST; i++)
		pacing_take(&pacing, PACING_CHANGE, now_ms);
	now_ms += PACING_CHANGE_INTERVAL_MS;
	assert_int_equal(pacing_take(&pacing, PACING_CHANGE, now_ms), 0);
	assert_int_equal(pacing_take(&pacing, PACING_CHANGE, now_ms), PACING_CHANGE_INTERVAL_MS);
	now_ms += INT64_C(24) * 3600 * 1000;
	for (int i = 0; i < PACING_CHANGE_BURST; i++)
		assert_int_equal(pacing_take(&pacing, PACING_CHANGE, now_ms), 0);
	assert_true(pacing_take(&pacing, PACING_CHANGE, now_ms) > 0);
}

static void throttling_empties_the_bucket(void **state)
{
	struct pacing pacing;

	pacing_init(&pacing);
	pacing_throttled(&pacing, PACING_DESCRIBE, 1000);
	assert_int_equal(pacing_take(&pacing, PACING_DESCRIBE, 1000), PACING_DESCRIBE_INTERVAL_MS);
	assert_int_equal(pacing_take(&pacing, PACING_CHANGE, 1000), 0);
	/* One that owes calls already owes no fewer. */
	for (int i = 0; i < 9; i++)
		pacing_take(&pacing, PACING_DESCRIBE, 1000);
	pacing_throttled(&pacing, PACING_DESCRIBE, 1000);
	assert_int_equal(pacing_take(&pacing, PACING_DESCRIBE, 1000),
			 11 * PACING_DESCRIBE_INTERVAL_MS);
}

static void knows_the_classes(void **state)
{
	assert_int_equal(pacing_class("DescribeTrafficMirrorSessions"), PACING_DESCRIBE);
	assert_int_equal(pacing_class("GetCallerIdentity"), PACING_DESCRIBE);
	assert_int_equal(pacing_class("CreateTrafficMirrorSession"), PACING_CHANGE);
	assert_int_equal(pacing_class("CreateTags"), PACING_CHANGE);
	assert_int_equal(pacing_class(""), PACING_CHANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(never_trips_the_service),
		cmocka_unit_test(starts_with_a_burst),
		cmocka_unit_test(fills_up_again),
		cmocka_unit_test(throttling_empties_the_bucket),
		cmocka_unit_test(knows_the_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
