/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ports of a run together: how many queues each has, which worker polls which.
 */
#ifndef DATAPLANE_PORTS_H
#define DATAPLANE_PORTS_H

#include "dataplane/options.h"
#include "dataplane/worker.h"

enum { PORTS_ERROR_BYTES = 512 };

/*
 * Queues that a port of this kind is to have: --queues, else one for each worker, else (0) as many
 * as its device has, but ports_queues_most(), so that the workers can poll all of them.
 */
uint32_t ports_queues(const struct options *options, const struct port_spec *spec);
uint32_t ports_queues_most(const struct options *options);

/* Bytes of memory that DPDK's ports need at most. Returns 0, or -errno with a message in error. */
int ports_memory(const struct options *options, uint64_t *bytes, char *error);

/*
 * Opens all ports of the options, which gives their specs away. Returns 0, or -errno with a message
 * in error (PORTS_ERROR_BYTES): a port cannot be opened, or there are more workers than queues.
 */
int ports_open(struct options *options, struct port **ports, char *error);

/*
 * The queues of worker i: each queue has one worker, and the workers' shares differ by one at most,
 * of each port and of all.
 */
void ports_deal(struct port *const *ports, uint32_t port_count, uint32_t workers, uint32_t i,
		struct worker_config *config);

/* Counters of all ports together: unknown where one of them does not know. */
struct ledger_nic ports_counters(struct port *const *ports, uint32_t port_count);

#endif
