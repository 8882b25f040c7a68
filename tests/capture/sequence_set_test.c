/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against a plain array of flags.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "capture/sequence_set.h"

enum { NUMBERS = 64 };

static void check(const struct sequence_set *set, const bool *there)
{
	uint64_t lowest = UINT64_MAX;

	for (uint64_t i = NUMBERS; i-- > 0;) {
		assert_int_equal(sequence_set_has(set, i), there[i]);
		lowest = there[i] ? i : lowest;
	}
	assert_true(sequence_set_lowest(set) == lowest);
	for (size_t i = 1; i < set->count; i++)
		assert_true(set->ranges[i].first > set->ranges[i - 1].last + 1);
}

static void holds_what_was_added_and_not_removed(void **state)
{
	struct sequence_set set = {0};
	bool there[NUMBERS] = {0};

	srandom(4242);
	for (int i = 0; i < 20000; i++) {
		uint64_t number = (uint64_t)random() % NUMBERS;
		bool add = random() % 2;

		assert_int_equal(add ? sequence_set_add(&set, number)
				     : sequence_set_remove(&set, number),
				 0);
		there[number] = add;
		check(&set, there);
	}
	sequence_set_fini(&set);
	assert_true(sequence_set_lowest(&set) == UINT64_MAX);
}

static void a_chain_is_one_range(void **state)
{
	struct sequence_set set = {0};

	for (uint64_t i = 1; i <= 100000; i++)
		assert_int_equal(sequence_set_add(&set, i), 0);
	for (uint64_t i = 1; i <= 99990; i++)
		assert_int_equal(sequence_set_remove(&set, i), 0);
	assert_int_equal(set.count, 1);
	assert_true(sequence_set_lowest(&set) == 99991);
	sequence_set_fini(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_what_was_added_and_not_removed),
		cmocka_unit_test(a_chain_is_one_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
