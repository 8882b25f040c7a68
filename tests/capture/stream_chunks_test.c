/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunks that a set hands over, one by one: what each writes, and which records it counts.
 * A sink stands where the writer does: it applies each chunk to the bytes of its file.
 */
#include <stdlib.h>

#include "capture/stream_copy.h"
#include "tests/capture/recording.h"
#include "tests/capture/stream_bench.h"

enum {
	FILE_BYTES = 1 << 20,
	MAX_RECORDS = 20000,
};

/* A file as it would be on disk, and what its chunks said so far. */
struct sink {
	uint8_t *file;
	uint64_t on_disk; /* logical end of what was written */
	uint64_t record_ends[MAX_RECORDS];
	uint64_t record_times[MAX_RECORDS];
	uint32_t record_caplens[MAX_RECORDS];
	uint32_t record_sessions[MAX_RECORDS];
	uint32_t appended;
	uint32_t counted;
	uint64_t end; /* of what was appended */
	uint32_t chunks;
	bool opened, closed;
	bool copying; /* its records are copied where that is enough */
};

static bool copy(struct bench *bench, uint32_t session, uint32_t caplen)
{
	uint8_t *dst = stream_append_copy(bench->set, 0, session, bench->now_ns, caplen, caplen);

	if (dst)
		memset(dst, (int)(caplen % 251) + 1, caplen);
	return dst != NULL;
}

static bool sink_append(struct bench *bench, struct sink *sink, uint32_t session, uint32_t caplen)
{
	if (!(sink->copying && copy(bench, session, caplen)) && !append(bench, 0, session, caplen))
		return false;
	if (sink->appended == 0)
		sink->end = PCAP_FILE_HEADER_BYTES;
	sink->end += PCAP_RECORD_HEADER_BYTES + caplen;
	sink->record_ends[sink->appended] = sink->end;
	sink->record_times[sink->appended] = bench->now_ns;
	sink->record_caplens[sink->appended] = caplen;
	sink->record_sessions[sink->appended++] = session;
	return true;
}

/* The records that end in what this chunk brings to the disk, from the list of all records. */
static void check_counts(struct sink *sink, const struct chunk *chunk)
{
	uint64_t record_bytes = 0;
	uint32_t records = 0;

	while (sink->counted < sink->appended &&
	       sink->record_ends[sink->counted] <= chunk->logical_end) {
		if (chunk->log) {
			assert_int_equal(chunk->log[records].session,
					 sink->record_sessions[sink->counted]);
			assert_int_equal(chunk->log[records].caplen,
					 sink->record_caplens[sink->counted]);
		}
		record_bytes += sink->record_caplens[sink->counted++];
		records++;
	}
	assert_int_equal(chunk->records, records);
	assert_int_equal(chunk->record_bytes, record_bytes);
	assert_int_equal(chunk->whole_end, sink->counted ? sink->record_ends[sink->counted - 1]
							 : PCAP_FILE_HEADER_BYTES);
	assert_int_equal(chunk->first_ns, sink->record_times[0]);
	if (sink->counted)
		assert_int_equal(chunk->last_ns, sink->record_times[sink->counted - 1]);
}

static void sink_write(struct sink *sink, const struct chunk *chunk)
{
	uint64_t carried = sink->on_disk - chunk->file_offset;
	uint64_t logical = chunk->logical_end - chunk->file_offset;

	assert_int_equal((chunk->flags & CHUNK_OPENS) != 0, !sink->opened);
	assert_false(sink->closed);
	sink->opened = true;
	sink->closed = chunk->flags & CHUNK_CLOSES;
	assert_int_equal(chunk->file_offset % CHUNK_BLOCK, 0);
	assert_int_equal(chunk->bytes % CHUNK_BLOCK, 0);
	assert_in_range(chunk->bytes, 0, CHUNK_BYTES);
	/* It begins in the last block on disk, and repeats what is there. */
	assert_int_equal(chunk->file_offset, sink->on_disk / CHUNK_BLOCK * CHUNK_BLOCK);
	if (chunk->bytes)
		assert_memory_equal(chunk->data, sink->file + chunk->file_offset, carried);
	else
		assert_int_equal(chunk->logical_end, sink->on_disk);
	if (chunk->bytes)
		for (uint64_t i = logical; i < chunk->bytes; i++)
			assert_int_equal(chunk->data[i], 0);
	memcpy(sink->file + chunk->file_offset, chunk->data, chunk->bytes);
	check_counts(sink, chunk);
	sink->on_disk = chunk->logical_end;
	sink->chunks++;
}

static void sink_take_all(struct bench *bench, struct sink *sink)
{
	struct chunk *chunk;

	stream_tick(bench->set, bench->now_ns);
	while ((chunk = next_chunk(bench))) {
		sink_write(sink, chunk);
		give_back(bench, chunk);
	}
}

