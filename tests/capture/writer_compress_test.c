/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compressed segments: every record is in the frame of its chunk, in the file of its segment, and
 * what compressing or writing loses is counted to the packet.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zstd.h>

#include "tests/capture/recording.h"

#define SECOND   1000000000ull
#define SHORT_NS 500000 /* 2000 times: a second */

static char directory[RECORDING_PATH_BYTES];
static uint32_t compressions, failing; /* the one of that number fails; 0: none */

size_t __real_ZSTD_compress2(ZSTD_CCtx *compressor, void *dst, size_t room, const void *src,
			     size_t bytes);
size_t __wrap_ZSTD_compress2(ZSTD_CCtx *compressor, void *dst, size_t room, const void *src,
			     size_t bytes);

size_t __wrap_ZSTD_compress2(ZSTD_CCtx *compressor, void *dst, size_t room, const void *src,
			     size_t bytes)
{
	if (++compressions == failing)
		room = 4;
	return __real_ZSTD_compress2(compressor, dst, room, src, bytes);
}

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	compressions = 0;
	failing = 0;
	return 0;
}

static int remove_directory(void **state)
{
	recording_remove(directory);
	return 0;
}

static struct recording_config configure(int level)
{
	return (struct recording_config){
		.method = WRITER_PWRITE,
		.output = {.kind = OUTPUT_DIRECTORY, .path = directory},
		.sessions = 3,
		.chunks = 32,
		.chunk_bytes = 16384,
		.level = level,
		.sync_mode = WRITER_SYNC_INTERVAL,
		.stream = {.precision = PCAP_NS, .flush_ns = SECOND / 10},
	};
}

static void append_some(struct recording *recording, uint32_t count, uint32_t step_ns)
{
	uint32_t random = count;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t session = recording_random(&random, 3);

		recording->now_ns += recording_random(&random, step_ns);
		recording_append_surely(recording, recording->config.stream.combined ? 0 : session,
					session, recording_random(&random, 2000), 2000);
		if (i % 4 == 0)
			recording_tick(recording);
	}
}

/* What the ledger says of the files' size is their size; all names end as they should. */
static void check_files(const struct recording *recording)
{
	uint64_t bytes = 0;
	uint32_t count;
	const struct writer_file *files = writer_files(recording->writer, &count);

	for (uint32_t i = 0; i < count; i++) {
		const char *dot = strchr(strrchr(files[i].path, '/'), '-');

		bytes += files[i].bytes;
		assert_non_null(strstr(dot, ".pcap.zst"));
	}
	assert_int_equal(ledger_writer(recording->ledger, 0)->file_bytes, bytes);
}

static void every_record_is_in_its_file(void **state)
{
	static const struct {
		int level;
		struct rotation rotation;
	} cases[] = {
		{1, {0}},
		{-5, {.filesize_bytes = 100000}},
		{3, {.packets = 17}},
		{19, {.interval_ns = SECOND}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recording_config config = configure(cases[i].level);
		struct recording recording;

		config.stream.rotation = cases[i].rotation;
		recording_start(&recording, &config);
		append_some(&recording, 2000, SECOND / 50);
		recording_finish(&recording);
		recording_check_all(&recording);
		check_files(&recording);
		recording_free(&recording);
		recording_remove(directory);
		recording_directory(NULL, directory);
	}
}

static void many_sessions_share_a_file(void **state)
{
	struct recording_config config = configure(1);
	char path[RECORDING_PATH_BYTES + 16];
	struct recording recording;

	snprintf(path, sizeof(path), "%s/all.pcap.zst", directory);
	config.output = (struct output){.kind = OUTPUT_FILE, .path = path};
	config.log_records = 500;
	config.stream.streams = 1;
	config.stream.combined = true;
	recording_start(&recording, &config);
	append_some(&recording, 1000, SECOND / 50);
	recording_finish(&recording);
	recording_check_all(&recording);
	recording_free(&recording);
}

/* The segment ends with the frame before; within a second there is no new one. */
static void what_cannot_be_compressed_is_counted(void **state)
{
	struct recording_config config = configure(1);
	char path[SEGMENT_PATH_BYTES];
	struct ledger_totals totals;
	struct recording recording;

	failing = 20;
	recording_start(&recording, &config);
	append_some(&recording, 2000, SHORT_NS);
	recording_finish(&recording);
	assert_int_equal(writer_take_error(recording.writer, path), -EIO);
	assert_true(ledger_read(recording.ledger, &totals));
	assert_true(totals.dropped[DROP_WRITE_FAILED] > 0);
	assert_true(totals.written > 0);
	recording_check_prefixes(&recording);
	recording_free(&recording);
}

/* A write that fails in the middle of a frame: it is cut off. */
static void what_cannot_be_written_is_counted(void **state)
{
	struct recording_config config = configure(1);
	struct rlimit before, small;
	struct ledger_totals totals;
	struct recording recording;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = 4000, .rlim_max = before.rlim_max};
	recording_start(&recording, &config);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	append_some(&recording, 2000, SHORT_NS);
	recording_finish(&recording);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(ledger_read(recording.ledger, &totals));
	assert_true(totals.dropped[DROP_WRITE_FAILED] > 0);
	assert_true(totals.written > 0);
	recording_check_prefixes(&recording);
	recording_free(&recording);
}

/* Frames end anywhere: other methods write whole blocks. */
static void wants_the_page_cache(void **state)
{
	struct recording_config config = configure(1);
	struct writer_config writer = {.output = config.output, .streams = 1, .files_max = 9};
	struct chunk_pool *pool = chunk_pool_new(2, 16384, 0);
	struct ring *full = ring_new(2), *empty = ring_new(2);
	struct writer *started;

	writer.pool = pool;
	writer.full = full;
	writer.empty = empty;
	writer.level = 1;
	writer.method = WRITER_DIRECT;
	assert_int_equal(writer_start(&started, &writer), -EINVAL);
	ring_free(full);
	ring_free(empty);
	chunk_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_record_is_in_its_file, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(many_sessions_share_a_file, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(what_cannot_be_compressed_is_counted,
						make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_is_counted, make_directory,
						remove_directory),
		cmocka_unit_test(wants_the_page_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
