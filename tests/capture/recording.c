/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <ftw.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "tests/capture/recording.h"

enum {
	FIRST_VNI = 1000,
	WAIT_TRIES = 100000,
	FILES_ENDED = 16, /* and not yet published, beside one open file for each stream */
};

uint32_t recording_random(uint32_t *state, uint32_t limit)
{
	*state = *state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)*state * limit) >> 32);
}

static uint8_t byte_at(uint32_t seed, uint32_t i)
{
	return (uint8_t)((seed * 2654435761u) >> 24) + (uint8_t)(i * 167) + (uint8_t)(i >> 8);
}

static void pause_us(long us)
{
	const struct timespec pause = {.tv_nsec = us * 1000};

	nanosleep(&pause, NULL);
}

void recording_directory(const char *base, char path[RECORDING_PATH_BYTES])
{
	snprintf(path, RECORDING_PATH_BYTES, "%s/mirrorcap-test-XXXXXX", base ? base : ".");
	assert_non_null(mkdtemp(path));
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

void recording_remove(const char *path)
{
	assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

static void start_sessions(struct recording *recording)
{
	char error[SESSION_ERROR_BYTES];
	char argument[64];

	for (uint32_t i = 0; i < recording->config.sessions; i++) {
		snprintf(argument, sizeof(argument), "%u", FIRST_VNI + i);
		assert_int_equal(session_map_add_argument(&recording->map, argument, error), 0);
	}
	assert_int_equal(session_map_check(&recording->map, error), 0);
	assert_int_equal(ledger_create(&recording->ledger, NULL, 1, &recording->map), 0);
}

void recording_start_writer(struct recording *recording)
{
	const struct recording_config *config = &recording->config;
	struct writer_config writer = {
		.output = config->output,
		.method = config->method,
		.replace = config->replace,
		.sync_mode = config->sync_mode,
		.streams = config->stream.streams,
		.files_max = config->files_max ? config->files_max
					       : config->stream.streams + FILES_ENDED,
		.directories = recording->directories,
		.pool = recording->pool,
		.full = recording->full,
		.empty = recording->empty,
		.ledger = ledger_writer(recording->ledger, 0),
		.sessions = ledger_session_writer(recording->ledger, 0),
		.reserve_bytes = config->reserve_bytes,
		.filesize_bytes = config->stream.rotation.filesize_bytes,
		.cpu = -1,
		.retention = config->retention,
		.space = config->space,
		.custody = config->custody,
		.level = config->level,
	};

	for (uint32_t i = 0; i < config->stream.streams; i++) {
		const char *name =
			config->stream.combined ? "all" : recording->map.sessions[i].name;

		if (config->output.kind != OUTPUT_DIRECTORY)
			continue;
		recording->directories[i] = segment_directory_new(config->output.path, name);
		assert_non_null(recording->directories[i]);
		segment_directory_set_suffix(recording->directories[i],
					     (struct suffix){.compressed = config->level != 0});
	}
	assert_int_equal(writer_start(&recording->writer, &writer), 0);
}

void recording_start(struct recording *recording, const struct recording_config *config)
{
	*recording = (struct recording){.config = *config, .now_ns = 1700000000123456789ull};
	if (recording->config.stream.streams == 0)
		recording->config.stream.streams = config->sessions;
	config = &recording->config;
	assert_in_range(config->sessions, 1, RECORDING_MAX);
	start_sessions(recording);
	recording->pool = chunk_pool_new(config->chunks, config->chunk_bytes, config->log_records);
	recording->full = ring_new(config->chunks);
	recording->empty = ring_new(config->chunks);
	recording->directories = calloc(config->stream.streams, sizeof(void *));
	recording->streams = calloc(config->stream.streams, sizeof(*recording->streams));
	assert_true(recording->pool && recording->full && recording->empty);
	recording->set =
		stream_set_new(&config->stream, recording->pool, recording->full, recording->empty);
	assert_non_null(recording->set);
	if (!config->late)
		recording_start_writer(recording);
}

/* The rules of rotation once more, in the simplest form. */
static void expect(struct recording *recording, struct expected_stream *stream,
		   const struct expected *record)
{
	const struct rotation *rotation = &recording->config.stream.rotation;
	uint64_t end = stream->offset + PCAP_RECORD_HEADER_BYTES + record->caplen;
	bool next = false;

	if (stream->in_segment) {
		next = stream->cut ||
		       (rotation->packets && stream->in_segment == rotation->packets) ||
		       (rotation->filesize_bytes && end > rotation->filesize_bytes) ||
		       (rotation->duration_ns &&
			record->time_ns - stream->first_ns >= rotation->duration_ns) ||
		       (rotation->interval_ns && record->time_ns / rotation->interval_ns !=
							 stream->first_ns / rotation->interval_ns);
	}
	if (next || stream->in_segment == 0) {
		stream->segment += next;
		stream->in_segment = 0;
		stream->offset = PCAP_FILE_HEADER_BYTES;
		stream->chunk_start = 0;
		stream->first_ns = record->time_ns;
	}
	stream->cut = false;
	stream->offset += PCAP_RECORD_HEADER_BYTES + record->caplen;
	if (stream->offset - stream->chunk_start > recording->config.chunk_bytes)
		stream->chunk_start = (stream->offset - PCAP_RECORD_HEADER_BYTES - record->caplen) /
				      CHUNK_BLOCK * CHUNK_BLOCK;
	stream->in_segment++;
	if ((stream->count & (stream->count - 1)) == 0)
		stream->records = realloc(stream->records, (stream->count ? stream->count * 2 : 1) *
								   sizeof(*stream->records));
	assert_non_null(stream->records);
	stream->records[stream->count] = *record;
	stream->records[stream->count++].segment = stream->segment;
}

/* What a worker does for its burst, here of one packet. */
static void count_received(struct recording *recording, bool accepted)
{
	struct ledger_worker *slot = ledger_worker(recording->ledger, 0);

	ledger_begin(&slot->sequence);
	ledger_add(&slot->received, 1);
	ledger_add(accepted ? &slot->accepted : &slot->dropped[DROP_NO_BUFFER], 1);
	ledger_end(&slot->sequence);
}

bool recording_append(struct recording *recording, uint32_t stream, uint32_t session,
		      uint32_t caplen, uint32_t len)
{
	struct expected record = {
		.time_ns = recording->now_ns,
		.caplen = caplen,
		.len = len,
		.session = session,
		.seed = recording->seed++,
	};
	uint8_t *dst =
		stream_append(recording->set, stream, session, recording->now_ns, caplen, len);

	count_received(recording, dst != NULL);
	if (!dst) {
		recording->refused++;
		return false;
	}
	for (uint32_t i = 0; i < caplen; i++)
		dst[i] = byte_at(record.seed, i);
	expect(recording, &recording->streams[stream], &record);
	return true;
}

void recording_append_surely(struct recording *recording, uint32_t stream, uint32_t session,
			     uint32_t caplen, uint32_t len)
{
	for (int tries = 0; tries < WAIT_TRIES; tries++) {
		if (recording_append(recording, stream, session, caplen, len))
			return;
		recording_tick(recording);
		pause_us(100);
	}
	fail_msg("no chunk came back");
}

void recording_expect_segment(struct recording *recording, uint32_t stream)
{
	recording->streams[stream].cut = true;
}

void recording_tick(struct recording *recording)
{
	struct ledger_totals totals;

	stream_tick(recording->set, recording->now_ns);
	assert_true(ledger_read(recording->ledger, &totals));
	assert_true(ledger_balanced(&totals));
}

void recording_drain(struct recording *recording)
{
	struct ledger_totals totals;

	recording->now_ns += 1000000000;
	for (int tries = 0; tries < WAIT_TRIES; tries++) {
		recording_tick(recording);
		assert_true(ledger_read(recording->ledger, &totals));
		if (totals.in_flight == 0)
			return;
		pause_us(100);
	}
	fail_msg("%lu packets stay in flight", (unsigned long)totals.in_flight);
}

void recording_finish(struct recording *recording)
{
	bool closed = stream_close_all(recording->set);

	for (int tries = 0; !closed && tries < WAIT_TRIES; tries++) {
		pause_us(100);
		recording_tick(recording);
		closed = stream_close_all(recording->set);
	}
	assert_true(closed);
	writer_stop(recording->writer);
}

static void check_record(const struct expected *expected, const struct pcap_pkthdr *header,
			 const uint8_t *data)
{
	assert_int_equal(header->caplen, expected->caplen);
	assert_int_equal(header->len, expected->len);
	assert_int_equal(header->ts.tv_sec, expected->time_ns / 1000000000);
	assert_int_equal(header->ts.tv_usec, expected->time_ns % 1000000000);
	for (uint32_t i = 0; i < header->caplen; i++)
		if (data[i] != byte_at(expected->seed, i))
			fail_msg("record %u: byte %u differs", expected->seed, i);
}

/* The model's records of the file's segment; *count of them. */
static const struct expected *find_segment(const struct expected_stream *stream, uint32_t segment,
					   uint32_t *count)
{
	uint32_t first = 0;

	while (first < stream->count && stream->records[first].segment != segment)
		first++;
	*count = 0;
	while (first + *count < stream->count && stream->records[first + *count].segment == segment)
		(*count)++;
	return &stream->records[first];
}

/* What the files hold of a session. */
struct found {
	uint64_t packets;
	uint64_t bytes;
};

/* A file's bytes, and how many; the caller's to free. */
static uint8_t *read_bytes(const char *path, size_t *bytes)
{
	FILE *in = fopen(path, "rb");
	struct stat st;
	uint8_t *data;

	assert_non_null(in);
	assert_int_equal(fstat(fileno(in), &st), 0);
	*bytes = (size_t)st.st_size;
	data = malloc(*bytes + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *bytes, in), *bytes);
	fclose(in);
	return data;
}

/* Replaces what is compressed by what it holds; each frame has its size and a check sum. */
static uint8_t *decompress(uint8_t *data, size_t *bytes)
{
	size_t plain_bytes = 0;
	uint8_t *plain;

	for (size_t at = 0; at < *bytes;) {
		unsigned long long content = ZSTD_getFrameContentSize(data + at, *bytes - at);

		assert_true(content < ZSTD_CONTENTSIZE_ERROR);
		assert_true(data[at + 4] & 4); /* RFC 8878, 3.1.1.1.1 */
		plain_bytes += content;
		at += ZSTD_findFrameCompressedSize(data + at, *bytes - at);
	}
	plain = malloc(plain_bytes + 1);
	assert_non_null(plain);
	assert_int_equal(ZSTD_decompress(plain, plain_bytes, data, *bytes), plain_bytes);
	free(data);
	*bytes = plain_bytes;
	return plain;
}

/* The file holds the first `packets` records; counts them by session. */
static void check_file(const struct writer_file *file, const struct expected *expected,
		       uint32_t count, bool compressed, struct found *by_session)
{
	char error[PCAP_ERRBUF_SIZE];
	uint64_t bytes = PCAP_FILE_HEADER_BYTES;
	struct pcap_pkthdr *header;
	const uint8_t *data;
	uint32_t i = 0;
	size_t length;
	uint8_t *content = read_bytes(file->path, &length);
	pcap_t *pcap;
	int status;

	assert_int_equal(file->bytes, length);
	if (compressed)
		content = decompress(content, &length);
	pcap = pcap_fopen_offline_with_tstamp_precision(fmemopen(content, length, "rb"),
							PCAP_TSTAMP_PRECISION_NANO, error);
	if (!pcap)
		fail_msg("%s: %s", file->path, error);
	while ((status = pcap_next_ex(pcap, &header, &data)) == 1) {
		assert_true(i < count);
		check_record(&expected[i], header, data);
		by_session[expected[i].session].packets++;
		by_session[expected[i].session].bytes += header->caplen;
		bytes += PCAP_RECORD_HEADER_BYTES + header->caplen;
		i++;
	}
	assert_int_equal(status, PCAP_ERROR_BREAK);
	pcap_close(pcap);
	assert_int_equal(i, file->packets);
	assert_int_equal(length, bytes);
	free(content);
}

/* The stream whose file this is, by the directory's name. */
static uint32_t stream_of(const struct recording *recording, const char *path)
{
	if (recording->config.output.kind != OUTPUT_DIRECTORY)
		return 0;
	for (uint32_t i = 0; i < recording->config.stream.streams; i++) {
		const char *directory = segment_directory_path(recording->directories[i]);
		size_t length = strlen(directory);

		if (strncmp(path, directory, length) == 0 && path[length] == '/')
			return i;
	}
	fail_msg("%s: no stream's", path);
	return 0;
}

/* The segment of a stream whose first record's time the name carries. */
static uint32_t segment_of(const struct expected_stream *stream, const char *path)
{
	for (uint32_t i = 0; i < stream->count; i++) {
		time_t seconds = (time_t)(stream->records[i].time_ns / 1000000000);
		char start[64];
		struct tm utc;
		size_t length;

		if (i && stream->records[i].segment == stream->records[i - 1].segment)
			continue;
		gmtime_r(&seconds, &utc);
		length = strftime(start, sizeof(start), "/%Y%m%dT%H%M%S", &utc);
		snprintf(start + length, sizeof(start) - length, ".%09uZ-w0-",
			 (unsigned int)(stream->records[i].time_ns % 1000000000));
		if (strstr(path, start))
			return stream->records[i].segment;
	}
	fail_msg("%s: no segment's", path);
	return 0;
}

/* No file but the published ones is left in the stream's directory. */
static void check_no_others(const char *path, uint32_t published)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint32_t count = 0;

	if (!dir) {
		assert_int_equal(published, 0);
		return;
	}
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	assert_int_equal(count, published);
}

