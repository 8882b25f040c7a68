/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compressing capture left, damaged in every way: whole frames are kept, and only those, and
 * what zstd makes of them is what was recorded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "capture/committed.h"
#include "capture/pcap_format.h"
#include "capture/pcapng_format.h"
#include "capture/recover.h"
#include "tests/capture/recording.h"

enum {
	CAPLEN = 60,
	FRAMES = 4,
	FRAME_RECORDS = 3,
	FILE_MAX = 16384,
};

static const uint64_t first_ns = 1700000000123456789ull;
static char directory[RECORDING_PATH_BYTES];

/* A file in FRAMES frames: where each ends, compressed and not. */
struct capture {
	uint8_t plain[FILE_MAX], data[FILE_MAX];
	size_t plain_ends[FRAMES], ends[FRAMES];
};

static int make_directory(void **state)
{
	recording_directory("/dev/shm", directory);
	return chdir(directory);
}

static int remove_directory(void **state)
{
	if (chdir("..") < 0)
		return -1;
	recording_remove(directory);
	return 0;
}

static size_t put_record(uint8_t *dst, uint32_t i, enum pcap_format format)
{
	size_t header = PCAP_RECORD_HEADER_BYTES;
	size_t bytes = header + CAPLEN;

	if (format == PCAP_NG) {
		header = PCAPNG_PACKET_HEADER_BYTES;
		bytes = pcapng_format_packet_bytes(CAPLEN);
		pcapng_format_packet(dst, 0, first_ns + i, CAPLEN, CAPLEN);
	} else {
		pcap_format_record_header(dst, pcap_format_stamp(PCAP_NS, first_ns + i), CAPLEN,
					  CAPLEN);
	}
	for (uint32_t j = 0; j < CAPLEN; j++)
		dst[header + j] = (uint8_t)(i * 31 + j * j);
	return bytes;
}

static size_t put_header(uint8_t *dst, enum pcap_format format)
{
	const struct pcapng_section section = {.application = "test"};
	const struct pcapng_interface interface = {.name = "web", .link_type = 1};
	size_t bytes;

	if (format == PCAP_CLASSIC) {
		pcap_format_file_header(dst, PCAP_NS, 0);
		return PCAP_FILE_HEADER_BYTES;
	}
	bytes = pcapng_format_section(dst, FILE_MAX, &section);
	return bytes + pcapng_format_interface(dst + bytes, FILE_MAX - bytes, &interface);
}

static void build(struct capture *capture, enum pcap_format format)
{
	size_t from = 0, to = put_header(capture->plain, format), end = 0;
	ZSTD_CCtx *compressor = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(compressor, ZSTD_c_checksumFlag, 1);
	for (uint32_t i = 0; i < FRAMES; i++) {
		size_t length;

		for (uint32_t j = 0; j < FRAME_RECORDS; j++)
			to += put_record(capture->plain + to, i * FRAME_RECORDS + j, format);
		length = ZSTD_compress2(compressor, capture->data + end, FILE_MAX - end,
					capture->plain + from, to - from);
		assert_false(ZSTD_isError(length));
		end += length;
		from = to;
		capture->ends[i] = end;
		capture->plain_ends[i] = to;
	}
	ZSTD_freeCCtx(compressor);
}

static void write_part(const char *path, const uint8_t *data, size_t bytes, uint64_t committed)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, bytes), bytes);
	if (committed)
		assert_int_equal(committed_set(fd, path, committed), 0);
	close(fd);
}

static size_t read_file(const char *path, uint8_t *data)
{
	int fd = open(path, O_RDONLY);
	ssize_t bytes;

	assert_true(fd >= 0);
	bytes = read(fd, data, FILE_MAX);
	assert_true(bytes >= 0);
	close(fd);
	return (size_t)bytes;
}

