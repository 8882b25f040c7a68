/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a capture left, damaged in every way that a crash can, and what becomes of it. libpcap reads
 * what is published.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/committed.h"
#include "capture/pcap_format.h"
#include "capture/pcapng_format.h"
#include "capture/recover.h"
#include "tests/capture/recording.h"

enum {
	CAPLEN = 100,
	RECORD = PCAP_RECORD_HEADER_BYTES + CAPLEN,
	HEADER = PCAP_FILE_HEADER_BYTES,
	SNAPLEN = 2000,
	FILE_MAX = 1 << 20,
};

static const uint64_t first_ns = 1700000000123456789ull;

static char directory[RECORDING_PATH_BYTES];

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	return chdir(directory);
}

static int remove_directory(void **state)
{
	if (chdir("..") < 0)
		return -1;
	recording_remove(directory);
	return 0;
}

/* A record whose bytes tell which it is. */
static size_t put_record(uint8_t *dst, uint32_t i, uint32_t caplen)
{
	pcap_format_record_header(dst, pcap_format_stamp(PCAP_NS, first_ns + i), caplen,
				  caplen + i);
	memset(dst + PCAP_RECORD_HEADER_BYTES, (int)(i % 200) + 1, caplen);
	return PCAP_RECORD_HEADER_BYTES + caplen;
}

/* What comes behind the good records. */
enum tail {
	TAIL_NONE,
	TAIL_ZEROS,       /* 5000 of them */
	TAIL_HALF_HEADER, /* and zeros */
	TAIL_HALF_RECORD,
	TAIL_GARBAGE,
	TAIL_LONG_CAPLEN, /* above the file's snaplen */
	TAIL_CAPLEN_ABOVE_LEN,
	TAIL_NO_CAPLEN,
	TAIL_LONG_LEN,
	TAIL_FRACTION,
	TAIL_FAR_AWAY,    /* a record of two years later */
	TAIL_ZERO_HEADER, /* 16 zeros and then a good record */
	TAIL_HOLE,        /* a record whose second half never got to the disk, and a good one */
};

static size_t put_bad_record(uint8_t *dst, enum tail tail)
{
	static const uint32_t fields[][4] = {
		[TAIL_LONG_CAPLEN] = {1700000000, 5, SNAPLEN + 1, SNAPLEN + 1},
		[TAIL_CAPLEN_ABOVE_LEN] = {1700000000, 5, 100, 99},
		[TAIL_NO_CAPLEN] = {1700000000, 5, 0, 100},
		[TAIL_LONG_LEN] = {1700000000, 5, 100, PCAP_MAX_SNAPLEN + 1},
		[TAIL_FRACTION] = {1700000000, 1000000000, 100, 100},
		[TAIL_FAR_AWAY] = {1700000000 + 2 * 366 * 86400, 5, 100, 100},
	};

	memcpy(dst, fields[tail], PCAP_RECORD_HEADER_BYTES);
	memset(dst + PCAP_RECORD_HEADER_BYTES, 7, SNAPLEN + 1);
	return PCAP_RECORD_HEADER_BYTES + SNAPLEN + 1;
}

static size_t put_tail(uint8_t *dst, enum tail tail)
{
	switch (tail) {
	case TAIL_NONE:
	case TAIL_HOLE:
		return 0;
	case TAIL_ZEROS:
		return 5000;
	case TAIL_HALF_HEADER:
		put_record(dst, 0, 10);
		memset(dst + 9, 0, 100);
		return 9;
	case TAIL_HALF_RECORD:
		return put_record(dst, 3, CAPLEN) / 2;
	case TAIL_GARBAGE:
		for (int i = 0; i < 777; i++)
			dst[i] = (uint8_t)(i * 89 + 200);
		return 777;
	case TAIL_ZERO_HEADER:
		return PCAP_RECORD_HEADER_BYTES +
		       put_record(dst + PCAP_RECORD_HEADER_BYTES, 9, CAPLEN);
	default:
		return put_bad_record(dst, tail);
	}
}

