/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decapsulation: finds the mirrored frame inside an AWS Traffic Mirroring packet.
 *
 * Pure C over bytes, no DPDK: the worker, the tools, the unit tests and the fuzzers run the same
 * code. The rules are those of docs/design.md, "Decapsulation rules": Ethernet, up to two VLAN
 * tags, IPv4 or IPv6, UDP, VXLAN (RFC 7348), or the same carried in one GENEVE (RFC 8926).
 */
#ifndef DATAPLANE_DECAP_H
#define DATAPLANE_DECAP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	DECAP_VXLAN_PORT = 4789,
	DECAP_GENEVE_PORT = 6081,
	/* So many bytes of the inner frame are in the given head when there are as many: what the
	 * truncation rule reads (Ethernet, two VLAN tags, the start of an IP header). */
	DECAP_INNER_HEAD = 32,
};

enum decap_verdict {
	DECAP_FRAME, /* a mirrored frame: all of the result is valid */
	DECAP_NOT_VXLAN,
	DECAP_MALFORMED,
	DECAP_FRAGMENT,
	DECAP_NO_VNI,
	DECAP_MORE, /* head ends before the headers do, the packet does not: call with more of it */
};

struct decap {
	uint32_t vni;
	struct in6_addr source; /* outer source, IPv4 as ::ffff:a.b.c.d; behind GENEVE the inner */
	uint32_t offset;        /* of the inner frame in the packet, bytes */
	uint32_t wire_len;      /* W: inner bytes by the UDP length */
	uint32_t arrived;       /* A: those of them that are in the packet; <= wire_len */
	bool reserved_bits;     /* VXLAN bits that RFC 7348 reserves were set; ignored otherwise */
};

/*
 * Parses one packet.
 * head: its first head_len bytes, contiguous; packet_len: all bytes that arrived,
 * head_len <= packet_len. port: the VXLAN UDP port, host order.
 * *out is valid on DECAP_FRAME only. Never reads past head_len; keeps nothing.
 */
enum decap_verdict decap_packet(const uint8_t *head, uint32_t head_len, uint32_t packet_len,
				uint16_t port, struct decap *out);

#endif
