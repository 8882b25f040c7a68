/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a file holds, the reader says which records are good and how the file ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "capture/pcap_reader.h"
#include "capture/pcapng_format.h"

#define NS 1000000000ull

/* A file in memory, written in either byte order. */
struct file {
	uint8_t data[8192];
	size_t bytes;
	bool swapped;
};

static void put(struct file *file, const void *data, size_t bytes)
{
	assert_true(file->bytes + bytes <= sizeof(file->data));
	memcpy(file->data + file->bytes, data, bytes);
	file->bytes += bytes;
}

static void put16(struct file *file, uint16_t value)
{
	value = file->swapped ? __builtin_bswap16(value) : value;
	put(file, &value, sizeof(value));
}

static void put32(struct file *file, uint32_t value)
{
	value = file->swapped ? __builtin_bswap32(value) : value;
	put(file, &value, sizeof(value));
}

static void put_zeros(struct file *file, size_t bytes)
{
	assert_true(file->bytes + bytes <= sizeof(file->data));
	memset(file->data + file->bytes, 0, bytes);
	file->bytes += bytes;
}

static void put_text(struct file *file, char c, size_t bytes)
{
	while (bytes--)
		put(file, &c, 1);
}

static void put_pcap_header(struct file *file, uint32_t magic)
{
	put32(file, magic);
	put16(file, 2);
	put16(file, 4);
	put32(file, 0);
	put32(file, 0);
	put32(file, 128);
	put32(file, 1);
}

static void put_pcap_record(struct file *file, uint32_t seconds, uint32_t fraction, uint32_t caplen,
			    uint32_t len)
{
	put32(file, seconds);
	put32(file, fraction);
	put32(file, caplen);
	put32(file, len);
}

/* A block with a body of 32-bit words. */
static void put_block(struct file *file, uint32_t type, const uint32_t *words, size_t count)
{
	put32(file, type);
	put32(file, (uint32_t)(12 + 4 * count));
	for (size_t i = 0; i < count; i++)
		put32(file, words[i]);
	put32(file, (uint32_t)(12 + 4 * count));
}

static void put_section(struct file *file)
{
	put32(file, PCAPNG_SECTION_HEADER);
	put32(file, 28);
	put32(file, PCAPNG_BYTE_ORDER);
	put16(file, 1);
	put16(file, 0);
	put32(file, UINT32_MAX);
	put32(file, UINT32_MAX);
	put32(file, 28);
}

/* An interface without options: microseconds, snaplen 4. */
static void put_interface(struct file *file)
{
	put32(file, PCAPNG_INTERFACE);
	put32(file, 20);
	put16(file, 1);
	put16(file, 0);
	put32(file, 4);
	put32(file, 20);
}

/* A packet of 4 bytes. */
static void put_packet(struct file *file, uint32_t interface, uint64_t units)
{
	const uint32_t words[] = {interface, (uint32_t)(units >> 32), (uint32_t)units, 4, 60,
				  0x01010101};

	put_block(file, PCAPNG_PACKET, words, 6);
}

/* The file behind a path, /proc/self/fd/N; *fd is the caller's to close. */
static void materialize(const struct file *file, char path[64], int *fd)
{
	*fd = memfd_create("capture", MFD_CLOEXEC);
	assert_true(*fd >= 0);
	assert_int_equal(write(*fd, file->data, file->bytes), file->bytes);
	snprintf(path, 64, "/proc/self/fd/%d", *fd);
}

/* Compressed, so many bytes to a frame. */
static struct file compressed(const struct file *file, size_t frame_bytes)
{
	struct file made = {0};
	size_t at = 0;

	do {
		size_t left = file->bytes - at;
		size_t bytes = left < frame_bytes ? left : frame_bytes;
		size_t length =
			ZSTD_compress(made.data + made.bytes, sizeof(made.data) - made.bytes,
				      file->data + at, bytes, 1);

		assert_false(ZSTD_isError(length));
		made.bytes += length;
		at += bytes;
	} while (at < file->bytes);
	return made;
}

struct expected {
	int open; /* pcap_reader_open()'s result */
	uint32_t records;
	enum pcap_reader_end end;
	uint64_t good_end;
};

