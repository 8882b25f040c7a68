/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a stream set with its pool and rings, and nobody at their other end.
 */
#ifndef TESTS_CAPTURE_STREAM_BENCH_H
#define TESTS_CAPTURE_STREAM_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "capture/stream.h"

enum {
	CHUNK_BYTES = 16384,
	SECOND = 1000000000,
};

struct bench {
	struct stream_config config;
	struct chunk_pool *pool;
	struct ring *full, *empty;
	struct stream_set *set;
	uint64_t now_ns;
};

static inline void bench_start(struct bench *bench, const struct stream_config *config,
			       uint32_t chunks, uint32_t log_records)
{
	*bench = (struct bench){.config = *config, .now_ns = 1000ull * SECOND};
	bench->pool = chunk_pool_new(chunks, CHUNK_BYTES, log_records);
	bench->full = ring_new(chunks);
	bench->empty = ring_new(chunks);
	bench->set = stream_set_new(config, bench->pool, bench->full, bench->empty);
	assert_non_null(bench->set);
}

static inline void bench_stop(struct bench *bench)
{
	stream_set_free(bench->set);
	ring_free(bench->full);
	ring_free(bench->empty);
	chunk_pool_free(bench->pool);
}

static const struct stream_config plain = {
	.streams = 1,
	.aligned = true,
	.precision = PCAP_NS,
	.flush_ns = SECOND,
};

static inline bool append(struct bench *bench, uint32_t stream, uint32_t session, uint32_t caplen)
{
	uint8_t *dst = stream_append(bench->set, stream, session, bench->now_ns, caplen, caplen);

	if (dst)
		memset(dst, (int)(caplen % 251) + 1, caplen);
	return dst != NULL;
}

static inline struct chunk *next_chunk(struct bench *bench)
{
	return ring_get(bench->full);
}

static inline void give_back(struct bench *bench, struct chunk *chunk)
{
	/* A writer is done with it: what a set still needs of it is lost. */
	memset(chunk->data, 0xee, CHUNK_BYTES);
	assert_true(ring_put(bench->empty, chunk));
}

#endif
