/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs that are not a directory: standard output as a pipe that stalls or breaks, null:, one
 * file; and two captures that share a directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/capture/recording.h"

enum {
	SECOND = 1000000000,
	PIPE_BYTES = 65536,
	RECEIVED_MAX = 4 << 20,
};

/* The test's own standard output is set aside while the writer writes there. */
struct pipe_end {
	int saved;
	int fd; /* to read from */
	uint8_t *bytes;
	size_t length;
};

static void redirect(struct pipe_end *end)
{
	int fds[2];

	fflush(stdout);
	*end = (struct pipe_end){.saved = dup(STDOUT_FILENO), .bytes = malloc(RECEIVED_MAX)};
	assert_non_null(end->bytes);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
	end->fd = fds[0];
	assert_int_equal(dup2(fds[1], STDOUT_FILENO), STDOUT_FILENO);
	close(fds[1]);
}

static void restore(struct pipe_end *end)
{
	if (end->saved >= 0)
		dup2(end->saved, STDOUT_FILENO);
	close(end->saved);
	end->saved = -1;
}

static void *drain(void *argument)
{
	struct pipe_end *end = argument;
	ssize_t length;

	while ((length = read(end->fd, end->bytes + end->length, RECEIVED_MAX - end->length)) > 0)
		end->length += (size_t)length;
	close(end->fd);
	return NULL;
}

static struct recording_config configure(enum output_kind kind, const char *path)
{
	return (struct recording_config){
		.method = WRITER_PWRITE,
		.output = {kind, path},
		.sessions = 3,
		.chunks = 16,
		.chunk_bytes = 16384,
		.log_records = 500,
		.stream = {.streams = 1,
			   .combined = true,
			   .aligned = kind != OUTPUT_STDOUT,
			   .pipe = kind == OUTPUT_STDOUT,
			   .precision = PCAP_NS,
			   .flush_ns = SECOND / 10},
	};
}

static struct ledger_totals totals_of(const struct recording *recording)
{
	struct ledger_totals totals;

	assert_true(ledger_read(recording->ledger, &totals));
	assert_true(ledger_balanced(&totals));
	return totals;
}

/* Every appended record is in the bytes, in order. */
static void check_received(const struct recording *recording, const struct pipe_end *end)
{
	const struct expected_stream *stream = &recording->streams[0];
	FILE *file = fmemopen(end->bytes, end->length, "rb");
	struct pcap_pkthdr *header;
	char error[PCAP_ERRBUF_SIZE];
	const uint8_t *data;
	pcap_t *pcap;

	pcap = pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error);
	assert_non_null(pcap);
	for (uint32_t i = 0; i < stream->count; i++) {
		assert_int_equal(pcap_next_ex(pcap, &header, &data), 1);
		assert_int_equal(header->caplen, stream->records[i].caplen);
		assert_int_equal(header->len, stream->records[i].len);
		assert_int_equal(header->ts.tv_usec, stream->records[i].time_ns % SECOND);
	}
	assert_int_equal(pcap_next_ex(pcap, &header, &data), PCAP_ERROR_BREAK);
	pcap_close(pcap);
}

static void append_some(struct recording *recording, uint32_t count)
{
	uint32_t random = count;

	for (uint32_t i = 0; i < count; i++) {
		recording->now_ns += recording_random(&random, SECOND / 50);
		recording_append_surely(recording, 0, recording_random(&random, 3),
					recording_random(&random, 2000), 2000);
		recording_tick(recording);
	}
}

static void a_pipe_gets_one_sequence(void **state)
{
	struct recording_config config = configure(OUTPUT_STDOUT, NULL);
	struct recording recording;
	struct pipe_end end;
	pthread_t reader;

	redirect(&end);
	assert_int_equal(pthread_create(&reader, NULL, drain, &end), 0);
	recording_start(&recording, &config);
	append_some(&recording, 500);
	stream_close_all(recording.set); /* as a step of the clock would */
	append_some(&recording, 500);
	recording_finish(&recording);
	restore(&end);
	pthread_join(reader, NULL);
	assert_int_equal(totals_of(&recording).written, 1000);
	assert_false(writer_broken(recording.writer));
	check_received(&recording, &end);
	recording_free(&recording);
	free(end.bytes);
}

/* Nobody reads: what waits is not written yet, what finds no chunk is dropped, nothing is lost
 * of the rest. */