struct wreck {
	const char *title;
	uint32_t records;
	enum tail tail;
	uint64_t committed; /* 0: no mark */
	enum recover_end end;
	uint64_t trimmed, zeros;
	uint32_t packets; /* after the committed ones */
};

enum { BAD = PCAP_RECORD_HEADER_BYTES + SNAPLEN + 1 };

static const struct wreck wrecks[] = {
	{"whole", 10, TAIL_NONE, 0, RECOVER_WHOLE, 0, 0, 10},
	{"only a header", 0, TAIL_NONE, 0, RECOVER_WHOLE, 0, 0, 0},
	{"a header and zeros", 0, TAIL_ZEROS, 0, RECOVER_ZEROS, 0, 5000, 0},
	{"zeros", 10, TAIL_ZEROS, 0, RECOVER_ZEROS, 0, 5000, 10},
	{"half a header", 10, TAIL_HALF_HEADER, 0, RECOVER_CUT, 9, 0, 10},
	{"half a record", 10, TAIL_HALF_RECORD, 0, RECOVER_CUT, RECORD / 2, 0, 10},
	{"garbage", 10, TAIL_GARBAGE, 0, RECOVER_DAMAGED, 777, 0, 10},
	{"caplen above snaplen", 10, TAIL_LONG_CAPLEN, 0, RECOVER_DAMAGED, BAD, 0, 10},
	{"caplen above len", 10, TAIL_CAPLEN_ABOVE_LEN, 0, RECOVER_DAMAGED, BAD, 0, 10},
	{"caplen of 0", 10, TAIL_NO_CAPLEN, 0, RECOVER_DAMAGED, BAD, 0, 10},
	{"len above all", 10, TAIL_LONG_LEN, 0, RECOVER_DAMAGED, BAD, 0, 10},
	{"fraction above a second", 10, TAIL_FRACTION, 0, RECOVER_DAMAGED, BAD, 0, 10},
	{"two years later", 10, TAIL_FAR_AWAY, 0, RECOVER_DAMAGED, BAD, 0, 10},
	{"zeros before a record", 10, TAIL_ZERO_HEADER, 0, RECOVER_DAMAGED, 16 + RECORD, 0, 10},
	{"all committed", 10, TAIL_NONE, HEADER + 10 * RECORD, RECOVER_WHOLE, 0, 0, 0},
	{"committed and more", 10, TAIL_NONE, HEADER + 4 * RECORD, RECOVER_WHOLE, 0, 0, 6},
	{"committed, then garbage", 10, TAIL_GARBAGE, HEADER + 10 * RECORD, RECOVER_DAMAGED, 777, 0,
	 0},
	{"committed, then zeros", 10, TAIL_ZEROS, HEADER + 9 * RECORD, RECOVER_ZEROS, 0, 5000, 1},
	{"the header is committed", 2, TAIL_NONE, HEADER, RECOVER_WHOLE, 0, 0, 2},
	{"a mark beyond the file", 10, TAIL_HALF_RECORD, 1 << 20, RECOVER_CUT, RECORD / 2, 0, 10},
	{"a mark in the header", 10, TAIL_HALF_RECORD, 3, RECOVER_CUT, RECORD / 2, 0, 10},
};

static void write_file(const char *path, const uint8_t *data, size_t bytes, uint64_t committed)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, bytes), bytes);
	if (committed)
		assert_int_equal(committed_set(fd, path, committed), 0);
	close(fd);
}

static size_t build(uint8_t *data, const struct wreck *wreck)
{
	size_t bytes = HEADER;

	memset(data, 0, FILE_MAX);
	pcap_format_file_header(data, PCAP_NS, SNAPLEN);
	for (uint32_t i = 0; i < wreck->records; i++)
		bytes += put_record(data + bytes, i, CAPLEN);
	return bytes + put_tail(data + bytes, wreck->tail);
}

