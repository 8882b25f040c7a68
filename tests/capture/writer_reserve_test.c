/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are made longer ahead of their writes, and are as long as their records when they end. This
 * program's fallocate() and fstatfs() stand before the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/capture/recording.h"

enum {
	SECOND = 1000000000,
	CHUNK_BYTES = 16384,
	RESERVE_BYTES = 64 * CHUNK_BYTES,
	RECORD = 1000, /* bytes, with its header */
};

static struct {
	int error;           /* of every fallocate() */
	uint64_t free_bytes; /* that fstatfs() tells of; 0: the truth */
	bool in_memory;      /* so it tells, too */
} plan;

static uint32_t reservations;
static uint64_t last_end;

int fallocate(int fd, int mode, off_t offset, off_t bytes)
{
	reservations++;
	last_end = (uint64_t)(offset + bytes);
	errno = plan.error;
	return plan.error ? -1 : (int)syscall(SYS_fallocate, fd, mode, offset, bytes);
}

int fstatfs(int fd, struct statfs *space)
{
	int rc = (int)syscall(SYS_fstatfs, fd, space);

	if (plan.free_bytes)
		space->f_bavail = plan.free_bytes / (uint64_t)space->f_bsize;
	space->f_type = plan.in_memory ? TMPFS_MAGIC : EXT4_SUPER_MAGIC;
	return rc;
}

static char directory[RECORDING_PATH_BYTES];

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	plan.error = 0;
	plan.free_bytes = 1ull << 40;
	plan.in_memory = false;
	reservations = 0;
	last_end = 0;
	return 0;
}

static int remove_directory(void **state)
{
	recording_remove(directory);
	return 0;
}

static struct recording_config configure(enum writer_method method)
{
	return (struct recording_config){
		.method = method,
		.output = {OUTPUT_DIRECTORY, directory},
		.sessions = 1,
		.chunks = 24,
		.chunk_bytes = CHUNK_BYTES,
		.reserve_bytes = RESERVE_BYTES,
		.stream = {.aligned = true, .precision = PCAP_NS, .flush_ns = SECOND},
	};
}

static void append(struct recording *recording, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		recording->now_ns += 1000;
		recording_append_surely(recording, 0, 0, RECORD - PCAP_RECORD_HEADER_BYTES, 2000);
		if (i % 8 == 7)
			recording_tick(recording);
	}
	recording_tick(recording);
}

static void finish(struct recording *recording)
{
	recording_finish(recording);
	recording_check_all(recording);
	recording_free(recording);
}

/* The open file's length. */
static uint64_t length_of_part(void)
{
	char pattern[RECORDING_PATH_BYTES + 32];
	struct stat st;
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/vni-1000/*.part", directory);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	assert_int_equal(stat(found.gl_pathv[0], &st), 0);
	globfree(&found);
	return (uint64_t)st.st_size;
}

/* With both ways to write: longer while open, exact at the end (finish() looks). */
static void an_open_file_is_longer(void **state)
{
	static const enum writer_method methods[] = {WRITER_URING, WRITER_DIRECT};

	for (size_t i = 0; i < 2; i++) {
		struct recording_config config = configure(methods[i]);
		struct recording recording;
		uint64_t bytes = 0;
		uint64_t length;

		config.shared = true;
		recording_start(&recording, &config);
		/* A reservation may come too late for what is already on its way. */
		do {
			append(&recording, 50);
			bytes += 50ull * RECORD;
			recording_drain(&recording);
			length = length_of_part();
		} while (length < bytes + CHUNK_BYTES && bytes < 5 * RESERVE_BYTES);
		assert_in_range(length, bytes + CHUNK_BYTES, bytes * 5 / 2);
		finish(&recording);
	}
	assert_true(reservations > 0); /* by the second method; the first asks the kernel itself */
}

/* The amount follows what there is, up to the most. */
static void reservations_grow(void **state)
{
	struct recording_config config = configure(WRITER_DIRECT);
	struct recording recording;

	recording_start(&recording, &config);
	append(&recording, 3 * CHUNK_BYTES / RECORD);
	recording_drain(&recording);
	assert_int_equal(reservations, 0); /* too small yet */
	append(&recording, 10000);
	recording_drain(&recording);
	/* 64 KiB to 1 MiB by doubling, then 1 MiB each time. */
	assert_in_range(reservations, 5, 20);
	assert_in_range(last_end, 9000 * RECORD, 10000 * RECORD + RESERVE_BYTES * 5 / 4);
	finish(&recording);
}

/* Files that come out alike are reserved at once. */
static void the_segment_before_is_an_example(void **state)
{
	struct recording_config config = configure(WRITER_DIRECT);
	struct recording recording;
	uint32_t first;

	config.stream.rotation.packets = 500;
	recording_start(&recording, &config);
	append(&recording, 500);
	recording_drain(&recording);
	first = reservations;
	assert_in_range(first, 1, 10);
	append(&recording, 5 * 500);
	recording_drain(&recording);
	assert_int_equal(reservations, first + 5);
	finish(&recording);
}

/* Not beyond where the file ends, since what is cut off must be freed again. */
static void no_more_than_a_file_may_have(void **state)
{
	enum { FILE_BYTES = 3 * RESERVE_BYTES + RESERVE_BYTES / 8 + 100 };
	struct recording_config config = configure(WRITER_DIRECT);
	struct recording recording;

	config.stream.rotation.filesize_bytes = FILE_BYTES;
	recording_start(&recording, &config);
	for (int i = 0; i < 2; i++) {
		append(&recording, FILE_BYTES / RECORD);
		recording_drain(&recording);
		assert_in_range(last_end, FILE_BYTES - RESERVE_BYTES / 4,
				FILE_BYTES + CHUNK_BLOCK - 1);
		last_end = 0;
	}
	finish(&recording);
}

/* Refused for whatever reason, asked for once in a segment; nothing is lost. */
static void writes_go_on_without(void **state)
{
	static const int errors[] = {EOPNOTSUPP, ENOSPC, EINTR, EFBIG};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct recording_config config = configure(WRITER_DIRECT);
		struct recording recording;

		config.shared = true;
		plan.error = errors[i];
		reservations = 0;
		recording_start(&recording, &config);
		append(&recording, 1000);
		finish(&recording);
		assert_int_equal(reservations, 1);
	}
}

/* At most a sixteenth of what is free, and nothing of a little, nor of memory. */
static void what_is_free_is_left(void **state)
{
	struct recording_config config = configure(WRITER_DIRECT);
	struct recording recording;

	plan.free_bytes = 16ull * 5 * CHUNK_BYTES;
	config.shared = true;
	recording_start(&recording, &config);
	append(&recording, 1000);
	recording_drain(&recording);
	assert_in_range(reservations, 3, 30);
	assert_in_range(last_end, 500 * RECORD, 1000 * RECORD + 7 * CHUNK_BYTES);
	finish(&recording);
	for (int i = 0; i < 2; i++) {
		plan.free_bytes = i ? 1ull << 40 : 16ull * 3 * CHUNK_BYTES;
		plan.in_memory = i;
		reservations = 0;
		recording_start(&recording, &config);
		append(&recording, 1000);
		finish(&recording);
		assert_int_equal(reservations, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_open_file_is_longer, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(reservations_grow, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(the_segment_before_is_an_example, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(no_more_than_a_file_may_have, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(writes_go_on_without, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(what_is_free_is_left, make_directory,
						remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
