/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much memory recording takes: chunk size, chunk count and open files from the sessions, the
 * workers, the largest record and the buffer's size.
 */
#ifndef DATAPLANE_SIZING_H
#define DATAPLANE_SIZING_H

#include <stdbool.h>
#include <stdint.h>

enum { SIZING_ERROR_BYTES = 256 };

struct sizing_input {
	uint32_t streams; /* per worker */
	uint32_t workers;
	uint32_t max_record_bytes; /* header included */
	uint64_t buffer_bytes;     /* for all workers' chunks together */
	bool combined;
	bool files; /* each stream of each worker may hold a file open */
};

struct sizing {
	uint32_t chunk_bytes;
	uint32_t chunks;      /* per worker */
	uint32_t log_records; /* per chunk; 0 unless combined */
	uint64_t open_files;
};

/* Returns 0, or -EINVAL with the arithmetic in error (SIZING_ERROR_BYTES). */
int sizing_compute(const struct sizing_input *input, struct sizing *out, char *error);

#endif
