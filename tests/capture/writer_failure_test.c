/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes that fail for real: a file size limit, a full file system, a directory that cannot be.
 * Every published file is good up to its last record, and what is not in a file is counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/capture/recording.h"

enum { SECOND = 1000000000 };

static const enum writer_method methods[] = {WRITER_URING, WRITER_DIRECT, WRITER_PWRITE};

static char directory[RECORDING_PATH_BYTES];

static int make_directory(void **state)
{
	signal(SIGXFSZ, SIG_IGN);
	recording_directory(NULL, directory);
	return 0;
}

static int remove_directory(void **state)
{
	recording_remove(directory);
	return 0;
}

/* The size that files may have, in this process. */
static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static struct recording_config configure(enum writer_method method, const char *path)
{
	return (struct recording_config){
		.method = method,
		.output = {OUTPUT_DIRECTORY, path},
		.sessions = 3,
		.chunks = 24,
		.chunk_bytes = 16384,
		.reserve_bytes = 1 << 20,
		.stream = {.aligned = true, .precision = PCAP_NS, .flush_ns = SECOND},
	};
}

/* Each method's. */
static const char *own_directory(size_t i)
{
	static char path[RECORDING_PATH_BYTES + 16];

	snprintf(path, sizeof(path), "%s/%zu", directory, i);
	assert_int_equal(mkdir(path, 0700), 0);
	return path;
}

static void append_some(struct recording *recording, uint32_t stream, uint32_t count,
			uint32_t caplen)
{
	for (uint32_t i = 0; i < count; i++) {
		recording->now_ns += SECOND / 10000; /* all of it within a second */
		recording_append_surely(recording, stream, stream, caplen, caplen + 1);
		if (i % 16 == 15)
			recording_tick(recording);
	}
	recording_tick(recording);
}

static uint64_t failed(const struct recording *recording)
{
	struct ledger_totals totals;

	assert_true(ledger_read(recording->ledger, &totals));
	return totals.dropped[DROP_WRITE_FAILED];
}

/* What the ledger says of the disk. */
static void expect_state(const struct recording *recording, uint64_t failing, int error)
{
	struct ledger_totals totals;

	assert_true(ledger_read(recording->ledger, &totals));
	assert_int_equal(totals.failing, failing);
	assert_int_equal(totals.last_error, error);
	assert_int_equal(totals.failures > 0, error != 0);
}

/* The packets of the session's one file; files finish in any order. */
static uint64_t packets_of(const struct recording *recording, const char *session)
{
	uint32_t count;
	const struct writer_file *files = writer_files(recording->writer, &count);

	for (uint32_t i = 0; i < count; i++)
		if (strstr(files[i].path, session))
			return files[i].packets;
	fail_msg("%s has no file", session);
	return 0;
}

/* One stream exceeds the limit; the others do not notice. */
static void a_file_ends_where_it_must(void **state)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct recording_config config = configure(methods[i], own_directory(i));
		char path[SEGMENT_PATH_BYTES];
		struct recording recording;
		uint32_t count;

		recording_start(&recording, &config);
		limit_files(24ul * CHUNK_BLOCK); /* O_DIRECT can fill whole blocks only */
		append_some(&recording, 0, 300, 1000);
		append_some(&recording, 1, 50, 1000);
		append_some(&recording, 2, 90, 1000);
		recording_finish(&recording);
		limit_files(RLIM_INFINITY);
		recording_check_prefixes(&recording);
		writer_files(recording.writer, &count);
		assert_int_equal(count, 3);
		/* 96 would fit; what is missing of them is less than two chunks. */
		assert_in_range(packets_of(&recording, "vni-1000"), 96 - 32, 96);
		assert_int_equal(packets_of(&recording, "vni-1001"), 50);
		assert_int_equal(packets_of(&recording, "vni-1002"), 90);
		assert_int_equal(failed(&recording), 300 - packets_of(&recording, "vni-1000"));
		assert_int_equal(writer_take_error(recording.writer, path), -EFBIG);
		assert_non_null(strstr(path, "vni-1000"));
		assert_int_equal(writer_take_error(recording.writer, path), 0);
		recording_free(&recording);
	}
}

