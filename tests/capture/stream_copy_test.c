/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream_append_copy() is only a faster way: what it hands over is, byte for byte and account for
 * account, what stream_append() hands over.
 */
#include <stdlib.h>

#include "capture/pcapng_template.h"
#include "capture/stream_copy.h"
#include "tests/capture/stream_bench.h"

enum {
	SESSIONS = 3,
	CHUNKS = 64,
	BURSTS = 4000,
	LOG_RECORDS = 100,
	SEEDS = 8,
};

struct pair {
	struct bench copies, appends;
	uint32_t copied; /* records that needed no more */
};

static void same_chunk(const struct chunk *a, const struct chunk *b)
{
	assert_int_equal(a->stream, b->stream);
	assert_int_equal(a->flags, b->flags);
	assert_int_equal(a->file_offset, b->file_offset);
	assert_int_equal(a->bytes, b->bytes);
	assert_int_equal(a->records, b->records);
	assert_int_equal(a->record_bytes, b->record_bytes);
	assert_int_equal(a->whole_end, b->whole_end);
	assert_int_equal(a->logical_end, b->logical_end);
	assert_int_equal(a->first_ns, b->first_ns);
	assert_int_equal(a->last_ns, b->last_ns);
	assert_int_equal(a->session, b->session);
	assert_memory_equal(a->data, b->data, a->bytes);
	if (a->log && a->records)
		assert_memory_equal(a->log, b->log, a->records * sizeof(*a->log));
}

/* Compares what both have handed over, and gives it back. */
static void compare(struct pair *pair)
{
	for (;;) {
		struct chunk *a = next_chunk(&pair->copies), *b = next_chunk(&pair->appends);

		assert_int_equal(a == NULL, b == NULL);
		if (!a)
			return;
		same_chunk(a, b);
		give_back(&pair->copies, a);
		give_back(&pair->appends, b);
	}
}

static void fill(uint8_t *dst, uint32_t caplen)
{
	assert_non_null(dst);
	memset(dst, (int)(caplen % 251) + 1, caplen);
}

/* By a copy where that is enough, else as the other. */
static void append_copying(struct pair *pair, uint32_t stream, uint32_t session, uint32_t caplen)
{
	struct bench *bench = &pair->copies;
	uint8_t *dst =
		stream_append_copy(bench->set, stream, session, bench->now_ns, caplen, caplen + 7);

	pair->copied += dst != NULL;
	if (!dst)
		dst = stream_append(bench->set, stream, session, bench->now_ns, caplen, caplen + 7);
	fill(dst, caplen);
}

static void burst(struct pair *pair, bool combined)
{
	uint32_t count = (uint32_t)rand() % 33;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t session = (uint32_t)rand() % SESSIONS;
		uint32_t caplen = (uint32_t)(rand() % 10 ? rand() % 200 : rand() % 1500);
		uint32_t stream = combined ? 0 : session;

		append_copying(pair, stream, session, caplen);
		fill(stream_append(pair->appends.set, stream, session, pair->appends.now_ns, caplen,
				   caplen + 7),
		     caplen);
	}
}

/* Returns how many records needed no more than a copy. */
static uint32_t compare_with(const struct stream_config *config)
{
	uint32_t logs = config->combined ? LOG_RECORDS : 0;
	struct pair pair = {0};

	bench_start(&pair.copies, config, CHUNKS, logs);
	bench_start(&pair.appends, config, CHUNKS, logs);
	for (uint32_t i = 0; i < BURSTS; i++) {
		uint64_t passed = (uint64_t)rand() % 1000000;

		pair.copies.now_ns += passed;
		pair.appends.now_ns += passed;
		burst(&pair, config->combined);
		stream_tick(pair.copies.set, pair.copies.now_ns);
		stream_tick(pair.appends.set, pair.appends.now_ns);
		compare(&pair);
	}
	assert_true(stream_close_all(pair.copies.set));
	assert_true(stream_close_all(pair.appends.set));
	compare(&pair);
	bench_stop(&pair.copies);
	bench_stop(&pair.appends);
	return pair.copied;
}

