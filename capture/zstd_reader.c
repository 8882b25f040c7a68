/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/zstd_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

enum { PASS_BYTES = 128 << 10 };

struct zstd_reader {
	ZSTD_DCtx *decoder;
	struct zstd_place frame;
	uint64_t file;  /* offset of what is read next */
	uint64_t plain; /* of what is decompressed next */
	bool between;   /* frames */
	enum zstd_reader_end end;
	size_t room;
	ZSTD_inBuffer in;
	uint8_t data[];
};

bool zstd_reader_is(const uint8_t *magic)
{
	uint32_t value = (uint32_t)magic[0] | (uint32_t)magic[1] << 8 | (uint32_t)magic[2] << 16 |
			 (uint32_t)magic[3] << 24;

	return value == ZSTD_MAGICNUMBER ||
	       (value & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

struct zstd_reader *zstd_reader_new(struct zstd_place place, size_t bytes)
{
	struct zstd_reader *reader = calloc(1, sizeof(*reader) + bytes);

	if (!reader)
		return NULL;
	reader->decoder = ZSTD_createDCtx();
	if (!reader->decoder ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(reader->decoder, ZSTD_d_windowLogMax,
						ZSTD_READER_WINDOW_LOG))) {
		zstd_reader_free(reader);
		return NULL;
	}
	reader->frame = place;
	reader->file = place.file;
	reader->plain = place.plain;
	reader->between = true;
	reader->room = bytes;
	reader->in.src = reader->data;
	return reader;
}

void zstd_reader_free(struct zstd_reader *reader)
{
	if (!reader)
		return;
	ZSTD_freeDCtx(reader->decoder);
	free(reader);
}

/* Returns the number of bytes read, 0 at the end of the file, or -errno. */
static ssize_t read_more(struct zstd_reader *reader, int fd)
{
	ssize_t length;

	if (reader->file > INT64_MAX)
		return 0;
	do
		length = pread(fd, reader->data, reader->room, (off_t)reader->file);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return -errno;
	reader->in.size = (size_t)length;
	reader->in.pos = 0;
	reader->file += (uint64_t)length;
	return length;
}

static int note_error(struct zstd_reader *reader, size_t code)
{
	switch (ZSTD_getErrorCode(code)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return -EFBIG;
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	default:
		reader->end = ZSTD_READER_DAMAGED;
		return 0;
	}
}

/*
 * With an error the decoder does not tell what it has put out in the same call: how much of a
 * damaged frame is had would go by the sizes of the reads. So it takes input only without room for
 * what comes of it, which is at most a block, and puts that out without input.
 * Returns as ZSTD_decompressStream().
 */
static size_t decode(struct zstd_reader *reader, ZSTD_outBuffer *out)
{
	ZSTD_outBuffer no_room = {.dst = out->dst};
	ZSTD_inBuffer no_input = {.src = reader->data};
	size_t rest = ZSTD_decompressStream(reader->decoder, out, &no_input);

	return ZSTD_isError(rest) ? rest
				  : ZSTD_decompressStream(reader->decoder, &no_room, &reader->in);
}

/* Goes one step on: reads, or decompresses what was read. Returns 0 or -errno. */
static int step(struct zstd_reader *reader, int fd, ZSTD_outBuffer *out)
{
	bool at_end = false;
	size_t in_before;
	size_t rest;

	if (reader->in.pos == reader->in.size) {
		ssize_t length = read_more(reader, fd);

		if (length < 0)
			return (int)length;
		at_end = length == 0;
	}
	if (at_end && reader->between) {
		reader->end = ZSTD_READER_WHOLE;
		return 0;
	}
	in_before = reader->in.pos;
	rest = decode(reader, out);
	if (ZSTD_isError(rest))
		return note_error(reader, rest);
	reader->between = rest == 0;
	if (rest == 0)
		reader->frame = (struct zstd_place){
			.file = reader->file - (reader->in.size - reader->in.pos),
			.plain = reader->plain + out->pos,
		};
	else if (out->pos == 0 && reader->in.pos == in_before)
		reader->end = at_end ? ZSTD_READER_CUT : ZSTD_READER_DAMAGED;
	return 0;
}

ssize_t zstd_reader_read(struct zstd_reader *reader, int fd, uint8_t *data, size_t bytes)
{
	ZSTD_outBuffer out = {.dst = data, .size = bytes};

	while (out.pos == 0 && reader->end == ZSTD_READER_GOES_ON) {
		int err = step(reader, fd, &out);

		if (err)
			return err;
	}
	reader->plain += out.pos;
	return (ssize_t)out.pos;
}

uint64_t zstd_reader_plain(const struct zstd_reader *reader)
{
	return reader->plain;
}

struct zstd_place zstd_reader_frame(const struct zstd_reader *reader)
{
	return reader->frame;
}

enum zstd_reader_end zstd_reader_end(const struct zstd_reader *reader)
{
	return reader->end;
}

int zstd_reader_pass(int fd, uint64_t limit, struct zstd_place *place, enum zstd_reader_end *end)
{
	struct zstd_reader *reader = zstd_reader_new(*place, PASS_BYTES);
	uint8_t *plain = malloc(PASS_BYTES);
	ssize_t length = reader && plain ? 1 : -ENOMEM;

	while (length > 0 && reader->frame.file < limit)
		length = zstd_reader_read(reader, fd, plain, PASS_BYTES);
	if (length >= 0) {
		*place = reader->frame;
		*end = reader->end;
	}
	free(plain);
	zstd_reader_free(reader);
	return length < 0 ? (int)length : 0;
}
