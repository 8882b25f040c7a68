/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which frames of an interface are mirrored packets: the decision of the XDP program, apart from
 * it, so that unit tests and fuzzers judge the same code that the kernel runs.
 *
 * It looks no further than it must, the outer UDP destination port: whatever is wrong behind it is
 * the worker's to say and to count. What decap_packet() can record is always taken.
 *
 * Of a datagram in fragments the first is taken (and counted `fragment`), for its port tells whose
 * it is. The others have none and pass: they may as well be of this host's own traffic.
 *
 * Written for the kernel's verifier: a pointer that only moves forward, and before each read a
 * comparison with the end. Pointers may be compared that lie behind the end.
 */
#ifndef DATAPLANE_XDP_STEER_H
#define DATAPLANE_XDP_STEER_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/wire.h"

enum {
	STEER_ETHERNET_BYTES = 14,
	STEER_VLAN_BYTES = 4,
	STEER_VLAN_TAGS_MAX = 2,
	STEER_IPV4_BYTES = 20,
	STEER_IPV6_BYTES = 40,
	STEER_EXTENSION_BYTES = 8, /* at least; what is read of one */
	STEER_EXTENSIONS_MAX = 8,
	STEER_UDP_BYTES = 8,
	STEER_UDP = 17,
	STEER_HOP = 0,
	STEER_ROUTING = 43,
	STEER_FRAGMENT = 44,
	STEER_AUTHENTICATION = 51,
	STEER_DESTINATION = 60,
	STEER_GENEVE_PORT = 6081,
	STEER_CHANNELS_MAX = 64, /* of one interface */
};

/* RFC 768: 2 destination port. */
static inline __attribute__((always_inline)) bool steer_udp(const uint8_t *p, const uint8_t *end,
							    uint16_t vxlan_port)
{
	uint32_t port;

	if (p + STEER_UDP_BYTES > end)
		return false;
	port = wire_be16(p + 2);
	return port == vxlan_port || port == STEER_GENEVE_PORT;
}

/* RFC 791: 0 version|header length in units of 4, 6 flags|fragment offset, 9 protocol. */
static inline __attribute__((always_inline)) bool steer_ipv4(const uint8_t *p, const uint8_t *end,
							     uint16_t vxlan_port)
{
	uint32_t header;

	if (p + STEER_IPV4_BYTES > end)
		return false;
	header = (p[0] & 0x0fu) * 4;
	if (p[0] >> 4 != 4 || header < STEER_IPV4_BYTES || p[9] != STEER_UDP ||
	    (wire_be16(p + 6) & 0x1fff))
		return false;
	return steer_udp(p + header, end, vxlan_port);
}

/* The bytes of an extension header by its kind and its length field; 0: it is none. */
static inline __attribute__((always_inline)) uint32_t steer_extension_bytes(uint32_t kind,
									    uint32_t length)
{
	switch (kind) {
	case STEER_HOP:
	case STEER_ROUTING:
	case STEER_DESTINATION:
		return STEER_EXTENSION_BYTES + length * 8;
	case STEER_AUTHENTICATION:
		return STEER_EXTENSION_BYTES + length * 4;
	case STEER_FRAGMENT:
		return STEER_EXTENSION_BYTES;
	default:
		return 0;
	}
}

/*
 * RFC 8200: 0 version, 6 next header; an extension header: 0 next header, 1 length, in a fragment
 * header 2 offset.
 */
static inline __attribute__((always_inline)) bool steer_ipv6(const uint8_t *p, const uint8_t *end,
							     uint16_t vxlan_port)
{
	uint32_t kind, bytes;

	if (p + STEER_IPV6_BYTES > end || p[0] >> 4 != 6)
		return false;
	kind = p[6];
	p += STEER_IPV6_BYTES;
	for (int n = 0; n < STEER_EXTENSIONS_MAX && kind != STEER_UDP; n++) {
		if (p + STEER_EXTENSION_BYTES > end)
			return false;
		bytes = steer_extension_bytes(kind, p[1]);
		if (!bytes || (kind == STEER_FRAGMENT && (wire_be16(p + 2) & 0xfff8)))
			return false;
		kind = p[0];
		p += bytes;
	}
	return kind == STEER_UDP && steer_udp(p, end, vxlan_port);
}

/*
 * True for a frame that goes to the capture: Ethernet, up to two VLAN tags, IPv4 or IPv6, UDP to
 * vxlan_port (host order) or GENEVE's. The frame is [p, end).
 */
static inline __attribute__((always_inline)) bool steer_frame(const uint8_t *p, const uint8_t *end,
							      uint16_t vxlan_port)
{
	uint32_t ethertype;

	if (p + STEER_ETHERNET_BYTES > end)
		return false;
	ethertype = wire_be16(p + 12);
	p += STEER_ETHERNET_BYTES;
	for (int tags = 0; tags < STEER_VLAN_TAGS_MAX && wire_is_vlan(ethertype); tags++) {
		if (p + STEER_VLAN_BYTES > end)
			return false;
		ethertype = wire_be16(p + 2);
		p += STEER_VLAN_BYTES;
	}
	if (ethertype == ETHERTYPE_IPV4)
		return steer_ipv4(p, end, vxlan_port);
	return ethertype == ETHERTYPE_IPV6 && steer_ipv6(p, end, vxlan_port);
}

#endif