/* Seconds go by until a segment that failed is given up. */
static void wait_for_a_new_chance(struct recording *recording, uint32_t stream)
{
	for (int i = 0; i < 3; i++) {
		recording_drain(recording);
		poll(NULL, 0, 10);
	}
	recording_tick(recording);
	recording_expect_segment(recording, stream);
}

/* The next segment is a new chance. */
static void the_next_segment_is_whole(void **state)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct recording_config config = configure(methods[i], own_directory(i));
		struct recording recording;
		uint64_t lost;

		config.stream.rotation.packets = 200;
		recording_start(&recording, &config);
		append_some(&recording, 0, 200, 500); /* whole */
		recording_drain(&recording);
		limit_files(12ul * CHUNK_BLOCK);
		append_some(&recording, 0, 150, 500); /* cut */
		recording_drain(&recording);
		lost = failed(&recording);
		assert_in_range(lost, 1, 100);
		limit_files(RLIM_INFINITY);
		wait_for_a_new_chance(&recording, 0);
		append_some(&recording, 0, 450, 500);
		recording_finish(&recording);
		assert_int_equal(failed(&recording), lost);
		recording_check_prefixes(&recording);
		recording_free(&recording);
	}
}

static void without_a_record_there_is_no_file(void **state)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct recording_config config = configure(methods[i], own_directory(i));
		struct recording recording;
		uint32_t count;

		recording_start(&recording, &config);
		limit_files(CHUNK_BLOCK);
		append_some(&recording, 0, 100, 6000);
		recording_finish(&recording);
		limit_files(RLIM_INFINITY);
		writer_files(recording.writer, &count);
		assert_int_equal(count, 0);
		assert_int_equal(failed(&recording), 100);
		recording_check_prefixes(&recording); /* no .part either */
		recording_free(&recording);
	}
}

/* A disk that fills up under all streams at once. */
static void a_full_disk_loses_only_what_did_not_fit(void **state)
{
	char mounted[RECORDING_PATH_BYTES + 8];

	if (geteuid() != 0)
		skip();
	snprintf(mounted, sizeof(mounted), "%s/full", directory);
	assert_int_equal(mkdir(mounted, 0700), 0);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct recording_config config = configure(methods[i], mounted);
		char path[SEGMENT_PATH_BYTES];
		struct recording recording;

		assert_int_equal(mount("none", mounted, "tmpfs", 0, "size=512k"), 0);
		config.stream.rotation.filesize_bytes = 60000;
		recording_start(&recording, &config);
		for (int j = 0; j < 10; j++)
			for (uint32_t stream = 0; stream < 3; stream++)
				append_some(&recording, stream, 50, 700);
		recording_finish(&recording);
		recording_check_prefixes(&recording);
		assert_in_range(failed(&recording), 1500 - 512 * 1024 / 716, 1400);
		assert_int_equal(writer_take_error(recording.writer, path), -ENOSPC);
		recording_free(&recording);
		/* The kernel lets go of a ring's files some time after the ring. */
		assert_int_equal(umount2(mounted, MNT_DETACH), 0);
	}
}

/* Without rotation, too, recording goes on when there is space again. */
static void returning_space_is_used(void **state)
{
	static const char ballast_bytes[180 * 1024];
	char mounted[RECORDING_PATH_BYTES + 8];
	char ballast[RECORDING_PATH_BYTES + 16];

	if (geteuid() != 0)
		skip();
	snprintf(mounted, sizeof(mounted), "%s/full", directory);
	snprintf(ballast, sizeof(ballast), "%s/ballast", mounted);
	assert_int_equal(mkdir(mounted, 0700), 0);
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct recording_config config = configure(methods[i], mounted);
		struct recording recording;
		uint32_t count;
		uint64_t lost;
		int fd;

		assert_int_equal(mount("none", mounted, "tmpfs", 0, "size=256k"), 0);
		fd = open(ballast, O_WRONLY | O_CREAT | O_EXCL, 0600);
		assert_int_equal(write(fd, ballast_bytes, sizeof(ballast_bytes)),
				 sizeof(ballast_bytes));
		close(fd);
		recording_start(&recording, &config);
		expect_state(&recording, 0, 0);
		append_some(&recording, 0, 200, 700);
		recording_drain(&recording);
		expect_state(&recording, 1, ENOSPC);
		lost = failed(&recording);
		assert_in_range(lost, 200 - 76 * 1024 / 716, 199);
		wait_for_a_new_chance(&recording, 0);
		append_some(&recording, 0, 20, 5000); /* still no space for them */
		wait_for_a_new_chance(&recording, 0);
		assert_in_range(failed(&recording), lost + 1, lost + 20);
		lost = failed(&recording);
		assert_int_equal(unlink(ballast), 0);
		append_some(&recording, 0, 50, 700);
		recording_finish(&recording);
		expect_state(&recording, 0, ENOSPC);
		assert_int_equal(failed(&recording), lost);
		assert_false(writer_broken(recording.writer));
		recording_check_prefixes(&recording);
		writer_files(recording.writer, &count);
		assert_in_range(count, 2, 3);
		recording_free(&recording);
		assert_int_equal(umount2(mounted, MNT_DETACH), 0);
	}
}

