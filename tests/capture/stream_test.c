/* SPDX-License-Identifier: Apache-2.0 */
/* When a set hands chunks over, closes segments, and what it does without a free chunk. */
#include <stdio.h>
#include <unistd.h>

#include "tests/capture/recording.h"
#include "tests/capture/stream_bench.h"

/* Time goes on, and the set is told, as by a worker that polls. */
static void pass(struct bench *bench, uint64_t ns)
{
	bench->now_ns += ns;
	stream_tick(bench->set, bench->now_ns);
}

/* The worker publishes its counts between the two. */
static void nothing_is_handed_over_before_the_tick(void **state)
{
	struct bench bench;

	bench_start(&bench, &plain, 8, 0);
	for (int i = 0; i < 6; i++)
		assert_true(append(&bench, 0, 0, 8000));
	assert_null(next_chunk(&bench));
	stream_tick(bench.set, bench.now_ns);
	assert_non_null(next_chunk(&bench));
	bench_stop(&bench);
}

static void an_idle_stream_holds_no_chunk(void **state)
{
	struct bench bench;

	bench_start(&bench, &plain, 2, 0);
	bench.now_ns += 100ull * SECOND;
	stream_tick(bench.set, bench.now_ns);
	assert_true(stream_close_all(bench.set));
	assert_null(next_chunk(&bench));
	bench_stop(&bench);
}

static void a_chunk_is_flushed_at_its_age(void **state)
{
	struct bench bench;
	struct chunk *chunk;

	bench_start(&bench, &plain, 2, 0);
	pass(&bench, 0);
	assert_true(append(&bench, 0, 0, 60));
	pass(&bench, SECOND / 2);
	assert_true(append(&bench, 0, 0, 60));
	pass(&bench, SECOND / 2 - 1);
	assert_null(next_chunk(&bench));
	pass(&bench, 1);
	chunk = next_chunk(&bench);
	assert_non_null(chunk);
	assert_int_equal(chunk->flags, CHUNK_OPENS);
	assert_int_equal(chunk->records, 2);
	assert_int_equal(chunk->bytes, CHUNK_BLOCK);
	bench_stop(&bench);
}

/* A file that is asked for by name is begun before anything comes; records follow the header. */
static void begins_without_a_record(void **state)
{
	struct bench bench;
	struct chunk *chunk;

	bench_start(&bench, &plain, 2, 0);
	pass(&bench, 0);
	assert_true(stream_begin(bench.set, 0, bench.now_ns));
	assert_true(stream_begin(bench.set, 0, bench.now_ns)); /* is open already */
	pass(&bench, SECOND);
	chunk = next_chunk(&bench);
	assert_non_null(chunk);
	assert_int_equal(chunk->flags, CHUNK_OPENS);
	assert_int_equal(chunk->records, 0);
	assert_int_equal(chunk->whole_end, PCAP_FILE_HEADER_BYTES);
	assert_true(append(&bench, 0, 0, 60));
	assert_true(stream_close_all(bench.set));
	chunk = next_chunk(&bench);
	assert_int_equal(chunk->flags, CHUNK_CLOSES);
	assert_int_equal(chunk->records, 1);
	assert_int_equal(chunk->logical_end, PCAP_FILE_HEADER_BYTES + 16 + 60);
	bench_stop(&bench);
}

/* A record in the carry is as old as it was before it was carried. */
static void a_carried_record_keeps_its_age(void **state)
{
	struct bench bench;
	struct chunk *chunk;

	bench_start(&bench, &plain, 3, 0);
	pass(&bench, 0);
	assert_true(append(&bench, 0, 0, 12000));
	pass(&bench, SECOND / 2);
	assert_true(append(&bench, 0, 0, 1000)); /* crosses into the fourth block */
	pass(&bench, SECOND / 4);
	assert_true(append(&bench, 0, 0, 8000)); /* begins a new chunk */
	stream_tick(bench.set, bench.now_ns);
	chunk = next_chunk(&bench);
	assert_int_equal(chunk->records, 1);
	assert_int_equal(chunk->bytes, 12288);
	pass(&bench, 3ull * SECOND / 4 - 1);
	assert_null(next_chunk(&bench));
	pass(&bench, 1);
	chunk = next_chunk(&bench);
	assert_non_null(chunk);
	assert_int_equal(chunk->records, 2);
	bench_stop(&bench);
}

