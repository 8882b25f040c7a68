/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ages of files while the wall clock is set ahead and back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "capture/retention_clock.h"

#define SECOND 1000000000ull
#define YEAR   (365 * 86400 * SECOND)
#define START  (1700000000 * SECOND)

/* The machine's clocks. */
static uint64_t wall_ns, boot_ns;
static struct retention_clock rclock;

static int start_clock(void **state)
{
	wall_ns = START;
	boot_ns = 5 * SECOND;
	rclock = (struct retention_clock){0};
	retention_clock_look(&rclock, wall_ns, boot_ns);
	return 0;
}

/* So much time goes by; then the wall clock is set by this much. */
static void go_on(uint64_t seconds, int64_t set_ns)
{
	wall_ns += seconds * SECOND + (uint64_t)set_ns;
	boot_ns += seconds * SECOND;
	retention_clock_look(&rclock, wall_ns, boot_ns);
}

static uint64_t age_s(uint64_t changed_ns)
{
	return retention_clock_age(&rclock, changed_ns) / SECOND;
}

static void time_that_goes_by_ages(void **state)
{
	assert_int_equal(age_s(START), 0);
	assert_int_equal(age_s(START - 100 * SECOND), 100);
	assert_int_equal(age_s(START + 100 * SECOND), 0);
	go_on(3600, 0);
	assert_int_equal(age_s(START), 3600);
	assert_int_equal(age_s(START - 100 * SECOND), 3700);
	/* Slewed by half a second an hour for a day: no jump, and no error that matters. */
	for (int i = 0; i < 24; i++)
		go_on(3600, SECOND / 2);
	assert_in_range(age_s(START), 25 * 3600, 25 * 3600 + 12);
	assert_int_equal(rclock.count, 0);
}

static void a_jump_ahead_ages_nothing(void **state)
{
	uint64_t after;

	go_on(10, YEAR);
	assert_int_equal(age_s(START), 10);
	assert_int_equal(age_s(START - 50 * SECOND), 60);
	assert_int_equal(age_s(START + YEAR / 2), 0); /* nobody has written in between */
	after = wall_ns;
	go_on(7, 0);
	assert_int_equal(age_s(START), 17);
	assert_int_equal(age_s(after), 7);
	go_on(1, YEAR); /* and again */
	assert_int_equal(age_s(START), 18);
	assert_int_equal(age_s(after), 8);
	go_on(2, 0);
	assert_int_equal(age_s(wall_ns - SECOND), 1);
}

static void a_jump_back_undoes_one_ahead(void **state)
{
	uint64_t wrong;

	go_on(10, YEAR);
	wrong = wall_ns + 5 * SECOND;
	go_on(20, -(int64_t)YEAR);
	assert_int_equal(rclock.count, 0);
	assert_int_equal(age_s(START), 30);
	assert_int_equal(age_s(wrong), 0); /* in the future, until then */
	go_on(10, YEAR);
	go_on(10, -(int64_t)YEAR / 4); /* a part of it */
	assert_int_equal(rclock.count, 1);
	assert_int_equal(age_s(START), 50);
	assert_int_equal(age_s(wall_ns - 5 * SECOND), 5);
}

static void a_jump_back_alone_deletes_nothing(void **state)
{
	go_on(10, -(int64_t)YEAR);
	assert_int_equal(rclock.count, 0);
	assert_int_equal(age_s(START), 0);
	assert_int_equal(age_s(START - 2 * YEAR), (YEAR / SECOND) + 10);
	go_on(5, 0);
	assert_int_equal(age_s(wall_ns - 5 * SECOND), 5);
}

static void many_jumps_are_taken_together(void **state)
{
	for (int i = 0; i < 3 * RETENTION_JUMPS_MAX; i++)
		go_on(1, YEAR);
	assert_int_equal(rclock.count, RETENTION_JUMPS_MAX);
	assert_int_equal(age_s(START), 3 * RETENTION_JUMPS_MAX);
	go_on(9, 0);
	assert_int_equal(age_s(wall_ns - 9 * SECOND), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(time_that_goes_by_ages, start_clock),
		cmocka_unit_test_setup(a_jump_ahead_ages_nothing, start_clock),
		cmocka_unit_test_setup(a_jump_back_undoes_one_ahead, start_clock),
		cmocka_unit_test_setup(a_jump_back_alone_deletes_nothing, start_clock),
		cmocka_unit_test_setup(many_jumps_are_taken_together, start_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