/* A single file has no next segment: the capture is to end. */
static void a_failed_single_file_is_the_end(void **state)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct recording_config config = configure(methods[i], directory);
		char path[RECORDING_PATH_BYTES + 16];
		struct recording recording;

		snprintf(path, sizeof(path), "%s/%zu.pcap", directory, i);
		config.output = (struct output){OUTPUT_FILE, path};
		config.sessions = 1;
		recording_start(&recording, &config);
		append_some(&recording, 0, 10, 500);
		recording_drain(&recording);
		assert_false(writer_broken(recording.writer));
		limit_files(12ul * CHUNK_BLOCK);
		append_some(&recording, 0, 200, 500);
		recording_drain(&recording);
		assert_true(writer_broken(recording.writer));
		limit_files(RLIM_INFINITY);
		recording_finish(&recording);
		assert_in_range(failed(&recording), 210 - 12 * CHUNK_BLOCK / 516, 209);
		recording_check_prefixes(&recording);
		recording_free(&recording);
	}
}

/* Something else has the session's place. */
static void a_file_that_cannot_be_opened_is_counted(void **state)
{
	struct recording_config config = configure(WRITER_URING, directory);
	char path[SEGMENT_PATH_BYTES];
	char place[RECORDING_PATH_BYTES + 16];
	struct recording recording;
	int fd;

	snprintf(place, sizeof(place), "%s/vni-1001", directory);
	fd = open(place, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	close(fd);
	recording_start(&recording, &config);
	append_some(&recording, 0, 40, 700);
	append_some(&recording, 1, 50, 700);
	recording_finish(&recording);
	assert_int_equal(failed(&recording), 50);
	assert_int_equal(writer_take_error(recording.writer, path), -ENOTDIR);
	assert_non_null(strstr(path, "vni-1001"));
	recording_check_prefixes(&recording);
	recording_free(&recording);
	assert_int_equal(unlink(place), 0);
}

/* In a combined stream, each session's own are counted. */
static void sessions_of_one_stream_are_told_apart(void **state)
{
	struct recording_config config = configure(WRITER_URING, directory);
	struct recording recording;
	uint32_t random = 3;

	config.stream.combined = true;
	config.stream.streams = 1;
	config.log_records = 500;
	recording_start(&recording, &config);
	limit_files(10ul * CHUNK_BLOCK);
	for (int i = 0; i < 400; i++) {
		uint32_t session = recording_random(&random, 3);

		recording_append_surely(&recording, 0, session, 300, 300);
	}
	recording_finish(&recording);
	limit_files(RLIM_INFINITY);
	assert_in_range(failed(&recording), 400 - 10 * CHUNK_BLOCK / 316, 399);
	recording_check_prefixes(&recording);
	recording_free(&recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_ends_where_it_must, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(the_next_segment_is_whole, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(without_a_record_there_is_no_file, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_full_disk_loses_only_what_did_not_fit,
						make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(returning_space_is_used, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_failed_single_file_is_the_end, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_file_that_cannot_be_opened_is_counted,
						make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(sessions_of_one_stream_are_told_apart,
						make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
