/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one lcore that polls its queues and records, run to completion.
 *
 * Per packet: decapsulate, find the session, apply the truncation rule, filter, append to the
 * session's stream (the one copy). Per burst: free the buffers, publish the counts, let the
 * streams hand over. Nothing here allocates, locks or logs; the only system calls are the sleep
 * of a kernel port with nothing to do, and of a file port whose disk is slower than it.
 */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/ledger.h"
#include "capture/stream.h"
#include "dataplane/clock.h"
#include "dataplane/filter.h"
#include "dataplane/port.h"
#include "dataplane/session_table.h"

enum { WORKER_SOURCES_MAX = 64 };

enum worker_command {
	WORKER_RUN,
	WORKER_DRAIN, /* record what arrived before stop_ns, then end */
	WORKER_END,   /* end after the burst at hand */
};

/* Shared by all workers and the control thread. */
struct worker_control {
	int command;        /* enum worker_command; control thread and limit: write */
	uint32_t rotations; /* how often open segments were to be closed; control thread: writes */
	uint64_t stop_ns;   /* with WORKER_DRAIN: packets stamped later are after_stop */
	bool limited;       /* -a packets */
	int64_t remaining;  /* packets that may still be accepted; taken one by one */
	uint32_t begun;     /* workers that have begun to poll */
	uint32_t done;      /* workers that poll no more; they may still hand over */
};

struct worker_source {
	struct port *port;
	uint32_t queue;
};

struct worker_config {
	uint16_t vxlan_port;
	uint32_t snaplen;              /* bytes, 0: none */
	uint32_t max_caplen;           /* bytes, what a chunk can hold of one frame */
	bool one_file;                 /* begun at once, and not closed before the end */
	bool combined;                 /* all sessions in stream 0, else session i in stream i */
	const struct session_map *map; /* borrowed */
	const struct session_table **table;     /* borrowed; the pointer is read once per burst */
	const struct filter *filter;            /* borrowed; NULL: none */
	const struct clock *clock;              /* borrowed */
	struct stream_set *streams;             /* borrowed; this worker's */
	struct ledger_worker *ledger;           /* borrowed; this worker's */
	struct ledger_session_worker *sessions; /* borrowed; this worker's, by session */
	struct worker_control *control;         /* borrowed; shared */
	struct worker_source sources[WORKER_SOURCES_MAX];
	uint32_t source_count;
};

struct worker;

/* Returns NULL when out of memory. The config is copied. worker_free(). */
struct worker *worker_new(const struct worker_config *config);
void worker_free(struct worker *worker);

/*
 * Polls until told to end or all its inputs have; then closes its streams. The signature is
 * rte_eal_remote_launch()'s: worker is a struct worker *. Returns 0.
 */
int worker_run(void *worker);

#endif
