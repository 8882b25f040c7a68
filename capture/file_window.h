/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A checked cursor over a regular file: the only way in which bytes of a file that somebody else
 * wrote are looked at. Read in large pieces, not mapped: a mapped file that another process cuts
 * ends the reader with SIGBUS, and a capture cuts its file when it publishes it.
 *
 * Of a file that is compressed with zstd, by its first bytes, the cursor goes over what it holds
 * decompressed; all offsets but those of frames are then in that.
 */
#ifndef CAPTURE_FILE_WINDOW_H
#define CAPTURE_FILE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/zstd_reader.h"

struct file_window {
	const char *path; /* borrowed */
	int fd;           /* -1: parked */
	bool keep_open;   /* false: the descriptor is closed after each read */
	dev_t device;     /* of the file that was opened first */
	ino_t inode;
	uint64_t size;   /* of the file, bytes, when it was opened */
	uint64_t offset; /* in the file, of the cursor */
	uint8_t *data;   /* NULL: parked */
	size_t room;     /* of data */
	size_t begin;    /* in data, of the cursor */
	size_t end;      /* of what was read */
	size_t bytes;    /* to read at once */

	bool compressed;
	struct zstd_reader *zstd; /* NULL: begins at `frame` when something is needed */
	struct zstd_place first;  /* frame; none before it is looked at */
	struct zstd_place frame;
	enum zstd_reader_end frames_end; /* of a compressed file, as far as it was read */
};

/*
 * Opens the file at path (borrowed until fini) with the cursor at its begin. bytes: to read at
 * once, and to hold; more is held only while one file_window_need() asks for more.
 * Returns 0, -EINVAL for what is no regular file, or -errno; without success fini is not needed.
 */
int file_window_init(struct file_window *window, const char *path, size_t bytes);
void file_window_fini(struct file_window *window);

/*
 * Makes `bytes` bytes from the cursor on contiguous at file_window_at().
 * Returns 1; 0 where the file ends before that, and then *available (may be NULL) tells how many
 * there are; or -errno: -ESTALE where a parked file's name stands for another file by now, -EFBIG
 * where decompressing needs a larger window than is given.
 */
int file_window_need(struct file_window *window, size_t bytes, size_t *available);

/* The byte at the cursor; valid until the next need, seek or park. */
static inline const uint8_t *file_window_at(const struct file_window *window)
{
	return window->data + window->begin;
}

/*
 * Moves the cursor to an offset in the file, perhaps beyond its end. In a compressed file the way
 * back is as long as the one from the frame's begin, or from the file's.
 */
void file_window_seek(struct file_window *window, uint64_t offset);

/*
 * Goes on, in a compressed file, with the frame that begins at this offset of the file: the cursor
 * keeps its offset, and there is nothing before it any more.
 */
void file_window_skip_to_frame(struct file_window *window, uint64_t file_offset);

/* Gives memory and descriptor back until the next need; the cursor stays. */
void file_window_park(struct file_window *window);

#endif