/* In windows of every kind: one smaller than a header, one that holds all. */
static void expect_as_it_is(const struct file *file, const struct expected *expected,
			    const char *what)
{
	static const size_t windows[] = {1, 16, 100, 65536};
	char path[64];
	int fd;

	materialize(file, path, &fd);
	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		struct pcap_reader *reader = NULL;
		struct pcap_record record;
		uint32_t records = 0;
		uint64_t good_end;
		int rc = pcap_reader_open(&reader, path, windows[i]);

		print_message("# %s, window %zu\n", what, windows[i]);
		assert_int_equal(rc, expected->open);
		if (rc)
			continue;
		while ((rc = pcap_reader_next(reader, &record)) > 0)
			records++;
		assert_int_equal(rc, 0);
		assert_int_equal(records, expected->records);
		assert_int_equal(pcap_reader_end(reader, &good_end), expected->end);
		assert_int_equal(good_end, expected->good_end);
		/* And so it stays. */
		assert_int_equal(pcap_reader_next(reader, &record), 0);
		pcap_reader_close(reader);
	}
	close(fd);
}

/* And the same where it is compressed, in frames that end in records and in one. */
static void expect(const struct file *file, const struct expected *expected, const char *what)
{
	struct file many = compressed(file, 51);
	struct file one = compressed(file, sizeof(file->data));

	expect_as_it_is(file, expected, what);
	expect_as_it_is(&many, expected, what);
	expect_as_it_is(&one, expected, what);
}

/* Two records of 4 bytes: 24 + 2 * 20 = 64 bytes. */
static struct file two_records(void)
{
	struct file file = {0};

	put_pcap_header(&file, 0xa1b23c4d);
	for (uint32_t i = 1; i <= 2; i++) {
		put_pcap_record(&file, i, 999999999, 4, 60);
		put_text(&file, 'x', 4);
	}
	return file;
}

static void no_header(void **state)
{
	struct file file = {0};

	expect(&file, &(struct expected){.open = -ENODATA}, "nothing");
	put_zeros(&file, 3);
	expect(&file, &(struct expected){.open = -ENODATA}, "three zeros");
	put_zeros(&file, 4093);
	expect(&file, &(struct expected){.open = -ENODATA}, "a block of zeros");
	file = (struct file){0};
	put_text(&file, 'x', 3);
	expect(&file, &(struct expected){.open = -EPROTO}, "three letters");
	put_text(&file, 'x', 4093);
	expect(&file, &(struct expected){.open = -EPROTO}, "text");
	file = two_records();
	file.bytes = 23;
	expect(&file, &(struct expected){.open = -ENODATA}, "a byte less than a header");
	file = two_records();
	file.data[4] = 3;
	expect(&file, &(struct expected){.open = -ENOTSUP}, "version 3.4");
	file = (struct file){0};
	put_section(&file);
	file.bytes--;
	expect(&file, &(struct expected){.open = -ENODATA}, "a byte less than a section");
	file.bytes++;
	file.data[8]++;
	expect(&file, &(struct expected){.open = -EPROTO}, "no byte order");
}

static void every_cut(void **state)
{
	struct file file = two_records();
	size_t whole = file.bytes;

	for (file.bytes = PCAP_FILE_HEADER_BYTES; file.bytes <= whole; file.bytes++) {
		uint32_t records = (uint32_t)(file.bytes - 24) / 20;
		uint64_t good_end = 24 + 20 * records;
		struct expected expected = {
			.records = records,
			.end = file.bytes == good_end ? PCAP_END_WHOLE : PCAP_END_CUT,
			.good_end = good_end,
		};

		expect(&file, &expected, "cut");
	}
}

static void zero_tails(void **state)
{
	static const size_t tails[] = {1, 15, 16, 17, 4000};

	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		struct file file = two_records();

		put_zeros(&file, tails[i]);
		expect(&file, &(struct expected){0, 2, PCAP_END_ZEROS, 64}, "zeros");
	}
}

