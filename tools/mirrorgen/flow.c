/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mirrorgen/flow.h"

#include <net/ethernet.h>
#include <string.h>

enum {
	ETHERTYPE_QINQ = 0x88a8,
	VLAN_TAG_BYTES = 4,
	IPV4_HEADER_BYTES = 20,
	IPV6_HEADER_BYTES = 40,
	IPV4_OFFSET_MASK = 0x1fff,
};

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void map_ipv4(const uint8_t *at, struct in6_addr *address)
{
	memset(address, 0, sizeof(*address));
	address->s6_addr[10] = 0xff;
	address->s6_addr[11] = 0xff;
	memcpy(&address->s6_addr[12], at, 4);
}

static void parse_ports(const uint8_t *at, size_t bytes, struct flow *flow)
{
	if (flow->protocol != IPPROTO_TCP && flow->protocol != IPPROTO_UDP)
		return;
	if (bytes < 4)
		return;
	flow->source_port = read16(at);
	flow->destination_port = read16(at + 2);
	flow->has_ports = true;
}

static void parse_ipv4(const uint8_t *at, size_t bytes, struct flow *flow)
{
	size_t header;

	if (bytes < IPV4_HEADER_BYTES || at[0] >> 4 != 4)
		return;
	flow->ip = true;
	flow->protocol = at[9];
	map_ipv4(at + 12, &flow->source);
	map_ipv4(at + 16, &flow->destination);
	header = (size_t)(at[0] & 0xf) * 4;
	if (header < IPV4_HEADER_BYTES || header > bytes || read16(at + 6) & IPV4_OFFSET_MASK)
		return;
	parse_ports(at + header, bytes - header, flow);
}

static void parse_ipv6(const uint8_t *at, size_t bytes, struct flow *flow)
{
	if (bytes < IPV6_HEADER_BYTES || at[0] >> 4 != 6)
		return;
	flow->ip = true;
	flow->protocol = at[6];
	memcpy(&flow->source, at + 8, sizeof(flow->source));
	memcpy(&flow->destination, at + 24, sizeof(flow->destination));
	parse_ports(at + IPV6_HEADER_BYTES, bytes - IPV6_HEADER_BYTES, flow);
}

void flow_parse(const uint8_t *frame, size_t bytes, struct flow *flow)
{
	size_t at = ETHER_HDR_LEN;
	uint16_t type;

	memset(flow, 0, sizeof(*flow));
	if (bytes < at)
		return;
	type = read16(frame + at - 2);
	for (int tag = 0; tag < 2 && (type == ETHERTYPE_VLAN || type == ETHERTYPE_QINQ); tag++) {
		at += VLAN_TAG_BYTES;
		if (bytes < at)
			return;
		type = read16(frame + at - 2);
	}
	if (type == ETHERTYPE_IP)
		parse_ipv4(frame + at, bytes - at, flow);
	else if (type == ETHERTYPE_IPV6)
		parse_ipv6(frame + at, bytes - at, flow);
}

/* The finalizer of splitmix64: every input bit reaches the top seven. */
static uint64_t mix(uint64_t value)
{
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ value >> 27) * 0x94d049bb133111ebULL;
	return value ^ value >> 31;
}

static uint64_t hash_end(const struct in6_addr *address, uint16_t port)
{
	uint64_t high, low;

	memcpy(&high, address->s6_addr, sizeof(high));
	memcpy(&low, address->s6_addr + sizeof(high), sizeof(low));
	return mix(mix(high) + low + (uint64_t)port * 0x9e3779b97f4a7c15ULL);
}

uint16_t flow_outer_port(const struct flow *flow)
{
	uint64_t hash;

	if (!flow->ip)
		return FLOW_PORT_BASE;
	/* A sum of both ends is what makes the two directions equal. */
	hash = hash_end(&flow->source, flow->source_port) +
	       hash_end(&flow->destination, flow->destination_port);
	return (uint16_t)(FLOW_PORT_BASE + (mix(hash + flow->protocol) >> 57));
}