static void a_stalled_pipe_counts_what_it_took(void **state)
{
	struct recording_config config = configure(OUTPUT_STDOUT, NULL);
	struct recording recording;
	struct ledger_totals totals;
	struct pipe_end end;
	pthread_t reader;

	redirect(&end);
	recording_start(&recording, &config);
	while (recording.refused < 100) {
		recording.now_ns += 1000;
		recording_append(&recording, 0, 0, 1000, 1000);
		recording_tick(&recording);
	}
	poll(NULL, 0, 100);
	totals = totals_of(&recording);
	assert_true(totals.bytes <= PIPE_BYTES);
	assert_true(totals.written <= PIPE_BYTES / 1016);
	assert_true(totals.in_flight >= 16 * 16384 / 1016 - PIPE_BYTES / 1016);
	assert_int_equal(totals.dropped[DROP_NO_BUFFER], recording.refused);
	assert_int_equal(totals.dropped[DROP_WRITE_FAILED], 0);
	assert_int_equal(pthread_create(&reader, NULL, drain, &end), 0);
	recording_finish(&recording);
	restore(&end);
	pthread_join(reader, NULL);
	totals = totals_of(&recording);
	assert_int_equal(totals.in_flight, 0);
	assert_int_equal(totals.written, recording.streams[0].count);
	check_received(&recording, &end);
	recording_free(&recording);
	free(end.bytes);
}

/* Nobody reads to the very end: the capture ends all the same, and says what it could not write. */
static void a_stalled_pipe_is_given_up(void **state)
{
	struct recording_config config = configure(OUTPUT_STDOUT, NULL);
	struct timespec before;
	struct timespec after;
	char path[SEGMENT_PATH_BYTES];
	struct recording recording;
	struct ledger_totals totals;
	struct pipe_end end;

	redirect(&end);
	recording_start(&recording, &config);
	while (recording.refused < 100) {
		recording.now_ns += 1000;
		recording_append(&recording, 0, 0, 1000, 1000);
		recording_tick(&recording);
	}
	clock_gettime(CLOCK_MONOTONIC, &before);
	recording_finish(&recording);
	clock_gettime(CLOCK_MONOTONIC, &after);
	restore(&end);
	totals = totals_of(&recording);
	assert_in_range(after.tv_sec - before.tv_sec, 4, 20);
	assert_int_equal(totals.in_flight, 0);
	assert_true(totals.written <= PIPE_BYTES / 1016);
	assert_int_equal(totals.written + totals.dropped[DROP_WRITE_FAILED],
			 recording.streams[0].count);
	assert_true(writer_broken(recording.writer));
	assert_int_equal(writer_take_error(recording.writer, path), -ETIMEDOUT);
	close(end.fd);
	recording_free(&recording);
	free(end.bytes);
}

static void a_closed_pipe_is_told(void **state)
{
	struct recording_config config = configure(OUTPUT_STDOUT, NULL);
	char path[SEGMENT_PATH_BYTES];
	struct recording recording;
	struct ledger_totals totals;
	struct pipe_end end;

	redirect(&end);
	recording_start(&recording, &config);
	append_some(&recording, 20);
	recording_drain(&recording);
	assert_int_equal(totals_of(&recording).written, 20);
	assert_false(writer_broken(recording.writer));
	close(end.fd);
	append_some(&recording, 30);
	recording_drain(&recording);
	assert_true(writer_broken(recording.writer));
	append_some(&recording, 10);
	recording_finish(&recording);
	restore(&end);
	totals = totals_of(&recording);
	assert_int_equal(totals.written, 20);
	assert_int_equal(totals.dropped[DROP_WRITE_FAILED], 40);
	assert_int_equal(writer_take_error(recording.writer, path), -EPIPE);
	assert_string_equal(path, "standard output");
	recording_free(&recording);
	free(end.bytes);
}

static void null_counts_and_keeps_nothing(void **state)
{
	struct recording_config config = configure(OUTPUT_NULL, NULL);
	struct recording recording;
	struct ledger_totals totals;
	uint32_t count;

	recording_start(&recording, &config);
	append_some(&recording, 1000);
	recording_finish(&recording);
	totals = totals_of(&recording);
	assert_int_equal(totals.written, 1000);
	assert_int_equal(totals.in_flight, 0);
	writer_files(recording.writer, &count);
	assert_int_equal(count, 0);
	recording_free(&recording);
}