/* What looks like padding but has something behind it is what it says: packets of no length. */
static void zeros_in_the_middle(void **state)
{
	struct file file = two_records();

	put_zeros(&file, 16 * 10);
	put_pcap_record(&file, 3, 0, 0, 60);
	expect(&file, &(struct expected){0, 13, PCAP_END_WHOLE, 64 + 176}, "zeros, then a record");
	put_zeros(&file, 100);
	expect(&file, &(struct expected){0, 13, PCAP_END_ZEROS, 64 + 176}, "and zeros again");
}

static void damage(void **state)
{
	static const struct {
		size_t at; /* in the second record, at 44 */
		uint32_t value;
		const char *what;
	} damages[] = {
		{48, 1000000000, "a fraction of a whole second"},
		{48, UINT32_MAX, "a fraction beyond"},
		{52, PCAP_MAX_SNAPLEN + 1, "a length beyond all limits"},
		{52, UINT32_MAX, "the largest length"},
	};

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct file file = two_records();

		memcpy(file.data + damages[i].at, &damages[i].value, 4);
		expect(&file, &(struct expected){0, 1, PCAP_END_DAMAGED, 44}, damages[i].what);
	}
}

/* Header and first record are a frame, the second record is another. */
static void every_cut_of_frames(void **state)
{
	struct file plain = two_records();
	struct file file = compressed(&plain, 44);
	size_t first = ZSTD_findFrameCompressedSize(file.data, file.bytes);
	size_t whole = file.bytes;

	for (file.bytes = first; file.bytes <= whole; file.bytes++) {
		bool cut = file.bytes > first && file.bytes < whole;
		struct expected expected = {
			.records = file.bytes == whole ? 2 : 1,
			.end = cut ? PCAP_END_CUT : PCAP_END_WHOLE,
			.good_end = file.bytes == whole ? 64 : 44,
		};

		expect_as_it_is(&file, &expected, "a cut frame");
	}
	put_text(&file, 'x', 1000);
	expect_as_it_is(&file, &(struct expected){0, 2, PCAP_END_DAMAGED, 64}, "no frame");
}

/* The frames before are not looked at, and offsets count on from the header's end. */
static void goes_on_at_a_frame(void **state)
{
	struct file plain = two_records();
	struct file file = compressed(&plain, 44);
	struct pcap_reader *reader;
	struct pcap_record record;
	uint64_t good_end;
	char path[64];
	int fd;

	materialize(&file, path, &fd);
	assert_int_equal(pcap_reader_open(&reader, path, 1000), 0);
	pcap_reader_skip_to_frame(reader, ZSTD_findFrameCompressedSize(file.data, file.bytes));
	assert_int_equal(pcap_reader_next(reader, &record), 1);
	assert_int_equal(record.time_ns, 2999999999);
	assert_int_equal(record.offset, PCAP_FILE_HEADER_BYTES);
	assert_int_equal(pcap_reader_next(reader, &record), 0);
	assert_int_equal(pcap_reader_end(reader, &good_end), PCAP_END_WHOLE);
	pcap_reader_close(reader);
	close(fd);
}

static void reads_either_order_and_unit(void **state)
{
	static const struct {
		uint32_t magic;
		bool swapped;
		uint64_t time_ns;
	} kinds[] = {
		{0xa1b23c4d, false, UINT32_MAX * NS + 999999},
		{0xa1b23c4d, true, UINT32_MAX * NS + 999999},
		{0xa1b2c3d4, false, UINT32_MAX * NS + 999999000},
		{0xa1b2c3d4, true, UINT32_MAX * NS + 999999000},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct file file = {.swapped = kinds[i].swapped};
		struct pcap_reader *reader;
		struct pcap_record record;
		char path[64];
		int fd;

		put_pcap_header(&file, kinds[i].magic);
		put_pcap_record(&file, UINT32_MAX, 999999, 4, 9000);
		put_text(&file, 'y', 4);
		materialize(&file, path, &fd);
		assert_int_equal(pcap_reader_open(&reader, path, 32), 0);
		assert_int_equal(pcap_reader_interfaces(reader), 1);
		assert_int_equal(pcap_reader_interface(reader, 0)->snaplen, 128);
		assert_int_equal(pcap_reader_interface(reader, 0)->link_type, 1);
		assert_int_equal(pcap_reader_next(reader, &record), 1);
		assert_true(record.time_ns == kinds[i].time_ns);
		assert_int_equal(record.caplen, 4);
		assert_int_equal(record.len, 9000);
		assert_memory_equal(record.data, "yyyy", 4);
		pcap_reader_close(reader);
		close(fd);
	}
}

