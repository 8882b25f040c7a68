/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wraps a frame as AWS Traffic Mirroring does: cut to PacketLength, then VXLAN, UDP, IP and
 * Ethernet in front of it, and behind a Gateway Load Balancer endpoint once more GENEVE.
 */
#ifndef TOOLS_MIRRORGEN_MIRROR_FRAME_H
#define TOOLS_MIRRORGEN_MIRROR_FRAME_H

#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MIRROR_FRAME_VXLAN_PORT = 4789,
	MIRROR_FRAME_GENEVE_PORT = 6081,
	MIRROR_FRAME_MAX_BYTES = 65535, /* on the wire, outer headers included */
	/* Ethernet, IPv6, UDP, GENEVE with 32 bytes of options, IPv6, UDP, VXLAN */
	MIRROR_FRAME_MAX_OVERHEAD = 14 + 40 + 8 + 8 + 32 + 40 + 8 + 8,
};

/* IPv4 addresses are held as ::ffff:a.b.c.d; source, target and gateway are of one family. */
struct mirror_frame {
	uint32_t vni;
	uint32_t packet_length; /* bytes after the VXLAN header */
	struct in6_addr source; /* of source interface 0 */
	struct in6_addr target;
	struct in6_addr gateway; /* GENEVE only: the outermost source */
	uint8_t source_mac[ETH_ALEN];
	uint8_t target_mac[ETH_ALEN];
	bool geneve;
	bool geneve_options; /* the three options that AWS's load balancer sets, 32 bytes */
};

/* Bytes of all headers in front of the mirrored frame. */
size_t mirror_frame_overhead(const struct mirror_frame *wrap);

/*
 * How many of a frame's bytes are mirrored: all, or PacketLength of them. Returns 0 where even
 * these do not fit a packet with its outer headers (a super-packet of segmentation offload).
 */
size_t mirror_frame_keep(const struct mirror_frame *wrap, size_t bytes);

/*
 * Writes the outer headers for a mirrored frame of inner_bytes, as mirror_frame_keep() gave
 * them, to dst, which has room for mirror_frame_overhead(). The frame itself goes behind them.
 * interface: the source interface; it is added to the source address.
 * port: the outer UDP source port, host byte order.
 */
void mirror_frame_headers(const struct mirror_frame *wrap, uint32_t interface, uint16_t port,
			  size_t inner_bytes, uint8_t *dst);

#endif
