/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk: a block-aligned piece of a stream on its way from a worker to its writer and back.
 *
 * The worker fills and hands over, the writer writes and gives back; a chunk has one owner at
 * any time. All chunks of a worker are allocated at start, in one region: they are the stall
 * budget, the time that the disk may stand still before packets are lost.
 */
#ifndef CAPTURE_CHUNK_H
#define CAPTURE_CHUNK_H

#include <stdint.h>

enum {
	CHUNK_BLOCK = 4096, /* alignment of O_DIRECT writes: file offset, length and memory */
};

enum chunk_flags {
	CHUNK_OPENS = 1,  /* first chunk of its segment: the writer creates the file */
	CHUNK_CLOSES = 2, /* last chunk of its segment: the writer cuts, syncs and publishes it */
	CHUNK_FAILED = 4, /* set by the writer: lost, as is what follows in its segment */
};

/* One record of a stream that holds several sessions. */
struct chunk_record {
	uint32_t session;
	uint32_t caplen;
};

struct chunk {
	uint8_t *data;         /* borrowed from the pool; CHUNK_BLOCK-aligned */
	uint32_t stream;       /* which of the worker's streams */
	uint32_t flags;        /* enum chunk_flags */
	uint64_t file_offset;  /* where data goes; a multiple of CHUNK_BLOCK where aligned */
	uint32_t bytes;        /* to write: a multiple of the block, zeros past the logical end; not
				* aligned: what there is; may be 0 with CHUNK_CLOSES */
	uint32_t records;      /* records whose last byte is in [file_offset, logical_end) here */
	uint64_t record_bytes; /* their captured bytes (sum of caplen) */
	uint64_t whole_end;    /* file offset after the last of them; where none: as before */
	uint64_t logical_end;  /* file offset after the last byte that is not padding */
	uint64_t first_ns;     /* time of the segment's first record: names the file */
	uint64_t last_ns;      /* time of the last record counted here; where none: as before */
	struct chunk_record *log; /* its records, in order; NULL: all are of `session` */
	uint32_t session;
};

struct chunk_pool;

/*
 * count chunks of chunk_bytes (a multiple of CHUNK_BLOCK) in one mapping, on huge pages where
 * the kernel offers them transparently. log_records: capacity of each chunk's log, 0 for none.
 * Returns NULL when out of memory, or for a size that is 0 or no multiple. Owned by the caller:
 * chunk_pool_free().
 */
struct chunk_pool *chunk_pool_new(uint32_t count, uint32_t chunk_bytes, uint32_t log_records);
void chunk_pool_free(struct chunk_pool *pool);

/*
 * Has the kernel give all of the pool's memory now, and not page by page as packets come: from the
 * NUMA node of the CPU that calls. There is no error: where memory is short, the kernel kills a process.
 */
void chunk_pool_touch(struct chunk_pool *pool);

uint32_t chunk_pool_count(const struct chunk_pool *pool);
uint32_t chunk_pool_bytes(const struct chunk_pool *pool);
uint32_t chunk_pool_log_records(const struct chunk_pool *pool);
/* The i-th chunk, i < count. Borrowed. Its data begin i * chunk_bytes after the first one's. */
struct chunk *chunk_pool_at(struct chunk_pool *pool, uint32_t i);
/* The i of a chunk of this pool. */
uint32_t chunk_pool_index(const struct chunk_pool *pool, const struct chunk *chunk);

#endif