/* libpcap finds the first `records` records in the file, and nothing to complain about. */
static void check_records(const char *path, uint32_t records)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
	struct pcap_pkthdr *header;
	const uint8_t *data;
	uint32_t i = 0;
	int status;

	if (!pcap)
		fail_msg("%s: %s", path, error);
	for (; (status = pcap_next_ex(pcap, &header, &data)) == 1; i++) {
		assert_int_equal(header->caplen, CAPLEN);
		assert_int_equal(header->ts.tv_usec, (first_ns + i) % 1000000000);
		for (uint32_t j = 0; j < CAPLEN; j++)
			assert_int_equal(data[j], i % 200 + 1);
	}
	assert_int_equal(status, PCAP_ERROR_BREAK);
	assert_int_equal(i, records);
	pcap_close(pcap);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (uint64_t)st.st_size;
}

static void check_bytes(const char *path, const uint8_t *expected, size_t bytes)
{
	static uint8_t found[FILE_MAX];
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, found, sizeof(found)), bytes);
	assert_memory_equal(found, expected, bytes);
	close(fd);
}

static void check_wreck(const struct wreck *wreck)
{
	static uint8_t data[FILE_MAX];
	size_t bytes = build(data, wreck);
	size_t good = HEADER + wreck->records * RECORD;
	struct recover_file dry, file;

	write_file("a.pcap.part", data, bytes, wreck->committed);
	assert_true(recover_file(&dry, "a.pcap.part", true));
	check_bytes("a.pcap.part", data, bytes);
	assert_false(exists("a.recovered.pcap"));
	assert_true(recover_file(&file, "a.pcap.part", false));
	assert_memory_equal(&file, &dry, sizeof(file));
	assert_int_equal(file.state, RECOVER_DONE);
	assert_int_equal(file.end, wreck->end);
	assert_int_equal(file.bytes, good);
	assert_int_equal(file.packets, wreck->packets);
	assert_int_equal(file.trimmed, wreck->trimmed);
	assert_int_equal(file.zeros, wreck->zeros);
	assert_string_equal(file.path, "a.recovered.pcap");
	assert_false(exists("a.pcap.part"));
	assert_int_equal(size_of(file.path), good);
	check_records(file.path, wreck->records);
	assert_int_equal(exists("a.recovered.pcap.tail"), wreck->trimmed > 0);
	if (wreck->trimmed) {
		assert_string_equal(file.tail, "a.recovered.pcap.tail");
		check_bytes(file.tail, data + good, wreck->trimmed);
		assert_int_equal(unlink(file.tail), 0);
	}
	assert_int_equal(unlink(file.path), 0);
	assert_false(recover_file(&file, "a.pcap.part", false));
}

static void what_is_good_is_published(void **state)
{
	for (size_t i = 0; i < sizeof(wrecks) / sizeof(wrecks[0]); i++) {
		print_message("# %s\n", wrecks[i].title);
		check_wreck(&wrecks[i]);
	}
}

/* Cut at each of its bytes: all whole records are kept, and only those. */
static void every_cut_is_recovered(void **state)
{
	const struct wreck wreck = {.records = 5};
	static uint8_t data[FILE_MAX];
	size_t whole = build(data, &wreck);

	for (size_t bytes = HEADER; bytes <= whole; bytes++) {
		uint32_t records = (uint32_t)(bytes - HEADER) / RECORD;
		struct recover_file file;

		write_file("cut.pcap.part", data, bytes, 0);
		assert_true(recover_file(&file, "cut.pcap.part", false));
		assert_int_equal(file.state, RECOVER_DONE);
		assert_int_equal(file.packets, records);
		assert_int_equal(file.bytes + file.trimmed + file.zeros, bytes);
		check_records("cut.recovered.pcap", records);
		assert_int_equal(unlink("cut.recovered.pcap"), 0);
		if (file.trimmed)
			assert_int_equal(unlink(file.tail), 0);
	}
}

