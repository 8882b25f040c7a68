/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of pcapng: whatever is appended, each segment is a file of its own that names the
 * interfaces of its packets, and no other, and whose statistics add up to what was appended and
 * what was refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/pcap_reader.h"
#include "capture/pcapng_template.h"
#include "tests/capture/stream_bench.h"

enum {
	SESSIONS_MAX = 1000,
	RECORDS_MAX = 100000,
};

struct record {
	uint32_t session, caplen;
	uint64_t time_ns;
};

/* One stream's appended records, and the file of its open segment. */
struct side {
	struct record *records;
	uint32_t appended, judged; /* records */
	int fd;
	uint32_t segments;
};

struct test {
	struct bench bench;
	struct session_map map;
	struct pcapng_template *template;
	struct side *sides;
	uint64_t refused[SESSIONS_MAX], told_refused[SESSIONS_MAX];
	uint32_t seed;
};

static uint32_t below(struct test *test, uint32_t limit)
{
	test->seed = test->seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)test->seed * limit) >> 32);
}

static void start(struct test *test, uint32_t sessions, const struct stream_config *config,
		  uint32_t chunks)
{
	struct stream_config own = *config;
	char error[SESSION_ERROR_BYTES];
	char argument[64];

	memset(test, 0, sizeof(*test));
	for (uint32_t i = 0; i < sessions; i++) {
		snprintf(argument, sizeof(argument), "%u,name=s%u,length=%u", i, i, 2000 + i);
		assert_int_equal(session_map_add_argument(&test->map, argument, error), 0);
	}
	assert_int_equal(session_map_check(&test->map, error), 0);
	test->template = pcapng_template_new(&test->map, 0, "tcp or udp");
	assert_non_null(test->template);
	own.streams = config->combined ? 1 : sessions;
	own.pcapng = test->template;
	bench_start(&test->bench, &own, chunks, config->combined ? 256 : 0);
	test->sides = calloc(own.streams + 1, sizeof(*test->sides));
	assert_non_null(test->sides);
	for (uint32_t i = 0; i < own.streams; i++) {
		test->sides[i].records = calloc(RECORDS_MAX / own.streams, sizeof(struct record));
		assert_non_null(test->sides[i].records);
		test->sides[i].fd = -1;
	}
}

static uint8_t byte_of(const struct record *record)
{
	return (uint8_t)(record->session * 7 + record->caplen);
}

static void append_record(struct test *test, uint32_t session, uint32_t caplen)
{
	uint32_t stream = test->bench.config.combined ? 0 : session;
	struct side *side = &test->sides[stream];
	struct record record = {session, caplen, test->bench.now_ns};
	uint8_t *dst =
		stream_append(test->bench.set, stream, session, record.time_ns, caplen, caplen + 5);

	if (dst) {
		memset(dst, byte_of(&record), caplen);
		side->records[side->appended++] = record;
	} else {
		test->refused[session]++;
		stream_refused(test->bench.set, session);
	}
}

static void judge_record(const struct pcap_reader *reader, const struct pcap_record *record,
			 const struct record *expected)
{
	char name[16];

	snprintf(name, sizeof(name), "s%u", expected->session);
	assert_string_equal(pcap_reader_interface(reader, record->interface)->name, name);
	assert_true(record->time_ns == expected->time_ns);
	assert_int_equal(record->caplen, expected->caplen);
	assert_int_equal(record->len, expected->caplen + 5);
	for (uint32_t i = 0; i < record->caplen; i++)
		assert_int_equal(record->data[i], byte_of(expected));
}

/* Statistics of the file: of every interface, and of no session twice. */
static void judge_statistics(struct test *test, const struct pcap_reader *reader,
			     const uint64_t *packets)
{
	bool seen[SESSIONS_MAX] = {false};

	for (uint32_t i = 0; i < pcap_reader_interfaces(reader); i++) {
		const struct pcap_interface *interface = pcap_reader_interface(reader, i);
		uint32_t session = (uint32_t)strtoul(interface->name + 1, NULL, 10);

		assert_false(seen[session]);
		seen[session] = true;
		assert_int_equal(interface->snaplen, 2000 + test->map.count - 1);
		assert_string_equal(interface->filter, "tcp or udp");
		assert_int_equal(interface->received, packets[session] + interface->dropped);
		if (!test->bench.config.pipe)
			test->told_refused[session] += interface->dropped;
		else
			test->told_refused[session] = interface->dropped;
	}
}

