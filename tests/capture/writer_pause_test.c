/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "capture/writer_pause.h"

enum { LOOKS = 1000 };

/* A writer beside a worker that hands over a chunk each gap_ns. */
struct load {
	uint64_t gap_ns, now_ns;
	uint32_t pause_ns;
	uint32_t most_found; /* by a look */
};

/* Returns how many chunks so many looks have found. */
static uint32_t look(struct load *load, uint32_t looks)
{
	uint32_t chunks = 0;

	for (uint32_t i = 0; i < looks; i++) {
		uint64_t before = load->now_ns / load->gap_ns;
		uint32_t found;

		load->now_ns += load->pause_ns;
		found = (uint32_t)(load->now_ns / load->gap_ns - before);
		load->pause_ns = writer_pause_next(load->pause_ns, found);
		if (found > load->most_found)
			load->most_found = found;
		chunks += found;
	}
	return chunks;
}

static void a_look_finds_about_one(void **state)
{
	static const uint64_t gaps_ns[] = {20001, 33000, 47111, 130000, 590000, 1199999};
	static const uint32_t pauses_ns[] = {WRITER_PAUSE_LEAST_NS, 300000, WRITER_PAUSE_MOST_NS};

	for (size_t i = 0; i < sizeof(gaps_ns) / sizeof(*gaps_ns); i++) {
		for (size_t k = 0; k < sizeof(pauses_ns) / sizeof(*pauses_ns); k++) {
			struct load load = {.gap_ns = gaps_ns[i], .pause_ns = pauses_ns[k]};
			uint32_t chunks;

			look(&load, 8); /* it is there by then */
			load.most_found = 0;
			chunks = look(&load, LOOKS);
			assert_in_range(chunks, LOOKS / 2, LOOKS * 3 / 2);
			assert_in_range(load.most_found, 1, 3);
		}
	}
}

static void no_look_comes_sooner_than_the_least(void **state)
{
	struct load load = {.gap_ns = 1000, .pause_ns = WRITER_PAUSE_MOST_NS};

	look(&load, 2);
	assert_int_equal(load.pause_ns, WRITER_PAUSE_LEAST_NS);
}

static void silence_is_left_at_the_first_look(void **state)
{
	struct load load = {.gap_ns = UINT64_MAX, .pause_ns = WRITER_PAUSE_LEAST_NS};

	look(&load, 8);
	assert_int_equal(load.pause_ns, WRITER_PAUSE_MOST_NS);
	look(&load, LOOKS);
	assert_int_equal(load.pause_ns, WRITER_PAUSE_MOST_NS);
	load.gap_ns = 33000;
	look(&load, 1);
	assert_in_range(load.pause_ns, 30000, 36000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_finds_about_one),
		cmocka_unit_test(no_look_comes_sooner_than_the_least),
		cmocka_unit_test(silence_is_left_at_the_first_look),
	};

	return cmocka_run_group_tests_name("writer_pause", tests, NULL, NULL);
}