/* A block that was never written, in a record and before a good one. */
static void a_hole_ends_what_is_good(void **state)
{
	static uint8_t data[FILE_MAX];
	struct recover_file file;
	size_t bytes = HEADER;
	uint32_t i = 0;
	int fd;

	memset(data, 0, sizeof(data));
	pcap_format_file_header(data, PCAP_NS, SNAPLEN);
	for (; bytes < 40000; i++)
		bytes += put_record(data + bytes, i, CAPLEN);
	write_file("hole.pcap.part", data, 8192, 0);
	fd = open("hole.pcap.part", O_WRONLY);
	assert_int_equal(pwrite(fd, data + 12288, bytes - 12288, 12288), bytes - 12288);
	if (lseek(fd, 0, SEEK_HOLE) != 8192)
		skip();
	close(fd);
	assert_true(recover_file(&file, "hole.pcap.part", false));
	assert_int_equal(file.end, RECOVER_HOLE);
	assert_int_equal(file.packets, (8192 - HEADER) / RECORD);
	assert_int_equal(file.bytes + file.trimmed, bytes);
	check_records("hole.recovered.pcap", (8192 - HEADER) / RECORD);
}

/* Space that was reserved and not written is no record's end, whoever has read its zeros before. */
static void what_is_reserved_ends_what_is_good(void **state)
{
	static uint8_t data[FILE_MAX];
	const uint32_t records = (8192 - HEADER) / RECORD;
	struct recover_file file;
	size_t bytes = HEADER;
	struct statfs space;
	int fd;

	pcap_format_file_header(data, PCAP_NS, SNAPLEN);
	for (uint32_t i = 0; bytes < 8192; i++)
		bytes += put_record(data + bytes, i, CAPLEN);
	assert_true(bytes > 8192); /* the last one's end is missing */
	write_file("reserved.pcap.part", data, 8192, 0);
	fd = open("reserved.pcap.part", O_RDWR);
	assert_int_equal(fstatfs(fd, &space), 0);
	if (space.f_type == TMPFS_MAGIC || fallocate(fd, 0, 8192, 32768) < 0)
		skip();
	assert_int_equal(fsync(fd), 0);
	for (off_t at = 0; at < 40960; at += 4096)
		assert_int_equal(pread(fd, data, 4096, at), 4096);
	close(fd);
	assert_true(recover_file(&file, "reserved.pcap.part", false));
	assert_int_equal(file.end, RECOVER_HOLE);
	assert_int_equal(file.packets, records);
	assert_int_equal(file.bytes + file.trimmed, 8192);
	check_records("reserved.recovered.pcap", records);
}

/*
 * A record header lies in two blocks, and the first of them was not written again since it ended
 * before it: the header begins with zeros, and makes a record all the same, of an earlier time.
 */
static void a_header_without_its_begin_is_none(void **state)
{
	static const uint64_t marks[] = {0, 0, HEADER + 10 * RECORD};
	static uint8_t data[FILE_MAX];

	/* The first byte of these times is 0 anyway. */
	for (uint32_t missing = 2; missing < PCAP_RECORD_HEADER_BYTES; missing++) {
		/* 34 records, one that fills up, and the one in question. */
		uint32_t fill = CHUNK_BLOCK - missing - HEADER - 34 * RECORD - 16;

		for (size_t i = 0; i < 3; i++) {
			size_t bytes = HEADER;
			struct recover_file file;

			pcap_format_file_header(data, PCAP_NS, SNAPLEN);
			for (uint32_t j = 0; j < 34; j++)
				bytes += put_record(data + bytes, j, CAPLEN);
			bytes += put_record(data + bytes, 34, fill);
			assert_int_equal(bytes, CHUNK_BLOCK - missing);
			bytes += put_record(data + bytes, 35, CAPLEN);
			bytes += put_record(data + bytes, 36, CAPLEN);
			memset(data + CHUNK_BLOCK - missing, 0, missing);
			write_file("begin.pcap.part", data, bytes,
				   i == 1 ? CHUNK_BLOCK - missing : marks[i]);
			assert_true(recover_file(&file, "begin.pcap.part", false));
			assert_int_equal(file.end, RECOVER_DAMAGED);
			assert_int_equal(file.bytes, CHUNK_BLOCK - missing);
			assert_int_equal(file.trimmed, bytes - file.bytes);
			assert_int_equal(unlink(file.path) | unlink(file.tail), 0);
		}
	}
}

