/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/chunk.h"

static void refuses_sizes_that_cannot_be(void **state)
{
	assert_null(chunk_pool_new(0, CHUNK_BLOCK, 0));
	assert_null(chunk_pool_new(4, 0, 0));
	assert_null(chunk_pool_new(4, CHUNK_BLOCK + 512, 0));
	chunk_pool_free(NULL);
}

/* O_DIRECT wants aligned memory; io_uring registers it as one region. */
static void chunks_are_aligned_and_side_by_side(void **state)
{
	struct chunk_pool *pool = chunk_pool_new(5, 3 * CHUNK_BLOCK, 7);
	const uint8_t *first = chunk_pool_at(pool, 0)->data;

	assert_int_equal(chunk_pool_count(pool), 5);
	assert_int_equal(chunk_pool_bytes(pool), 3 * CHUNK_BLOCK);
	assert_int_equal(chunk_pool_log_records(pool), 7);
	assert_int_equal((uintptr_t)first % CHUNK_BLOCK, 0);
	for (uint32_t i = 0; i < 5; i++) {
		struct chunk *chunk = chunk_pool_at(pool, i);

		assert_int_equal(chunk_pool_index(pool, chunk), i);
		assert_ptr_equal(chunk->data, first + 3ul * i * CHUNK_BLOCK);
		memset(chunk->data, (int)i, 3ul * CHUNK_BLOCK);
		memset(chunk->log, (int)i, 7 * sizeof(*chunk->log));
	}
	for (uint32_t i = 0; i < 5; i++) {
		struct chunk *chunk = chunk_pool_at(pool, i);

		assert_int_equal(chunk->data[0], i);
		assert_int_equal(chunk->data[3 * CHUNK_BLOCK - 1], i);
		assert_int_equal(chunk->log[0].session, i * 0x01010101);
		assert_int_equal(chunk->log[6].caplen, i * 0x01010101);
	}
	chunk_pool_free(pool);
}

/* How many of the pages that hold these bytes are there. */
static uint32_t resident(void *memory, size_t bytes)
{
	size_t pages = (bytes + CHUNK_BLOCK - 1) / CHUNK_BLOCK;
	unsigned char *there = calloc(pages, 1);
	uint32_t count = 0;

	assert_non_null(there);
	assert_int_equal(mincore(memory, bytes, there), 0);
	for (size_t i = 0; i < pages; i++)
		count += there[i] & 1;
	free(there);
	return count;
}

/* Else packets wait for the kernel, page by page, while the first buffer's worth of them comes. */
static void touched_memory_is_there(void **state)
{
	struct chunk_pool *pool = chunk_pool_new(64, 65 * CHUNK_BLOCK, CHUNK_BLOCK / 8);
	struct chunk *chunk = chunk_pool_at(pool, 0);

	assert_int_equal(resident(chunk->data, 64ul * 65 * CHUNK_BLOCK), 0);
	chunk_pool_touch(pool);
	assert_int_equal(resident(chunk->data, 64ul * 65 * CHUNK_BLOCK), 64 * 65);
	assert_int_equal(resident(chunk->log, 64ul * CHUNK_BLOCK), 64);
	chunk_pool_free(pool);
	pool = chunk_pool_new(1, CHUNK_BLOCK, 0);
	chunk_pool_touch(pool);
	assert_int_equal(resident(chunk_pool_at(pool, 0)->data, CHUNK_BLOCK), 1);
	chunk_pool_free(pool);
}

static void without_logs_there_are_none(void **state)
{
	struct chunk_pool *pool = chunk_pool_new(2, CHUNK_BLOCK, 0);

	assert_null(chunk_pool_at(pool, 1)->log);
	chunk_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_sizes_that_cannot_be),
		cmocka_unit_test(chunks_are_aligned_and_side_by_side),
		cmocka_unit_test(touched_memory_is_there),
		cmocka_unit_test(without_logs_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
