/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/idle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCK_NS (IDLE_BLOCK_MS * 1000000ull)

/* How long a worker waits by what is asked for and what its sources are, when idle for long. */
static void test_modes(void **state)
{
	static const struct {
		enum idle_wish wish;
		int fds[2]; /* of two sources */
		uint64_t waits_ns;
	} cases[] = {
		{IDLE_DEFAULT, {3, 4}, BLOCK_NS}, {IDLE_DEFAULT, {-1, -1}, 0},
		{IDLE_DEFAULT, {3, -1}, 0},       {IDLE_POLL, {3, 4}, 0},
		{IDLE_POLL, {-1, -1}, 0},         {IDLE_SLEEP, {3, 4}, BLOCK_NS},
		{IDLE_SLEEP, {-1, -1}, 102400},   {IDLE_SLEEP, {3, -1}, 102400},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct idle idle;
		uint64_t ns = 0;

		idle_init(&idle, cases[i].wish);
		idle_add(&idle, cases[i].fds[0], 4096);
		idle_add(&idle, cases[i].fds[1], 1024);
		for (int round = 0; round < 3 * IDLE_ROUNDS; round++)
			ns = idle_next_ns(&idle);
		assert_int_equal(ns, cases[i].waits_ns);
	}
}

/* Short gaps cost no sleep; sleeps double up to what the smallest ring bridges; a packet ends it. */
static void test_back_off(void **state)
{
	struct idle idle;
	uint64_t expected = IDLE_FIRST_SLEEP_NS;

	idle_init(&idle, IDLE_SLEEP);
	idle_add(&idle, -1, 4096);
	for (int again = 0; again < 2; again++, expected = IDLE_FIRST_SLEEP_NS) {
		for (int round = 1; round < IDLE_ROUNDS; round++)
			assert_int_equal(idle_next_ns(&idle), 0);
		assert_false(idle_long(&idle));
		for (int round = 0; round < 100; round++) {
			assert_int_equal(idle_next_ns(&idle), expected);
			assert_true(idle_long(&idle));
			expected = expected * 2 < 409600 ? expected * 2 : 409600;
		}
		idle_end(&idle);
		assert_false(idle_long(&idle));
	}
	idle.empty = UINT32_MAX - 1; /* hours of it */
	for (int round = 0; round < 3; round++)
		assert_int_equal(idle_next_ns(&idle), 409600);
}

/* While the longest sleep lasts, no more than half of the ring fills at the stated rate. */
static void test_bound(void **state)
{
	for (uint32_t slots = 64; slots <= 4096; slots *= 2) {
		uint64_t filled = idle_most_ns(slots) * IDLE_PEAK_PPS / 1000000000u;

		assert_in_range(filled, slots / 2 - 1, slots / 2);
	}
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A packet ends the block at once; without one it ends in time. */
static void test_blocks(void **state)
{
	struct idle idle;
	uint64_t begin;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	idle_init(&idle, IDLE_DEFAULT);
	idle_add(&idle, ends[0], 0);
	idle.empty = IDLE_ROUNDS;
	begin = now_ns();
	idle_wait(&idle);
	assert_true(now_ns() - begin >= BLOCK_NS - 1000000);
	assert_int_equal(write(ends[1], "x", 1), 1);
	begin = now_ns();
	for (int i = 0; i < 1000; i++)
		idle_wait(&idle);
	assert_true(now_ns() - begin < 1000 * BLOCK_NS / 2);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_back_off),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_blocks),
	};

	return cmocka_run_group_tests_name("idle", tests, NULL, NULL);
}