/* Where those zeros are the record's own, it is kept. */
static void a_header_may_begin_with_zeros(void **state)
{
	static uint8_t data[FILE_MAX];
	uint32_t fill = CHUNK_BLOCK - 1 - HEADER - 34 * RECORD - 16;
	const uint64_t time_ns = 1700000000ull / 256 * 256 * 1000000000 + 256000000000;

	for (int marked = 0; marked < 2; marked++) {
		struct recover_file file;
		size_t bytes = HEADER;

		pcap_format_file_header(data, PCAP_NS, SNAPLEN);
		for (uint32_t j = 0; j < 34; j++)
			bytes += put_record(data + bytes, j, CAPLEN);
		bytes += put_record(data + bytes, 34, fill);
		bytes += put_record(data + bytes, 35, CAPLEN);
		pcap_format_record_header(data + CHUNK_BLOCK - 1,
					  pcap_format_stamp(PCAP_NS, time_ns), CAPLEN, CAPLEN);
		assert_int_equal(data[CHUNK_BLOCK - 1], 0);
		write_file("own.pcap.part", data, bytes, marked ? CHUNK_BLOCK - 1 : 0);
		assert_true(recover_file(&file, "own.pcap.part", false));
		assert_int_equal(file.end, RECOVER_WHOLE);
		assert_int_equal(file.bytes, bytes);
		assert_int_equal(file.packets, marked ? 1 : 36);
		assert_int_equal(unlink(file.path), 0);
	}
}

static void pcapng_is_kept_by_blocks(void **state)
{
	const struct pcapng_section section = {.application = "test"};
	const struct pcapng_interface interface = {
		.name = "web", .snaplen = SNAPLEN, .link_type = 1};
	static uint8_t data[FILE_MAX];
	struct recover_file file;
	size_t head = pcapng_format_section(data, FILE_MAX, &section);
	size_t good;
	size_t packet = pcapng_format_packet_bytes(CAPLEN);

	head += pcapng_format_interface(data + head, FILE_MAX - head, &interface);
	good = head;
	for (uint32_t i = 0; i < 4; i++, good += packet) {
		pcapng_format_packet(data + good, 0, first_ns + i, CAPLEN, CAPLEN);
		memset(data + good + PCAPNG_PACKET_HEADER_BYTES, (int)i % 200 + 1, CAPLEN);
	}
	write_file("b.pcapng.part", data, good - packet / 2, head + packet);
	assert_true(recover_file(&file, "b.pcapng.part", false));
	assert_int_equal(file.state, RECOVER_DONE);
	assert_string_equal(file.path, "b.recovered.pcapng");
	assert_int_equal(file.packets, 2);
	assert_int_equal(file.trimmed, packet - packet / 2);
	check_records("b.recovered.pcapng", 3);
}

/* What was on stable storage is kept, even where it has been damaged there since. */
static void committed_bytes_are_kept_without_a_look(void **state)
{
	const struct pcapng_section section = {.application = "test"};
	const struct wreck wreck = {.records = 10};
	static uint8_t data[FILE_MAX];
	struct recover_file file;
	size_t bytes = build(data, &wreck);

	memset(data + HEADER + 3 * RECORD, 0xaa, 2 * RECORD);
	write_file("kept.pcap.part", data, bytes - 9, HEADER + 8 * RECORD);
	assert_true(recover_file(&file, "kept.pcap.part", false));
	assert_int_equal(file.bytes, HEADER + 9 * RECORD);
	check_bytes(file.path, data, HEADER + 9 * RECORD);
	assert_int_equal(file.trimmed, RECORD - 9);

	bytes = pcapng_format_section(data, FILE_MAX, &section);
	memset(data + bytes, 0xaa, 1000);
	write_file("kept.pcapng.part", data, bytes + 1000, bytes + 600);
	assert_true(recover_file(&file, "kept.pcapng.part", false));
	assert_int_equal(file.end, RECOVER_DAMAGED);
	assert_int_equal(file.bytes, bytes + 600);
	check_bytes(file.path, data, bytes + 600);
	check_bytes(file.tail, data + bytes + 600, 400);
}