static void the_oldest_is_flushed_first(void **state)
{
	struct stream_config config = plain;
	struct bench bench;

	config.streams = 4;
	bench_start(&bench, &config, 8, 0);
	for (uint32_t i = 0; i < 4; i++) {
		pass(&bench, i ? SECOND / 10 : 0);
		assert_true(append(&bench, 3 - i, 3 - i, 60));
	}
	assert_true(append(&bench, 3, 3, 60)); /* does not make it younger */
	for (uint32_t i = 0; i < 4; i++) {
		struct chunk *chunk;

		bench.now_ns = 1001ull * SECOND + i * (SECOND / 10ull);
		stream_tick(bench.set, bench.now_ns);
		chunk = next_chunk(&bench);
		assert_non_null(chunk);
		assert_int_equal(chunk->stream, 3 - i);
		assert_int_equal(chunk->session, 3 - i);
		assert_null(next_chunk(&bench));
	}
	bench_stop(&bench);
}

/* A backlog is worked off: records are older than the present. They age by the present. */
static void old_records_do_not_age_at_once(void **state)
{
	struct bench bench;

	bench_start(&bench, &plain, 8, 0);
	pass(&bench, 0);
	for (int i = 0; i < 100; i++) {
		bench.now_ns -= SECOND / 2;
		assert_true(append(&bench, 0, 0, 60));
		bench.now_ns += SECOND / 2;
		pass(&bench, SECOND / 1000);
	}
	assert_null(next_chunk(&bench));
	bench_stop(&bench);
}

/* Times of a file: years back and forth. Nothing underflows, sticks or gets lost. */
static void times_may_jump(void **state)
{
	static const uint64_t times[] = {1700000000ull * SECOND, 5, UINT64_MAX - 1, 0,
					 1700000001ull * SECOND};
	struct stream_config config = plain;
	uint32_t records = 0;
	struct bench bench;
	struct chunk *chunk;

	config.rotation.duration_ns = 3600ull * SECOND;
	bench_start(&bench, &config, 8, 0);
	for (int i = 0; i < 50; i++) {
		bench.now_ns = times[i % 5];
		assert_true(append(&bench, 0, 0, 100));
		stream_tick(bench.set, bench.now_ns);
		while ((chunk = next_chunk(&bench))) {
			records += chunk->records;
			give_back(&bench, chunk);
		}
	}
	/* From here on time goes on as usual: so does ageing. */
	assert_true(append(&bench, 0, 0, 100));
	stream_tick(bench.set, bench.now_ns + SECOND);
	assert_true(stream_close_all(bench.set));
	while ((chunk = next_chunk(&bench)))
		records += chunk->records;
	assert_int_equal(records, 51);
	bench_stop(&bench);
}

static void a_step_back_flushes_nothing(void **state)
{
	struct bench bench;

	bench_start(&bench, &plain, 2, 0);
	assert_true(append(&bench, 0, 0, 60));
	stream_tick(bench.set, 10ull * SECOND);
	stream_tick(bench.set, 5ull * SECOND);
	stream_tick(bench.set, 5ull * SECOND + SECOND - 1);
	assert_null(next_chunk(&bench));
	stream_tick(bench.set, 6ull * SECOND);
	assert_non_null(next_chunk(&bench));
	bench_stop(&bench);
}

