/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompresses a zstd file, ours and others': frames behind each other, from its beginning or from
 * any frame's, in memory that goes by the frames' windows (8 MiB at most) and not by what they
 * hold. Nothing is believed of what a frame says of itself but what the decoder has checked.
 */
#ifndef CAPTURE_ZSTD_READER_H
#define CAPTURE_ZSTD_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	ZSTD_READER_MAGIC_BYTES = 4,
	/* 8 MiB: what every decoder should take, by RFC 8878, and the most of zstd -1 to -19. */
	ZSTD_READER_WINDOW_LOG = 23,
};

/* A place between frames: offsets in the file, and in all that it holds, decompressed. */
struct zstd_place {
	uint64_t file, plain;
};

/* How a file has ended. */
enum zstd_reader_end {
	ZSTD_READER_GOES_ON, /* it has not, so far */
	ZSTD_READER_WHOLE,   /* with a frame */
	ZSTD_READER_CUT,     /* in the middle of a frame */
	ZSTD_READER_DAMAGED, /* with what is no frame, or not what was compressed */
};

struct zstd_reader;

/* Does a file begin so that is compressed with zstd? Its first ZSTD_READER_MAGIC_BYTES. */
bool zstd_reader_is(const uint8_t *magic);

/*
 * Begins at a frame. bytes: of compressed data to read at once. Returns NULL when out of memory.
 * zstd_reader_free(), which takes NULL, too.
 */
struct zstd_reader *zstd_reader_new(struct zstd_place place, size_t bytes);
void zstd_reader_free(struct zstd_reader *reader);

/*
 * Decompresses up to `bytes` (> 0) bytes, of one frame only, to data. Returns their number; 0 at the
 * end (zstd_reader_end()); or -errno: -EFBIG for a frame that needs a larger window. What comes
 * from a frame is good for certain only once zstd_reader_frame() is behind it. Of a damaged frame
 * it is what is before the damage's block, whatever the sizes of the reads.
 */
ssize_t zstd_reader_read(struct zstd_reader *reader, int fd, uint8_t *data, size_t bytes);

/* The offset in what is decompressed, of the next byte. */
uint64_t zstd_reader_plain(const struct zstd_reader *reader);

/* Where the frame begins that it is in, or the next; all before is whole. */
struct zstd_place zstd_reader_frame(const struct zstd_reader *reader);

enum zstd_reader_end zstd_reader_end(const struct zstd_reader *reader);

/*
 * Decompresses the frames of fd from a place on, as long as they are whole and begin before the
 * file offset `limit`; *place becomes the one behind the last of them. Returns 0 or -errno.
 */
int zstd_reader_pass(int fd, uint64_t limit, struct zstd_place *place, enum zstd_reader_end *end);

#endif