/* The file is whole: a header, then every record with its bytes. */
static void sink_check_file(struct sink *sink)
{
	uint64_t offset = PCAP_FILE_HEADER_BYTES;

	assert_true(sink->closed);
	assert_int_equal(sink->counted, sink->appended);
	assert_int_equal(sink->on_disk, sink->end);
	for (uint32_t i = 0; i < sink->appended; i++) {
		uint32_t caplen = sink->record_caplens[i];
		uint32_t fields[4];

		memcpy(fields, sink->file + offset, sizeof(fields));
		assert_int_equal(fields[0], sink->record_times[i] / SECOND);
		assert_int_equal(fields[1], sink->record_times[i] % SECOND);
		assert_int_equal(fields[2], caplen);
		offset += PCAP_RECORD_HEADER_BYTES;
		for (uint32_t j = 0; j < caplen; j++)
			assert_int_equal(sink->file[offset + j], caplen % 251 + 1);
		offset += caplen;
	}
}

/* Sizes that end before, at and after a block's and a chunk's end. */
static uint32_t odd_caplen(const struct sink *sink, uint32_t *state)
{
	uint64_t end = sink->appended ? sink->end : PCAP_FILE_HEADER_BYTES;
	uint32_t to_block =
		CHUNK_BLOCK - (uint32_t)((end + PCAP_RECORD_HEADER_BYTES) % CHUNK_BLOCK);

	switch (recording_random(state, 8)) {
	case 0:
		return 0;
	case 1:
		return to_block - 1;
	case 2:
		return to_block;
	case 3:
		return to_block + 1;
	case 4:
		return stream_max_caplen(CHUNK_BYTES);
	case 5:
		return CHUNK_BLOCK - PCAP_RECORD_HEADER_BYTES;
	default:
		return recording_random(state, 400);
	}
}

static void run_mix(uint32_t seed, bool copying, bool combined, uint32_t log_records)
{
	struct stream_config config = plain;
	struct sink *sink = calloc(1, sizeof(*sink));
	struct bench bench;
	uint32_t state = seed;

	assert_non_null(sink);
	sink->file = calloc(1, FILE_BYTES);
	sink->copying = copying;
	config.combined = combined;
	config.oldest_first = seed % 3 == 0;
	bench_start(&bench, &config, 3, log_records);
	while (sink->end < FILE_BYTES - 3 * CHUNK_BYTES) {
		uint32_t session = recording_random(&state, 5);

		bench.now_ns += recording_random(&state, SECOND / 100);
		if (!sink_append(&bench, sink, combined ? session : 0, odd_caplen(sink, &state)))
			sink_take_all(&bench, sink);
		if (recording_random(&state, 50) == 0)
			bench.now_ns += SECOND;
		if (recording_random(&state, 10) == 0)
			sink_take_all(&bench, sink);
	}
	assert_true(stream_close_all(bench.set));
	sink_take_all(&bench, sink);
	sink_check_file(sink);
	assert_true(sink->chunks > 20);
	bench_stop(&bench);
	free(sink->file);
	free(sink);
}

static void chunks_add_up_to_the_file(void **state)
{
	for (uint32_t seed = 1; seed <= 40; seed++)
		run_mix(seed, seed % 2, false, 0);
}

static void logs_are_split_like_the_chunks(void **state)
{
	static const uint32_t log_records[] = {1, 2, 3, 7, 50, 300, 2000};

	for (size_t i = 0; i < sizeof(log_records) / sizeof(log_records[0]); i++)
		for (uint32_t seed = 1; seed <= 6; seed++)
			run_mix(seed, seed % 2, true, log_records[i]);
}

static struct chunk *fill_one(struct bench *bench)
{
	struct chunk *chunk;

	do {
		assert_true(append(bench, 0, 0, 1000));
		stream_tick(bench->set, bench->now_ns);
		chunk = next_chunk(bench);
	} while (!chunk);
	return chunk;
}

static void free_chunks_are_filled_in_order(void **state)
{
	for (int oldest_first = 0; oldest_first < 2; oldest_first++) {
		struct stream_config config = plain;
		struct chunk *chunks[3];
		struct bench bench;

		config.oldest_first = oldest_first;
		bench_start(&bench, &config, 3, 0);
		for (uint32_t i = 0; i < 3; i++)
			chunks[i] = chunk_pool_at(bench.pool, i);
		/* The third is open when two came back. */
		assert_ptr_equal(fill_one(&bench), chunks[0]);
		assert_ptr_equal(fill_one(&bench), chunks[1]);
		give_back(&bench, chunks[0]);
		give_back(&bench, chunks[1]);
		assert_ptr_equal(fill_one(&bench), chunks[2]);
		give_back(&bench, chunks[2]);
		assert_ptr_equal(fill_one(&bench), chunks[oldest_first ? 0 : 1]);
		assert_ptr_equal(fill_one(&bench), chunks[oldest_first ? 1 : 2]);
		bench_stop(&bench);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_add_up_to_the_file),
		cmocka_unit_test(logs_are_split_like_the_chunks),
		cmocka_unit_test(free_chunks_are_filled_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