/* Section (28), interface (20), two packets (36 each): 120 bytes. */
static struct file two_packets(bool swapped)
{
	struct file file = {.swapped = swapped};

	put_section(&file);
	put_interface(&file);
	put_packet(&file, 0, 1);
	put_packet(&file, 0, 2);
	return file;
}

static void every_cut_of_blocks(void **state)
{
	for (int swapped = 0; swapped < 2; swapped++) {
		struct file file = two_packets(swapped);

		for (file.bytes = 28; file.bytes <= 120; file.bytes++) {
			static const uint64_t ends[] = {120, 84, 48, 28};
			struct expected expected = {.end = PCAP_END_CUT};
			size_t i = 0;

			while (ends[i] > file.bytes)
				i++;
			expected.good_end = ends[i];
			expected.records = i == 0 ? 2 : i == 1 ? 1 : 0;
			if (ends[i] == file.bytes)
				expected.end = PCAP_END_WHOLE;
			/* A block type's first bytes are 0 here: nobody can tell. */
			else if (swapped && file.bytes - ends[i] < 4)
				expected.end = PCAP_END_ZEROS;
			expect(&file, &expected, "cut blocks");
		}
	}
}

static void damaged_blocks(void **state)
{
	static const struct {
		size_t at; /* the second packet begins at 84 */
		uint32_t value;
		const char *what;
	} damages[] = {
		{88, 0, "length 0"},
		{88, 8, "length below a block's"},
		{88, 37, "length not of whole words"},
		{88, (16 << 20) + 4, "length beyond all limits"},
		{88, 32, "length and its copy differ"},
		{116, 40, "copy and its length differ"},
		{92, 1, "no such interface"},
		{92, UINT32_MAX, "interface beyond all"},
		{104, 5, "packet longer than its block"},
		{104, UINT32_MAX, "packet of 4 GB"},
		{84, PCAPNG_SECTION_HEADER, "a section without a byte order"},
	};

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct file file = two_packets(false);

		memcpy(file.data + damages[i].at, &damages[i].value, 4);
		expect(&file, &(struct expected){0, 1, PCAP_END_DAMAGED, 84}, damages[i].what);
	}
}

static void zeros_behind_blocks(void **state)
{
	struct file file = two_packets(false);

	put_zeros(&file, 1);
	expect(&file, &(struct expected){0, 2, PCAP_END_ZEROS, 120}, "one zero");
	put_zeros(&file, 3999);
	expect(&file, &(struct expected){0, 2, PCAP_END_ZEROS, 120}, "zeros");
	put_text(&file, 'x', 1);
	expect(&file, &(struct expected){0, 2, PCAP_END_DAMAGED, 120}, "zeros and a letter");
}

/* Blocks that carry no packets, and the two older kinds that do. */
static void other_blocks(void **state)
{
	static const uint32_t words[] = {4, 0x01010101, 0x02020202, 0, 0, 0, 0};
	static const uint32_t old[] = {0, 0, 7, 4, 60, 0x01010101};
	struct file file = two_packets(false);

	put_block(&file, 0x80000001, words, 7);
	put_block(&file, 0xbad, words, 7);
	put_block(&file, 4, words, 0);
	put_block(&file, PCAPNG_OLD_PACKET, old, 6);
	put_block(&file, PCAPNG_SIMPLE_PACKET, words, 2);
	expect(&file, &(struct expected){0, 4, PCAP_END_WHOLE, file.bytes}, "other blocks");
	put_block(&file, PCAPNG_SIMPLE_PACKET, words, 1);
	expect(&file, &(struct expected){0, 4, PCAP_END_DAMAGED, file.bytes - 16}, "too short");
}