/* The first `frames` frames are published; `rest` bytes are behind them, zeros at the end not in the tail. */
static void check_kept(const struct recover_file *file, const struct capture *capture,
		       uint32_t frames, uint64_t rest)
{
	size_t bytes = capture->ends[frames - 1];
	uint8_t found[FILE_MAX], plain[FILE_MAX];

	assert_int_equal(file->state, RECOVER_DONE);
	assert_int_equal(file->bytes, bytes);
	assert_int_equal(file->trimmed + file->zeros, rest);
	assert_int_equal(read_file(file->path, found), bytes);
	assert_memory_equal(found, capture->data, bytes);
	assert_int_equal(ZSTD_decompress(plain, sizeof(plain), found, bytes),
			 capture->plain_ends[frames - 1]);
	assert_memory_equal(plain, capture->plain, capture->plain_ends[frames - 1]);
	assert_int_equal(unlink(file->path), 0);
	if (file->trimmed) {
		assert_int_equal(read_file(file->tail, found), file->trimmed);
		assert_int_equal(unlink(file->tail), 0);
	}
}

static void every_cut_keeps_whole_frames(void **state)
{
	struct capture capture;
	struct recover_file file;

	build(&capture, PCAP_CLASSIC);
	for (size_t bytes = 4; bytes <= capture.ends[FRAMES - 1]; bytes++) {
		uint32_t frames = 0;

		while (frames < FRAMES && capture.ends[frames] <= bytes)
			frames++;
		write_part("cut.pcap.zst.part", capture.data, bytes, 0);
		assert_true(recover_file(&file, "cut.pcap.zst.part", false));
		if (frames == 0) {
			assert_int_equal(file.state, RECOVER_SET_ASIDE);
			assert_string_equal(file.tail, "cut.recovered.pcap.zst.tail");
			assert_int_equal(unlink(file.tail), 0);
			continue;
		}
		assert_string_equal(file.path, "cut.recovered.pcap.zst");
		assert_int_equal(file.packets, frames * FRAME_RECORDS);
		assert_int_equal(file.end,
				 bytes == capture.ends[frames - 1] ? RECOVER_WHOLE : RECOVER_CUT);
		check_kept(&file, &capture, frames, bytes - capture.ends[frames - 1]);
	}
}

/* A byte that the disk has made another ends what is good, but where it was committed. */
static void every_flipped_byte_ends_it(void **state)
{
	struct capture capture;
	struct recover_file file;
	size_t whole;

	build(&capture, PCAP_CLASSIC);
	whole = capture.ends[FRAMES - 1];
	for (size_t i = capture.ends[0]; i < whole; i++) {
		uint32_t frames = 1;

		while (capture.ends[frames] <= i)
			frames++;
		capture.data[i] ^= 0x41;
		write_part("flip.pcap.zst.part", capture.data, whole, 0);
		capture.data[i] ^= 0x41;
		assert_true(recover_file(&file, "flip.pcap.zst.part", false));
		/* A frame that asks for a larger window than any of ours: nobody's to touch. */
		if (file.state == RECOVER_FOREIGN) {
			assert_int_equal(unlink("flip.pcap.zst.part"), 0);
			continue;
		}
		assert_int_not_equal(file.end, RECOVER_WHOLE);
		assert_int_equal(file.packets, frames * FRAME_RECORDS);
		check_kept(&file, &capture, frames, whole - capture.ends[frames - 1]);
	}
	capture.data[capture.ends[1] - 7] ^= 1;
	write_part("flip.pcap.zst.part", capture.data, whole, capture.ends[2]);
	assert_true(recover_file(&file, "flip.pcap.zst.part", false));
	assert_int_equal(file.bytes, whole);
	assert_int_equal(file.packets, FRAME_RECORDS);
}