static void without_a_header_all_is_the_tail(void **state)
{
	static const uint8_t texts[3][30] = {{0}, {0}, {[24] = 7, [29] = 9}};
	static const size_t bytes[] = {0, 8, 30};
	const struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	struct recover_file file;

	for (size_t i = 0; i < 3; i++) {
		write_file("empty.pcap.part", texts[i], bytes[i], 0);
		assert_int_equal(utimensat(AT_FDCWD, "empty.pcap.part", old, 0), 0);
		assert_true(recover_file(&file, "empty.pcap.part", true));
		assert_true(exists("empty.pcap.part"));
		assert_true(recover_file(&file, "empty.pcap.part", false));
		assert_int_equal(file.state, RECOVER_SET_ASIDE);
		assert_string_equal(file.tail, "empty.recovered.pcap.tail");
		assert_false(exists("empty.pcap.part"));
		assert_int_equal(size_of(file.tail), bytes[i]);
		assert_int_equal(unlink(file.tail), 0);
	}
}

static void a_live_file_is_not_touched(void **state)
{
	struct recover_file file;
	struct segment segment;

	assert_int_equal(segment_open_file(&segment, "live.pcap", false, false), 0);
	assert_true(recover_file(&file, "live.pcap.part", false));
	assert_int_equal(file.state, RECOVER_LIVE);
	assert_int_equal(write(segment.fd, "half", 4), 4);
	assert_true(recover_file(&file, "live.pcap.part", false));
	assert_int_equal(file.state, RECOVER_LIVE);
	assert_int_equal(size_of("live.pcap.part"), 4);
	/* Nor one that is made this moment and has no lock yet. */
	write_file("new.pcap.part", NULL, 0, 0);
	assert_true(recover_file(&file, "new.pcap.part", false));
	assert_int_equal(file.state, RECOVER_LIVE);
	assert_true(exists("new.pcap.part"));
	close(segment.fd);
}

/* Of a capture that was killed, something holds the lock for a moment after its end. */
static void a_lock_that_outlives_its_capture_is_awaited(void **state)
{
	const struct timespec moment = {.tv_nsec = 120000000};
	struct recover_file file;
	struct segment segment;
	int status;
	pid_t holder;

	assert_int_equal(segment_open_file(&segment, "killed.pcap", false, false), 0);
	assert_int_equal(write(segment.fd, "\x4d\x3c\xb2\xa1", 4), 4); /* half a file header */
	holder = fork();
	assert_true(holder >= 0);
	if (holder == 0) {
		nanosleep(&moment, NULL);
		_exit(0);
	}
	close(segment.fd);
	assert_true(recover_file(&file, "killed.pcap.part", false));
	assert_int_equal(file.state, RECOVER_SET_ASIDE);
	assert_false(exists("killed.pcap.part"));
	assert_int_equal(waitpid(holder, &status, 0), holder);
}

static void foreign_files_are_left_alone(void **state)
{
	struct recover_file file;

	write_file("foreign.pcap.part", (const uint8_t *)"a download of something", 23, 0);
	assert_int_equal(mkdir("folder.pcap.part", 0700), 0);
	assert_int_equal(symlink("foreign.pcap.part", "link.pcap.part"), 0);
	assert_true(recover_file(&file, "foreign.pcap.part", false));
	assert_int_equal(file.state, RECOVER_FOREIGN);
	assert_int_equal(size_of("foreign.pcap.part"), 23);
	assert_true(recover_file(&file, "folder.pcap.part", false));
	assert_int_equal(file.state, RECOVER_FOREIGN);
	assert_true(recover_file(&file, "link.pcap.part", false));
	assert_int_equal(file.state, RECOVER_FOREIGN);
	assert_false(recover_file(&file, "missing.pcap.part", false));
}