static void interfaces_are_of_their_section(void **state)
{
	struct file file = two_packets(false);
	struct pcap_reader *reader;
	struct pcap_record record;
	char path[64];
	int fd;

	file.swapped = true;
	put_section(&file);
	put_packet(&file, 0, 3);
	expect(&file, &(struct expected){0, 2, PCAP_END_DAMAGED, 148}, "the other section's");
	file = two_packets(false);
	file.swapped = true;
	put_section(&file);
	put_interface(&file);
	put_packet(&file, 0, 3);
	expect(&file, &(struct expected){0, 3, PCAP_END_WHOLE, file.bytes}, "two sections");
	materialize(&file, path, &fd);
	assert_int_equal(pcap_reader_open(&reader, path, 65536), 0);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(pcap_reader_next(reader, &record), 1);
		assert_int_equal(record.interface, i / 2);
	}
	pcap_reader_close(reader);
	close(fd);
}

/* What the format writes is what the reader tells. */
static void tells_interfaces_and_statistics(void **state)
{
	struct file file = {0};
	struct pcap_reader *reader;
	struct pcap_record record;
	const struct pcap_interface *interface;
	char path[64];
	int fd;

	file.bytes = pcapng_format_section(
		file.data, sizeof(file.data),
		&(struct pcapng_section){.hardware = "h", .os = "os", .comment = "of a test"});
	file.bytes +=
		pcapng_format_interface(file.data + file.bytes, sizeof(file.data) - file.bytes,
					&(struct pcapng_interface){.name = "web",
								   .description = "VNI 7",
								   .filter = "tcp",
								   .snaplen = 128,
								   .link_type = 1});
	pcapng_format_packet(file.data + file.bytes, 0, UINT64_MAX - 1, 5, 9000);
	memcpy(file.data + file.bytes + PCAPNG_PACKET_HEADER_BYTES, "hello", 5);
	file.bytes += pcapng_format_packet_bytes(5);
	for (uint32_t caplen = 0; caplen < 9; caplen++) {
		pcapng_format_packet(file.data + file.bytes, 0, caplen, caplen, 77);
		memset(file.data + file.bytes + PCAPNG_PACKET_HEADER_BYTES, 'x', caplen);
		file.bytes += pcapng_format_packet_bytes(caplen);
	}
	file.bytes += pcapng_format_statistics(
		file.data + file.bytes, 0, 12,
		&(struct pcapng_statistics){.received = 1, .dropped = 5000000000});

	materialize(&file, path, &fd);
	assert_int_equal(pcap_reader_open(&reader, path, 1), 0);
	assert_int_equal(pcap_reader_format(reader), PCAP_NG);
	assert_string_equal(pcap_reader_comment(reader), "of a test");
	assert_int_equal(pcap_reader_next(reader, &record), 1);
	assert_true(record.time_ns == UINT64_MAX - 1);
	assert_int_equal(record.caplen, 5);
	assert_int_equal(record.len, 9000);
	assert_memory_equal(record.data, "hello", 5);
	for (uint32_t caplen = 0; caplen < 9; caplen++) {
		assert_int_equal(pcap_reader_next(reader, &record), 1);
		assert_int_equal(record.time_ns, caplen);
		assert_int_equal(record.caplen, caplen);
		assert_int_equal(record.len, 77);
		assert_memory_equal(record.data, "xxxxxxxxx", caplen);
	}
	assert_int_equal(pcap_reader_next(reader, &record), 0);
	assert_int_equal(pcap_reader_interfaces(reader), 1);
	interface = pcap_reader_interface(reader, 0);
	assert_string_equal(interface->name, "web");
	assert_string_equal(interface->description, "VNI 7");
	assert_string_equal(interface->filter, "tcp");
	assert_int_equal(interface->snaplen, 128);
	assert_int_equal(interface->received, 1);
	assert_true(interface->dropped == 5000000000);
	pcap_reader_close(reader);
	close(fd);
}