/* Three streams, two chunks: the third takes nothing until the first's chunk has come back. */
static void without_a_chunk_the_oldest_goes(void **state)
{
	struct stream_config config = plain;
	struct bench bench;
	struct chunk *chunk;

	config.streams = 3;
	bench_start(&bench, &config, 2, 0);
	assert_true(append(&bench, 1, 1, 60));
	bench.now_ns++;
	assert_true(append(&bench, 0, 0, 60));
	assert_false(append(&bench, 2, 2, 60));
	stream_tick(bench.set, bench.now_ns);
	chunk = next_chunk(&bench);
	assert_non_null(chunk);
	assert_int_equal(chunk->stream, 1);
	assert_int_equal(chunk->records, 1);
	assert_null(next_chunk(&bench));
	give_back(&bench, chunk);
	assert_true(append(&bench, 2, 2, 60));
	/* Stream 1 goes on in the block where it was. */
	assert_false(append(&bench, 1, 1, 60));
	stream_tick(bench.set, bench.now_ns);
	give_back(&bench, next_chunk(&bench));
	assert_true(append(&bench, 1, 1, 60));
	bench_stop(&bench);
}

/* A tick's records may each be another stream's; the writer is done before the next tick. */
static void many_streams_find_chunks_tick_by_tick(void **state)
{
	struct stream_config config = plain;
	uint32_t random = 11;
	struct bench bench;
	struct chunk *chunk;

	config.streams = 1000;
	bench_start(&bench, &config, 128, 0);
	for (int tick = 0; tick < 2000; tick++) {
		for (int i = 0; i < 63; i++) {
			uint32_t stream = recording_random(&random, config.streams);

			assert_true(append(&bench, stream, stream, 60));
		}
		stream_tick(bench.set, ++bench.now_ns);
		while ((chunk = next_chunk(&bench)))
			give_back(&bench, chunk);
	}
	bench_stop(&bench);
}

/* The disk stands still: what streams hold fills up, instead of going in ever smaller pieces. */
static void a_stalled_writer_gets_no_more_than_the_reserve(void **state)
{
	struct stream_config config = plain;
	uint32_t handed_over = 0;
	uint32_t refused = 0;
	struct bench bench;

	config.streams = 1000;
	bench_start(&bench, &config, 128, 0);
	for (uint32_t i = 0; i < 1000; i++) {
		refused += !append(&bench, i, i, 60);
		stream_tick(bench.set, ++bench.now_ns);
		while (next_chunk(&bench))
			handed_over++;
	}
	assert_int_equal(handed_over, 64);
	assert_int_equal(refused, 1000 - 128);
	bench_stop(&bench);
}

static void what_cannot_fit_is_refused(void **state)
{
	struct bench bench;

	bench_start(&bench, &plain, 2, 0);
	assert_int_equal(stream_max_caplen(CHUNK_BYTES), CHUNK_BYTES - CHUNK_BLOCK - 24 - 16);
	assert_int_equal(stream_max_caplen(CHUNK_BLOCK), 0);
	assert_false(append(&bench, 0, 0, stream_max_caplen(CHUNK_BYTES) + 1));
	assert_true(append(&bench, 0, 0, stream_max_caplen(CHUNK_BYTES)));
	assert_null(stream_append(bench.set, 0, 0, 0, UINT32_MAX, UINT32_MAX));
	bench_stop(&bench);
}

static void ticks_close_what_idles(void **state)
{
	struct stream_config config = plain;
	struct bench bench;
	struct chunk *chunk;

	config.rotation.interval_ns = 10ull * SECOND;
	bench_start(&bench, &config, 4, 0);
	bench.now_ns = 1003ull * SECOND;
	pass(&bench, 0);
	assert_true(append(&bench, 0, 0, 60));
	stream_tick(bench.set, 1010ull * SECOND - 1);
	chunk = next_chunk(&bench);
	assert_int_equal(chunk->flags, CHUNK_OPENS);
	assert_null(next_chunk(&bench));
	/* The stream holds no chunk: one without bytes says that it closes. */
	stream_tick(bench.set, 1010ull * SECOND);
	chunk = next_chunk(&bench);
	assert_int_equal(chunk->flags, CHUNK_CLOSES);
	assert_int_equal(chunk->bytes, 0);
	assert_int_equal(chunk->records, 0);
	assert_int_equal(chunk->logical_end, 24 + 16 + 60);
	assert_int_equal(chunk->whole_end, 24 + 16 + 60);
	bench.now_ns = 1010ull * SECOND;
	assert_true(append(&bench, 0, 0, 60));
	/* Still in a chunk: that one closes. */
	stream_tick(bench.set, 1020ull * SECOND);
	chunk = next_chunk(&bench);
	assert_int_equal(chunk->flags, CHUNK_OPENS | CHUNK_CLOSES);
	assert_int_equal(chunk->records, 1);
	assert_null(next_chunk(&bench));
	bench_stop(&bench);
}