static void one_file_holds_all(void **state)
{
	char directory[RECORDING_PATH_BYTES];
	char path[RECORDING_PATH_BYTES + 16];

	recording_directory(NULL, directory);
	snprintf(path, sizeof(path), "%s/out.pcap", directory);
	for (int i = WRITER_URING; i <= WRITER_PWRITE; i++) {
		struct recording_config config = configure(OUTPUT_FILE, path);
		struct recording recording;

		config.method = (enum writer_method)i;
		config.replace = i > WRITER_URING; /* the one before */
		recording_start(&recording, &config);
		append_some(&recording, 700);
		recording_finish(&recording);
		recording_check_all(&recording);
		recording_free(&recording);
	}
	recording_remove(directory);
}

/* Without --force a file that appears meanwhile stays; so does what was recorded. */
static void an_existing_file_is_not_overwritten(void **state)
{
	char directory[RECORDING_PATH_BYTES];
	char path[RECORDING_PATH_BYTES + 16];
	char part[RECORDING_PATH_BYTES + 32];
	struct recording_config config = configure(OUTPUT_FILE, path);
	char failed[SEGMENT_PATH_BYTES];
	const struct writer_file *files;
	struct recording recording;
	struct stat st;
	uint32_t count;
	int fd;

	recording_directory(NULL, directory);
	snprintf(path, sizeof(path), "%s/out.pcap", directory);
	snprintf(part, sizeof(part), "%s.part", path);
	recording_start(&recording, &config);
	append_some(&recording, 50);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(write(fd, "theirs", 6), 6);
	close(fd);
	recording_finish(&recording);
	assert_int_equal(writer_take_error(recording.writer, failed), -EEXIST);
	assert_string_equal(failed, path);
	/* Its packets count as written: the list says where they are. */
	files = writer_files(recording.writer, &count);
	assert_int_equal(count, 1);
	assert_string_equal(files[0].path, part);
	assert_int_equal(files[0].packets, 50);
	assert_int_equal(files[0].bytes, recording.streams[0].offset);
	assert_int_equal(totals_of(&recording).written, 50);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 6);
	assert_int_equal(stat(part, &st), 0);
	assert_int_equal(st.st_size, recording.streams[0].offset);
	recording_free(&recording);
	recording_remove(directory);
}

/* Two processes' worth of captures, with the same worker numbers and times. */
static void two_captures_share_a_directory(void **state)
{
	char directory[RECORDING_PATH_BYTES];
	struct recording recordings[2];

	recording_directory(NULL, directory);
	for (int i = 0; i < 2; i++) {
		struct recording_config config = configure(OUTPUT_DIRECTORY, directory);

		config.method = WRITER_DIRECT;
		config.shared = true;
		config.stream.rotation.packets = 20;
		recording_start(&recordings[i], &config);
	}
	for (int i = 0; i < 20; i++)
		for (int j = 0; j < 2; j++)
			append_some(&recordings[j], 30);
	for (int i = 0; i < 2; i++)
		recording_finish(&recordings[i]);
	for (int i = 0; i < 2; i++) {
		recording_check_all(&recordings[i]);
		recording_free(&recordings[i]);
	}
	recording_remove(directory);
}

static void methods_are_tried(void **state)
{
	struct output output = {OUTPUT_DIRECTORY, "."};
	enum writer_method method;

	assert_int_equal(writer_choose(&output, &method), 0);
	assert_in_range(method, WRITER_URING, WRITER_PWRITE);
	assert_string_equal(writer_method_name(WRITER_URING), "io_uring with O_DIRECT");
	output.path = "missing";
	assert_int_equal(writer_choose(&output, &method), -ENOENT);
	output = (struct output){OUTPUT_FILE, "missing/out.pcap"};
	assert_int_equal(writer_choose(&output, &method), -ENOENT);
	/* procfs takes no files at all. */
	output = (struct output){OUTPUT_DIRECTORY, "/proc"};
	assert_true(writer_choose(&output, &method) < 0);
	output = (struct output){OUTPUT_STDOUT, NULL};
	assert_int_equal(writer_choose(&output, &method), 0);
	assert_int_equal(method, WRITER_PWRITE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_gets_one_sequence),
		cmocka_unit_test(a_stalled_pipe_counts_what_it_took),
		cmocka_unit_test(a_stalled_pipe_is_given_up),
		cmocka_unit_test(a_closed_pipe_is_told),
		cmocka_unit_test(null_counts_and_keeps_nothing),
		cmocka_unit_test(one_file_holds_all),
		cmocka_unit_test(an_existing_file_is_not_overwritten),
		cmocka_unit_test(two_captures_share_a_directory),
		cmocka_unit_test(methods_are_tried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
