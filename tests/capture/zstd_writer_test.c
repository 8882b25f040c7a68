/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of every size and level hold what was given, and nothing is allocated for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <zstd.h>

#include "capture/zstd_writer.h"

enum { CHUNK_BYTES = 256 << 10 };

static uint8_t plain[CHUNK_BYTES], found[CHUNK_BYTES];

/* Half of it can be compressed. */
static int fill_plain(void **state)
{
	uint32_t seed = 7;

	for (size_t i = 0; i < sizeof(plain); i++) {
		seed = seed * 1664525 + 1013904223;
		plain[i] = i % 1000 < 500 ? (uint8_t)(i / 1000) : (uint8_t)(seed >> 24);
	}
	return 0;
}

static void check_frame(struct zstd_writer *writer, uint32_t bytes)
{
	const uint8_t *frame;
	uint32_t length;

	assert_int_equal(zstd_writer_frame(writer, plain, bytes, &frame, &length), 0);
	assert_int_equal(ZSTD_getFrameContentSize(frame, length), bytes);
	assert_int_equal(ZSTD_findFrameCompressedSize(frame, length), length);
	assert_int_equal(ZSTD_decompress(found, sizeof(found), frame, length), bytes);
	assert_memory_equal(found, plain, bytes);
}

static void every_level_and_size(void **state)
{
	static const int levels[] = {ZSTD_WRITER_LEVEL_MIN, -5, -1, 1, 2, 3, 6, 12,
				     ZSTD_WRITER_LEVEL_MAX};

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
		struct zstd_writer *writer = zstd_writer_new(levels[i], CHUNK_BYTES);
		size_t taken = mallinfo2().uordblks + mallinfo2().hblkhd - before;

		assert_non_null(writer);
		/* What is said is what is taken, but for rounding. */
		assert_true(taken <= zstd_writer_bytes(levels[i], CHUNK_BYTES) + (32 << 10));
		check_frame(writer, 1);
		check_frame(writer, CHUNK_BYTES);
		/* zstd gives memory that was too large for 128 frames back, and would want it again. */
		for (uint32_t j = 0; j < 200; j++)
			check_frame(writer, 100 + j);
		check_frame(writer, CHUNK_BYTES);
		for (uint32_t bytes = 3000; bytes < CHUNK_BYTES; bytes += bytes / 3)
			check_frame(writer, bytes);
		assert_int_equal(mallinfo2().uordblks + mallinfo2().hblkhd - before, taken);
		zstd_writer_free(writer);
	}
	zstd_writer_free(NULL);
}

/* A chunk that is larger than was said has no room, and is not written beyond it. */
static void a_failure_is_told(void **state)
{
	struct zstd_writer *writer = zstd_writer_new(1, 4096);
	const uint8_t *frame = NULL;
	uint32_t length = 0;

	assert_non_null(writer);
	assert_int_equal(zstd_writer_frame(writer, plain, CHUNK_BYTES, &frame, &length), -EIO);
	assert_null(frame);
	check_frame(writer, 4096);
	zstd_writer_free(writer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_level_and_size),
		cmocka_unit_test(a_failure_is_told),
	};

	return cmocka_run_group_tests(tests, fill_plain, NULL);
}