/* The chunk that would say it is still away: the close is remembered. */
static void closing_waits_for_a_chunk(void **state)
{
	struct stream_config config = plain;
	struct bench bench;
	struct chunk *chunk;

	config.flush_ns = 0;
	bench_start(&bench, &config, 1, 0);
	assert_true(append(&bench, 0, 0, 60));
	stream_tick(bench.set, bench.now_ns);
	chunk = next_chunk(&bench);
	assert_false(stream_close_all(bench.set));
	stream_tick(bench.set, bench.now_ns);
	assert_null(next_chunk(&bench));
	give_back(&bench, chunk);
	stream_tick(bench.set, bench.now_ns);
	chunk = next_chunk(&bench);
	assert_non_null(chunk);
	assert_int_equal(chunk->flags, CHUNK_CLOSES);
	assert_true(stream_close_all(bench.set));
	bench_stop(&bench);
}

/* Chunks are held by some streams while others need one to close: all close in the end. */
static void all_close_with_a_single_chunk_left(void **state)
{
	struct stream_config config = plain;
	uint32_t closed = 0;
	struct bench bench;

	config.streams = 6;
	bench_start(&bench, &config, 2, 0);
	for (uint32_t i = 0; i < 6; i++)
		for (int tries = 0; !append(&bench, i, i, 60); tries++) {
			struct chunk *chunk;

			assert_in_range(tries, 0, 2);
			stream_tick(bench.set, bench.now_ns);
			chunk = next_chunk(&bench);
			if (chunk)
				give_back(&bench, chunk);
		}
	for (int tries = 0; tries < 20; tries++) {
		bool all = stream_close_all(bench.set);
		struct chunk *chunk;

		while ((chunk = next_chunk(&bench))) {
			closed += (chunk->flags & CHUNK_CLOSES) != 0;
			give_back(&bench, chunk);
		}
		if (all)
			break;
	}
	assert_int_equal(closed, 6);
	bench_stop(&bench);
}

/* A pipe: no padding, nothing twice, one header whatever is closed in between. */
static void a_pipe_is_one_plain_sequence(void **state)
{
	struct stream_config config = plain;
	uint64_t expected = PCAP_FILE_HEADER_BYTES;
	uint64_t received = 0;
	uint32_t random = 9;
	uint32_t records = 0;
	struct bench bench;
	struct chunk *chunk;

	config.aligned = false;
	config.pipe = true;
	bench_start(&bench, &config, 3, 0);
	for (int i = 0; i < 2000; i++) {
		uint32_t caplen = recording_random(&random, 3000);

		bench.now_ns += recording_random(&random, SECOND / 20);
		while (!append(&bench, 0, 0, caplen))
			stream_tick(bench.set, bench.now_ns);
		expected += PCAP_RECORD_HEADER_BYTES + caplen;
		if (i % 500 == 499)
			assert_true(stream_close_all(bench.set));
		stream_tick(bench.set, bench.now_ns);
		while ((chunk = next_chunk(&bench))) {
			assert_int_equal(chunk->file_offset, received);
			assert_int_equal(chunk->logical_end, received + chunk->bytes);
			assert_int_equal((chunk->flags & CHUNK_OPENS) != 0, received == 0);
			received += chunk->bytes;
			records += chunk->records;
			give_back(&bench, chunk);
		}
	}
	assert_int_equal(received, expected);
	assert_int_equal(records, 2000);
	bench_stop(&bench);
}

