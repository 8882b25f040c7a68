/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eth port's needs, known before the EAL starts: the EAL is given just that much memory.
 */
#ifndef DATAPLANE_PORT_ETH_H
#define DATAPLANE_PORT_ETH_H

#include <stdint.h>

#include "dataplane/port.h"

struct port_eth_need {
	uint32_t mbufs;
	uint32_t data_room; /* bytes per mbuf, headroom included */
};

/*
 * For a device: a full ring per queue of buffers that hold a jumbo frame each, so that a frame
 * is in several segments only where the driver wants it so. For a looped file: one buffer per
 * packet of it, large enough for the largest (net_pcap's infinite_rx wants each in one), beside
 * the ring's.
 * Returns 0, or -errno with a message in error (PORT_ERROR_BYTES): the file cannot be read.
 */
int port_eth_need(const struct port_spec *spec, uint32_t queues, struct port_eth_need *need,
		  char *error);

/* Bytes of memory for a need, with what a mempool adds. */
uint64_t port_eth_memory(const struct port_eth_need *need);

#endif
