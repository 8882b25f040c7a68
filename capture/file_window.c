/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/file_window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_NONBLOCK: a pipe without a writer would wait for one. */
static int open_regular(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, st) < 0)
		err = -errno;
	else if (!S_ISREG(st->st_mode))
		err = -EINVAL;
	if (err) {
		close(fd);
		return err;
	}
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return fd;
}

static bool is_compressed(int fd)
{
	uint8_t magic[ZSTD_READER_MAGIC_BYTES];

	return pread(fd, magic, sizeof(magic), 0) == sizeof(magic) && zstd_reader_is(magic);
}

int file_window_init(struct file_window *window, const char *path, size_t bytes)
{
	struct stat st = {0};
	int fd = open_regular(path, &st);
	bool compressed;

	if (fd < 0)
		return fd;
	compressed = is_compressed(fd);
	/* A small file needs no more, and one byte to see its end. */
	if ((uint64_t)st.st_size < bytes && !compressed)
		bytes = (size_t)st.st_size + 1;
	*window = (struct file_window){
		.path = path,
		.fd = fd,
		.keep_open = true,
		.device = st.st_dev,
		.inode = st.st_ino,
		.size = (uint64_t)st.st_size,
		.bytes = bytes ? bytes : 1,
		.compressed = compressed,
	};
	return 0;
}

static void close_file(struct file_window *window)
{
	if (window->fd >= 0)
		close(window->fd);
	window->fd = -1;
}

/* The decoder begins anew, at the last frame that it knows of at or before the cursor. */
static void drop_decoder(struct file_window *window)
{
	if (window->zstd)
		window->frame = zstd_reader_frame(window->zstd);
	if (window->frame.plain > window->offset)
		window->frame = window->first;
	zstd_reader_free(window->zstd);
	window->zstd = NULL;
}

void file_window_park(struct file_window *window)
{
	close_file(window);
	drop_decoder(window);
	free(window->data);
	window->data = NULL;
	window->room = 0;
	window->begin = 0;
	window->end = 0;
}

void file_window_fini(struct file_window *window)
{
	file_window_park(window);
}

static int reopen(struct file_window *window)
{
	struct stat st = {0};
	int fd = open_regular(window->path, &st);

	if (fd < 0)
		return fd;
	if (st.st_dev != window->device || st.st_ino != window->inode) {
		close(fd);
		return -ESTALE;
	}
	window->fd = fd;
	return 0;
}

/* Makes room for `bytes` bytes from the cursor on; gives back what one large record took. */
static int make_room(struct file_window *window, size_t bytes)
{
	size_t held = window->end - window->begin;
	size_t room = bytes > window->bytes ? bytes : window->bytes;
	uint8_t *data = window->data;

	if (room != window->room) {
		data = malloc(room);
		if (!data)
			return -ENOMEM;
		if (window->data)
			memcpy(data, window->data + window->begin, held);
		free(window->data);
		window->room = room;
	} else if (data) {
		memmove(data, data + window->begin, held);
	}
	window->data = data;
	window->begin = 0;
	window->end = held;
	return 0;
}

enum {
	COMPRESSED_BYTES_MIN = 4 << 10,
	COMPRESSED_BYTES_MAX = 128 << 10,
};

static bool start_decoder(struct file_window *window)
{
	size_t bytes = window->bytes < COMPRESSED_BYTES_MIN ? COMPRESSED_BYTES_MIN : window->bytes;

	if (bytes > COMPRESSED_BYTES_MAX)
		bytes = COMPRESSED_BYTES_MAX;
	window->zstd = zstd_reader_new(window->frame, bytes);
	return window->zstd != NULL;
}

/* As read_more(): decompresses, and first what lies between the decoder and `offset`. */
static ssize_t decompress(struct file_window *window, uint64_t offset)
{
	uint8_t *data = window->data + window->end;
	size_t room = window->room - window->end;
	ssize_t length = 1;

	if (window->zstd && zstd_reader_plain(window->zstd) > offset)
		drop_decoder(window);
	if (!window->zstd && !start_decoder(window))
		return -ENOMEM;
	while (length > 0 && zstd_reader_plain(window->zstd) < offset) {
		uint64_t skip = offset - zstd_reader_plain(window->zstd);

		length = zstd_reader_read(window->zstd, window->fd, data,
					  skip < room ? (size_t)skip : room);
	}
	if (length > 0)
		length = zstd_reader_read(window->zstd, window->fd, data, room);
	window->frames_end = zstd_reader_end(window->zstd);
	return length;
}

/* Returns the number of bytes read, 0 at the end of the file, or -errno. */
static ssize_t read_more(struct file_window *window)
{
	uint64_t offset = window->offset + (window->end - window->begin);
	ssize_t length;

	if (window->compressed)
		return decompress(window, offset);

	if (offset > INT64_MAX)
		return 0;
	do
		length = pread(window->fd, window->data + window->end, window->room - window->end,
			       (off_t)offset);
	while (length < 0 && errno == EINTR);
	return length < 0 ? -errno : length;
}

/* Reads until `bytes` bytes are held. Returns 1, 0 at the end of the file, or -errno. */
static int fill(struct file_window *window, size_t bytes)
{
	while (window->end - window->begin < bytes) {
		ssize_t length = read_more(window);

		if (length <= 0)
			return (int)length;
		window->end += (size_t)length;
	}
	return 1;
}

int file_window_need(struct file_window *window, size_t bytes, size_t *available)
{
	int rc = 1;

	if (window->end - window->begin < bytes || !window->data) {
		rc = window->fd < 0 ? reopen(window) : 0;
		if (rc == 0)
			rc = make_room(window, bytes);
		if (rc == 0)
			rc = fill(window, bytes);
		if (!window->keep_open)
			close_file(window);
	}
	if (available)
		*available = window->end - window->begin;
	return rc;
}

void file_window_seek(struct file_window *window, uint64_t offset)
{
	size_t held = window->end - window->begin;

	if (offset >= window->offset && offset - window->offset <= held) {
		window->begin += (size_t)(offset - window->offset);
	} else {
		window->begin = 0;
		window->end = 0;
	}
	window->offset = offset;
}

void file_window_skip_to_frame(struct file_window *window, uint64_t file_offset)
{
	zstd_reader_free(window->zstd);
	window->zstd = NULL;
	window->begin = 0;
	window->end = 0;
	window->first = (struct zstd_place){.file = file_offset, .plain = window->offset};
	window->frame = window->first;
}