/* Not even by the third crash of the same file. */
static void nothing_is_overwritten(void **state)
{
	static const char *const names[] = {"c.recovered.pcap", "c.recovered-2.pcap",
					    "c.recovered-4.pcap"};
	const struct wreck wreck = {.records = 3, .tail = TAIL_GARBAGE};
	static uint8_t data[FILE_MAX];
	size_t bytes = build(data, &wreck);
	struct recover_file file;

	write_file("c.recovered-3.pcap.tail", (const uint8_t *)"theirs", 6, 0);
	for (size_t i = 0; i < 3; i++) {
		write_file("c.pcap.part", data, bytes, 0);
		assert_true(recover_file(&file, "c.pcap.part", false));
		assert_string_equal(file.path, names[i]);
		check_records(file.path, 3);
		assert_int_equal(size_of(file.tail), 777);
	}
	assert_int_equal(size_of("c.recovered-3.pcap.tail"), 6);
	write_file("e.recovered.pcap", (const uint8_t *)"theirs", 6, 0);
	write_file("e.pcap.part", data, HEADER, 0);
	assert_true(recover_file(&file, "e.pcap.part", false));
	assert_int_equal(file.state, RECOVER_DONE);
	assert_string_equal(file.path, "e.recovered-2.pcap");
	assert_int_equal(size_of("e.recovered.pcap"), 6);
}

struct seen {
	uint32_t done, live, others;
};

static void count(void *context, const struct recover_file *file)
{
	struct seen *seen = context;

	seen->done += file->state == RECOVER_DONE;
	seen->live += file->state == RECOVER_LIVE;
	seen->others += file->state != RECOVER_DONE && file->state != RECOVER_LIVE;
}

static void a_directory_is_searched_with_those_in_it(void **state)
{
	static const char *const parts[] = {"d/x.pcap.part", "d/web/1.pcap.part",
					    "d/web/2.pcapng.part", "d/dns/3.pcap.part"};
	static const char *const others[] = {"d/web/deep/4.pcap.part", "d/web/5.pcap",
					     "d/web/6.part", "d/.pcap.part.x"};
	const struct wreck wreck = {.records = 2};
	static uint8_t data[FILE_MAX];
	size_t bytes = build(data, &wreck);
	struct seen seen = {0};

	assert_int_equal(mkdir("d", 0700) | mkdir("d/web", 0700) | mkdir("d/dns", 0700) |
				 mkdir("d/web/deep", 0700) | symlink("web", "d/link"),
			 0);
	for (size_t i = 0; i < 4; i++) {
		write_file(parts[i], data, bytes, 0);
		write_file(others[i], data, bytes, 0);
	}
	assert_int_equal(recover_directory("d", true, count, &seen), 0);
	assert_int_equal(seen.done, 4);
	assert_int_equal(recover_directory("d/", false, count, &seen), 0);
	assert_int_equal(seen.done, 8);
	assert_int_equal(seen.live + seen.others, 0);
	for (size_t i = 0; i < 4; i++) {
		assert_false(exists(parts[i]));
		assert_true(exists(others[i]));
	}
	assert_true(exists("d/web/2.recovered.pcapng"));
	assert_int_equal(recover_directory("nowhere", false, count, &seen), -ENOENT);
	assert_int_equal(seen.done, 8);
}

