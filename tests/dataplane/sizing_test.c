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
#include "capture/zstd_writer.h"

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
			assert_int_equal(out.chunk_bytes / CHUNK_BLOCK % 2, 1);
			assert_true(stream_max_caplen(out.chunk_bytes) + 16 >= records[j]);
			assert_true((uint64_t)out.chunks * out.chunk_bytes <= 256 * MIB);
			assert_true(out.chunk_bytes >= 20 << 10);
			assert_int_equal(out.log_records, 0);
		}
	}
	assert_int_equal(compute((struct sizing_input){.streams = 1,
						       .workers = 1,
						       .max_record_bytes = 80,
						       .buffer_bytes = 256 * MIB})
				 .chunk_bytes,
			 260 << 10);
	/* zstd_writer's tables are those of 256 KiB at the most. */
	assert_int_equal(compute((struct sizing_input){.streams = 1,
						       .workers = 1,
						       .max_record_bytes = 80,
						       .buffer_bytes = 256 * MIB,
						       .level = 1})
				 .chunk_bytes,
			 252 << 10);
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

/* A port of a DPDK device (small buffers, jumbo ones) or a kernel ring of 128 KiB blocks. */
static struct sizing_port port(uint32_t queues, uint32_t slot_bytes)
{
	bool pooled = slot_bytes < 128 << 10;

	return (struct sizing_port){.queues = queues,
				    .slot_bytes = slot_bytes,
				    .slots_least = pooled ? 512 : 64,
				    .slots_most = pooled ? 4096 : 512,
				    .kept = pooled ? 32 : 0,
				    .pooled = pooled};
}

static void test_ports(void **state)
{
	static const struct {
		uint32_t queues, slot_bytes, slots;
	} cases[] = {
		{1, 2496, 4096},     {8, 2496, 4096},     {16, 2496, 2048},
		{32, 2496, 1024},    {64, 2496, 512},     {1, 9664, 4096},
		{8, 9664, 1024},     {64, 9664, 512}, /* the least, beyond the budget */
		{1, 128 << 10, 512}, {2, 128 << 10, 256}, {4, 128 << 10, 128},
		{64, 128 << 10, 64},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sizing_port p = port(cases[i].queues, cases[i].slot_bytes);
		uint32_t ring = cases[i].slots * cases[i].queues;

		sizing_port(&p, 2);
		assert_int_equal(p.slots, cases[i].slots);
		assert_int_equal(p.buffers, ring + (p.pooled ? cases[i].queues * 32 + 3 * 512 : 0));
		assert_int_equal(p.bytes, (uint64_t)p.buffers * cases[i].slot_bytes);
	}
}

/* A device that can have fewer gets fewer, and a looped file has its packets kept. */
static void test_port_limits(void **state)
{
	struct sizing_port p = port(1, 2496);

	p.slots_most = 256;
	sizing_port(&p, 1);
	assert_int_equal(p.slots, 256);
	p = port(8, 2496);
	p.slots_most = 512;
	p.kept = 4096 + 32;
	sizing_port(&p, 1);
	assert_int_equal(p.buffers, 8 * (512 + 4096 + 32) + 2 * 512);
}

/* All parts are told, and at the defaults they are within 400 MiB with room for the program. */
static void test_total(void **state)
{
	struct sizing_port eth = port(8, 2496), kernel = port(1, 128 << 10), file = {0};
	struct sizing_port *each[] = {&eth, &kernel, &file};

	for (unsigned int i = 0; i < 3; i++) {
		struct sizing out = compute((struct sizing_input){.ports = {each[i]},
								  .port_count = 1,
								  .streams = 100,
								  .workers = 1,
								  .max_record_bytes = 9232,
								  .buffer_bytes = 256 * MIB});

		assert_int_equal(out.receive_bytes, each[i]->bytes);
		assert_int_equal(out.buffer_bytes, (uint64_t)out.chunks * out.chunk_bytes);
		assert_true(out.stream_bytes >= 100 * CHUNK_BLOCK);
		assert_true(out.receive_bytes + out.buffer_bytes + out.stream_bytes < 350 * MIB);
		assert_int_equal(out.compress_bytes, 0);
	}
}

/* Each writer's compressor, for the chunks that there are. */
static void test_compression(void **state)
{
	static const int levels[] = {-50, 1, 19};

	for (unsigned int i = 0; i < 3; i++) {
		struct sizing out = compute((struct sizing_input){.streams = 100,
								  .workers = 3,
								  .max_record_bytes = 80,
								  .buffer_bytes = 256 * MIB,
								  .level = levels[i]});

		assert_int_equal(out.compress_bytes,
				 3 * zstd_writer_bytes(levels[i], out.chunk_bytes));
		assert_true(out.compress_bytes > 3 * out.chunk_bytes);
		assert_true(out.compress_bytes < 3 * 16 * MIB);
	}
}

/* As many files as streams and some that ended, at least; at most twice as many and more. */
static void test_files(void **state)
{
	struct sizing_input input = {.streams = 100,
				     .workers = 2,
				     .max_record_bytes = 80,
				     .buffer_bytes = 256 * MIB,
				     .files = true};
	struct rlimit before;
	struct rlimit limit;
	struct sizing out;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	limit = (struct rlimit){.rlim_cur = 64, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_in_range(before.rlim_max, 2000, UINT64_MAX);
	out = compute(input);
	assert_int_equal(out.segment_files, 2 * 100 + 256);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_in_range(limit.rlim_cur, 2 * out.segment_files, 2 * out.segment_files + 128);
	input.streams = (uint32_t)before.rlim_max / 2 - 100;
	out = compute(input);
	assert_in_range(out.segment_files, input.streams + 16, input.streams + 100);
	input.files = false;
	assert_int_equal(compute(input).segment_files, 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks),      cmocka_unit_test(test_budget),
		cmocka_unit_test(test_refusals),    cmocka_unit_test(test_ports),
		cmocka_unit_test(test_port_limits), cmocka_unit_test(test_total),
		cmocka_unit_test(test_compression), cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("sizing", tests, NULL, NULL);
}