static void check_ledger(struct recording *recording, const struct found *by_session)
{
	uint64_t accepted[RECORDING_MAX] = {0};
	struct ledger_session_totals session;
	struct ledger_totals totals;
	uint64_t written = 0;
	uint64_t bytes = 0;
	uint64_t all = 0;

	for (uint32_t i = 0; i < recording->config.stream.streams; i++)
		for (uint32_t j = 0; j < recording->streams[i].count; j++)
			accepted[recording->streams[i].records[j].session]++;
	for (uint32_t i = 0; i < recording->config.sessions; i++) {
		ledger_read_session(recording->ledger, i, &session);
		assert_int_equal(session.stored.written, by_session[i].packets);
		assert_int_equal(session.stored.bytes, by_session[i].bytes);
		assert_int_equal(session.stored.write_failed, accepted[i] - by_session[i].packets);
		written += by_session[i].packets;
		bytes += by_session[i].bytes;
		all += accepted[i];
	}
	assert_true(ledger_read(recording->ledger, &totals));
	assert_true(ledger_balanced(&totals));
	assert_int_equal(totals.in_flight, 0);
	assert_int_equal(totals.written, written);
	assert_int_equal(totals.bytes, bytes);
	assert_true(recording->config.level ||
		    ledger_writer(recording->ledger, 0)->file_bytes >= bytes);
	assert_int_equal(totals.dropped[DROP_WRITE_FAILED], all - written);
	assert_int_equal(totals.dropped[DROP_NO_BUFFER], recording->refused);
}

