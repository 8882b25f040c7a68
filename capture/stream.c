/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records and the segments that they go to.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/pcapng_template.h"
#include "capture/stream_internal.h"
#include "capture/stream_pcapng.h"

static uint64_t classic_record_bytes(const struct stream_set *set, const struct stream *stream,
				     uint32_t session, uint32_t caplen)
{
	return PCAP_RECORD_HEADER_BYTES + (uint64_t)caplen;
}

static inline uint8_t *classic_write_record(struct stream_set *set, struct stream *stream,
					    uint8_t *dst, uint32_t session,
					    const struct stream_record *record)
{
	pcap_format_record_header(dst, stream_stamp(set, record->time_ns), record->caplen,
				  record->len);
	return dst + PCAP_RECORD_HEADER_BYTES;
}

static uint32_t classic_begin(struct stream_set *set, struct stream *stream, uint8_t *dst)
{
	pcap_format_file_header(dst, set->config.precision, set->config.snaplen);
	return PCAP_FILE_HEADER_BYTES;
}

static bool classic_end(struct stream_set *set, struct stream *stream)
{
	return true;
}

static const struct stream_format classic_format = {
	.record_bytes = classic_record_bytes,
	.write_record = classic_write_record,
	.begin = classic_begin,
	.end = classic_end,
};

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

/*
 * A record that needs no other chunk or segment ends before hard_end; before soft_end, if it also
 * leaves the mark where it is.
 */
static void set_limits(struct stream_set *set, struct stream *stream)
{
	uint64_t end = (uint64_t)set->chunk_bytes + 1;
	uint64_t filesize = set->config.rotation.filesize_bytes;
	uint64_t packets = set->config.rotation.packets;
	uint64_t records = set->log_records;

	if (filesize && filesize < stream->base + end)
		end = filesize < stream->base ? 0 : filesize - stream->base + 1;
	if (packets && packets - stream->segment_records < records)
		records = packets - stream->segment_records;
	stream->hard_end = (uint32_t)end;
	stream->soft_end = stream_soft_end(set, stream, stream->now.fill);
	stream->records_max = (uint32_t)records;
}

/* Returns false where the stream holds no chunk and none is free to say that it closes. */
static bool close_segment(struct stream_set *set, struct stream *stream)
{
	if (!set->format->end(set, stream)) {
		/* Nothing more may come between: the next record has to try again first. */
		stream->rotate_ns = 0;
		return false;
	}
	if (stream->chunk) {
		stream_chunk_flush(set, stream, CHUNK_CLOSES);
	} else if (!set->config.pipe) { /* which has nothing to close: its reader may stall */
		if (!stream_chunk_close(set, stream))
			return false;
	}
	stream_list_remove(&stream->time);
	stream_list_remove(&stream->retry);
	stream->open = false;
	return true;
}

static bool open_segment(struct stream_set *set, struct stream *stream, uint64_t time_ns)
{
	struct chunk *chunk = stream_chunk_take(set);

	if (!chunk)
		return false;
	stream->open = true;
	stream->first_ns = time_ns;
	stream->segment_records = 0;
	stream->now = (struct account){.last_ns = time_ns};
	if (!set->config.pipe || !stream->opened) {
		stream->serial++;
		stream->now.fill = set->format->begin(set, stream, chunk->data);
		stream->base = 0;
		stream->opened = false;
	}
	stream->rotate_ns = rotation_end(&set->config.rotation, time_ns);
	stream_list_move(&set->times, &stream->time, stream->rotate_ns);
	stream_chunk_hold(set, stream, chunk, set->clock_ns);
	return true;
}

bool stream_begin(struct stream_set *set, uint32_t stream_index, uint64_t time_ns)
{
	struct stream *stream = &set->streams[stream_index];

	if (stream->open)
		return true;
	if (!open_segment(set, stream, time_ns))
		return false;
	if (set->config.pcapng)
		stream_pcapng_introduce(set, stream, set->config.combined ? 0 : stream_index);
	return true;
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
	return stream_chunk_make_room(set, stream, bytes);
}

uint8_t *stream_extend(struct stream_set *set, struct stream *stream, uint32_t bytes)
{
	struct account after;
	uint8_t *dst;

	if (!stream_chunk_make_room(set, stream, bytes))
		return NULL;
	after = stream->now;
	after.fill += bytes;
	if (set->block > 1 && after.fill / CHUNK_BLOCK > stream->now.fill / CHUNK_BLOCK)
		stream_move_mark(set, stream, &after);
	dst = stream->data + stream->now.fill;
	stream->now.fill += bytes;
	return dst;
}

/*
 * The way of a record that does not simply fit: one in each chunk; of pcapng, in each block. bytes:
 * of the record in the segment that was open before. Returns its bytes in the one that is open now;
 * 0, and has counted nothing, where no chunk is free.
 */
static __attribute__((noinline)) uint32_t prepare(struct stream_set *set, struct stream *stream,
						  uint32_t session, uint64_t time_ns,
						  uint32_t caplen, uint32_t bytes)
{
	uint32_t serial = stream->serial;
	struct account record;

	if (caplen > set->max_caplen)
		return 0;
	if (!find_room(set, stream, time_ns, bytes)) {
		stream_chunk_keep_reserve(set);
		return 0;
	}
	if (stream->serial != serial)
		bytes = (uint32_t)set->format->record_bytes(set, stream, session, caplen);
	record = stream->now;
	record.fill += bytes;
	record.records++;
	record.record_bytes += caplen;
	record.last_ns = time_ns;
	if (set->block > 1 && record.fill / CHUNK_BLOCK > stream->now.fill / CHUNK_BLOCK)
		stream_move_mark(set, stream, &record);
	return bytes;
}

