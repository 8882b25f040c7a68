/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terms. Fill: bytes in the open chunk, what was carried into it included. Mark: the account of
 * the open chunk as of its last block boundary, kept up to date at each crossing, so that the
 * block-multiple prefix can be handed over without a scan. Carry: the partial block after it.
 *
 * A stream that holds a chunk has at least one record in it that was not handed over, but for one
 * that was begun and has no record yet.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/stream.h"
#include "capture/stream_list.h"

/* What a chunk that ends at some point says of the records that end before it. */
struct account {
	uint32_t fill; /* end of the last record, in the chunk */
	uint32_t records;
	uint64_t record_bytes;
	uint64_t last_ns;
};

struct stream {
	/* The first cache line: all that a record needs that fits. */
	struct chunk *chunk; /* NULL: holds none */
	uint8_t *data;       /* the chunk's */
	uint64_t rotate_ns;  /* a record at or after it starts a new segment; 0: due */
	uint32_t soft_end;   /* a record that ends at or after it needs more than a copy */
	uint32_t records_max;
	struct account now; /* of the open chunk */
	uint32_t session;

	struct account mark;
	uint64_t mark_ns;         /* on the set's ageing clock */
	uint64_t base;            /* file offset of the open chunk, or of the next one */
	uint64_t first_ns;        /* the segment's first record */
	uint64_t segment_records; /* handed over */
	bool open;                /* there is a segment */
	bool opened;              /* its first chunk was handed over */
	struct stream_link age;   /* among those that hold a chunk, by the ageing clock */
	struct stream_link time;  /* among those with a segment, by rotate_ns */
	struct stream_link retry; /* among those whose segment failed, by the ageing clock */
} __attribute__((aligned(64)));

struct stream_set {
	struct stream_config config;
	uint32_t block; /* CHUNK_BLOCK, or 1 in a pipe */
	uint32_t chunk_bytes;
	uint32_t log_records; /* UINT32_MAX where chunks carry no log */
	struct ring *full, *empty;
	struct chunk **stock; /* free chunks, last in first out: the warm ones first */
	uint32_t stock_count;
	struct chunk **sealed; /* ready for the writer at the next tick */
	uint32_t sealed_count;
	uint32_t chunks;
	uint32_t held;     /* chunks that streams hold open */
	uint32_t held_max; /* at the end of a tick */
	struct stream_link ages, times, retries;
	uint64_t clock_ns; /* for ageing: moves forward by what the given times move forward */
	uint64_t given_ns;
	bool started;
	uint8_t *carries; /* a block for each stream, touched only where one was flushed */
	struct stream *streams;
};

static struct stream *of_age(struct stream_link *link)
{
	return (struct stream *)((char *)link - offsetof(struct stream, age));
}

static struct stream *of_time(struct stream_link *link)
{
	return (struct stream *)((char *)link - offsetof(struct stream, time));
}

static struct stream *of_retry(struct stream_link *link)
{
	return (struct stream *)((char *)link - offsetof(struct stream, retry));
}

/* A tick's time may fall back by less than this without having been set back. */
#define JITTER_NS 1000000000u

/*
 * Chunks age by the ticks' time alone, and by its way forward only: time that is set back neither
 * underflows nor stops the ageing, and time that jitters does not speed it up.
 */
static uint64_t advance_clock(struct stream_set *set, uint64_t now_ns)
{
	bool set_back = now_ns < set->given_ns && set->given_ns - now_ns > JITTER_NS;

	if (set->started && now_ns > set->given_ns)
		set->clock_ns += now_ns - set->given_ns;
	if (!set->started || set_back || now_ns > set->given_ns)
		set->given_ns = now_ns;
	set->started = true;
	return set->clock_ns;
}

/* A segment that failed takes nothing more; a new one is tried, but at most one a second. */
#define RETRY_NS 1000000000u

static void note_failure(struct stream_set *set, const struct chunk *chunk)
{
	struct stream *stream = &set->streams[chunk->stream];

	if (stream->open && stream->first_ns == chunk->first_ns && !stream->retry.next &&
	    !(chunk->flags & CHUNK_CLOSES))
		stream_list_move(&set->retries, &stream->retry, set->clock_ns + RETRY_NS);
}

static void take_back(struct stream_set *set)
{
	struct chunk *chunk;

	while ((chunk = ring_get(set->empty))) {
		if (__builtin_expect(chunk->flags & CHUNK_FAILED, false))
			note_failure(set, chunk);
		set->stock[set->stock_count++] = chunk;
	}
}

