/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <sys/mman.h>

#include "capture/chunk.h"

struct chunk_pool {
	uint32_t count;
	uint32_t chunk_bytes;
	void *memory; /* count * chunk_bytes */
	uint32_t log_records;
	void *logs; /* count * log_records records; NULL: none */
	struct chunk chunks[];
};

static size_t data_bytes(const struct chunk_pool *pool)
{
	return (size_t)pool->count * pool->chunk_bytes;
}

static size_t log_bytes(const struct chunk_pool *pool)
{
	return (size_t)pool->count * pool->log_records * sizeof(struct chunk_record);
}

static void *map_pages(size_t bytes)
{
	void *memory =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	(void)madvise(memory, bytes, MADV_HUGEPAGE); /* refused: small pages do as well */
	return memory;
}

struct chunk_pool *chunk_pool_new(uint32_t count, uint32_t chunk_bytes, uint32_t log_records)
{
	struct chunk_pool *pool;

	if (count == 0 || chunk_bytes == 0 || chunk_bytes % CHUNK_BLOCK)
		return NULL;
	pool = calloc(1, sizeof(*pool) + count * sizeof(pool->chunks[0]));
	if (!pool)
		return NULL;
	pool->count = count;
	pool->chunk_bytes = chunk_bytes;
	pool->log_records = log_records;
	pool->memory = map_pages(data_bytes(pool));
	if (log_records)
		pool->logs = map_pages(log_bytes(pool));
	if (!pool->memory || (log_records && !pool->logs)) {
		chunk_pool_free(pool);
		return NULL;
	}
	for (uint32_t i = 0; i < count; i++) {
		pool->chunks[i].data = (uint8_t *)pool->memory + (size_t)i * chunk_bytes;
		if (log_records)
			pool->chunks[i].log =
				(struct chunk_record *)pool->logs + (size_t)i * log_records;
	}
	return pool;
}

static void touch_pages(void *memory, size_t bytes)
{
	volatile uint8_t *page = memory;

	for (size_t i = 0; i < bytes; i += CHUNK_BLOCK)
		page[i] = 0;
}

void chunk_pool_touch(struct chunk_pool *pool)
{
	touch_pages(pool->memory, data_bytes(pool));
	touch_pages(pool->logs, log_bytes(pool));
}

void chunk_pool_free(struct chunk_pool *pool)
{
	if (!pool)
		return;
	if (pool->memory)
		munmap(pool->memory, data_bytes(pool));
	if (pool->logs)
		munmap(pool->logs, log_bytes(pool));
	free(pool);
}

uint32_t chunk_pool_count(const struct chunk_pool *pool)
{
	return pool->count;
}

uint32_t chunk_pool_bytes(const struct chunk_pool *pool)
{
	return pool->chunk_bytes;
}

uint32_t chunk_pool_log_records(const struct chunk_pool *pool)
{
	return pool->log_records;
}

struct chunk *chunk_pool_at(struct chunk_pool *pool, uint32_t i)
{
	return &pool->chunks[i];
}

uint32_t chunk_pool_index(const struct chunk_pool *pool, const struct chunk *chunk)
{
	return (uint32_t)(chunk - pool->chunks);
}
