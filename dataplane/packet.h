/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A received packet as every kind of port hands it over: a view, no copy.
 */
#ifndef DATAPLANE_PACKET_H
#define DATAPLANE_PACKET_H

#include <stdint.h>
#include <string.h>

#include <rte_mbuf.h>

enum {
	/* An IPv6 packet at its largest (its header does not count itself), Ethernet, two tags. */
	PACKET_MAX_BYTES = 65535 + 40 + 14 + 8,
};

struct packet {
	const uint8_t *data;   /* the first bytes, contiguous */
	uint32_t data_len;     /* how many of them */
	uint32_t packet_len;   /* bytes that arrived, in all segments */
	uint64_t time_ns;      /* since the epoch, where the port stamps; else the worker does */
	struct rte_mbuf *mbuf; /* holds the segments; NULL where data holds all */
};

/*
 * Copies bytes [offset, offset + bytes) of the packet to dst, over all segments.
 * offset + bytes <= packet_len.
 */
static inline void packet_copy(const struct packet *packet, uint32_t offset, uint8_t *dst,
			       uint32_t bytes)
{
	const struct rte_mbuf *segment = packet->mbuf;

	if (likely(offset + bytes <= packet->data_len)) {
		memcpy(dst, packet->data + offset, bytes);
		return;
	}
	for (; segment && bytes; segment = segment->next) {
		uint32_t here = rte_pktmbuf_data_len(segment);

		if (offset >= here) {
			offset -= here;
			continue;
		}
		here = RTE_MIN(here - offset, bytes);
		memcpy(dst, rte_pktmbuf_mtod_offset(segment, const uint8_t *, offset), here);
		dst += here;
		bytes -= here;
		offset = 0;
	}
}

#endif