static struct chunk *take_chunk(struct stream_set *set)
{
	if (set->stock_count == 0)
		take_back(set);
	return set->stock_count ? set->stock[--set->stock_count] : NULL;
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

/* A record that crosses no block, exceeds no limit, and needs no chunk ends before soft_end. */
static void set_limits(struct stream_set *set, struct stream *stream)
{
	uint64_t end = (uint64_t)set->chunk_bytes + 1;
	uint64_t filesize = set->config.rotation.filesize_bytes;
	uint64_t packets = set->config.rotation.packets;
	uint64_t records = set->log_records;

	if (set->block > 1) {
		uint64_t next_block = ((uint64_t)stream->now.fill / CHUNK_BLOCK + 1) * CHUNK_BLOCK;

		end = next_block < end ? next_block : end;
	}
	if (filesize && filesize < stream->base + end)
		end = filesize < stream->base ? 0 : filesize - stream->base + 1;
	if (packets && packets - stream->segment_records < records)
		records = packets - stream->segment_records;
	stream->soft_end = (uint32_t)end;
	stream->records_max = (uint32_t)records;
}

/* Makes chunk, whose first now.fill bytes are there, the stream's open one. */
static void hold(struct stream_set *set, struct stream *stream, struct chunk *chunk,
		 uint64_t age_ns)
{
	set->held += stream->chunk == NULL;
	stream->chunk = chunk;
	stream->data = chunk->data;
	stream->mark = (struct account){.fill = stream->now.fill, .last_ns = stream->now.last_ns};
	stream_list_move(&set->ages, &stream->age, age_ns);
}

/*
 * Hands over all of the open chunk, its last block filled up with zeros; the stream holds none
 * afterwards. The partial block's bytes are kept, for the next chunk begins with them.
 */
static void flush(struct stream_set *set, struct stream *stream, uint32_t flags)
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
	stream->soft_end = 0;
	stream->base += fill - carry;
	stream->now = (struct account){.fill = carry, .last_ns = stream->now.last_ns};
	stream_list_remove(&stream->age);
}

enum {
	RESERVE_MIN = 32, /* a burst, each packet perhaps another stream's */
	RESERVE_PART = 8, /* of the chunks, one in so many: on their way while bursts follow */
};

/* How many chunks streams may hold open while the others serve the next records. */
static uint32_t most_held(uint32_t chunks)
{
	uint32_t reserve = chunks / RESERVE_PART;

	if (reserve < RESERVE_MIN)
		reserve = RESERVE_MIN;
	if (reserve > (chunks + 1) / 2)
		reserve = (chunks + 1) / 2;
	return chunks - reserve;
}

/*
 * Hands over the oldest open chunks until the reserve is free or on its way. What streams hold is
 * bounded, not what is free: while the disk stands still, more and smaller writes gain nothing.
 */
static void keep_reserve(struct stream_set *set)
{
	while (set->held > set->held_max)
		flush(set, of_age(stream_list_first(&set->ages)), 0);
}

/* Gives a stream without a chunk one that begins with the kept bytes. */
static bool resume(struct stream_set *set, struct stream *stream)
{
	struct chunk *chunk = take_chunk(set);

	if (!chunk)
		return false;
	memcpy(chunk->data, carry_of(set, stream), stream->now.fill);
	hold(set, stream, chunk, set->clock_ns);
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
	struct chunk *next = take_chunk(set);

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
	hold(set, stream, next, stream->now.records ? stream->mark_ns : set->clock_ns);
	return true;
}

/* The log is full: as renew(), but where all its records end in the carry nothing would move. */
static bool renew_log(struct stream_set *set, struct stream *stream)
{
	if (stream->mark.records > 0 || set->block == 1)
		return renew(set, stream);
	flush(set, stream, 0);
	return resume(set, stream);
}

/* Returns false where the stream holds no chunk and none is free to say that it closes. */
static bool close_segment(struct stream_set *set, struct stream *stream)
{
	if (stream->chunk) {
		flush(set, stream, CHUNK_CLOSES);
	} else if (set->block > 1) { /* a pipe has nothing to close: its reader may stall */
		struct chunk *chunk = take_chunk(set);

		if (!chunk)
			return false;
		stream->now.records = 0;
		stream->now.record_bytes = 0;
		seal(set, stream, chunk, 0, stream->now.fill, &stream->now, CHUNK_CLOSES);
	}
	stream_list_remove(&stream->time);
	stream_list_remove(&stream->retry);
	stream->open = false;
	return true;
}