/* All chunks are at a writer whose reader stalls: the end does not wait for one. */
static void a_pipe_closes_without_a_chunk(void **state)
{
	struct stream_config config = plain;
	struct bench bench;

	config.aligned = false;
	config.pipe = true;
	config.flush_ns = 0;
	bench_start(&bench, &config, 1, 0);
	assert_true(append(&bench, 0, 0, 60));
	stream_tick(bench.set, bench.now_ns);
	assert_non_null(next_chunk(&bench));
	assert_true(stream_close_all(bench.set));
	bench_stop(&bench);
}

static uint64_t resident_bytes(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*u %lu", &pages), 1);
	fclose(file);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void ten_thousand_streams_are_cheap(void **state)
{
	enum { STREAMS = 10000 };
	struct stream_config config = plain;
	struct bench bench;
	struct chunk *chunk;
	uint64_t before;

#ifdef __SANITIZE_THREAD__
	skip(); /* its shadow memory counts, too */
#endif
	config.streams = STREAMS;
	before = resident_bytes();
	bench_start(&bench, &config, 4, 0);
	assert_in_range(resident_bytes() - before, 0, STREAMS * 512);
	/* Each has a partial block to remember. */
	for (uint32_t i = 0; i < STREAMS; i++) {
		assert_true(append(&bench, i, i, 60));
		bench.now_ns += SECOND;
		stream_tick(bench.set, bench.now_ns);
		while ((chunk = next_chunk(&bench)))
			assert_true(ring_put(bench.empty, chunk));
	}
	assert_in_range(resident_bytes() - before, STREAMS * CHUNK_BLOCK, STREAMS * 5 * 1024);
	bench_stop(&bench);
}

static void refuses_a_set_that_cannot_work(void **state)
{
	struct stream_config config = plain;
	struct chunk_pool *pool = chunk_pool_new(8, CHUNK_BYTES, 0);
	struct ring *small = ring_new(4);
	struct ring *ring = ring_new(8);

	assert_null(stream_set_new(&config, pool, small, ring));
	config.combined = true;
	assert_null(stream_set_new(&config, pool, ring, ring));
	config.combined = false;
	config.streams = 0;
	assert_null(stream_set_new(&config, pool, ring, ring));
	stream_set_free(NULL);
	ring_free(ring);
	ring_free(small);
	chunk_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_handed_over_before_the_tick),
		cmocka_unit_test(an_idle_stream_holds_no_chunk),
		cmocka_unit_test(a_chunk_is_flushed_at_its_age),
		cmocka_unit_test(begins_without_a_record),
		cmocka_unit_test(a_carried_record_keeps_its_age),
		cmocka_unit_test(the_oldest_is_flushed_first),
		cmocka_unit_test(old_records_do_not_age_at_once),
		cmocka_unit_test(times_may_jump),
		cmocka_unit_test(a_step_back_flushes_nothing),
		cmocka_unit_test(without_a_chunk_the_oldest_goes),
		cmocka_unit_test(many_streams_find_chunks_tick_by_tick),
		cmocka_unit_test(a_stalled_writer_gets_no_more_than_the_reserve),
		cmocka_unit_test(what_cannot_fit_is_refused),
		cmocka_unit_test(ticks_close_what_idles),
		cmocka_unit_test(closing_waits_for_a_chunk),
		cmocka_unit_test(all_close_with_a_single_chunk_left),
		cmocka_unit_test(a_pipe_is_one_plain_sequence),
		cmocka_unit_test(a_pipe_closes_without_a_chunk),
		cmocka_unit_test(ten_thousand_streams_are_cheap),
		cmocka_unit_test(refuses_a_set_that_cannot_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
