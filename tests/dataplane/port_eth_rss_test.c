/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/port_eth_rss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define UDP (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP)

/* By what a device can do: asked for is what it has, and nothing from one that has nothing. */
static void test_configuration(void **state)
{
	static const struct {
		uint64_t offers;
		uint8_t key_size;
		uint32_t queues;
		uint64_t types; /* expected */
		uint8_t key_len;
	} cases[] = {
		{UDP, 40, 1, 0, 0},             /* one queue: nothing to spread */
		{0, 40, 8, 0, 0},               /* a device without RSS, such as net_pcap */
		{RTE_ETH_RSS_TCP, 40, 8, 0, 0}, /* not by what mirrored packets are */
		{UDP | RTE_ETH_RSS_TCP, 40, 8, UDP, 40},
		{RTE_ETH_RSS_NONFRAG_IPV4_UDP, 52, 2, RTE_ETH_RSS_NONFRAG_IPV4_UDP, 52},
		{UDP, 0, 8, UDP, 0},  /* a key of its own */
		{UDP, 64, 8, UDP, 0}, /* longer than any that is known here */
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rte_eth_dev_info info = {.flow_type_rss_offloads = cases[i].offers,
						.hash_key_size = cases[i].key_size};
		struct rte_eth_conf conf = {0};
		const struct rte_eth_rss_conf *rss = &conf.rx_adv_conf.rss_conf;

		port_eth_rss(&info, cases[i].queues, &conf);
		assert_int_equal(rss->rss_hf, cases[i].types);
		assert_int_equal(rss->rss_key_len, cases[i].key_len);
		assert_int_equal(rss->rss_key != NULL, cases[i].key_len > 0);
		assert_int_equal(conf.rxmode.mq_mode,
				 cases[i].types ? RTE_ETH_MQ_RX_RSS : RTE_ETH_MQ_RX_NONE);
	}
}

/* Every entry is set, every queue is there, and none more than once more often than another. */
static void test_table(void **state)
{
	static const uint32_t sizes[] = {64, 128, 512, PORT_ETH_RETA_MAX};
	static const uint32_t queues[] = {2, 3, 8, 32, 64};

	for (unsigned int s = 0; s < 4; s++) {
		for (unsigned int q = 0; q < 5; q++) {
			struct rte_eth_rss_reta_entry64
				reta[PORT_ETH_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE] = {0};
			uint32_t entries[64] = {0};

			port_eth_reta(reta, sizes[s], queues[q]);
			for (uint32_t i = 0; i < sizes[s]; i++) {
				assert_true(reta[i / 64].mask & 1ull << i % 64);
				entries[reta[i / 64].reta[i % 64]]++;
			}
			for (uint32_t i = 0; i < 64; i++) {
				uint32_t least = i < queues[q] ? sizes[s] / queues[q] : 0;

				assert_in_range(entries[i], least, least + (i < queues[q]));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests_name("port_eth_rss", tests, NULL, NULL);
}
