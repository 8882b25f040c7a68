/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/placement.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>

/* The CPUs that the process may use, in order. Returns how many. */
static uint32_t usable_cpus(int *cpus)
{
	uint32_t count = 0;
	cpu_set_t set;

	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[count++] = cpu;
	return count;
}

static bool contains(const int *cpus, uint32_t count, int cpu)
{
	for (uint32_t i = 0; i < count; i++)
		if (cpus[i] == cpu)
			return true;
	return false;
}

static int place_workers(const struct options *options, const int *usable, uint32_t usable_count,
			 struct placement *out, char *error)
{
	uint32_t workers = options->workers;

	for (uint32_t i = 0; i < workers; i++) {
		/* Counted from the end: the first CPUs serve interrupts on most machines. */
		uint32_t from_end = (workers - 1 - i) % usable_count;

		out->workers[i] =
			options->cpu_count ? options->cpus[i] : usable[usable_count - 1 - from_end];
		if (contains(usable, usable_count, out->workers[i]))
			continue;
		snprintf(error, PORT_ERROR_BYTES,
			 "--lcores: CPU %d is not there or not allowed here: see `taskset -p %s`",
			 out->workers[i], "$$");
		return -EINVAL;
	}
	return 0;
}

int placement_choose(const struct options *options, struct placement *out, char *error)
{
	int usable[CPU_SETSIZE], left[CPU_SETSIZE];
	uint32_t usable_count = usable_cpus(usable), left_count = 0;
	int rc = place_workers(options, usable, usable_count, out, error);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < usable_count; i++)
		if (!contains(out->workers, options->workers, usable[i]))
			left[left_count++] = usable[i];
	out->shared = !left_count || options->workers > usable_count;
	if (!left_count)
		left[left_count++] = usable[0];
	out->control = left[0];
	for (uint32_t i = 0; i < options->workers; i++)
		out->writers[i] = left_count > 1 ? left[1 + i % (left_count - 1)] : left[0];
	return 0;
}