/* The segment's file holds the stream's next records, and nothing else. */
static void judge_file(struct test *test, struct side *side)
{
	uint64_t packets[SESSIONS_MAX] = {0};
	struct pcap_reader *reader;
	struct pcap_record record;
	uint64_t good_end;
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", side->fd);
	assert_int_equal(pcap_reader_open(&reader, path, 65536), 0);
	assert_non_null(strstr(pcap_reader_comment(reader), "mirrorcap"));
	while ((rc = pcap_reader_next(reader, &record)) > 0) {
		assert_true(side->judged < side->appended);
		packets[side->records[side->judged].session]++;
		judge_record(reader, &record, &side->records[side->judged++]);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(pcap_reader_end(reader, &good_end), PCAP_END_WHOLE);
	judge_statistics(test, reader, packets);
	pcap_reader_close(reader);
	close(side->fd);
	side->fd = -1;
	side->segments++;
}

/* Does what a writer does with the chunks that were handed over. */
static void write_chunks(struct test *test)
{
	struct chunk *chunk;

	while ((chunk = next_chunk(&test->bench))) {
		struct side *side = &test->sides[chunk->stream];

		if (chunk->flags & CHUNK_OPENS) {
			assert_int_equal(side->fd, -1);
			side->fd = memfd_create("segment", MFD_CLOEXEC);
		}
		assert_int_equal(pwrite(side->fd, chunk->data, chunk->bytes, chunk->file_offset),
				 chunk->bytes);
		if (chunk->flags & CHUNK_CLOSES && !test->bench.config.pipe) {
			assert_int_equal(chunk->whole_end, chunk->logical_end);
			assert_int_equal(ftruncate(side->fd, (off_t)chunk->whole_end), 0);
			judge_file(test, side);
		}
		give_back(&test->bench, chunk);
	}
}

static void tick(struct test *test)
{
	stream_tick(test->bench.set, test->bench.now_ns);
	write_chunks(test);
}

/* Closes all, judges what is left and what was told of. */
static void finish(struct test *test, bool all_told)
{
	while (!stream_close_all(test->bench.set))
		tick(test);
	tick(test);
	for (uint32_t i = 0; i < test->bench.config.streams; i++) {
		struct side *side = &test->sides[i];

		if (test->bench.config.pipe)
			judge_file(test, side);
		assert_int_equal(side->judged, side->appended);
	}
	for (uint32_t i = 0; all_told && i < test->map.count; i++)
		assert_int_equal(test->told_refused[i], test->refused[i]);
	for (uint32_t i = 0; i < test->bench.config.streams; i++)
		free(test->sides[i].records);
	free(test->sides);
	bench_stop(&test->bench);
	pcapng_template_free(test->template);
	session_map_fini(&test->map);
}

/* ticks: one record in so many is followed by one; a few only, and chunks run out. */
static void feed(struct test *test, uint32_t records, uint32_t ticks, uint32_t caplen_max)
{
	for (uint32_t i = 0; i < records; i++) {
		append_record(test, below(test, test->map.count), below(test, caplen_max + 1));
		test->bench.now_ns += below(test, 2000000);
		if (below(test, ticks) == 0)
			tick(test);
	}
}

/* The sessions that have nothing refused in the last segment were told of all. */
static void tell_all(struct test *test)
{
	tick(test);
	while (!stream_close_all(test->bench.set))
		tick(test);
	tick(test);
	for (uint32_t i = 0; i < test->map.count; i++) {
		append_record(test, i, 60);
		tick(test);
	}
}

static const struct mix {
	const char *title;
	uint32_t sessions, chunks, records, ticks, caplen_max;
	struct stream_config config;
} mixes[] = {
	{"one session", 1, 8, 3000, 10, 1500, {.aligned = true, .flush_ns = SECOND}},
	{"small packets", 1, 8, 20000, 50, 0, {.aligned = true, .flush_ns = SECOND}},
	{"a stream each", 20, 64, 4000, 10, 1500, {.aligned = true, .flush_ns = SECOND}},
	{"combined",
	 300,
	 8,
	 8000,
	 10,
	 200,
	 {.combined = true, .aligned = true, .flush_ns = SECOND}},
	{"combined, more statistics than a chunk holds, chunks run out",
	 1000,
	 4,
	 20000,
	 150,
	 100,
	 {.combined = true, .aligned = true, .flush_ns = SECOND, .rotation = {.packets = 5000}}},
	{"combined, every packet a file",
	 5,
	 16,
	 500,
	 1,
	 1500,
	 {.combined = true, .aligned = true, .flush_ns = SECOND, .rotation = {.packets = 1}}},
	{"combined, by size",
	 50,
	 8,
	 8000,
	 10,
	 1500,
	 {.combined = true,
	  .aligned = true,
	  .flush_ns = SECOND,
	  .rotation = {.filesize_bytes = 50000}}},
	{"streams, by time",
	 20,
	 64,
	 8000,
	 5,
	 1500,
	 {.aligned = true, .flush_ns = SECOND, .rotation = {.interval_ns = SECOND}}},
	{"chunks run out",
	 20,
	 32,
	 8000,
	 60,
	 1500,
	 {.aligned = true, .flush_ns = SECOND, .rotation = {.packets = 30}}},
	{"a pipe", 50, 8, 8000, 10, 1500, {.combined = true, .pipe = true, .flush_ns = SECOND}},
	{"not aligned",
	 20,
	 64,
	 8000,
	 5,
	 1500,
	 {.flush_ns = SECOND, .rotation = {.filesize_bytes = 50000, .interval_ns = SECOND}}},
};

static void every_segment_is_a_file(void **state)
{
	static struct test test;

	for (size_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++) {
		const struct mix *mix = &mixes[i];
		uint64_t refused = 0;

		print_message("# %s\n", mix->title);
		start(&test, mix->sessions, &mix->config, mix->chunks);
		feed(&test, mix->records, mix->ticks, mix->caplen_max);
		for (uint32_t s = 0; s < mix->sessions; s++)
			refused += test.refused[s];
		assert_int_equal(refused > 0, strstr(mix->title, "chunks run out") != NULL);
		if (!mix->config.pipe)
			tell_all(&test);
		finish(&test, true);
	}
}

/* A file that is there before its first packet has an interface: without, libpcap refuses it. */
static void an_empty_file_has_an_interface(void **state)
{
	static struct test test;
	uint32_t segments;

	start(&test, 3, &(struct stream_config){.combined = true, .aligned = true}, 4);
	assert_true(stream_begin(test.bench.set, 0, test.bench.now_ns));
	assert_true(stream_close_all(test.bench.set));
	write_chunks(&test);
	segments = test.sides[0].segments;
	assert_int_equal(segments, 1);
	finish(&test, true);
}

static void the_largest_packet_fits(void **state)
{
	static struct test test;
	uint32_t max;

	start(&test, 2, &(struct stream_config){.combined = true, .aligned = true}, 8);
	max = stream_set_max_caplen(test.bench.set);
	assert_in_range(max, CHUNK_BYTES / 2, CHUNK_BYTES - CHUNK_BLOCK);
	for (uint32_t i = 0; i < 12; i++) {
		append_record(&test, i % 2, max);
		tick(&test);
	}
	assert_int_equal(test.sides[0].appended, 12);
	assert_null(stream_append(test.bench.set, 0, 0, 0, max + 1, max + 1));
	assert_null(stream_append(test.bench.set, 0, 0, 0, UINT32_MAX, UINT32_MAX));
	finish(&test, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_segment_is_a_file),
		cmocka_unit_test(an_empty_file_has_an_interface),
		cmocka_unit_test(the_largest_packet_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
