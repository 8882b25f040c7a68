/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a compressed file holds, what is decompressed before a frame's end that the reader
 * vouches for is what was compressed, and memory does not go by what a frame claims.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "capture/zstd_reader.h"

enum {
	PLAIN_BYTES = 3000,
	FRAME_BYTES = 1000,
	FILE_BYTES = 8192,
	ROOM_BYTES = 1 << 16,
};

struct file {
	uint8_t data[FILE_BYTES];
	size_t bytes;
	size_t ends[8]; /* of its frames */
	size_t frames;
};

static uint8_t plain[PLAIN_BYTES];

static int fill_plain(void **state)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(plain); i++) {
		seed = seed * 1664525 + 1013904223;
		plain[i] = (uint8_t)(seed >> 24 & 0x1f);
	}
	return 0;
}

static void put(struct file *file, const void *data, size_t bytes)
{
	assert_true(file->bytes + bytes <= sizeof(file->data));
	memcpy(file->data + file->bytes, data, bytes);
	file->bytes += bytes;
}

/* With a check sum, as capture's. */
static void put_frame(struct file *file, const uint8_t *data, size_t bytes)
{
	ZSTD_CCtx *compressor = ZSTD_createCCtx();
	size_t length;

	ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1);
	length = ZSTD_compress2(compressor, file->data + file->bytes,
				sizeof(file->data) - file->bytes, data, bytes);
	assert_false(ZSTD_isError(length));
	file->bytes += length;
	file->ends[file->frames++] = file->bytes;
	ZSTD_freeCCtx(compressor);
}

static struct file three_frames(void)
{
	struct file file = {0};

	for (size_t i = 0; i < PLAIN_BYTES; i += FRAME_BYTES)
		put_frame(&file, plain + i, FRAME_BYTES);
	return file;
}

static int materialize(const struct file *file)
{
	int fd = memfd_create("zstd", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, file->data, file->bytes), file->bytes);
	return fd;
}

/* How many of the frames end at or before an offset of the file. */
static size_t frames_before(const struct file *file, size_t offset)
{
	size_t frames = 0;

	while (frames < file->frames && file->ends[frames] <= offset)
		frames++;
	return frames;
}

static void expect_place(struct zstd_place place, const struct file *file, size_t frames)
{
	assert_int_equal(place.file, frames ? file->ends[frames - 1] : 0);
	assert_int_equal(place.plain, frames * FRAME_BYTES);
}

/* Reads fd to its end, with `frames` whole frames, in pieces of every kind. */
static void expect(const struct file *file, size_t frames, enum zstd_reader_end end)
{
	static const size_t pieces[] = {1, 7, ROOM_BYTES};
	int fd = materialize(file);

	for (size_t i = 0; i < 3; i++) {
		struct zstd_reader *reader =
			zstd_reader_new((struct zstd_place){0}, i == 0 ? 1 : 4096);
		uint8_t *data = malloc(ROOM_BYTES);
		size_t count = 0;
		ssize_t length;

		assert_non_null(reader);
		while ((length = zstd_reader_read(reader, fd, data + count, pieces[i])) > 0)
			count += (size_t)length;
		assert_int_equal(length, 0);
		assert_int_equal(zstd_reader_plain(reader), count);
		assert_int_equal(zstd_reader_end(reader), end);
		expect_place(zstd_reader_frame(reader), file, frames);
		assert_true(count >= frames * FRAME_BYTES);
		assert_memory_equal(data, plain, frames * FRAME_BYTES);
		free(data);
		zstd_reader_free(reader);
	}
	close(fd);
}

