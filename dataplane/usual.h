/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usual packet: shaped as AWS sends them, all of it there, with an IPv4 frame in it. Nearly all
 * are.
 *
 *	0 Ethernet 14 | 14 IPv4 without options 20 | 34 UDP 8 | 42 VXLAN 8 | 50 frame: Ethernet 14 |
 *	64 IPv4
 *
 * All it is known by lies at fixed places: five masked words with one branch on them together,
 * and two lengths. Of anything else decap_packet() must tell; of a usual packet it would say the same,
 * and truncation_apply() of one whose frame is whole (tests/fuzz/decap_fuzz.c compares).
 */
#ifndef DATAPLANE_USUAL_H
#define DATAPLANE_USUAL_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/wire.h"

enum {
	USUAL_OFFSET = 50, /* of the frame, bytes */
	USUAL_HEAD = 84,   /* of the packet, to its inner IPv4 header's end, bytes */
};

/* The frame of a usual packet. */
struct usual {
	uint32_t vni;
	uint32_t bytes;   /* of the frame: W, and A (truncation.h) */
	uint32_t claimed; /* by its own header: more than bytes where it was cut */
};

/* Which of the bits in `mask` of the big-endian word at `at` are not those of `value`. */
static inline uint64_t usual_differs(const uint8_t *at, uint64_t value, uint64_t mask)
{
	/* Compared as they lie in memory: swapped are the constants. */
	return (wire_load64(at) ^ wire_swap64(value)) & wire_swap64(mask);
}

/*
 * True for a usual packet; it has no reserved bit set then.
 * head: its first head_len bytes, contiguous; packet_len: bytes that arrived; port_be: the VXLAN
 * UDP port in network order. *out is valid on true only.
 */
static inline bool usual_packet(const uint8_t *head, uint32_t head_len, uint32_t packet_len,
				uint16_t port_be, struct usual *out)
{
	uint32_t outer_total, udp_length;

	if (__builtin_expect(head_len < USUAL_HEAD, false))
		return false;
	if (__builtin_expect(
		    /* EtherType, IPv4 of 20 bytes */
		    (usual_differs(head + 12, 0x0800450000000000, 0xffffff0000000000) |
		     /* no fragment, though DF may be set; UDP */
		     usual_differs(head + 20, 0x0000001100000000, 0x3fff00ff00000000) |
		     (wire_load16(head + 36) ^ port_be) |
		     /* VXLAN: the I flag and no other, any VNI */
		     usual_differs(head + 42, 0x0800000000000000, 0xffffffff000000ff) |
		     /* the frame's EtherType and version */
		     usual_differs(head + 62, 0x0800400000000000, 0xfffff00000000000)) != 0,
		    false))
		return false;
	outer_total = wire_be16(head + 16);
	udp_length = wire_be16(head + 38);
	out->vni = (uint32_t)(wire_swap64(wire_load64(head + 42)) >> 8) & 0xffffff;
	out->bytes = udp_length - 16;
	out->claimed = wire_be16(head + 66) + 14;
	/* IPv4 holds UDP, UDP what was read of the frame, and all of it is there. */
	return udp_length + 20 <= outer_total && udp_length + 34 <= packet_len &&
	       udp_length >= USUAL_HEAD - 34;
}

#endif