static const struct stream_config configs[] = {
	{.streams = SESSIONS, .aligned = true, .flush_ns = SECOND},
	{.streams = SESSIONS, .aligned = true, .flush_ns = SECOND / 100, .precision = PCAP_US},
	{.streams = 1, .combined = true, .aligned = true, .flush_ns = SECOND / 10},
	{.streams = 1, .combined = true, .aligned = false, .flush_ns = SECOND / 10},
	{.streams = SESSIONS,
	 .aligned = true,
	 .flush_ns = SECOND,
	 .rotation = {.packets = 77, .duration_ns = SECOND / 50}},
	{.streams = 1,
	 .combined = true,
	 .aligned = true,
	 .flush_ns = SECOND,
	 .rotation = {.filesize_bytes = 50000, .interval_ns = SECOND / 20}},
};

static void copies_hand_over_what_appends_do(void **state)
{
	for (unsigned int i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		for (unsigned int seed = 1; seed <= SEEDS; seed++) {
			srand(seed);
			/* Most records of a burst need no more than a copy. */
			assert_true(compare_with(&configs[i]) > BURSTS * 16 / 2);
		}
	}
}

/* pcapng's records are not a header and a copy. */
static void copies_leave_pcapng_alone(void **state)
{
	struct session sessions[SESSIONS] = {
		{.virtual_network_id = 1}, {.virtual_network_id = 2}, {.virtual_network_id = 3}};
	struct session_map map = {.sessions = sessions, .count = SESSIONS};
	struct stream_config config = configs[2];
	struct pcapng_template *template = pcapng_template_new(&map, 0, NULL);

	assert_non_null(template);
	config.pcapng = template;
	srand(1);
	assert_int_equal(compare_with(&config), 0);
	pcapng_template_free(template);
}

/* A stream that has no chunk takes nothing, and nothing changes. */
static void a_copy_needs_an_open_chunk(void **state)
{
	struct bench bench;

	bench_start(&bench, &plain, 2, 0);
	assert_null(stream_append_copy(bench.set, 0, 0, bench.now_ns, 0, 0));
	stream_tick(bench.set, bench.now_ns);
	assert_true(stream_close_all(bench.set));
	assert_null(next_chunk(&bench));
	bench_stop(&bench);
}

/* Of large records a third ends a block: they need no more than a copy, either. */
static void a_copy_may_end_blocks(void **state)
{
	static const uint32_t ends[] = {CHUNK_BLOCK - 1, CHUNK_BLOCK, CHUNK_BLOCK + 1,
					3 * CHUNK_BLOCK, CHUNK_BYTES};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		uint32_t begun = PCAP_FILE_HEADER_BYTES + PCAP_RECORD_HEADER_BYTES;
		uint32_t caplen = ends[i] - begun - PCAP_RECORD_HEADER_BYTES;
		struct bench bench;

		bench_start(&bench, &plain, 4, 0);
		fill(stream_append(bench.set, 0, 0, bench.now_ns, 0, 0), 0);
		fill(stream_append_copy(bench.set, 0, 0, bench.now_ns, caplen, caplen), caplen);
		if (ends[i] == CHUNK_BYTES)
			assert_null(stream_append_copy(bench.set, 0, 0, bench.now_ns, 0, 0));
		else
			fill(stream_append_copy(bench.set, 0, 0, bench.now_ns, 0, 0), 0);
		bench_stop(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copies_hand_over_what_appends_do),
		cmocka_unit_test(copies_leave_pcapng_alone),
		cmocka_unit_test(a_copy_needs_an_open_chunk),
		cmocka_unit_test(a_copy_may_end_blocks),
	};

	return cmocka_run_group_tests_name("stream_copy", tests, NULL, NULL);
}
