/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much memory a capture takes, all of it computed in one place: the receive queues' depth and
 * buffers from their number, the bursts and the workers; chunk size, chunk count and open files
 * from the sessions, the workers, the largest record and the stall budget (--buffer).
 */
#ifndef DATAPLANE_SIZING_H
#define DATAPLANE_SIZING_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SIZING_ERROR_BYTES = 256,
	SIZING_PORTS_MAX = 16,
};

/* A port's memory: what it says of itself, and what it gets. */
struct sizing_port {
	uint32_t queues;     /* 0: it has no memory worth speaking of */
	uint32_t slot_bytes; /* memory of a receive buffer, or of a block of a kernel ring */
	uint32_t slots_least, slots_most; /* of a queue */
	uint32_t kept;  /* more of them per queue: of the burst at hand, of a file that is looped */
	bool pooled;    /* they come from a pool that threads have caches of */
	uint32_t slots; /* result: the depth of each queue */
	uint32_t buffers; /* result: of all queues, the pool's spare included */
	uint64_t bytes;   /* result: of all that */
};

struct sizing_input {
	struct sizing_port *ports[SIZING_PORTS_MAX]; /* borrowed; filled in */
	uint32_t port_count;
	uint32_t streams; /* per worker */
	uint32_t workers;
	uint32_t max_record_bytes; /* header included */
	uint64_t buffer_bytes;     /* for all workers' chunks together */
	bool combined;
	int level;  /* of compression; 0: none */
	bool files; /* each stream of each worker may hold a file open */
};

struct sizing {
	uint32_t chunk_bytes;
	uint32_t chunks;      /* per worker */
	uint32_t log_records; /* per chunk; 0 unless combined */
	uint64_t open_files;
	uint32_t
		segment_files; /* of open_files, for the segments of each worker; 0 without files */
	uint64_t buffer_bytes; /* the chunks and their logs, of all workers */
	uint64_t stream_bytes; /* what sessions take beside chunks, of all workers */
	uint64_t compress_bytes; /* of all writers */
	uint64_t receive_bytes;  /* of all ports */
};

/* The results of one port that has queues, for so many workers. */
void sizing_port(struct sizing_port *port, uint32_t workers);

/* Returns 0, or -EINVAL with the arithmetic in error (SIZING_ERROR_BYTES). */
int sizing_compute(const struct sizing_input *input, struct sizing *out, char *error);

#endif
