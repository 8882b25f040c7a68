/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a DPDK device is to spread packets over its queues: by the outer UDP header, evenly.
 */
#ifndef DATAPLANE_PORT_ETH_RSS_H
#define DATAPLANE_PORT_ETH_RSS_H

#include <stdint.h>

#include <rte_ethdev.h>

enum { PORT_ETH_RETA_MAX = 2048 }; /* entries of a device's table */

/*
 * Adds to a configuration what spreads over so many queues, as far as the device has it: the hash
 * of outer addresses and UDP ports, and a key where it takes one of a length that is known here.
 * Unchanged for one queue, and for a device that spreads as it likes (or not at all).
 */
void port_eth_rss(const struct rte_eth_dev_info *info, uint32_t queues, struct rte_eth_conf *conf);

/* The device's table with the queues in turn: size entries, up to PORT_ETH_RETA_MAX. */
void port_eth_reta(struct rte_eth_rss_reta_entry64 *reta, uint32_t size, uint32_t queues);

#endif