/* More than are recovered at once, and synced as one: whole, cut and live ones among them. */
static void many_are_recovered_together(void **state)
{
	enum { MANY = 2 * RECOVER_TOGETHER + 50 };
	struct seen seen = {0};
	char path[64];
	int live;

	assert_int_equal(mkdir("many", 0700), 0);
	for (uint32_t i = 0; i < MANY; i++) {
		const struct wreck wreck = {
			.records = i % 5,
			.tail = i % 64 ? TAIL_ZEROS : TAIL_HALF_RECORD,
		};
		static uint8_t data[FILE_MAX];

		snprintf(path, sizeof(path), "many/%u.pcap.part", i);
		write_file(path, data, build(data, &wreck), 0);
	}
	live = open("many/77.pcap.part", O_RDWR);
	assert_int_equal(segment_lock(live), 0);
	assert_int_equal(recover_directory("many", false, count, &seen), 0);
	assert_int_equal(seen.done, MANY - 1);
	assert_int_equal(seen.live, 1);
	assert_int_equal(seen.others, 0);
	assert_true(exists("many/77.pcap.part"));
	close(live);
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "many/%u.recovered.pcap", i);
		if (i != 77)
			check_records(path, i % 5);
		snprintf(path, sizeof(path), "many/%u.recovered.pcap.tail", i);
		assert_int_equal(exists(path), i % 64 == 0);
	}
}

/* The numbers of recovered files, and of their tails, are not used again. */
static void sequence_goes_on_after_recovered_ones(void **state)
{
	struct segment_directory *sessions = segment_directory_new(".", "numbers");
	struct segment segment;

	assert_int_equal(mkdir("numbers", 0700), 0);
	write_file("numbers/20200101T000000.000000000Z-w0-000007.recovered.pcap", NULL, 0, 0);
	write_file("numbers/20200101T000000.000000000Z-w0-000009.recovered.pcap.tail", NULL, 0, 0);
	assert_int_equal(segment_open(&segment, sessions, first_ns, 0, false), 0);
	assert_int_equal(segment.sequence, 10);
	assert_int_equal(segment_publish(&segment, 0), 0);
	segment_directory_free(sessions);
}

static void each_is_told_in_one_line(void **state)
{
	char text[RECOVER_TEXT_BYTES];
	struct recover_file file = {
		.state = RECOVER_DONE,
		.end = RECOVER_CUT,
		.part = "o/a.pcap.part",
		.path = "o/a.recovered.pcap",
		.tail = "o/a.recovered.pcap.tail",
		.bytes = 1000,
		.committed = 900,
		.packets = 1,
		.trimmed = 7,
	};

	assert_string_equal(recover_text(&file, false, text, sizeof(text)),
			    "o/a.pcap.part: recovered as o/a.recovered.pcap: 1000 bytes, 900 of "
			    "them committed, 1 packet after those; trimmed 7 bytes (an incomplete "
			    "record) to o/a.recovered.pcap.tail");
	file.trimmed = 0;
	assert_string_equal(recover_text(&file, true, text, sizeof(text)),
			    "o/a.pcap.part: would be recovered as o/a.recovered.pcap: 1000 bytes, "
			    "900 of them committed, 1 packet after those");
	file.state = RECOVER_FAILED;
	file.error = -EIO;
	assert_string_equal(recover_text(&file, false, text, sizeof(text)),
			    "o/a.pcap.part: cannot be recovered: Input/output error: it is left "
			    "as it is; try again with mirrorcap recover");
	assert_string_equal(recover_text(&file, false, text, 10), "o/a.pcap.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_good_is_published),
		cmocka_unit_test(every_cut_is_recovered),
		cmocka_unit_test(a_hole_ends_what_is_good),
		cmocka_unit_test(what_is_reserved_ends_what_is_good),
		cmocka_unit_test(a_header_without_its_begin_is_none),
		cmocka_unit_test(a_header_may_begin_with_zeros),
		cmocka_unit_test(pcapng_is_kept_by_blocks),
		cmocka_unit_test(committed_bytes_are_kept_without_a_look),
		cmocka_unit_test(without_a_header_all_is_the_tail),
		cmocka_unit_test(a_live_file_is_not_touched),
		cmocka_unit_test(a_lock_that_outlives_its_capture_is_awaited),
		cmocka_unit_test(foreign_files_are_left_alone),
		cmocka_unit_test(nothing_is_overwritten),
		cmocka_unit_test(a_directory_is_searched_with_those_in_it),
		cmocka_unit_test(many_are_recovered_together),
		cmocka_unit_test(sequence_goes_on_after_recovered_ones),
		cmocka_unit_test(each_is_told_in_one_line),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
