/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Chunks on the worker's side: the stock of free ones, the open ones of streams, and how what is
 * in them is handed over without a gap or an overlap.
 */
#include <assert.h>
#include <string.h>

#include "capture/stream_internal.h"

/* A segment that failed takes nothing more; a new one is tried, but at most one a second. */
#define RETRY_NS 1000000000u

static void note_failure(struct stream_set *set, const struct chunk *chunk)
{
	struct stream *stream = &set->streams[chunk->stream];

	if (stream->open && stream->first_ns == chunk->first_ns && !stream->retry.next &&
	    !(chunk->flags & CHUNK_CLOSES))
		stream_list_move(&set->retries, &stream->retry, set->clock_ns + RETRY_NS);
}

/* The place in the stock that is so many behind the first. */
static uint32_t stock_place(const struct stream_set *set, uint32_t behind)
{
	return (set->stock_first + behind) % set->chunks;
}

void stream_chunk_put(struct stream_set *set, struct chunk *chunk, bool last)
{
	if (!last)
		set->stock_first = stock_place(set, set->chunks - 1);
	set->stock[stock_place(set, last ? set->stock_count : 0)] = chunk;
	set->stock_count++;
}

void stream_chunk_take_back(struct stream_set *set)
{
	struct chunk *chunk;

	while ((chunk = ring_get(set->empty))) {
		if (__builtin_expect(chunk->flags & CHUNK_FAILED, false))
			note_failure(set, chunk);
		stream_chunk_put(set, chunk, set->config.oldest_first);
	}
}

struct chunk *stream_chunk_take(struct stream_set *set)
{
	struct chunk *chunk;

	if (set->stock_count == 0)
		stream_chunk_take_back(set);
	if (set->stock_count == 0)
		return NULL;
	chunk = set->stock[set->stock_first];
	set->stock_first = stock_place(set, 1);
	set->stock_count--;
	return chunk;
}

static uint8_t *carry_of(struct stream_set *set, const struct stream *stream)
{
	return set->carries + (size_t)(stream - set->streams) * CHUNK_BLOCK;
}

/*
 * Fills in what the writer reads and seals the chunk: `bytes` of it are written, `account` tells
 * of the records that end in them.
 */
static void seal(struct stream_set *set, struct stream *stream, struct chunk *chunk, uint32_t bytes,
		 uint32_t logical_bytes, const struct account *account, uint32_t flags)
{
	chunk->stream = (uint32_t)(stream - set->streams);
	chunk->session = stream->session;
	chunk->flags = flags | (stream->opened ? 0 : CHUNK_OPENS);
	chunk->file_offset = stream->base;
	chunk->bytes = bytes;
	chunk->records = account->records;
	chunk->record_bytes = account->record_bytes;
	chunk->whole_end = stream->base + account->fill;
	chunk->logical_end = stream->base + logical_bytes;
	chunk->first_ns = stream->first_ns;
	chunk->last_ns = account->last_ns;
	stream->opened = true;
	stream->segment_records += account->records;
	set->sealed[set->sealed_count++] = chunk;
}

void stream_chunk_hold(struct stream_set *set, struct stream *stream, struct chunk *chunk,
		       uint64_t age_ns)
{
	set->held += stream->chunk == NULL;
	stream->chunk = chunk;
	stream->data = chunk->data;
	stream->mark = (struct account){.fill = stream->now.fill, .last_ns = stream->now.last_ns};
	stream_list_move(&set->ages, &stream->age, age_ns);
}

void stream_chunk_flush(struct stream_set *set, struct stream *stream, uint32_t flags)
{
	uint32_t fill = stream->now.fill;
	uint32_t carry = fill % set->block;
	uint32_t padding = carry ? set->block - carry : 0;

	assert(stream->chunk);
	memset(stream->data + fill, 0, padding);
	if (carry && !(flags & CHUNK_CLOSES))
		memcpy(carry_of(set, stream), stream->data + fill - carry, carry);
	seal(set, stream, stream->chunk, fill + padding, fill, &stream->now, flags);
	stream->chunk = NULL;
	set->held--;
	stream->hard_end = 0;
	stream->soft_end = 0;
	stream->base += fill - carry;
	stream->now = (struct account){.fill = carry, .last_ns = stream->now.last_ns};
	stream_list_remove(&stream->age);
}