static bool open_segment(struct stream_set *set, struct stream *stream, uint64_t time_ns)
{
	struct chunk *chunk = take_chunk(set);

	if (!chunk)
		return false;
	stream->open = true;
	stream->first_ns = time_ns;
	stream->segment_records = 0;
	stream->now = (struct account){.last_ns = time_ns};
	/* A pipe has one header, whatever closes and opens behind it. */
	if (set->block > 1 || !stream->opened) {
		pcap_format_file_header(chunk->data, set->config.precision, set->config.snaplen);
		stream->now.fill = PCAP_FILE_HEADER_BYTES;
		stream->base = 0;
		stream->opened = false;
	}
	stream->rotate_ns = rotation_end(&set->config.rotation, time_ns);
	stream_list_move(&set->times, &stream->time, stream->rotate_ns);
	hold(set, stream, chunk, set->clock_ns);
	return true;
}

bool stream_begin(struct stream_set *set, uint32_t stream_index, uint64_t time_ns)
{
	struct stream *stream = &set->streams[stream_index];

	return stream->open || open_segment(set, stream, time_ns);
}

static bool rotation_due(const struct stream_set *set, const struct stream *stream,
			 uint64_t time_ns, uint32_t bytes)
{
	const struct rotation *rotation = &set->config.rotation;
	uint64_t records = stream->segment_records + stream->now.records;

	if (time_ns >= stream->rotate_ns)
		return true;
	if (rotation->packets && records >= rotation->packets)
		return true;
	return rotation->filesize_bytes && records &&
	       stream->base + stream->now.fill + bytes > rotation->filesize_bytes;
}

/* Makes the stream hold a chunk of the right segment with room for a record. */
static bool find_room(struct stream_set *set, struct stream *stream, uint64_t time_ns,
		      uint32_t bytes)
{
	if (stream->open && rotation_due(set, stream, time_ns, bytes) &&
	    !close_segment(set, stream))
		return false;
	if (!stream->open)
		return open_segment(set, stream, time_ns);
	if (!stream->chunk)
		return resume(set, stream);
	/* The log first: renew() alone may leave it full. */
	if (stream->now.records >= set->log_records)
		return renew_log(set, stream);
	if (stream->now.fill + bytes > set->chunk_bytes)
		return renew(set, stream);
	return true;
}

/* All earlier records are filled in by now; this one will end where `record` says. */
static void move_mark(struct stream_set *set, struct stream *stream, const struct account *record)
{
	if (record->fill % CHUNK_BLOCK == 0)
		stream->mark = *record;
	else
		stream->mark = stream->now;
	stream->mark_ns = set->clock_ns;
}

/*
 * The way of a record that does not simply fit, about one in fifty of the smallest.
 * Returns false, and has counted nothing, where no chunk is free.
 */
static __attribute__((noinline)) bool prepare(struct stream_set *set, struct stream *stream,
					      uint64_t time_ns, uint32_t caplen)
{
	uint32_t bytes = PCAP_RECORD_HEADER_BYTES + caplen;
	struct account record;

	if (caplen > stream_max_caplen(set->chunk_bytes))
		return false;
	if (!find_room(set, stream, time_ns, bytes)) {
		keep_reserve(set);
		return false;
	}
	record = stream->now;
	record.fill += bytes;
	record.records++;
	record.record_bytes += caplen;
	record.last_ns = time_ns;
	if (set->block > 1 && record.fill / CHUNK_BLOCK > stream->now.fill / CHUNK_BLOCK)
		move_mark(set, stream, &record);
	return true;
}

uint8_t *stream_append(struct stream_set *set, uint32_t stream_index, uint32_t session,
		       uint64_t time_ns, uint32_t caplen, uint32_t len)
{
	struct stream *stream = &set->streams[stream_index];
	uint64_t end = (uint64_t)stream->now.fill + PCAP_RECORD_HEADER_BYTES + caplen;
	bool crossing = end >= stream->soft_end || time_ns >= stream->rotate_ns ||
			stream->now.records >= stream->records_max;
	uint8_t *dst;

	if (__builtin_expect(crossing, false) && !prepare(set, stream, time_ns, caplen))
		return NULL;
	dst = stream->data + stream->now.fill;
	pcap_format_record_header(dst, set->config.precision, time_ns, caplen, len);
	if (set->config.combined)
		stream->chunk->log[stream->now.records] = (struct chunk_record){session, caplen};
	else
		stream->session = session;
	stream->now.fill += PCAP_RECORD_HEADER_BYTES + caplen;
	stream->now.records++;
	stream->now.record_bytes += caplen;
	stream->now.last_ns = time_ns;
	if (__builtin_expect(crossing, false))
		set_limits(set, stream);
	return dst + PCAP_RECORD_HEADER_BYTES;
}

