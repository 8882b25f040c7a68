/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's CPUs, their cores and NUMA nodes, and the node that a port is at.
 */
#ifndef DATAPLANE_TOPOLOGY_H
#define DATAPLANE_TOPOLOGY_H

#include <sched.h>
#include <stdint.h>

#include "dataplane/port.h"

enum { TOPOLOGY_NODE_UNKNOWN = -1 };

struct topology_cpu {
	int cpu;
	int core; /* the same number for CPUs that share one */
	int node;
};

struct topology {
	struct topology_cpu cpus[CPU_SETSIZE]; /* that this process may use, in order */
	uint32_t count;
};

/*
 * Reads what sysfs tells; what it does not tell is a core of its own, at no known node.
 * root: "" for the running system, or a directory that holds sys/.
 */
void topology_read(const char *root, struct topology *topology);

/* The NUMA node of a port's device, or TOPOLOGY_NODE_UNKNOWN. */
int topology_port_node(const char *root, const struct port_spec *spec);

#endif
