/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/topology.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NODES_MAX = 64 };

/* The number that a file begins with, or `otherwise`. */
static int read_number(const char *path, int otherwise)
{
	FILE *file = fopen(path, "re");
	int number;

	if (!file)
		return otherwise;
	if (fscanf(file, "%d", &number) != 1)
		number = otherwise;
	fclose(file);
	return number;
}

/* A CPU's directory has a link to its node, called by the node's number. */
static int node_of(const char *root, int cpu)
{
	char path[PATH_MAX];

	for (int node = 0; node < NODES_MAX; node++) {
		snprintf(path, sizeof(path), "%s/sys/devices/system/cpu/cpu%d/node%d", root, cpu,
			 node);
		if (access(path, F_OK) == 0)
			return node;
	}
	return TOPOLOGY_NODE_UNKNOWN;
}

void topology_read(const char *root, struct topology *topology)
{
	char path[PATH_MAX];
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	topology->count = 0;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		/* The first of those that share a core stands for it. */
		snprintf(path, sizeof(path),
			 "%s/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", root,
			 cpu);
		topology->cpus[topology->count++] = (struct topology_cpu){
			.cpu = cpu, .core = read_number(path, cpu), .node = node_of(root, cpu)};
	}
}

int topology_port_node(const char *root, const struct port_spec *spec)
{
	char path[PATH_MAX];
	const char *domain;

	switch (spec->kind) {
	case PORT_ETH_PCI: /* as people type it, with or without its domain */
		domain = strchr(spec->object, ':') == strrchr(spec->object, ':') ? "0000:" : "";
		snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s%s/numa_node", root, domain,
			 spec->object);
		break;
	case PORT_KERNEL:
		snprintf(path, sizeof(path), "%s/sys/class/net/%s/device/numa_node", root,
			 spec->object);
		break;
	default:
		return TOPOLOGY_NODE_UNKNOWN;
	}
	return read_number(path, TOPOLOGY_NODE_UNKNOWN);
}
