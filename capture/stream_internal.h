/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to streams: what a set keeps, and the calls between its two halves. stream.c has the
 * public calls, records and segments, stream_chunk.c the chunks that they are handed over in,
 * stream_copy.h the one call that is inlined elsewhere.
 *
 * Terms. Fill: bytes in the open chunk, what was carried into it included. Mark: the account of
 * the open chunk as of its last block boundary, kept up to date at each crossing, so that the
 * block-multiple prefix can be handed over without a scan. Carry: the partial block after it.
 *
 * A stream that holds a chunk has at least one record in it that was not handed over, but for one
 * that was begun and has no record yet.
 */
#ifndef CAPTURE_STREAM_INTERNAL_H
#define CAPTURE_STREAM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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
	uint32_t hard_end;   /* a record that ends at or after it needs more than a copy */
	uint32_t soft_end;   /* one that ends at or after it moves the mark */
	uint32_t records_max;
	uint32_t session;
	struct account now; /* of the open chunk */

	struct account mark;
	uint32_t serial;          /* of the segment: of those with a header of their own */
	uint32_t interface_count; /* pcapng: in the segment so far */
	uint32_t told;            /* pcapng: of them, whose statistics are written */
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

/* A record's header, but for the session. */
struct stream_record {
	uint64_t time_ns;
	uint32_t caplen, len;
};

/* What a file format does. Chosen when the set is made. */
struct stream_format {
	/* The bytes of a session's next record, what must come before it in its segment included. */
	uint64_t (*record_bytes)(const struct stream_set *set, const struct stream *stream,
				 uint32_t session, uint32_t caplen);
	/* Writes all of them to dst but the packet's; returns where those are due. */
	uint8_t *(*write_record)(struct stream_set *set, struct stream *stream, uint8_t *dst,
				 uint32_t session, const struct stream_record *record);
	/* Begins a file at dst; returns the bytes written. */
	uint32_t (*begin)(struct stream_set *set, struct stream *stream, uint8_t *dst);
	/* Appends what a file ends with; false where it needs a chunk and none is free: again, then. */
	bool (*end)(struct stream_set *set, struct stream *stream);
};

struct stream_interface;

struct stream_set {
	struct stream_config config;
	const struct stream_format *format;
	uint32_t max_caplen;
	uint32_t block; /* CHUNK_BLOCK, or 1 where not aligned */
	uint32_t chunk_bytes;
	uint32_t log_records; /* UINT32_MAX where chunks carry no log */
	struct ring *full, *empty;
	struct chunk **stock; /* free chunks, the next first: a ring with room for all chunks */
	uint32_t stock_first, stock_count;
	struct chunk **sealed; /* ready for the writer at the next tick */
	uint32_t sealed_count;
	uint32_t chunks;
	uint32_t held;     /* chunks that streams hold open */
	uint32_t held_max; /* at the end of a tick */
	struct stream_link ages, times, retries;
	uint64_t clock_ns; /* for ageing: moves forward by what the given times move forward */
	uint64_t given_ns;
	bool started;
	uint64_t stamp_ns; /* the time that stamp is of */
	uint64_t stamp;    /* pcap_format_stamp() */
	uint8_t *carries;  /* a block for each stream, touched only where one was flushed */
	struct stream *streams;
	struct stream_interface *interfaces; /* pcapng: by session */
	uint32_t *members;                   /* pcapng: each stream's, by interface number */
};

/* pcap_format_stamp(), once for all packets of one time, as those of a burst mostly are. */
static inline uint64_t stream_stamp(struct stream_set *set, uint64_t time_ns)
{
	if (__builtin_expect(time_ns != set->stamp_ns, false)) {
		set->stamp_ns = time_ns;
		set->stamp = pcap_format_stamp(set->config.precision, time_ns);
	}
	return set->stamp;
}

/* Of a stream that is filled up to `fill`; its hard_end is known. */
static inline uint32_t stream_soft_end(const struct stream_set *set, const struct stream *stream,
				       uint32_t fill)
{
	uint32_t next_block = (fill / CHUNK_BLOCK + 1) * CHUNK_BLOCK;

	return set->block > 1 && next_block < stream->hard_end ? next_block : stream->hard_end;
}

/*
 * Moves the mark: a block ends in the next record or with it. after: what `now` will be with that
 * record, which is not counted yet. All earlier ones are filled in.
 */
static inline void stream_move_mark(struct stream_set *set, struct stream *stream,
				    const struct account *after)
{
	stream->mark = after->fill % CHUNK_BLOCK == 0 ? *after : stream->now;
	stream->mark_ns = set->clock_ns;
}

/*
 * Bytes that are no record, in an open segment: returns where they are due; NULL where that needs
 * a chunk and none is free.
 */
uint8_t *stream_extend(struct stream_set *set, struct stream *stream, uint32_t bytes);

/* The stream of a link in ages. */
static inline struct stream *stream_of_age(struct stream_link *link)
{
	return (struct stream *)((char *)link - offsetof(struct stream, age));
}

/* The first free chunk, or NULL. */
struct chunk *stream_chunk_take(struct stream_set *set);

/* Puts a chunk back: behind all free ones (last), or before them. */
void stream_chunk_put(struct stream_set *set, struct chunk *chunk, bool last);

/* Takes back what the writer has given back, and notes the segments that failed. */
void stream_chunk_take_back(struct stream_set *set);

/* Makes chunk, whose first now.fill bytes are there, the stream's open one. */
void stream_chunk_hold(struct stream_set *set, struct stream *stream, struct chunk *chunk,
		       uint64_t age_ns);

/*
 * Hands over all of the open chunk, its last block filled up with zeros; the stream holds none
 * afterwards. The partial block's bytes are kept, for the next chunk begins with them.
 * flags: enum chunk_flags.
 */
void stream_chunk_flush(struct stream_set *set, struct stream *stream, uint32_t flags);

/*
 * Hands over, for a stream that holds no chunk, the word that its segment closes.
 * Returns false where no chunk is free.
 */
bool stream_chunk_close(struct stream_set *set, struct stream *stream);

/* Makes a stream with a segment hold a chunk with room for bytes. Returns false as above. */
bool stream_chunk_make_room(struct stream_set *set, struct stream *stream, uint32_t bytes);

/*
 * Hands over the oldest open chunks until the reserve is free or on its way. What streams hold is
 * bounded, not what is free: while the disk stands still, more and smaller writes gain nothing.
 */
void stream_chunk_keep_reserve(struct stream_set *set);

/* How many chunks streams may hold open while the others serve the next records. */
uint32_t stream_chunk_most_held(uint32_t chunks);

/* Puts all that was sealed on the ring. */
void stream_chunk_hand_over(struct stream_set *set);

#endif
