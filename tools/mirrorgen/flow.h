/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flow that a mirrored frame belongs to: it decides the outer source port, and tells
 * frames that are themselves mirror traffic.
 */
#ifndef TOOLS_MIRRORGEN_FLOW_H
#define TOOLS_MIRRORGEN_FLOW_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FLOW_PORT_BASE = 65408, /* the lowest outer source port that AWS uses */
	FLOW_PORTS = 128,
};

struct flow {
	bool ip;        /* false: the rest is unset */
	bool has_ports; /* TCP or UDP, not a later fragment, and the ports are there */
	uint8_t protocol;
	struct in6_addr source; /* IPv4 as ::ffff:a.b.c.d */
	struct in6_addr destination;
	uint16_t source_port; /* host byte order */
	uint16_t destination_port;
};

/*
 * Reads the flow of an Ethernet frame; up to two VLAN tags are skipped. IPv6 extension headers
 * are not walked: such a packet has no ports. Never fails: what cannot be read is left unset.
 */
void flow_parse(const uint8_t *frame, size_t bytes, struct flow *flow);

/*
 * The outer UDP source port: FLOW_PORT_BASE plus seven bits of a hash over addresses, protocol
 * and ports, the same in both directions. Frames that are not IP share FLOW_PORT_BASE.
 */
uint16_t flow_outer_port(const struct flow *flow);

#endif
