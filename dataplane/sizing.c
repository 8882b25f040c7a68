/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sizing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

#include "capture/chunk.h"

enum {
	CHUNK_BYTES_MIN = 16 << 10,
	CHUNK_BYTES_MAX = 256 << 10, /* beyond it O_DIRECT writes get no faster */
	CHUNKS_MIN = 16,
	/* A combined chunk's log takes 8 bytes a record; more records than one per 64 bytes end
	 * the chunk early. */
	LOG_RECORD_BYTES = 64,
	FILES_SPARE = 128, /* beside segments: rings, sockets, ledger, libraries */
};

static uint64_t round_up(uint64_t value, uint64_t unit)
{
	return (value + unit - 1) / unit * unit;
}

/*
 * A chunk = half the budget / streams, within 16…256 KiB and whole blocks: with one open in each
 * stream, as many are left for what is on its way to the disk. But never so small that
 * the largest record does not fit beside a carried block and a file header. Not every stream
 * needs a chunk at once: an idle one holds none, and when none is free the oldest open one is
 * handed over early.
 */
static uint64_t chunk_bytes(const struct sizing_input *input)
{
	uint64_t budget = input->buffer_bytes / input->workers;
	uint64_t bytes = budget / 2 / input->streams / CHUNK_BLOCK * CHUNK_BLOCK;
	uint64_t least = round_up(input->max_record_bytes + 2ull * CHUNK_BLOCK, CHUNK_BLOCK);

	if (bytes < CHUNK_BYTES_MIN)
		bytes = CHUNK_BYTES_MIN;
	if (bytes > CHUNK_BYTES_MAX)
		bytes = CHUNK_BYTES_MAX;
	return bytes < least ? least : bytes;
}

static int check_files(const struct sizing_input *input, struct sizing *out, char *error)
{
	struct rlimit limit = {0};

	out->open_files = FILES_SPARE;
	if (input->files)
		out->open_files += (uint64_t)input->streams * input->workers;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || out->open_files <= limit.rlim_cur)
		return 0;
	if (out->open_files > limit.rlim_max) {
		snprintf(error, SIZING_ERROR_BYTES,
			 "%u sessions on %u workers need %llu open files, but the limit is %llu: "
			 "raise it (ulimit -n, LimitNOFILE=) or use --split none",
			 input->streams, input->workers, (unsigned long long)out->open_files,
			 (unsigned long long)limit.rlim_max);
		return -EINVAL;
	}
	limit.rlim_cur = out->open_files;
	setrlimit(RLIMIT_NOFILE, &limit);
	return 0;
}

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
	return check_files(input, out, error);
}