static void tells_what_is_compressed(void **state)
{
	static const struct {
		uint8_t magic[ZSTD_READER_MAGIC_BYTES];
		bool is;
	} cases[] = {
		{{0x28, 0xb5, 0x2f, 0xfd}, true},
		{{0x50, 0x2a, 0x4d, 0x18}, true},
		{{0x5f, 0x2a, 0x4d, 0x18}, true},
		{{0x60, 0x2a, 0x4d, 0x18}, false},
		{{0x4f, 0x2a, 0x4d, 0x18}, false},
		{{0xfd, 0x2f, 0xb5, 0x28}, false},
		{{0x4d, 0x3c, 0xb2, 0xa1}, false},
		{{0x0a, 0x0d, 0x0d, 0x0a}, false},
		{{0, 0, 0, 0}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(zstd_reader_is(cases[i].magic), cases[i].is);
}

static void every_cut(void **state)
{
	struct file file = three_frames();
	size_t whole = file.bytes;

	for (file.bytes = 0; file.bytes <= whole; file.bytes++) {
		size_t frames = frames_before(&file, file.bytes);
		bool between = file.bytes == 0 || file.ends[frames ? frames - 1 : 0] == file.bytes;

		expect(&file, frames, between ? ZSTD_READER_WHOLE : ZSTD_READER_CUT);
	}
}

/* A frame with a changed byte is not vouched for, and all before it is. */
static void every_flipped_byte(void **state)
{
	struct file file = three_frames();

	for (size_t i = 0; i < file.bytes; i++) {
		struct zstd_place place = {0};
		enum zstd_reader_end end;
		size_t frames = frames_before(&file, i);
		int fd;

		file.data[i] ^= 0x55;
		fd = materialize(&file);
		/* A frame that now begins with a larger window is refused. */
		if (zstd_reader_pass(fd, UINT64_MAX, &place, &end) == 0) {
			assert_int_not_equal(end, ZSTD_READER_WHOLE);
			expect_place(place, &file, frames);
		}
		close(fd);
		file.data[i] ^= 0x55;
	}
}

/* To the end, in such pieces. Returns how many bytes that is, or -errno. */
static ssize_t read_all(int fd, size_t bytes, size_t piece, uint8_t *data)
{
	struct zstd_reader *reader = zstd_reader_new((struct zstd_place){0}, bytes);
	size_t count = 0;
	ssize_t length;

	assert_non_null(reader);
	while ((length = zstd_reader_read(reader, fd, data + count, piece)) > 0)
		count += (size_t)length;
	zstd_reader_free(reader);
	return length < 0 ? length : (ssize_t)count;
}

/* What is had of a damaged frame does not go by how it is read. */
static void damage_is_the_same_in_any_pieces(void **state)
{
	static const size_t pieces[] = {999, ROOM_BYTES};
	static uint8_t first[4 * ROOM_BYTES], data[4 * ROOM_BYTES];
	struct file file = three_frames();

	/* The last one is of the check sum, behind all that the second frame holds. */
	for (size_t i = file.ends[1] % 5 + 4; i < file.ends[1]; i += 5) {
		ssize_t count;
		int fd;

		file.data[i] ^= 0x55;
		fd = materialize(&file);
		count = read_all(fd, 1, 1, first);
		for (size_t j = 0; j < 2; j++) {
			assert_int_equal(read_all(fd, 4096, pieces[j], data), count);
			assert_memory_equal(data, first, count > 0 ? count : 0);
		}
		if (i == file.ends[1] - 1)
			assert_int_equal(count, 2 * FRAME_BYTES);
		close(fd);
		file.data[i] ^= 0x55;
	}
}

static void what_follows_frames(void **state)
{
	static const uint8_t skippable[] = {0x52, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'};
	static const uint8_t zeros[100];
	struct file file = three_frames();

	file.bytes = file.ends[2];
	put(&file, zeros, sizeof(zeros));
	expect(&file, 3, ZSTD_READER_DAMAGED);
	file.bytes = file.ends[2];
	put(&file, "text", 4);
	expect(&file, 3, ZSTD_READER_DAMAGED);
	file.bytes = file.ends[2];
	put(&file, skippable, sizeof(skippable) - 1);
	expect(&file, 3, ZSTD_READER_CUT);
	file.bytes = file.ends[2];
	put(&file, skippable, sizeof(skippable));
	file.ends[2] = file.bytes; /* it holds nothing, and belongs to what is whole */
	expect(&file, 3, ZSTD_READER_WHOLE);
	file = (struct file){0};
	put_frame(&file, plain, 0);
	file.frames = 0;
	put_frame(&file, plain, FRAME_BYTES);
	expect(&file, 1, ZSTD_READER_WHOLE);
}

/* From a frame on, up to the first that begins at or behind the limit. */
static void passes_over_frames(void **state)
{
	struct file file = three_frames();
	int fd = materialize(&file);
	enum zstd_reader_end end;
	struct zstd_place place;

	for (size_t from = 0; from < 3; from++) {
		for (size_t to = from; to <= 3; to++) {
			uint64_t limit = to ? file.ends[to - 1] : 0;

			place = (struct zstd_place){from ? file.ends[from - 1] : 0,
						    from * FRAME_BYTES};
			assert_int_equal(zstd_reader_pass(fd, limit, &place, &end), 0);
			expect_place(place, &file, to);
			assert_int_equal(end, ZSTD_READER_GOES_ON);
		}
	}
	place = (struct zstd_place){file.ends[0] + 1, 0}; /* where no frame begins */
	assert_int_equal(zstd_reader_pass(fd, UINT64_MAX, &place, &end), 0);
	assert_int_equal(place.file, file.ends[0] + 1);
	assert_int_equal(end, ZSTD_READER_DAMAGED);
	place = (struct zstd_place){0};
	assert_int_equal(zstd_reader_pass(-1, UINT64_MAX, &place, &end), -EBADF);
	close(fd);
}

/*
 * A frame without check sum that does not say what it holds: `blocks` times 8 KiB of zeros, each in
 * four bytes (RFC 8878, 3.1.1.1 and 3.1.1.2).
 */
static struct file zeros_frame(int window_log, int blocks)
{
	const uint8_t head[] = {0x28, 0xb5, 0x2f, 0xfd, 0, (uint8_t)((window_log - 10) << 3)};
	uint8_t block[] = {2, 0, 1, 0};
	struct file file = {0};

	put(&file, head, sizeof(head));
	for (int i = 1; i <= blocks; i++) {
		block[0] |= i == blocks;
		put(&file, block, sizeof(block));
	}
	return file;
}

static void refuses_large_windows(void **state)
{
	for (int log = ZSTD_READER_WINDOW_LOG - 1; log <= ZSTD_READER_WINDOW_LOG + 1; log++) {
		struct file file = zeros_frame(log, 1);
		struct zstd_place place = {0};
		enum zstd_reader_end end;
		int fd = materialize(&file);

		assert_int_equal(zstd_reader_pass(fd, UINT64_MAX, &place, &end),
				 log > ZSTD_READER_WINDOW_LOG ? -EFBIG : 0);
		close(fd);
	}
}

static void bombs_take_no_memory(void **state)
{
	struct file file = zeros_frame(13, 2000);
	size_t before = mallinfo2().uordblks;
	struct zstd_reader *reader = zstd_reader_new((struct zstd_place){0}, 4096);
	int fd = materialize(&file);
	uint8_t data[4096];
	size_t most = 0;
	ssize_t length;

	while ((length = zstd_reader_read(reader, fd, data, sizeof(data))) > 0)
		if (mallinfo2().uordblks - before > most)
			most = mallinfo2().uordblks - before;
	assert_int_equal(length, 0);
	assert_int_equal(zstd_reader_end(reader), ZSTD_READER_WHOLE);
	assert_int_equal(zstd_reader_plain(reader), 2000 * 8192);
	assert_true(most < 256 << 10);
	zstd_reader_free(reader);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_what_is_compressed),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(every_flipped_byte),
		cmocka_unit_test(what_follows_frames),
		cmocka_unit_test(passes_over_frames),
		cmocka_unit_test(refuses_large_windows),
		cmocka_unit_test(bombs_take_no_memory),
		cmocka_unit_test(damage_is_the_same_in_any_pieces),
	};

	return cmocka_run_group_tests(tests, fill_plain, NULL);
}
