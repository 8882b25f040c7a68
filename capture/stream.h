/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams: one worker's side of recording. A stream is one session's byte sequence (or all
 * sessions', combined), cut into segments (files) and handed to the writer in chunks.
 *
 * The worker appends; the set decides rotation, carries the last partial block over from chunk
 * to chunk so that records lie contiguous in memory and writes stay aligned, and flushes chunks
 * that have aged. A record never spans segments. No function here blocks, allocates, locks or
 * makes a system call. All functions are for the one worker thread, but new, free and bytes.
 */
#ifndef CAPTURE_STREAM_H
#define CAPTURE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/chunk.h"
#include "capture/pcap_format.h"
#include "capture/ring.h"
#include "capture/rotation.h"

struct pcapng_template;

struct stream_config {
	uint32_t streams;
	bool combined; /* one stream holds all sessions: chunks carry a log */
	/* false: no blocks, no padding, no rewriting: chunks end with a record, as compressing wants */
	bool aligned;
	bool pipe; /* not aligned, and one header, whatever closes and opens behind it */
	/*
	 * Which free chunk is filled next. true: the one that came back first; what a disk has just
	 * read is dear to write to. false: the one that came back last, which is warm.
	 */
	bool oldest_first;
	enum pcap_precision precision;
	uint32_t snaplen; /* for the file header, bytes; 0: no limit */
	/*
	 * Borrowed; NULL: classic pcap, of the two above. With a stream for each session, session i
	 * is stream i's.
	 */
	const struct pcapng_template *pcapng;
	struct rotation rotation;
	uint64_t flush_ns; /* a chunk with records is handed over when its oldest is this old */
};

struct stream_set;

/*
 * full: chunks to the writer; empty: chunks back from it (both borrowed, as is the pool; the
 * set takes all of the pool's chunks). Each ring holds as many pointers as the pool has chunks;
 * a combined set's pool has logs. Returns NULL when that is not so or out of memory. Owned by
 * the caller: stream_set_free().
 */
struct stream_set *stream_set_new(const struct stream_config *config, struct chunk_pool *pool,
				  struct ring *full, struct ring *empty);
void stream_set_free(struct stream_set *set);

/*
 * The largest caplen that fits a chunk of this size beside a carried block and a file header, of
 * classic pcap; and the one that fits this set's chunks, of its format.
 */
uint32_t stream_max_caplen(uint32_t chunk_bytes);
uint32_t stream_set_max_caplen(const struct stream_set *set);

/*
 * Opens a stream's segment before its first record: a file that is there, and valid, even if
 * nothing comes. time_ns: as a first record's. Returns false when no chunk is free.
 */
bool stream_begin(struct stream_set *set, uint32_t stream, uint64_t time_ns);

/*
 * Starts a record of `session` in `stream`: rotates if due, writes the record header, counts.
 * Returns where the caller must now copy exactly caplen bytes; NULL when no chunk is free, and
 * then nothing has changed but that the oldest open chunks may have been marked for hand-over,
 * and a segment whose rotation was due may have been closed. The bytes are due before the next
 * call of any function on this set.
 * Chunks that become full wait in the set until stream_tick() puts them on the ring: so the
 * worker publishes its counts first and no reader of the ledger sees a packet written that was
 * not yet received.
 * time_ns: since the epoch. caplen <= stream_set_max_caplen().
 * stream_append_copy() (stream_copy.h) does it for most records with fewer instructions.
 */
uint8_t *stream_append(struct stream_set *set, uint32_t stream, uint32_t session, uint64_t time_ns,
		       uint32_t caplen, uint32_t len);

/*
 * A record of `session` was given up for want of a chunk: counts it for the file's statistics,
 * where the format has them.
 */
void stream_refused(struct stream_set *set, uint32_t session);

/*
 * Hands over the chunks that became full since the last call, takes empty chunks back, hands
 * over chunks whose oldest record is older than flush_ns, or the oldest where streams hold so many
 * that the next burst might find none (all but 64 or an eighth, whichever is more), and closes
 * segments whose duration or interval has passed at now_ns though no packet came. A segment of which a chunk came back with
 * CHUNK_FAILED is closed a second later: the next record tries a new one.
 * now_ns is of the clock that rotation goes by, the records' times'. It may jump: chunks age by
 * its steps forward from tick to tick, whatever the times of the records in them.
 * Cheap when there is nothing to do: call it once per burst, empty ones too.
 */
void stream_tick(struct stream_set *set, uint64_t now_ns);

/*
 * Closes the open segment of every stream; the next record of a stream starts a new one.
 * Chunk-less streams need a chunk each to say so, but in a pipe: streams that got none yet are closed by
 * later ticks. Returns true when all are closed and handed over.
 */
bool stream_close_all(struct stream_set *set);

#endif
