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

#include <endian.h>
#include <string.h>

#include "dataplane/decap.h"

enum { DECAP_AWS_BYTES = 50 };

static inline uint16_t decap_load16(const uint8_t *p)
{
	uint16_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint32_t decap_load32(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

/*
 * As decap_packet(), but returns false where it does not know: the packet is shaped otherwise,
 * or something about it is wrong. *out is valid on true: the verdict is DECAP_FRAME.
 */
static inline bool decap_aws(const uint8_t *head, uint32_t head_len, uint32_t packet_len,
			     uint16_t port, struct decap *out)
{
	uint32_t total, length, wire_len, vxlan, vni;

	/* With so many bytes in the head no packet, however short its frame, needs more of it. */
	if (head_len < DECAP_AWS_BYTES + DECAP_INNER_HEAD)
		return false;
	total = be16toh(decap_load16(head + 16));
	length = be16toh(decap_load16(head + 38));
	vxlan = decap_load32(head + 42);
	/* EtherType IPv4; version 4, 20 bytes; no fragment (DF may be set); UDP; the port; the
	 * I flag; UDP holds VXLAN; IPv4 holds UDP. */
	if ((decap_load16(head + 12) ^ htobe16(0x0800)) | (head[14] ^ 0x45) |
	    (decap_load16(head + 20) & htobe16(0x3fff)) | (head[23] ^ IPPROTO_UDP) |
	    (decap_load16(head + 36) ^ htobe16(port)) | (~vxlan & htobe32(0x08000000)) |
	    (length < 16) | (length + 20 > total))
		return false;
	vni = be32toh(decap_load32(head + 46));
	wire_len = length - 16;
	memcpy(out->source.s6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
	memcpy(out->source.s6_addr + 12, head + 26, 4);
	out->vni = vni >> 8;
	out->offset = DECAP_AWS_BYTES;
	out->wire_len = wire_len;
	out->arrived =
		packet_len - DECAP_AWS_BYTES < wire_len ? packet_len - DECAP_AWS_BYTES : wire_len;
	out->reserved_bits = (vxlan ^ htobe32(0x08000000)) | (vni & 0xff);
	return true;
}

#endif
