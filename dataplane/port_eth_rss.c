/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/port_eth_rss.h"

enum { RSS_KEY_BYTES = 52 }; /* the longest that devices take; most take the first 40 */

/* The key of Microsoft's RSS specification, whose hashes are known to spread, and 12 bytes more. */
static uint8_t rss_key[RSS_KEY_BYTES] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43,
	0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb,
	0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01,
	0xfa, 0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d,
};

void port_eth_rss(const struct rte_eth_dev_info *info, uint32_t queues, struct rte_eth_conf *conf)
{
	struct rte_eth_rss_conf *rss = &conf->rx_adv_conf.rss_conf;

	rss->rss_hf = info->flow_type_rss_offloads &
		      (RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP);
	if (queues == 1 || !rss->rss_hf) {
		rss->rss_hf = 0;
		return;
	}
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	if (!info->hash_key_size || info->hash_key_size > RSS_KEY_BYTES)
		return;
	rss->rss_key = rss_key;
	rss->rss_key_len = info->hash_key_size;
}

void port_eth_reta(struct rte_eth_rss_reta_entry64 *reta, uint32_t size, uint32_t queues)
{
	for (uint32_t i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &reta[i / RTE_ETH_RETA_GROUP_SIZE];

		group->mask |= 1ull << i % RTE_ETH_RETA_GROUP_SIZE;
		group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = (uint16_t)(i % queues);
	}
}