/* Inlined for each format: the calls by format are direct ones. */
static inline __attribute__((always_inline)) uint8_t *append(struct stream_set *set,
							     const struct stream_format *format,
							     struct stream *stream,
							     uint32_t session,
							     const struct stream_record *record)
{
	uint32_t caplen = record->caplen;
	uint64_t bytes = format->record_bytes(set, stream, session, caplen);
	uint64_t end = stream->now.fill + bytes;
	bool crossing = end >= stream->soft_end || record->time_ns >= stream->rotate_ns ||
			stream->now.records >= stream->records_max;
	uint8_t *dst;

	if (__builtin_expect(crossing, false)) {
		bytes = prepare(set, stream, session, record->time_ns, caplen, (uint32_t)bytes);
		if (!bytes)
			return NULL;
	}
	dst = format->write_record(set, stream, stream->data + stream->now.fill, session, record);
	if (set->config.combined)
		stream->chunk->log[stream->now.records] = (struct chunk_record){session, caplen};
	else
		stream->session = session;
	stream->now.fill += (uint32_t)bytes;
	stream->now.records++;
	stream->now.record_bytes += caplen;
	stream->now.last_ns = record->time_ns;
	if (__builtin_expect(crossing, false))
		set_limits(set, stream);
	return dst;
}

uint8_t *stream_append(struct stream_set *set, uint32_t stream_index, uint32_t session,
		       uint64_t time_ns, uint32_t caplen, uint32_t len)
{
	struct stream *stream = &set->streams[stream_index];
	struct stream_record record = {.time_ns = time_ns, .caplen = caplen, .len = len};

	if (set->config.pcapng)
		return append(set, &stream_pcapng_format, stream, session, &record);
	return append(set, &classic_format, stream, session, &record);
}

void stream_tick(struct stream_set *set, uint64_t now_ns)
{
	uint64_t clock_ns = advance_clock(set, now_ns);
	struct stream_link *first;

	stream_chunk_take_back(set);
	while ((first = stream_list_first(&set->times)) && first->time_ns <= now_ns &&
	       close_segment(set, of_time(first)))
		;
	while ((first = stream_list_first(&set->retries)) && first->time_ns <= clock_ns &&
	       close_segment(set, of_retry(first)))
		;
	while ((first = stream_list_first(&set->ages)) &&
	       clock_ns - first->time_ns >= set->config.flush_ns)
		stream_chunk_flush(set, stream_of_age(first), 0);
	stream_chunk_keep_reserve(set);
	stream_chunk_hand_over(set);
}

bool stream_close_all(struct stream_set *set)
{
	struct stream_link *link;

	/* Those that hold a chunk need none, and theirs come back for the others. */
	while ((link = stream_list_first(&set->ages)) && close_segment(set, stream_of_age(link)))
		;
	while ((link = stream_list_first(&set->times)) && close_segment(set, of_time(link)))
		;
	/* The rest is due at once, for its next record and for every tick. */
	for (link = set->times.next; link && link != &set->times; link = link->next) {
		link->time_ns = 0;
		of_time(link)->rotate_ns = 0;
	}
	stream_chunk_hand_over(set);
	return stream_list_first(&set->times) == NULL;
}

uint32_t stream_max_caplen(uint32_t chunk_bytes)
{
	uint32_t taken = CHUNK_BLOCK + PCAP_FILE_HEADER_BYTES + PCAP_RECORD_HEADER_BYTES;

	return chunk_bytes > taken ? chunk_bytes - taken : 0;
}

uint32_t stream_set_max_caplen(const struct stream_set *set)
{
	return set->max_caplen;
}

static void choose_format(struct stream_set *set)
{
	uint32_t taken;

	set->format = &classic_format;
	set->max_caplen = stream_max_caplen(set->chunk_bytes);
	if (!set->config.pcapng)
		return;
	taken = CHUNK_BLOCK + pcapng_template_overhead(set->config.pcapng);
	set->format = &stream_pcapng_format;
	set->max_caplen = set->chunk_bytes > taken ? set->chunk_bytes - taken : 0;
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
	return set->stock && set->sealed && set->streams &&
	       (!set->config.pcapng || stream_pcapng_init(set));
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
	choose_format(set);
	set->log_records = config->combined ? chunk_pool_log_records(pool) : UINT32_MAX;
	set->full = full;
	set->empty = empty;
	set->chunks = chunk_pool_count(pool);
	set->held_max = stream_chunk_most_held(set->chunks);
	stream_list_init(&set->ages);
	stream_list_init(&set->times);
	stream_list_init(&set->retries);
	if (!allocate(set)) {
		stream_set_free(set);
		return NULL;
	}
	memset(set->streams, 0, config->streams * sizeof(struct stream));
	for (uint32_t i = 0; i < set->chunks; i++) {
		struct chunk *chunk = chunk_pool_at(pool, i);

		if (!config->combined)
			chunk->log = NULL;
		stream_chunk_put(set, chunk, true);
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
	stream_pcapng_fini(set);
	free(set);
}
