/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: a worker's recording, from stream_append() to the files on a real disk, beside a
 * model of what must be in them. libpcap reads the files back and is the judge.
 */
#ifndef TESTS_CAPTURE_RECORDING_H
#define TESTS_CAPTURE_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/chunk.h"
#include "capture/ledger.h"
#include "capture/output.h"
#include "capture/ring.h"
#include "capture/segment.h"
#include "capture/stream.h"
#include "capture/writer.h"

enum {
	RECORDING_PATH_BYTES = 512,
	RECORDING_MAX = 10240, /* sessions and streams */
};

/* A record that stream_append() took. */
struct expected {
	uint64_t time_ns;
	uint32_t caplen;
	uint32_t len;
	uint32_t session;
	uint32_t seed;    /* of its bytes */
	uint32_t segment; /* of its stream, counted from 0 */
};

/* What the model knows of a stream. */
struct expected_stream {
	struct expected *records;
	uint32_t count;
	uint32_t segment;
	uint64_t offset;      /* in the segment */
	uint64_t chunk_start; /* offset of the open chunk's first byte */
	uint64_t first_ns;
	uint32_t in_segment;
	bool cut; /* the next record is a new segment's */
};

struct recording_config {
	enum writer_method method;
	struct output output;
	uint32_t sessions; /* 1000 is the first one's VNI */
	uint32_t chunks;
	uint32_t chunk_bytes;
	uint32_t log_records;
	struct stream_config stream; /* streams: 0 for one per session */
	bool replace;
	enum writer_sync_mode sync_mode; /* at an interval: as often as the disk can */
	struct retention *retention;
	const struct free_space_watch *space;
	uint64_t reserve_bytes; /* 0: none */
	uint32_t files_max;     /* open at once; 0: some more than streams */
	int level;              /* of compression; 0: none */
	bool shared;            /* others write to the directory, too */
	bool late;              /* recording_start_writer() starts the writer */
	struct custody *custody;
};

struct recording {
	struct recording_config config;
	struct session_map map;
	struct ledger *ledger;
	struct chunk_pool *pool;
	struct ring *full, *empty;
	struct segment_directory **directories;
	struct stream_set *set;
	struct writer *writer;
	struct expected_stream *streams;
	uint64_t now_ns;
	uint32_t seed;
	uint64_t refused; /* appends that found no chunk */
};

/* A new directory below base (NULL: where the test runs); removed by recording_remove(). */
void recording_directory(const char *base, char path[RECORDING_PATH_BYTES]);
void recording_remove(const char *path);

void recording_start(struct recording *recording, const struct recording_config *config);

/* With `late`: what was appended until now waits for it. */
void recording_start_writer(struct recording *recording);

/* Appends one record at now_ns and fills in its bytes. Returns false where there is no chunk. */
bool recording_append(struct recording *recording, uint32_t stream, uint32_t session,
		      uint32_t caplen, uint32_t len);

/* As above; ticks and waits until a chunk comes back. */
void recording_append_surely(struct recording *recording, uint32_t stream, uint32_t session,
			     uint32_t caplen, uint32_t len);

/* A second after a failure, for the model: the stream's next record begins a segment. */
void recording_expect_segment(struct recording *recording, uint32_t stream);

void recording_tick(struct recording *recording);

/* Closes all streams, waits for the writer. */
void recording_finish(struct recording *recording);

/* Lets a second go by, and ticks until the writer has finished with every packet. */
void recording_drain(struct recording *recording);

/* Every accepted record is in the file of its segment, byte for byte, and nothing else is; the
 * ledger agrees, by session too. After recording_finish(). */
void recording_check_all(struct recording *recording);

/* Every published file holds the first records of its segment, and `written` and `write_failed`
 * count what is in the files and what is not, by session too. */
void recording_check_prefixes(struct recording *recording);

void recording_free(struct recording *recording);

/* A number below limit; the same sequence for the same state. */
uint32_t recording_random(uint32_t *state, uint32_t limit);

#endif