/* whole: every segment must be there, and whole. */
static void check(struct recording *recording, bool whole)
{
	uint32_t files_of[RECORDING_MAX] = {0};
	struct found by_session[RECORDING_MAX] = {0};
	const struct writer_file *files;
	uint32_t file_count;

	files = writer_files(recording->writer, &file_count);
	for (uint32_t i = 0; i < file_count; i++) {
		uint32_t index = stream_of(recording, files[i].path);
		const struct expected_stream *stream = &recording->streams[index];
		bool named = recording->config.output.kind == OUTPUT_DIRECTORY;
		const struct expected *expected;
		uint32_t segment = named ? segment_of(stream, files[i].path) : 0;
		uint32_t count;

		expected = find_segment(stream, segment, &count);
		if (whole) {
			assert_int_equal(segment, files_of[index]);
			assert_int_equal(files[i].packets, count);
		}
		check_file(&files[i], expected, count, recording->config.level != 0, by_session);
		files_of[index]++;
	}
	for (uint32_t i = 0; i < recording->config.stream.streams; i++) {
		const struct expected_stream *stream = &recording->streams[i];

		if (whole)
			assert_int_equal(files_of[i], stream->count ? stream->segment + 1 : 0);
		if (recording->config.output.kind == OUTPUT_DIRECTORY && !recording->config.shared)
			check_no_others(segment_directory_path(recording->directories[i]),
					files_of[i]);
	}
	check_ledger(recording, by_session);
}

void recording_check_all(struct recording *recording)
{
	char path[SEGMENT_PATH_BYTES];

	assert_int_equal(writer_take_error(recording->writer, path), 0);
	check(recording, true);
}

void recording_check_prefixes(struct recording *recording)
{
	check(recording, false);
}

void recording_free(struct recording *recording)
{
	writer_free(recording->writer);
	stream_set_free(recording->set);
	for (uint32_t i = 0; i < recording->config.stream.streams; i++) {
		segment_directory_free(recording->directories[i]);
		free(recording->streams[i].records);
	}
	free(recording->directories);
	free(recording->streams);
	ring_free(recording->full);
	ring_free(recording->empty);
	chunk_pool_free(recording->pool);
	ledger_close(recording->ledger);
	session_map_fini(&recording->map);
}
