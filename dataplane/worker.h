/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one lcore that polls its queues and records, run to completion.
 *
 * Per burst: the packets are recorded (record.h), their buffers given back, the counts published,
 * the streams hand over.
 * Nothing here allocates, locks or logs; the only system call is the sleep of a kernel port with
 * nothing to do.
 */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/clock.h"
#include "dataplane/idle.h"
#include "dataplane/port.h"
#include "dataplane/record.h"

enum { WORKER_SOURCES_MAX = IDLE_SOURCES_MAX };

struct worker_source {
	struct port *port;
	uint32_t queue;
};

struct worker_config {
	struct record_config record;
	bool one_file; /* begun at once, and not closed before the end */
	enum idle_wish idle;
	const struct clock *clock; /* borrowed */
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
