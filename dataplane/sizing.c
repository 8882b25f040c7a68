/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sizing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "capture/chunk.h"
#include "capture/zstd_writer.h"

enum {
	RECEIVE_BYTES = 80 << 20, /* of a port's queues together */
	/* In each worker's cache of a pool, one and a half times what it asks for; and in the control
	 * thread's. */
	POOL_CACHE_SPARE = 512,
	/* A stream with its carried block, and its segment on the writer's side. */
	STREAM_BYTES = 5 << 10,
	CHUNK_BLOCKS_MIN = 5,
	/* Writes of 256 KiB, beyond which disks get no faster, and the block that is carried over. */
	CHUNK_BLOCKS_MAX = 65,
	/* Above 256 KiB libzstd chooses other parameters: larger tables, at level 1 larger frames. */
	FRAME_BLOCKS_MAX = 63,
	CHUNKS_MIN = 16,
	/* A combined chunk's log takes 8 bytes a record; more records than one per 64 bytes end
	 * the chunk early. */
	LOG_RECORD_BYTES = 64,
	FILES_SPARE = 128, /* beside segments: rings, sockets, ledger, libraries */
	/* Ended, not published yet, of each worker; at most: 100 a second while a sync takes two. */
	FILES_ENDED_MIN = 16,
	FILES_ENDED_MAX = 256,
};

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/*
 * A chunk = half the budget / streams, within 20…260 KiB (252 where it becomes a frame of zstd's):
 * with one open in each stream, as many are left for what is on its way to the disk. But never so
 * small that the largest record does not fit beside a carried block and a file header. Not every
 * stream needs a chunk at once: an idle one holds none, and when none is free the oldest open one is
 * handed over early.
 *
 * Chunks lie side by side and streams fill them at much the same pace, so an odd number of blocks:
 * at a power of two the places where all of them go on would share one set of a cache, or few.
 */
static uint64_t chunk_bytes(const struct sizing_input *input)
{
	uint64_t budget = input->buffer_bytes / input->workers;
	uint64_t blocks = budget / 2 / input->streams / CHUNK_BLOCK;
	uint64_t least = round_up(input->max_record_bytes, CHUNK_BLOCK) / CHUNK_BLOCK + 2;
	uint64_t most = input->level ? FRAME_BLOCKS_MAX : CHUNK_BLOCKS_MAX;

	if (blocks < CHUNK_BLOCKS_MIN)
		blocks = CHUNK_BLOCKS_MIN;
	if (blocks > most)
		blocks = most;
	blocks = (blocks - 1) | 1;
	if (blocks < least)
		blocks = least | 1;
	return blocks * CHUNK_BLOCK;
}

/*
 * Each stream's file, and those that have ended but are not published yet: as many again and a few
 * where the limit allows, so that all may end at once and go on; else as many as there is room for.
 */
static int check_files(const struct sizing_input *input, struct sizing *out, char *error)
{
	uint64_t streams = (uint64_t)input->streams * input->workers;
	uint64_t least = FILES_SPARE + streams + (uint64_t)FILES_ENDED_MIN * input->workers;
	uint64_t most = FILES_SPARE + 2 * streams + (uint64_t)FILES_ENDED_MAX * input->workers;
	struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};

	if (!input->files) {
		out->open_files = FILES_SPARE;
		out->segment_files = 0;
		return 0;
	}
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	if (least > limit.rlim_max) {
		snprintf(error, SIZING_ERROR_BYTES,
			 "%u sessions on %u workers need %" PRIu64
			 " open files, but the limit is %" PRIu64
			 ": raise it (ulimit -n, LimitNOFILE=) or use --split none",
			 input->streams, input->workers, least, (uint64_t)limit.rlim_max);
		return -EINVAL;
	}
	out->open_files = most < limit.rlim_max ? most : limit.rlim_max;
	out->segment_files = (uint32_t)((out->open_files - FILES_SPARE) / input->workers);
	if (out->open_files > limit.rlim_cur) {
		limit.rlim_cur = out->open_files;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	return 0;
}

/* The largest power of two up to value, which is above 0. */
static uint32_t power_below(uint64_t value)
{
	uint32_t power = 1;

	while (power <= value / 2 && power < 1u << 31)
		power *= 2;
	return power;
}

/*
 * A queue is as deep as RECEIVE_BYTES / queues allow, within what the port can have. A pool has
 * buffers for each queue's depth and for those that the queue keeps, and for what the caches of the
 * workers and of the control thread may hold back.
 */
void sizing_port(struct sizing_port *port, uint32_t workers)
{
	uint64_t slots = RECEIVE_BYTES / port->queues / port->slot_bytes;

	port->slots = slots ? power_below(slots) : 1;
	if (port->slots < port->slots_least)
		port->slots = port->slots_least;
	if (port->slots > port->slots_most)
		port->slots = port->slots_most;
	port->buffers = (port->slots + port->kept) * port->queues;
	if (port->pooled)
		port->buffers += POOL_CACHE_SPARE * (workers + 1);
	port->bytes = (uint64_t)port->buffers * port->slot_bytes;
}

/*
 * All memory of a capture, from what is asked for:
 *
 *	receive  for each port: queues * depth * bytes of a slot, beside a pool's spare (sizing_port)
 *	buffer   the stall budget, --buffer: workers * chunks * (chunk + its log) (chunk_bytes)
 *	streams  sessions (1 when combined) * workers * STREAM_BYTES
 *	compress workers * the compressor's tables and one frame (zstd_writer_bytes)
 */
int sizing_compute(const struct sizing_input *input, struct sizing *out, char *error)
{
	uint64_t bytes = chunk_bytes(input);
	uint64_t log = input->combined ? bytes / LOG_RECORD_BYTES : 0;
	uint64_t chunks = input->buffer_bytes / input->workers / (bytes + log * 8);

	if (chunks < CHUNKS_MIN) {
		uint64_t least_mib = (CHUNKS_MIN * (bytes + log * 8) * input->workers >> 20) + 1;

		snprintf(error, SIZING_ERROR_BYTES,
			 "--buffer of %" PRIu64 " bytes holds %" PRIu64 " chunks of %" PRIu64
			 " bytes for each of %u workers, but %d are needed: use at least "
			 "--buffer %" PRIu64 "M",
			 input->buffer_bytes, chunks, bytes, input->workers, CHUNKS_MIN, least_mib);
		return -EINVAL;
	}
	out->chunk_bytes = (uint32_t)bytes;
	out->chunks = (uint32_t)chunks;
	out->log_records = (uint32_t)log;
	out->buffer_bytes = chunks * (bytes + log * 8) * input->workers;
	out->stream_bytes = (uint64_t)input->streams * input->workers * STREAM_BYTES;
	out->compress_bytes =
		input->level ? input->workers * zstd_writer_bytes(input->level, out->chunk_bytes)
			     : 0;
	out->receive_bytes = 0;
	for (uint32_t i = 0; i < input->port_count; i++) {
		if (input->ports[i]->queues)
			sizing_port(input->ports[i], input->workers);
		out->receive_bytes += input->ports[i]->bytes;
	}
	return check_files(input, out, error);
}
