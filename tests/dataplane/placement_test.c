/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/placement.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A machine: CPU i is on core i % cores, and the cores are dealt to the nodes in halves. */
static struct topology machine(uint32_t cpus, uint32_t cores, int nodes)
{
	struct topology topology = {.count = cpus};

	for (uint32_t i = 0; i < cpus; i++)
		topology.cpus[i] = (struct topology_cpu){
			.cpu = (int)i,
			.core = (int)(i % cores),
			.node = (int)(i % cores) / ((int)cores / nodes),
		};
	return topology;
}

static void test_placement(void **state)
{
	static const struct {
		uint32_t cpus, cores;
		int nodes, node;
		uint32_t workers;
		int lcores[2]; /* of two workers; 0, 0: not given */
		const char *expected;
	} cases[] = {
		{1,
		 1,
		 1,
		 -1,
		 1,
		 {0},
		 "worker 0; writer 0; control 0; too few: a worker shares its core"},
		{2,
		 2,
		 1,
		 -1,
		 1,
		 {0},
		 "worker 1; writer 0; control 0; too few: writers and control share a core"},
		{2,
		 2,
		 1,
		 -1,
		 2,
		 {0},
		 "workers 0,1; writers 0,1; control 1; too few: a worker shares its core"},
		{3, 3, 1, -1, 1, {0}, "worker 2; writer 1; control 0"},
		{8, 8, 1, -1, 2, {0}, "workers 6,7; writers 4,5; control 3"},
		/* Two threads a core: none is given to another's sibling while there are cores. */
		{4,
		 2,
		 1,
		 -1,
		 1,
		 {0},
		 "worker 3; writer 2; control 0; too few: writers and control share a core"},
		{8,
		 4,
		 1,
		 -1,
		 2,
		 {0},
		 "workers 6,7; writers 4,5; control 1; too few: writers and control share a core"},
		{8, 4, 1, -1, 1, {0}, "worker 7; writer 6; control 5"},
		/* The port's node first, another one rather than a shared core. */
		{8, 8, 2, 0, 1, {0}, "worker 3; writer 2; control 1; port at NUMA node 0"},
		{8, 8, 2, 1, 2, {0}, "workers 6,7; writers 4,5; control 3; port at NUMA node 1"},
		{4,
		 4,
		 2,
		 0,
		 3,
		 {0},
		 "workers 3,0,1; writers 2,2,2; control 2; port at NUMA node 0, a worker is not: "
		 "too few CPUs there; too few: writers and control share a core"},
		{4,
		 4,
		 1,
		 -1,
		 2,
		 {2, 1},
		 "workers 2,1; writers 0,3; control 3; too few: writers and control share a core"},
		{4,
		 2,
		 1,
		 -1,
		 2,
		 {1, 3},
		 "workers 1,3; writers 0,2; control 2; too few: a worker shares its core"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct topology topology = machine(cases[i].cpus, cases[i].cores, cases[i].nodes);
		char text[PLACEMENT_TEXT_BYTES], error[PORT_ERROR_BYTES];
		struct options options = {.workers = cases[i].workers};
		struct placement placement;

		if (cases[i].lcores[0]) {
			options.cpu_count = 2;
			memcpy(options.cpus, cases[i].lcores, sizeof(cases[i].lcores));
		}
		assert_int_equal(
			placement_plan(&options, &topology, cases[i].node, &placement, error), 0);
		placement_describe(&placement, cases[i].workers, text);
		assert_string_equal(text, cases[i].expected);
	}
}

static void test_foreign_cpu(void **state)
{
	struct topology topology = machine(4, 4, 1);
	struct options options = {.workers = 1, .cpus = {4}, .cpu_count = 1};
	char error[PORT_ERROR_BYTES] = "";
	struct placement placement;

	assert_int_equal(placement_plan(&options, &topology, -1, &placement, error), -EINVAL);
	assert_non_null(strstr(error, "CPU 4 "));
}

static void put(const char *root, const char *path, const char *text)
{
	char command[512];

	snprintf(command, sizeof(command), "mkdir -p \"$(dirname %s/%s)\" && echo %s >%s/%s", root,
		 path, text, root, path);
	assert_int_equal(system(command), 0);
}

/* What sysfs tells of ports and CPUs, and what is taken where it tells nothing. */
static void test_sysfs(void **state)
{
	char root[] = "/tmp/topology_test.XXXXXX", path[128], command[160];
	struct port_spec pci = {.kind = PORT_ETH_PCI, .object = (char[]){"0000:00:06.0"}};
	struct port_spec brief = {.kind = PORT_ETH_PCI, .object = (char[]){"00:06.0"}};
	struct port_spec kernel = {.kind = PORT_KERNEL, .object = (char[]){"eth1"}};
	struct port_spec file = {.kind = PORT_FILE, .object = (char[]){"eth1"}};
	struct topology topology;
	int cpu;

	assert_non_null(mkdtemp(root));
	assert_int_equal(topology_port_node(root, &pci), TOPOLOGY_NODE_UNKNOWN);
	topology_read(root, &topology);
	assert_true(topology.count > 0);
	cpu = topology.cpus[0].cpu;
	assert_int_equal(topology.cpus[0].core, cpu);
	assert_int_equal(topology.cpus[0].node, TOPOLOGY_NODE_UNKNOWN);

	put(root, "sys/bus/pci/devices/0000:00:06.0/numa_node", "1");
	put(root, "sys/class/net/eth1/device/numa_node", "3");
	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/node2/x", cpu);
	put(root, path, "0");
	snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%d/topology/thread_siblings_list",
		 cpu);
	put(root, path, "77,99");
	assert_int_equal(topology_port_node(root, &pci), 1);
	assert_int_equal(topology_port_node(root, &brief), 1);
	assert_int_equal(topology_port_node(root, &kernel), 3);
	assert_int_equal(topology_port_node(root, &file), TOPOLOGY_NODE_UNKNOWN);
	topology_read(root, &topology);
	assert_int_equal(topology.cpus[0].core, 77);
	assert_int_equal(topology.cpus[0].node, 2);
	snprintf(command, sizeof(command), "rm -r %s", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_placement),
		cmocka_unit_test(test_foreign_cpu),
		cmocka_unit_test(test_sysfs),
	};

	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
