/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline: everything between a port and a file, put together from the options.
 *
 *	port → worker → streams → full ring → writer → segments
 *	                      ← empty ring ←
 */
#ifndef DATAPLANE_PIPELINE_H
#define DATAPLANE_PIPELINE_H

#include "capture/segment.h"
#include "capture/writer.h"
#include "dataplane/clock.h"
#include "dataplane/evidence.h"
#include "dataplane/options.h"
#include "dataplane/outlet.h"
#include "dataplane/placement.h"
#include "dataplane/retain.h"
#include "dataplane/sizing.h"
#include "dataplane/worker.h"

enum { PIPELINE_ERROR_BYTES = OUTLET_ERROR_BYTES };

/* One worker and what is its own. */
struct pipeline_lane {
	struct chunk_pool *pool;
	struct ring *full, *empty;
	struct stream_set *streams;
	struct writer *writer;
	struct worker *worker;
};

struct pipeline {
	const struct options *options;
	struct placement placement;
	struct sizing sizing;
	struct port *ports[OPTIONS_PORTS_MAX];
	const struct session_table *table; /* read by workers, once per burst */
	struct filter *filter;
	struct clock clock;
	char warning[PIPELINE_ERROR_BYTES]; /* lines to be said at the start */
	struct outlet outlet;
	struct evidence evidence;
	struct retain retain;
	struct pcapng_template *pcapng; /* NULL: classic pcap */
	uint32_t streams;
	struct worker_control control;
	struct pipeline_lane lanes[OPTIONS_WORKERS_MAX];
	struct clock_mark start; /* for the counter's rate */
	bool eal_up;
};

/*
 * Builds all of it, opens the ports and starts the writers. No packet is received yet; the
 * options' port specs go over to the ports. recovery: what was recovered before. On failure returns -errno, with a message in error (PIPELINE_ERROR_BYTES) that
 * names the object and the remedy; pipeline_close() is due in any case.
 */
int pipeline_open(struct pipeline *pipeline, struct options *options,
		  const struct recovery *recovery, char *error);

/* Starts reception: ports, then the sandbox closes, then workers. As pipeline_open(). */
int pipeline_start(struct pipeline *pipeline, char *error);

/* Tells the workers to end: now, or (drain) after what arrived before now. */
void pipeline_stop(struct pipeline *pipeline, bool drain);

/* Tells the workers to close their open segments; the next record of a stream opens a new one. */
void pipeline_rotate(struct pipeline *pipeline);

/* True when no worker polls any more. */
bool pipeline_ended(const struct pipeline *pipeline);

/* Waits for the workers and for the writers: every packet is then written or counted. */
void pipeline_finish(struct pipeline *pipeline);

/* Some 100 times a second: what ports may not leave until the tick, such as a device's reset. */
void pipeline_attend(struct pipeline *pipeline);

/* Once a second: renews the clock and the ports' counters, and puts them into the ledger. */
void pipeline_tick(struct pipeline *pipeline);

/* Frees everything. */
void pipeline_close(struct pipeline *pipeline);

#endif