/* Time stamps in other units, and with an offset. */
static void times_of_every_resolution(void **state)
{
	static const struct {
		uint8_t resolution;
		uint64_t units, time_ns;
		int64_t offset;
	} times[] = {
		{0, 17, 17 * NS, 0},
		{6, 17, 17000, 0},
		{9, 17, 17, 0},
		{12, 17999, 17, 0},
		{19, UINT64_MAX, 1844674407, 0},
		{0x80 | 1, 3, 3 * NS / 2, 0},
		{0x80 | 63, 1ull << 63, NS, 0},
		{9, 17, NS + 17, 1},
		{9, NS + 17, 17, -1},
		{9, 17, 0, -1},
		{0, UINT64_MAX, UINT64_MAX, 0},
		{0, UINT64_MAX, UINT64_MAX, INT64_MAX},
		{9, UINT64_MAX, 0, INT64_MIN},
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct file file = {0};
		struct pcap_reader *reader;
		struct pcap_record record;
		char path[64];
		int fd;

		put_section(&file);
		put32(&file, PCAPNG_INTERFACE);
		put32(&file, 40);
		put32(&file, 1);
		put32(&file, 0);
		put16(&file, PCAPNG_INTERFACE_RESOLUTION);
		put16(&file, 1);
		put32(&file, times[i].resolution);
		put16(&file, PCAPNG_INTERFACE_OFFSET);
		put16(&file, 8);
		put(&file, &times[i].offset, 8);
		put32(&file, 40);
		put_packet(&file, 0, times[i].units);
		materialize(&file, path, &fd);
		assert_int_equal(pcap_reader_open(&reader, path, 64), 0);
		assert_int_equal(pcap_reader_next(reader, &record), 1);
		assert_true(record.time_ns == times[i].time_ns);
		pcap_reader_close(reader);
		close(fd);
	}
}

/* A parked reader goes on where it was, but not in another file of that name. */
static void parks(void **state)
{
	static const char path[] = "pcap_reader_test.pcap";
	struct file file = two_records();
	struct pcap_reader *reader;
	struct pcap_record record;
	FILE *out = fopen(path, "wb");

	assert_non_null(out);
	assert_int_equal(fwrite(file.data, 1, file.bytes, out), file.bytes);
	fclose(out);
	assert_int_equal(pcap_reader_open(&reader, path, 64), 0);
	pcap_reader_keep_open(reader, false);
	assert_int_equal(pcap_reader_next(reader, &record), 1);
	pcap_reader_park(reader, &record);
	assert_int_equal(pcap_reader_next(reader, &record), 1);
	assert_int_equal(record.offset, 24);
	pcap_reader_park(reader, NULL);
	assert_int_equal(pcap_reader_next(reader, &record), 1);
	assert_int_equal(record.offset, 44);
	pcap_reader_park(reader, &record);
	assert_int_equal(rename(path, "pcap_reader_test.old"), 0);
	assert_int_equal(pcap_reader_next(reader, &record), -ENOENT);
	out = fopen(path, "wb");
	assert_non_null(out);
	fclose(out);
	assert_int_equal(pcap_reader_next(reader, &record), -ESTALE);
	pcap_reader_close(reader);
	unlink(path);
	unlink("pcap_reader_test.old");
}

static void refuses_what_is_no_file(void **state)
{
	struct pcap_reader *reader;

	assert_int_equal(pcap_reader_open(&reader, "/dev/null", 64), -EINVAL);
	assert_int_equal(pcap_reader_open(&reader, "/", 64), -EINVAL);
	assert_int_equal(pcap_reader_open(&reader, "/nowhere/x.pcap", 64), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_header),
		cmocka_unit_test(every_cut),
		cmocka_unit_test(zero_tails),
		cmocka_unit_test(zeros_in_the_middle),
		cmocka_unit_test(damage),
		cmocka_unit_test(every_cut_of_frames),
		cmocka_unit_test(goes_on_at_a_frame),
		cmocka_unit_test(reads_either_order_and_unit),
		cmocka_unit_test(every_cut_of_blocks),
		cmocka_unit_test(damaged_blocks),
		cmocka_unit_test(zeros_behind_blocks),
		cmocka_unit_test(other_blocks),
		cmocka_unit_test(interfaces_are_of_their_section),
		cmocka_unit_test(tells_interfaces_and_statistics),
		cmocka_unit_test(times_of_every_resolution),
		cmocka_unit_test(parks),
		cmocka_unit_test(refuses_what_is_no_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
