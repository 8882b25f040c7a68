/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eth port, a DPDK device: what its parts share. port_eth.c receives, counts and recovers;
 * port_eth_setup.c brings a device up, at the start and after a reset.
 */
#ifndef DATAPLANE_PORT_ETH_H
#define DATAPLANE_PORT_ETH_H

#include <stdint.h>

#include <rte_ethdev.h>

#include "dataplane/port.h"
#include "dataplane/port_reset.h"

enum {
	PORT_ETH_QUEUES_MAX = 64,
	PORT_ETH_QUEUES_DEFAULT = 32, /* at most, where a device has more: the largest ENA's */
};

/* worker: writes, in cache lines of its own; control thread: reads `quiet`. */
struct port_eth_queue {
	struct rte_mbuf *held[PORT_BURST]; /* of the latest burst, until given back */
	uint32_t held_count;
	bool quiet; /* atomic; while the device is reset: this queue's worker has left it */
} __rte_cache_aligned;

struct port_eth {
	struct port port;
	uint16_t id;
	bool started;
	uint32_t room; /* bytes of data in a receive buffer, headroom included */
	struct rte_mempool *pool;
	struct port_reset reset;
	struct ledger_nic before; /* counted by the device before its resets */
	struct port_eth_queue queue[PORT_ETH_QUEUES_MAX];
};

/*
 * Bytes of memory that a port's buffers take at most, known before the EAL starts, which is given
 * just that much. queues 0: as many as the device has, up to `most`. A looped file is counted.
 * Returns 0, or -errno with a message in error (PORT_ERROR_BYTES): the file cannot be read.
 */
int port_eth_memory(const struct port_spec *spec, uint32_t queues, uint32_t most, uint32_t workers,
		    uint64_t *bytes, char *error);

/*
 * Finds the device and says in port what it can do: queues, the largest frame, the size of its
 * memory. Returns 0, or -errno with a message in error (PORT_ERROR_BYTES).
 */
int port_eth_probe(struct port_eth *eth, const char *device, uint32_t most, char *error);

/* Allocates the receive buffers by port.size. As port_eth_probe(). */
int port_eth_make_pool(struct port_eth *eth, char *error);

/* Configures the device, its queues and their spread, and starts it. As port_eth_probe(). */
int port_eth_bring_up(struct port_eth *eth, char *error);

#endif
