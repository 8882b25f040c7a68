/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast path of decapsulation: packets shaped as AWS sends them, which is nearly all of them.
 *
 *	0 Ethernet 14 | 14 IPv4 without options 20 | 34 UDP 8 | 42 VXLAN 8 | 50 frame
 *
 * All its conditions are fixed loads, with one branch on them together. Anything else is left to
 * decap_packet(), whose verdict it never contradicts: tests/fuzz/decap_fuzz.c compares the two.
 */
#ifndef DATAPLANE_DECAP_AWS_H
#define DATAPLANE_DECAP_AWS_H

#include <string.h>

#include "dataplane/decap.h"
#include "dataplane/wire.h"

enum { DECAP_AWS_BYTES = 50 };

/*
 * As decap_packet(), but returns false where it does not know: the packet is shaped otherwise,
 * or something about it is wrong. *out is valid on true: the verdict is DECAP_FRAME.
 */
static inline bool decap_aws(const uint8_t *head, uint32_t head_len, uint32_t packet_len,
			     uint16_t port, struct decap *out)
{
	uint64_t ip, fragment, udp, vxlan;
	uint32_t total, length, wire_len;

	/* With so many bytes in the head no packet, however short its frame, needs more of it. */
	if (__builtin_expect(head_len < DECAP_AWS_BYTES + DECAP_INNER_HEAD, false))
		return false;
	ip = wire_be64(head + 12);       /* EtherType 2, version and IHL 1, TOS, length 2, id 2 */
	fragment = wire_be64(head + 20); /* flags and offset 2, TTL, protocol 1, … */
	udp = wire_be64(head + 36);      /* destination 2, length 2, … */
	vxlan = wire_be64(head + 42);    /* flags 1, reserved 3, VNI 3, reserved 1 */
	total = (uint32_t)(ip >> 16) & 0xffff;
	length = (uint32_t)(udp >> 32) & 0xffff;
	/* IPv4 of 20 bytes; no fragment (DF may be set), UDP; the port; the I flag; UDP holds
	 * VXLAN; IPv4 holds UDP. */
	if (__builtin_expect((((ip >> 40) ^ 0x080045) |
			      ((fragment & 0x3fff00ff00000000) ^ 0x0000001100000000) |
			      ((udp >> 48) ^ port) | (~vxlan & 0x0800000000000000) | (length < 16) |
			      (length + 20 > total)) != 0,
			     false))
		return false;
	wire_len = length - 16;
	memcpy(out->source.s6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	memcpy(out->source.s6_addr + 12, head + 26, 4);
	out->vni = (uint32_t)(vxlan >> 8) & 0xffffff;
	out->offset = DECAP_AWS_BYTES;
	out->wire_len = wire_len;
	out->arrived =
		packet_len - DECAP_AWS_BYTES < wire_len ? packet_len - DECAP_AWS_BYTES : wire_len;
	out->reserved_bits = (vxlan & 0xf7ffffff000000ff) != 0;
	return true;
}

#endif