static void hand_over_sealed(struct stream_set *set)
{
	/* The ring holds every chunk there is: stream_set_new() saw to it. */
	for (uint32_t i = 0; i < set->sealed_count; i++)
		(void)ring_put(set->full, set->sealed[i]);
	set->sealed_count = 0;
}

void stream_tick(struct stream_set *set, uint64_t now_ns)
{
	uint64_t clock_ns = advance_clock(set, now_ns);
	struct stream_link *first;

	take_back(set);
	while ((first = stream_list_first(&set->times)) && first->time_ns <= now_ns &&
	       close_segment(set, of_time(first)))
		;
	while ((first = stream_list_first(&set->retries)) && first->time_ns <= clock_ns &&
	       close_segment(set, of_retry(first)))
		;
	while ((first = stream_list_first(&set->ages)) &&
	       clock_ns - first->time_ns >= set->config.flush_ns)
		flush(set, of_age(first), 0);
	keep_reserve(set);
	hand_over_sealed(set);
}

bool stream_close_all(struct stream_set *set)
{
	struct stream_link *link;

	/* Those that hold a chunk need none, and theirs come back for the others. */
	while ((link = stream_list_first(&set->ages)))
		close_segment(set, of_age(link));
	while ((link = stream_list_first(&set->times)) && close_segment(set, of_time(link)))
		;
	/* The rest is due at once, for its next record and for every tick. */
	for (link = set->times.next; link && link != &set->times; link = link->next) {
		link->time_ns = 0;
		of_time(link)->rotate_ns = 0;
	}
	hand_over_sealed(set);
	return stream_list_first(&set->times) == NULL;
}

uint32_t stream_max_caplen(uint32_t chunk_bytes)
{
	uint32_t taken = CHUNK_BLOCK + PCAP_FILE_HEADER_BYTES + PCAP_RECORD_HEADER_BYTES;

	return chunk_bytes > taken ? chunk_bytes - taken : 0;
}

static bool allocate(struct stream_set *set)
{
	void *carries =
		mmap(NULL, (size_t)set->config.streams * CHUNK_BLOCK, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (carries == MAP_FAILED)
		return false;
	set->carries = carries;
	set->stock = calloc(set->chunks, sizeof(struct chunk *));
	set->sealed = calloc(set->chunks, sizeof(struct chunk *));
	set->streams =
		aligned_alloc(_Alignof(struct stream), set->config.streams * sizeof(struct stream));
	return set->stock && set->sealed && set->streams;
}

struct stream_set *stream_set_new(const struct stream_config *config, struct chunk_pool *pool,
				  struct ring *full, struct ring *empty)
{
	struct stream_set *set;

	if (config->streams == 0 || ring_capacity(full) < chunk_pool_count(pool) ||
	    (config->combined && chunk_pool_log_records(pool) == 0))
		return NULL;
	set = calloc(1, sizeof(*set));
	if (!set)
		return NULL;
	set->config = *config;
	set->block = config->aligned ? CHUNK_BLOCK : 1;
	set->chunk_bytes = chunk_pool_bytes(pool);
	set->log_records = config->combined ? chunk_pool_log_records(pool) : UINT32_MAX;
	set->full = full;
	set->empty = empty;
	set->chunks = chunk_pool_count(pool);
	set->held_max = most_held(set->chunks);
	stream_list_init(&set->ages);
	stream_list_init(&set->times);
	stream_list_init(&set->retries);
	if (!allocate(set)) {
		stream_set_free(set);
		return NULL;
	}
	memset(set->streams, 0, config->streams * sizeof(struct stream));
	/* The first chunks are taken first. */
	for (uint32_t i = set->chunks; i-- > 0;) {
		struct chunk *chunk = chunk_pool_at(pool, i);

		if (!config->combined)
			chunk->log = NULL;
		set->stock[set->stock_count++] = chunk;
	}
	return set;
}

void stream_set_free(struct stream_set *set)
{
	if (!set)
		return;
	if (set->carries)
		munmap(set->carries, (size_t)set->config.streams * CHUNK_BLOCK);
	free(set->stock);
	free(set->sealed);
	free(set->streams);
	free(set);
}
