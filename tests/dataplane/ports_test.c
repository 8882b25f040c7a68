/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/ports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/port_eth.h"

static void test_queues_wanted(void **state)
{
	static const struct {
		enum port_kind kind;
		uint32_t asked, workers, queues;
	} cases[] = {
		{PORT_FILE, 0, 1, 1},    {PORT_FILE, 8, 1, 1},     {PORT_KERNEL, 0, 3, 3},
		{PORT_KERNEL, 8, 1, 8},  {PORT_ETH_LOOP, 0, 2, 2}, {PORT_ETH_LOOP, 8, 1, 8},
		{PORT_ETH_PCI, 0, 1, 0}, {PORT_ETH_PCI, 8, 1, 8},  {PORT_ETH_VDEV, 0, 4, 0},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options = {.queues = cases[i].asked, .workers = cases[i].workers};
		struct port_spec spec = {.kind = cases[i].kind};

		assert_int_equal(ports_queues(&options, &spec), cases[i].queues);
	}
}

/* However many ports there are, their queues can be polled. */
static void test_queues_most(void **state)
{
	for (uint32_t workers = 1; workers <= OPTIONS_WORKERS_MAX; workers++) {
		for (uint32_t ports = 1; ports <= OPTIONS_PORTS_MAX; ports++) {
			struct options options = {.workers = workers, .port_count = ports};
			uint32_t most = ports_queues_most(&options);

			assert_in_range(most, 1, PORT_ETH_QUEUES_DEFAULT);
			assert_true(most * ports <= workers * WORKER_SOURCES_MAX);
		}
	}
}

/* Each queue once, and no worker has two more than another. */
static void deal(const uint32_t *queues, uint32_t port_count, uint32_t workers)
{
	struct port ports[3] = {0}, *list[3];
	uint32_t dealt[3][64] = {0}, all = 0;

	for (uint32_t i = 0; i < port_count; i++) {
		ports[i].queues = queues[i];
		list[i] = &ports[i];
		all += queues[i];
	}
	for (uint32_t w = 0; w < workers; w++) {
		struct worker_config config = {0};

		ports_deal(list, port_count, workers, w, &config);
		assert_in_range(config.source_count, all / workers, (all - 1) / workers + 1);
		for (uint32_t s = 0; s < config.source_count; s++)
			dealt[config.sources[s].port - ports][config.sources[s].queue]++;
	}
	for (uint32_t i = 0; i < port_count; i++)
		for (uint32_t q = 0; q < 64; q++)
			assert_int_equal(dealt[i][q], q < queues[i]);
}

static void test_deal(void **state)
{
	static const uint32_t queues[][3] = {{1}, {8}, {64}, {1, 1}, {32, 8}, {5, 7, 3}};
	static const uint32_t ports[] = {1, 1, 1, 2, 2, 3};

	for (unsigned int i = 0; i < 6; i++) {
		uint32_t all = queues[i][0] + queues[i][1] + queues[i][2];

		for (uint32_t workers = 1; workers <= all; workers++)
			if (all <= workers * WORKER_SOURCES_MAX)
				deal(queues[i], ports[i], workers);
	}
}

/* What one port does not count, nobody knows of all. */
static void test_counters(void **state)
{
	struct port ports[2] = {
		{.counters = {.missed = 3, .errors = LEDGER_UNKNOWN, .no_mbuf = 0}},
		{.counters = {.missed = 4, .errors = 1, .no_mbuf = LEDGER_UNKNOWN}},
	};
	struct port *list[] = {&ports[0], &ports[1]};
	struct ledger_nic sum = ports_counters(list, 2);

	assert_int_equal(sum.missed, 7);
	assert_true(sum.errors == LEDGER_UNKNOWN);
	assert_true(sum.no_mbuf == LEDGER_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_queues_wanted),
		cmocka_unit_test(test_queues_most),
		cmocka_unit_test(test_deal),
		cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests_name("ports", tests, NULL, NULL);
}
