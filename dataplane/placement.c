/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/placement.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What is placed so far, by place in the topology. */
struct plan {
	const struct topology *topology;
	int node;
	uint8_t workers[CPU_SETSIZE];
	uint8_t others[CPU_SETSIZE];
};

/* How many are on a CPU's core, the CPU itself included. */
static uint32_t on_core(const struct plan *plan, const uint8_t *placed, uint32_t place)
{
	const struct topology_cpu *cpus = plan->topology->cpus;
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->topology->count; i++)
		if (cpus[i].core == cpus[place].core)
			count += placed[i];
	return count;
}

static bool is_distant(const struct plan *plan, uint32_t place)
{
	int node = plan->topology->cpus[place].node;

	return plan->node != TOPOLOGY_NODE_UNKNOWN && node != plan->node;
}

/* What speaks against a CPU, the gravest in the highest bits. No count is above 129. */
static uint64_t cost(const struct plan *plan, uint32_t place)
{
	return (uint64_t)plan->workers[place] << 32 |
	       (uint64_t)on_core(plan, plan->workers, place) << 24 |
	       (uint64_t)plan->others[place] << 16 |
	       (uint64_t)on_core(plan, plan->others, place) << 8 | is_distant(plan, place);
}

/* The best place; of several the last: the first CPUs serve interrupts on most machines. */
static uint32_t best(const struct plan *plan)
{
	uint32_t place = 0;

	for (uint32_t i = 1; i < plan->topology->count; i++)
		if (cost(plan, i) <= cost(plan, place))
			place = i;
	return place;
}

static int place_given(const struct options *options, struct plan *plan, struct placement *out,
		       char *error)
{
	for (uint32_t i = 0; i < options->workers; i++) {
		uint32_t place = 0;

		while (place < plan->topology->count &&
		       plan->topology->cpus[place].cpu != options->cpus[i])
			place++;
		if (place == plan->topology->count) {
			snprintf(error, PORT_ERROR_BYTES,
				 "--lcores: CPU %d is not there or not allowed here: see "
				 "`taskset -p %s`",
				 options->cpus[i], "$$");
			return -EINVAL;
		}
		plan->workers[place]++;
		out->workers[i] = options->cpus[i];
	}
	return 0;
}

/* The last chosen comes first, so that workers' numbers grow with their CPUs'. */
static void place_workers(uint32_t workers, struct plan *plan, struct placement *out)
{
	for (uint32_t i = workers; i-- > 0;) {
		uint32_t place = best(plan);

		plan->workers[place]++;
		out->workers[i] = plan->topology->cpus[place].cpu;
	}
}

static int place_other(struct plan *plan)
{
	uint32_t place = best(plan);

	plan->others[place]++;
	return plan->topology->cpus[place].cpu;
}

static void judge(const struct plan *plan, struct placement *out)
{
	for (uint32_t i = 0; i < plan->topology->count; i++) {
		uint32_t workers = on_core(plan, plan->workers, i);
		uint32_t others = on_core(plan, plan->others, i);

		out->worker_shares |= workers && workers + others > 1;
		out->others_share |= others > 1;
		out->distant |= plan->workers[i] && is_distant(plan, i);
	}
}

int placement_plan(const struct options *options, const struct topology *topology, int node,
		   struct placement *out, char *error)
{
	struct plan plan = {.topology = topology, .node = node};

	*out = (struct placement){.node = node};
	if (options->cpu_count) {
		int rc = place_given(options, &plan, out, error);

		if (rc < 0)
			return rc;
	} else {
		place_workers(options->workers, &plan, out);
	}
	for (uint32_t i = options->workers; i-- > 0;)
		out->writers[i] = place_other(&plan);
	out->control = place_other(&plan);
	judge(&plan, out);
	return 0;
}

int placement_choose(const struct options *options, struct placement *out, char *error)
{
	int node = TOPOLOGY_NODE_UNKNOWN;
	struct topology topology;

	topology_read("", &topology);
	for (uint32_t i = 0; i < options->port_count && node == TOPOLOGY_NODE_UNKNOWN; i++)
		node = topology_port_node("", &options->ports[i]);
	return placement_plan(options, &topology, node, out, error);
}

static void add_list(char *text, const char *name, const int *cpus, uint32_t count)
{
	size_t used = strlen(text);

	used += (size_t)snprintf(text + used, PLACEMENT_TEXT_BYTES - used, "%s%s", name,
				 count == 1 ? "" : "s");
	for (uint32_t i = 0; i < count && used < PLACEMENT_TEXT_BYTES; i++)
		used += (size_t)snprintf(text + used, PLACEMENT_TEXT_BYTES - used, "%c%d",
					 i ? ',' : ' ', cpus[i]);
}

static void add_text(char *text, const char *more)
{
	size_t used = strlen(text);

	snprintf(text + used, PLACEMENT_TEXT_BYTES - used, "%s", more);
}

void placement_describe(const struct placement *placement, uint32_t workers, char *text)
{
	char node[64];

	text[0] = '\0';
	add_list(text, "worker", placement->workers, workers);
	add_list(text, "; writer", placement->writers, workers);
	add_list(text, "; control", &placement->control, 1);
	if (placement->node != TOPOLOGY_NODE_UNKNOWN) {
		snprintf(node, sizeof(node), "; port at NUMA node %d%s", placement->node,
			 placement->distant ? ", a worker is not: too few CPUs there" : "");
		add_text(text, node);
	}
	if (placement->worker_shares)
		add_text(text, "; too few: a worker shares its core");
	else if (placement->others_share)
		add_text(text, "; too few: writers and control share a core");
}
