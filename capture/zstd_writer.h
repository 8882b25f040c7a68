/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compresses chunks with zstd, each to a frame of its own with its size and a check sum: what is cut
 * behind any frame is a file, and a frame that the disk has changed is seen. A chunk that is no
 * multiple of blocks ends with a record, and so does its frame.
 */
#ifndef CAPTURE_ZSTD_WRITER_H
#define CAPTURE_ZSTD_WRITER_H

#include <stddef.h>
#include <stdint.h>

enum {
	ZSTD_WRITER_LEVEL_MIN = -50, /* the fastest; 0 is no level */
	ZSTD_WRITER_LEVEL_MAX = 19,
	ZSTD_WRITER_LEVEL = 1, /* where none is said: what one core can take of a fast interface */
};

struct zstd_writer;

/* The memory that one takes for chunks of chunk_bytes at this level, all of it from the start. */
size_t zstd_writer_bytes(int level, uint32_t chunk_bytes);

/* Returns NULL when out of memory. Owned by the caller: zstd_writer_free(), which takes NULL, too. */
struct zstd_writer *zstd_writer_new(int level, uint32_t chunk_bytes);
void zstd_writer_free(struct zstd_writer *writer);

/*
 * Compresses `bytes` bytes, chunk_bytes at most, and nothing is allocated for it. *frame is
 * borrowed until the next call. Returns 0, or -EIO where zstd fails.
 */
int zstd_writer_frame(struct zstd_writer *writer, const uint8_t *data, uint32_t bytes,
		      const uint8_t **frame, uint32_t *frame_bytes);

#endif