static void what_follows_is_trimmed(void **state)
{
	static const struct {
		const char *title;
		uint32_t committed; /* frames; 0: no mark */
		size_t zeros, garbage;
		enum recover_end end;
		uint32_t packets;
	} cases[] = {
		{"nothing", 0, 0, 0, RECOVER_WHOLE, 12},
		{"zeros", 0, 5000, 0, RECOVER_ZEROS, 12},
		{"garbage", 0, 0, 100, RECOVER_DAMAGED, 12},
		{"zeros and garbage", 0, 100, 100, RECOVER_DAMAGED, 12},
		{"one frame committed", 1, 0, 0, RECOVER_WHOLE, 9},
		{"one frame committed, then garbage", 1, 0, 77, RECOVER_DAMAGED, 9},
		{"all committed, then zeros", 4, 4000, 0, RECOVER_ZEROS, 0},
	};

	for (int format = PCAP_CLASSIC; format <= PCAP_NG; format++) {
		const char *part = format == PCAP_NG ? "a.pcapng.zst.part" : "a.pcap.zst.part";
		struct capture capture = {0};

		build(&capture, (enum pcap_format)format);
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			size_t whole = capture.ends[FRAMES - 1];
			size_t end = whole + cases[i].zeros + cases[i].garbage;
			uint32_t committed = cases[i].committed;
			struct recover_file file;

			print_message("# %s, %s\n", part, cases[i].title);
			memset(capture.data + whole, 0, cases[i].zeros);
			memset(capture.data + whole + cases[i].zeros, 'g', cases[i].garbage);
			write_part(part, capture.data, end,
				   committed ? capture.ends[committed - 1] : 0);
			assert_true(recover_file(&file, part, false));
			assert_int_equal(file.end, cases[i].end);
			assert_int_equal(file.packets, cases[i].packets);
			assert_int_equal(file.zeros, cases[i].garbage ? 0 : cases[i].zeros);
			check_kept(&file, &capture, FRAMES, end - whole);
		}
	}
}

static void others_files_are_left_alone(void **state)
{
	/* A frame that needs a window of 16 MiB; text that is compressed. */
	static const uint8_t large[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 14 << 3, 3, 0, 1, 0};
	uint8_t text[256];
	size_t bytes = ZSTD_compress(text, sizeof(text), "no capture file, but text", 25, 1);
	struct recover_file file;

	write_part("large.pcap.zst.part", large, sizeof(large), 0);
	assert_true(recover_file(&file, "large.pcap.zst.part", false));
	assert_int_equal(file.state, RECOVER_FOREIGN);
	write_part("text.pcap.zst.part", text, bytes, 0);
	assert_true(recover_file(&file, "text.pcap.zst.part", false));
	assert_int_equal(file.state, RECOVER_FOREIGN);
	assert_int_equal(access("large.pcap.zst.part", F_OK) | access("text.pcap.zst.part", F_OK),
			 0);
}

static void is_told_of_frames(void **state)
{
	char text[RECOVER_TEXT_BYTES];
	struct recover_file file = {
		.state = RECOVER_DONE,
		.end = RECOVER_CUT,
		.compressed = true,
		.part = "a.pcap.zst.part",
		.path = "a.recovered.pcap.zst",
		.tail = "a.recovered.pcap.zst.tail",
		.trimmed = 7,
	};

	assert_non_null(strstr(recover_text(&file, false, text, sizeof(text)),
			       "trimmed 7 bytes (an incomplete frame) to"));
	file.end = RECOVER_DAMAGED;
	assert_non_null(strstr(recover_text(&file, false, text, sizeof(text)),
			       "trimmed 7 bytes (no frames) to"));
	file.state = RECOVER_SET_ASIDE;
	assert_string_equal(recover_text(&file, false, text, sizeof(text)),
			    "a.pcap.zst.part: no whole frame, so nothing to recover: renamed "
			    "a.recovered.pcap.zst.tail");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_keeps_whole_frames),
		cmocka_unit_test(every_flipped_byte_ends_it),
		cmocka_unit_test(what_follows_is_trimmed),
		cmocka_unit_test(others_files_are_left_alone),
		cmocka_unit_test(is_told_of_frames),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
