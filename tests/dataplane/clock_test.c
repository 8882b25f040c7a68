/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define HZ          2500000000ull
#define START       1760000000000000000ull
#define SECOND      1000000000ull
#define NS_PER_TICK (1e9 / HZ)

static int64_t off_by(const struct clock *clock, struct clock_reader *reader, uint64_t ticks,
		      uint64_t truth_ns)
{
	return (int64_t)(clock_ns(clock, reader, ticks) - truth_ns);
}

/* One peer's product wraps after 7.4 s at this frequency. */
static void test_does_not_wrap(void **state)
{
	static const uint64_t seconds[] = {1, 7, 8, 60, 3600, 86400, 86400ull * 365};
	struct clock clock;

	clock_init(&clock, 12345, START, NS_PER_TICK);
	for (unsigned int i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
		struct clock_reader reader = {0};
		int64_t off = off_by(&clock, &reader, 12345 + seconds[i] * HZ,
				     START + seconds[i] * SECOND);

		/* The rate has 32 fractional bits: below a nanosecond in four seconds. */
		assert_true(llabs(off) <= (int64_t)(1 + seconds[i] / 4));
	}
}

static void test_counter_near_its_end(void **state)
{
	struct clock_reader reader = {0};
	uint64_t ticks = UINT64_MAX - 10 * HZ;
	struct clock clock;

	clock_init(&clock, ticks, START, NS_PER_TICK);
	assert_true(llabs(off_by(&clock, &reader, ticks + 9 * HZ, START + 9 * SECOND)) <= 3);
}

/*
 * The counter is off what it was taken for, by as much as DPDK's rounding to 10 MHz makes it: the
 * clock learns the true rate without a step.
 */
static void test_follows_the_true_rate(void **state)
{
	static const int64_t ppm[] = {40, -40, 2000, -2000};

	for (unsigned int i = 0; i < sizeof(ppm) / sizeof(*ppm); i++) {
		uint64_t true_hz = (uint64_t)((int64_t)HZ + (int64_t)HZ / 1000000 * ppm[i]);
		struct clock_reader reader = {0};
		struct clock clock;

		clock_init(&clock, 0, START, NS_PER_TICK);
		for (uint64_t s = 1; s <= 900; s++) {
			clock_renew(&clock, s * true_hz, START + s * SECOND);
			assert_int_equal(clock.line.steps, 0);
		}
		assert_true(llabs(off_by(&clock, &reader, 900 * true_hz + true_hz / 2,
					 START + 900 * SECOND + SECOND / 2)) < 2000);
	}
}

/* The real counter of this machine, measured over 0.1 s and judged over the next. */
static void test_measures_the_counter(void **state)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	struct clock_mark marks[3];
	double rate;

	for (int i = 0; i < 3; i++) {
		clock_mark(&marks[i]);
		nanosleep(&pause, NULL);
	}
	rate = clock_rate(&marks[0], &marks[1]) / clock_rate(&marks[1], &marks[2]);
	assert_true(rate > 0.9999 && rate < 1.0001);
}

/* NTP sets the clock back by 0.3 s: slewed, monotone, and right in the end. */
static void test_slews_small_differences(void **state)
{
	struct clock_reader reader = {0};
	uint64_t last = 0;
	struct clock clock;

	clock_init(&clock, 0, START, NS_PER_TICK);
	for (uint64_t s = 1; s <= 1200; s++) {
		clock_renew(&clock, s * HZ, START + s * SECOND - 300000000);
		for (uint64_t tick = 0; tick < 4; tick++) {
			uint64_t now = clock_ns(&clock, &reader, s * HZ + tick * HZ / 4);

			assert_true(now > last);
			last = now;
		}
	}
	assert_int_equal(reader.steps, 0);
	assert_true(llabs(off_by(&clock, &reader, 1201 * HZ, START + 1201 * SECOND - 300000000)) <
		    1000000);
}

static void test_steps_large_differences(void **state)
{
	static const int64_t steps[] = {1500000000, -1500000000};

	for (int i = 0; i < 2; i++) {
		struct clock_reader reader = {0};
		struct clock clock;

		clock_init(&clock, 0, START, NS_PER_TICK);
		clock_ns(&clock, &reader, HZ / 2);
		assert_in_range(clock_renew(&clock, HZ, START + SECOND + (uint64_t)steps[i]) -
					steps[i] + 1000,
				0, 2000);
		assert_true(llabs(off_by(&clock, &reader, 2 * HZ,
					 START + 2 * SECOND + (uint64_t)steps[i])) < 10);
		assert_int_equal(reader.steps, 1);
		assert_int_equal(clock_renew(&clock, 2 * HZ,
					     START + 2 * SECOND + (uint64_t)steps[i] + SECOND / 2),
				 0);
	}
}

/* A reading from just before a renewal must not fall behind one already given. */
static void test_late_reader(void **state)
{
	struct clock_reader reader = {0};
	uint64_t before;
	struct clock clock;

	clock_init(&clock, 0, START, NS_PER_TICK);
	before = clock_ns(&clock, &reader, HZ);
	clock_renew(&clock, HZ + 1000, START + SECOND - 50000000);
	assert_true(clock_ns(&clock, &reader, HZ - 1000) >= before);
}

static void test_stamps(void **state)
{
	struct clock_reader reader = {0};

	assert_int_equal(clock_monotone(&reader, START), START);
	assert_int_equal(clock_monotone(&reader, START + 5), START + 5);
	assert_int_equal(clock_monotone(&reader, START), START + 5); /* held back */
	assert_int_equal(clock_monotone(&reader, START + 9), START + 9);
	assert_int_equal(reader.steps, 0);
	assert_int_equal(clock_monotone(&reader, START - 2 * SECOND), START - 2 * SECOND);
	assert_int_equal(reader.steps, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_does_not_wrap),
		cmocka_unit_test(test_counter_near_its_end),
		cmocka_unit_test(test_follows_the_true_rate),
		cmocka_unit_test(test_measures_the_counter),
		cmocka_unit_test(test_slews_small_differences),
		cmocka_unit_test(test_steps_large_differences),
		cmocka_unit_test(test_late_reader),
		cmocka_unit_test(test_stamps),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
