/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mirrorgen/mirror_frame.h"

#include <string.h>

#include "tools/mirrorgen/checksum.h"

enum {
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	UDP_BYTES = 8,
	VXLAN_BYTES = 8,
	GENEVE_BYTES = 8,
	GENEVE_OPTION_BYTES = 32,
	OUTER_TTL = 255,
	VXLAN_FLAG_I = 0x08,
};

/* Class 0x0108 is Amazon's: endpoint id, attachment id (8 bytes each), flow cookie (4 bytes). */
static const uint8_t geneve_options[GENEVE_OPTION_BYTES] = {
	0x01, 0x08, 0x01, 0x02, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70,
	0x80, 0x01, 0x08, 0x02, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x01, 0x08, 0x03, 0x01, 0xca, 0xfe, 0xf0, 0x0d,
};

static uint8_t *put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value);
}

static uint8_t *put_bytes(uint8_t *at, const void *data, size_t bytes)
{
	memcpy(at, data, bytes);
	return at + bytes;
}

static bool is_ipv6(const struct mirror_frame *wrap)
{
	return !IN6_IS_ADDR_V4MAPPED(&wrap->target);
}

static size_t ip_bytes(const struct mirror_frame *wrap)
{
	return is_ipv6(wrap) ? IPV6_BYTES : IPV4_BYTES;
}

static size_t geneve_bytes(const struct mirror_frame *wrap)
{
	return GENEVE_BYTES + (wrap->geneve_options ? GENEVE_OPTION_BYTES : 0);
}

size_t mirror_frame_overhead(const struct mirror_frame *wrap)
{
	size_t bytes = ETHER_HDR_LEN + ip_bytes(wrap) + UDP_BYTES + VXLAN_BYTES;

	if (wrap->geneve)
		bytes += ip_bytes(wrap) + UDP_BYTES + geneve_bytes(wrap);
	return bytes;
}

size_t mirror_frame_keep(const struct mirror_frame *wrap, size_t bytes)
{
	size_t keep = bytes < wrap->packet_length ? bytes : wrap->packet_length;

	return keep <= MIRROR_FRAME_MAX_BYTES - mirror_frame_overhead(wrap) ? keep : 0;
}

static uint8_t *put_ipv4(uint8_t *at, const struct in6_addr *source, const struct in6_addr *target,
			 size_t payload)
{
	uint8_t *header = at;

	at = put16(at, 0x4500);
	at = put16(at, (uint32_t)(IPV4_BYTES + payload));
	at = put32(at, 0); /* id 0 and no flags, as AWS sends them */
	at = put16(at, OUTER_TTL << 8 | IPPROTO_UDP);
	at = put16(at, 0);
	at = put_bytes(at, &source->s6_addr[12], 4);
	at = put_bytes(at, &target->s6_addr[12], 4);
	put16(header + 10, checksum_finish(checksum_add(0, header, IPV4_BYTES)));
	return at;
}

static uint8_t *put_ipv6(uint8_t *at, const struct in6_addr *source, const struct in6_addr *target,
			 size_t payload)
{
	at = put32(at, 0x60000000);
	at = put16(at, (uint32_t)payload);
	at = put16(at, IPPROTO_UDP << 8 | OUTER_TTL);
	at = put_bytes(at, source, sizeof(*source));
	return put_bytes(at, target, sizeof(*target));
}

static uint8_t *put_ip(uint8_t *at, const struct mirror_frame *wrap, const struct in6_addr *source,
		       size_t payload)
{
	if (is_ipv6(wrap))
		return put_ipv6(at, source, &wrap->target, payload);
	return put_ipv4(at, source, &wrap->target, payload);
}

/* Checksum 0: AWS computes none (RFC 6935 allows it for tunnels over IPv6 too). */
static uint8_t *put_udp(uint8_t *at, uint16_t source, uint16_t destination, size_t payload)
{
	at = put16(at, source);
	at = put16(at, destination);
	at = put16(at, (uint32_t)(UDP_BYTES + payload));
	return put16(at, 0);
}

static uint8_t *put_geneve(uint8_t *at, const struct mirror_frame *wrap)
{
	size_t options = wrap->geneve_options ? GENEVE_OPTION_BYTES : 0;

	at = put16(at, (uint32_t)(options / 4) << 8);
	at = put16(at, is_ipv6(wrap) ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	at = put32(at, 0);
	return put_bytes(at, geneve_options, options);
}

static uint8_t *put_vxlan(uint8_t *at, uint32_t vni)
{
	at = put32(at, (uint32_t)VXLAN_FLAG_I << 24);
	return put32(at, vni << 8);
}

/* The low 32 bits count the interfaces, in IPv4 and IPv6 alike. */
static struct in6_addr interface_address(const struct in6_addr *first, uint32_t interface)
{
	struct in6_addr address = *first;
	uint32_t low;

	memcpy(&low, &address.s6_addr[12], sizeof(low));
	low = htonl(ntohl(low) + interface);
	memcpy(&address.s6_addr[12], &low, sizeof(low));
	return address;
}

void mirror_frame_headers(const struct mirror_frame *wrap, uint32_t interface, uint16_t port,
			  size_t inner_bytes, uint8_t *dst)
{
	struct in6_addr source = interface_address(&wrap->source, interface);
	size_t vxlan = VXLAN_BYTES + inner_bytes;
	uint8_t *at = dst;

	at = put_bytes(at, wrap->target_mac, ETH_ALEN);
	at = put_bytes(at, wrap->source_mac, ETH_ALEN);
	at = put16(at, is_ipv6(wrap) ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	if (wrap->geneve) {
		size_t tunnel = geneve_bytes(wrap) + ip_bytes(wrap) + UDP_BYTES + vxlan;

		at = put_ip(at, wrap, &wrap->gateway, UDP_BYTES + tunnel);
		at = put_udp(at, port, MIRROR_FRAME_GENEVE_PORT, tunnel);
		at = put_geneve(at, wrap);
	}
	at = put_ip(at, wrap, &source, UDP_BYTES + vxlan);
	at = put_udp(at, port, MIRROR_FRAME_VXLAN_PORT, vxlan);
	put_vxlan(at, wrap->vni);
}
