/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPU does what: workers have a core to themselves, at the NUMA node of the port, as far as
 * there are enough.
 */
#ifndef DATAPLANE_PLACEMENT_H
#define DATAPLANE_PLACEMENT_H

#include "dataplane/options.h"
#include "dataplane/topology.h"

enum { PLACEMENT_TEXT_BYTES = 1024 };

struct placement {
	int node; /* that was to be chosen, or TOPOLOGY_NODE_UNKNOWN */
	int control;
	int workers[OPTIONS_WORKERS_MAX];
	int writers[OPTIONS_WORKERS_MAX];
	bool worker_shares; /* its core, with anything: there are too few */
	bool others_share;  /* a core, writers and control among them: likewise */
	bool distant;       /* a worker is at another node: likewise */
};

/*
 * Workers take --lcores, else the last CPUs that are good; then writers, then control take the best
 * of what is left. Of two CPUs that one is better that has no worker; then whose core has none;
 * then that has less of the others; then that is at the port's node.
 * Returns 0, or -EINVAL with a message in error (PORT_ERROR_BYTES): a CPU of --lcores may not be
 * used.
 */
int placement_plan(const struct options *options, const struct topology *topology, int node,
		   struct placement *out, char *error);

/* The same for this machine, and the first port whose node is known. */
int placement_choose(const struct options *options, struct placement *out, char *error);

/* For people, one line without its end. text: PLACEMENT_TEXT_BYTES. */
void placement_describe(const struct placement *placement, uint32_t workers, char *text);

#endif
