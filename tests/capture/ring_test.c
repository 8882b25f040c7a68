/* SPDX-License-Identifier: Apache-2.0 */
/* A full and an empty ring, and a million items between two threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "capture/ring.h"

enum { ITEMS = 1000000 };

static void holds_a_power_of_two(void **state)
{
	static const struct {
		uint32_t asked, got;
	} cases[] = {{1, 1}, {2, 2}, {3, 4}, {64, 64}, {65, 128}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ring *ring = ring_new(cases[i].asked);
		uint32_t held = 0;

		assert_non_null(ring);
		assert_int_equal(ring_capacity(ring), cases[i].got);
		while (ring_put(ring, ring))
			held++;
		assert_int_equal(held, cases[i].got);
		ring_free(ring);
	}
	assert_null(ring_new(UINT32_MAX));
	ring_free(NULL);
}

static void refuses_when_full_and_gives_in_order(void **state)
{
	struct ring *ring = ring_new(4);
	int items[5];

	assert_null(ring_get(ring));
	/* Often enough that the indices go round the slots. */
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			assert_true(ring_put(ring, &items[i]));
		assert_false(ring_put(ring, &items[4]));
		assert_ptr_equal(ring_get(ring), &items[0]);
		assert_true(ring_put(ring, &items[4]));
		for (int i = 1; i < 5; i++)
			assert_ptr_equal(ring_get(ring), &items[i]);
		assert_null(ring_get(ring));
	}
	ring_free(ring);
}

struct pass {
	struct ring *ring;
	uint64_t *items; /* written by the producer just before each is put */
};

static void *produce(void *argument)
{
	struct pass *pass = argument;

	for (uint64_t i = 0; i < ITEMS; i++) {
		pass->items[i] = i + 1;
		while (!ring_put(pass->ring, &pass->items[i]))
			;
	}
	return NULL;
}

static void passes_items_between_threads(void **state)
{
	struct pass pass = {ring_new(64), calloc(ITEMS, sizeof(uint64_t))};
	pthread_t producer;

	assert_true(pass.ring && pass.items);
	assert_int_equal(pthread_create(&producer, NULL, produce, &pass), 0);
	for (uint64_t i = 0; i < ITEMS;) {
		const uint64_t *item = ring_get(pass.ring);

		if (!item)
			continue;
		assert_ptr_equal(item, &pass.items[i]);
		assert_int_equal(*item, ++i);
	}
	pthread_join(producer, NULL);
	assert_null(ring_get(pass.ring));
	ring_free(pass.ring);
	free(pass.items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_a_power_of_two),
		cmocka_unit_test(refuses_when_full_and_gives_in_order),
		cmocka_unit_test(passes_items_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