enum {
	/* Bursts between two ticks, 31 + 32 packets, each perhaps another stream's. */
	RESERVE_MIN = 64,
	RESERVE_PART = 8, /* of the chunks, one in so many: on their way while bursts follow */
};

uint32_t stream_chunk_most_held(uint32_t chunks)
{
	uint32_t reserve = chunks / RESERVE_PART;

	if (reserve < RESERVE_MIN)
		reserve = RESERVE_MIN;
	if (reserve > (chunks + 1) / 2)
		reserve = (chunks + 1) / 2;
	return chunks - reserve;
}

void stream_chunk_keep_reserve(struct stream_set *set)
{
	while (set->held > set->held_max)
		stream_chunk_flush(set, stream_of_age(stream_list_first(&set->ages)), 0);
}

/* Gives a stream without a chunk one that begins with the kept bytes. */
static bool resume(struct stream_set *set, struct stream *stream)
{
	struct chunk *chunk = stream_chunk_take(set);

	if (!chunk)
		return false;
	memcpy(chunk->data, carry_of(set, stream), stream->now.fill);
	stream_chunk_hold(set, stream, chunk, set->clock_ns);
	return true;
}

/*
 * Hands over the block-multiple prefix of the open chunk; the rest of its bytes, with the log
 * of the records that end in them, move to the front of a new one.
 */
static bool renew(struct stream_set *set, struct stream *stream)
{
	struct chunk *old = stream->chunk;
	struct account mark = set->block > 1 ? stream->mark : stream->now;
	uint32_t carry = stream->now.fill % set->block;
	uint32_t prefix = stream->now.fill - carry;
	struct chunk *next = stream_chunk_take(set);

	if (!next)
		return false;
	memcpy(next->data, old->data + prefix, carry);
	stream->now.records -= mark.records;
	stream->now.record_bytes -= mark.record_bytes;
	stream->now.fill = carry;
	if (next->log)
		memcpy(next->log, old->log + mark.records,
		       stream->now.records * sizeof(*next->log));
	seal(set, stream, old, prefix, prefix, &mark, 0);
	stream->base += prefix;
	stream_chunk_hold(set, stream, next, stream->now.records ? stream->mark_ns : set->clock_ns);
	return true;
}

/* The log is full: as renew(), but where all its records end in the carry nothing would move. */
static bool renew_log(struct stream_set *set, struct stream *stream)
{
	if (stream->mark.records > 0 || set->block == 1)
		return renew(set, stream);
	stream_chunk_flush(set, stream, 0);
	return resume(set, stream);
}

bool stream_chunk_make_room(struct stream_set *set, struct stream *stream, uint32_t bytes)
{
	if (!stream->chunk)
		return resume(set, stream);
	/* The log first: renew() alone may leave it full. */
	if (stream->now.records >= set->log_records)
		return renew_log(set, stream);
	if (stream->now.fill + bytes > set->chunk_bytes)
		return renew(set, stream);
	return true;
}

bool stream_chunk_close(struct stream_set *set, struct stream *stream)
{
	struct chunk *chunk = stream_chunk_take(set);

	if (!chunk)
		return false;
	stream->now.records = 0;
	stream->now.record_bytes = 0;
	seal(set, stream, chunk, 0, stream->now.fill, &stream->now, CHUNK_CLOSES);
	return true;
}

void stream_chunk_hand_over(struct stream_set *set)
{
	/* The ring holds every chunk there is: stream_set_new() saw to it. */
	for (uint32_t i = 0; i < set->sealed_count; i++)
		(void)ring_put(set->full, set->sealed[i]);
	set->sealed_count = 0;
}
