/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sizing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "capture/chunk.h"
#include "capture/stream.h"

#define MIB (1ull << 20)

static struct sizing compute(struct sizing_input input)
{
	char error[SIZING_ERROR_BYTES];
	struct sizing out;

	if (sizing_compute(&input, &out, error) < 0)
		fail_msg("%s", error);
	return out;
}

static void test_chunks(void **state)
{
	static const uint32_t streams[] = {1, 2, 100, 1000, 1024, 5000, 10000};
	static const uint32_t records[] = {33, 80, 8516, 9216, 65573};

	for (unsigned int i = 0; i < 7; i++) {
		for (unsigned int j = 0; j < 5; j++) {
			struct sizing out = compute((struct sizing_input){
				.streams = streams[i],
				.workers = 1,
				.max_record_bytes = records[j],
				.buffer_bytes = 256 * MIB,
			});

			assert_int_equal(out.chunk_bytes % CHUNK_BLOCK, 0);
			assert_true(stream_max_caplen(out.chunk_bytes) + 16 >= records[j]);
			assert_true((uint64_t)out.chunks * out.chunk_bytes <= 256 * MIB);
			assert_true(out.chunk_bytes >= 16 << 10);
			assert_int_equal(out.log_records, 0);
		}
	}
	assert_int_equal(compute((struct sizing_input){.streams = 1,
						       .workers = 1,
						       .max_record_bytes = 80,
						       .buffer_bytes = 256 * MIB})
				 .chunk_bytes,
			 256 << 10);
}

/* The buffer is shared by the workers, and the logs of combined chunks are within it. */
static void test_budget(void **state)
{
	struct sizing out = compute((struct sizing_input){.streams = 1,
							  .workers = 4,
							  .max_record_bytes = 80,
							  .buffer_bytes = 256 * MIB,
							  .combined = true});

	assert_true(out.log_records >= 1024);
	assert_true((out.chunk_bytes + out.log_records * sizeof(struct chunk_record)) *
			    out.chunks <=
		    64 * MIB);
}

static void test_refusals(void **state)
{
	struct sizing_input input = {
		.streams = 1, .workers = 1, .max_record_bytes = 80, .buffer_bytes = 1 * MIB};
	char error[SIZING_ERROR_BYTES] = "";
	struct rlimit limit;
	struct sizing out;

	assert_int_equal(sizing_compute(&input, &out, error), -EINVAL);
	assert_non_null(strstr(error, "--buffer 5M"));
	input.buffer_bytes = 5 * MIB; /* what it says is enough */
	assert_int_equal(sizing_compute(&input, &out, error), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	input = (struct sizing_input){.streams = (uint32_t)limit.rlim_max,
				      .workers = 2,
				      .max_record_bytes = 80,
				      .buffer_bytes = 256 * MIB,
				      .files = true};
	assert_int_equal(sizing_compute(&input, &out, error), -EINVAL);
	assert_non_null(strstr(error, "ulimit -n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_refusals),
	};

	return cmocka_run_group_tests_name("sizing", tests, NULL, NULL);
}
