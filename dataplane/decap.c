/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/decap.h"

#include <string.h>

#include "dataplane/wire.h"

#define IPPROTO_EXT_HOP     0
#define IPPROTO_EXT_ROUTING 43
#define IPPROTO_EXT_FRAG    44
#define IPPROTO_EXT_AUTH    51
#define IPPROTO_EXT_DEST    60

enum {
	ETHERNET_BYTES = 14,
	VLAN_BYTES = 4,
	VLAN_TAGS_MAX = 2,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	EXTENSIONS_MAX = 8,
	UDP_BYTES = 8,
	VXLAN_BYTES = 8,
	GENEVE_BYTES = 8,
};

/*
 * The one checked view of the packet. `at` never passes `limit`: the end, in packet offsets, of
 * what the headers read so far claim to hold; before the first IP header, of what arrived.
 */
struct cursor {
	const uint8_t *head;
	uint32_t head_len;
	uint32_t packet_len;
	uint32_t at;
	uint32_t limit;
};

/* What an IP header says, whatever its version. */
struct ip_layer {
	struct in6_addr source;
	uint32_t protocol;
};

/* Says why `bytes` more can't be read at the cursor, or DECAP_FRAME where they can. */
static inline enum decap_verdict need(const struct cursor *c, uint32_t bytes)
{
	uint32_t end = c->at + bytes;

	if (__builtin_expect(end <= c->head_len && end <= c->limit, 1))
		return DECAP_FRAME;
	if (end > c->limit || end > c->packet_len)
		return DECAP_MALFORMED;
	return DECAP_MORE;
}

static inline const uint8_t *here(const struct cursor *c)
{
	return c->head + c->at;
}

/* Ethernet and its VLAN tags: 6 destination, 6 source, { 2 tag type, 2 tag }, 2 EtherType. */
static inline enum decap_verdict parse_ethernet(struct cursor *c, uint32_t *ethertype)
{
	enum decap_verdict verdict = need(c, ETHERNET_BYTES);

	if (verdict != DECAP_FRAME)
		return verdict;
	*ethertype = wire_be16(here(c) + 12);
	c->at += ETHERNET_BYTES;
	for (int tags = 0; tags < VLAN_TAGS_MAX && wire_is_vlan(*ethertype); tags++) {
		verdict = need(c, VLAN_BYTES);
		if (verdict != DECAP_FRAME)
			return verdict;
		*ethertype = wire_be16(here(c) + 2);
		c->at += VLAN_BYTES;
	}
	return DECAP_FRAME;
}

/* Narrows the limit to a length that a header claims, counted from the cursor. */
static inline bool narrow(struct cursor *c, uint32_t bytes, bool outermost)
{
	/* An outer header may claim more than arrived (the input cut the frame); what lies inside
	 * it may not claim more than it does. */
	if (!outermost && c->at + bytes > c->limit)
		return false;
	c->limit = c->at + bytes;
	return true;
}

/*
 * RFC 791: 0 version|IHL, 2 total length, 6 flags|fragment offset, 9 protocol, 12 source.
 */
static inline enum decap_verdict parse_ipv4(struct cursor *c, bool outermost, struct ip_layer *ip)
{
	enum decap_verdict verdict = need(c, IPV4_BYTES);
	uint32_t header, total;
	const uint8_t *p;

	if (verdict != DECAP_FRAME)
		return verdict;
	p = here(c);
	ip->protocol = p[9];
	header = (p[0] & 0x0fu) * 4;
	total = wire_be16(p + 2);
	if (p[0] >> 4 != 4)
		return DECAP_MALFORMED;
	if (ip->protocol != IPPROTO_UDP)
		return DECAP_NOT_VXLAN;
	if (header < IPV4_BYTES || total < header || !narrow(c, total, outermost))
		return DECAP_MALFORMED;
	verdict = need(c, header);
	if (verdict != DECAP_FRAME)
		return verdict;
	if (wire_be16(p + 6) & 0x3fff) /* more fragments, or an offset */
		return DECAP_FRAGMENT;
	memset(ip->source.s6_addr, 0, 10);
	memset(ip->source.s6_addr + 10, 0xff, 2);
	memcpy(ip->source.s6_addr + 12, p + 12, 4);
	c->at += header;
	return DECAP_FRAME;
}

static bool is_extension(uint32_t protocol)
{
	return protocol == IPPROTO_EXT_HOP || protocol == IPPROTO_EXT_ROUTING ||
	       protocol == IPPROTO_EXT_FRAG || protocol == IPPROTO_EXT_AUTH ||
	       protocol == IPPROTO_EXT_DEST;
}

/*
 * One extension header: 0 next header, 1 length in units of 8 bytes beyond the first 8 (RFC 8200
 * section 4.2); authentication counts units of 4 beyond the first 8 (RFC 4302); the fragment
 * header has a fixed 8 bytes, its offset and M flag at 2.
 */
static enum decap_verdict parse_extension(struct cursor *c, uint32_t *protocol)
{
	enum decap_verdict verdict = need(c, 8);
	uint32_t bytes = 8, kind = *protocol;
	const uint8_t *p;

	if (verdict != DECAP_FRAME)
		return verdict;
	p = here(c);
	*protocol = p[0];
	if (kind == IPPROTO_EXT_FRAG && wire_be16(p + 2) & 0xfff9)
		return p[0] == IPPROTO_UDP || is_extension(p[0]) ? DECAP_FRAGMENT : DECAP_NOT_VXLAN;
	if (kind == IPPROTO_EXT_AUTH)
		bytes += p[1] * 4u;
	else if (kind != IPPROTO_EXT_FRAG)
		bytes += p[1] * 8u;
	verdict = need(c, bytes);
	c->at += bytes;
	return verdict;
}

/* RFC 8200: 0 version, 4 payload length, 6 next header, 8 source; then extension headers. */
static enum decap_verdict parse_ipv6(struct cursor *c, bool outermost, struct ip_layer *ip)
{
	enum decap_verdict verdict = need(c, IPV6_BYTES);
	uint32_t payload;
	const uint8_t *p;

	if (verdict != DECAP_FRAME)
		return verdict;
	p = here(c);
	payload = wire_be16(p + 4);
	ip->protocol = p[6];
	memcpy(&ip->source, p + 8, sizeof(ip->source));
	if (p[0] >> 4 != 6)
		return DECAP_MALFORMED;
	if (ip->protocol != IPPROTO_UDP && !is_extension(ip->protocol))
		return DECAP_NOT_VXLAN;
	if (payload == 0 || !narrow(c, IPV6_BYTES + payload, outermost))
		return DECAP_MALFORMED;
	c->at += IPV6_BYTES;
	for (int n = 0; is_extension(ip->protocol); n++) {
		if (n == EXTENSIONS_MAX)
			return DECAP_MALFORMED;
		verdict = parse_extension(c, &ip->protocol);
		if (verdict != DECAP_FRAME)
			return verdict;
	}
	return ip->protocol == IPPROTO_UDP ? DECAP_FRAME : DECAP_NOT_VXLAN;
}

static inline enum decap_verdict parse_ip(struct cursor *c, uint32_t ethertype, bool outermost,
					  struct ip_layer *ip)
{
	if (__builtin_expect(ethertype == ETHERTYPE_IPV4, 1))
		return parse_ipv4(c, outermost, ip);
	if (ethertype == ETHERTYPE_IPV6)
		return parse_ipv6(c, outermost, ip);
	return DECAP_NOT_VXLAN;
}

/*
 * RFC 768: 0 source port, 2 destination port, 4 length. The length narrows the limit: Ethernet
 * padding behind it is not payload. Checksum 0 is what AWS sends, any other is not checked.
 */
static inline enum decap_verdict parse_udp(struct cursor *c, uint16_t vxlan_port, bool outermost,
					   uint32_t *port)
{
	enum decap_verdict verdict = need(c, UDP_BYTES);
	uint32_t length;

	if (verdict != DECAP_FRAME)
		return verdict;
	*port = wire_be16(here(c) + 2);
	length = wire_be16(here(c) + 4);
	/* One GENEVE at most. */
	if (*port != vxlan_port && !(outermost && *port == DECAP_GENEVE_PORT))
		return DECAP_NOT_VXLAN;
	if (length < UDP_BYTES + VXLAN_BYTES || !narrow(c, length, false))
		return DECAP_MALFORMED;
	c->at += UDP_BYTES;
	return DECAP_FRAME;
}

/*
 * RFC 8926 section 3.4: 0 version (2 bits) | option length (6 bits, units of 4 bytes), 2 protocol.
 * A Gateway Load Balancer sends version 0 and an IP packet, no Ethernet; any other GENEVE is
 * somebody else's.
 */
static enum decap_verdict parse_geneve(struct cursor *c, uint32_t *ethertype)
{
	enum decap_verdict verdict = need(c, GENEVE_BYTES);
	uint32_t bytes;

	if (verdict != DECAP_FRAME)
		return verdict;
	*ethertype = wire_be16(here(c) + 2);
	if (here(c)[0] >> 6 != 0 || (*ethertype != ETHERTYPE_IPV4 && *ethertype != ETHERTYPE_IPV6))
		return DECAP_NOT_VXLAN;
	bytes = GENEVE_BYTES + (here(c)[0] & 0x3fu) * 4;
	verdict = need(c, bytes);
	c->at += bytes;
	return verdict;
}

/* RFC 7348 section 5: 0 flags (I = 0x08), 1 reserved (24 bits), 4 VNI (24 bits), 7 reserved. */
static inline enum decap_verdict parse_vxlan(struct cursor *c, struct decap *out)
{
	enum decap_verdict verdict = need(c, VXLAN_BYTES);
	const uint8_t *p;

	if (verdict != DECAP_FRAME)
		return verdict;
	p = here(c);
	if (!(p[0] & 0x08))
		return DECAP_NO_VNI;
	out->vni = wire_be24(p + 4);
	out->reserved_bits = (p[0] & ~0x08u) | wire_be24(p + 1) | p[7];
	c->at += VXLAN_BYTES;
	return DECAP_FRAME;
}

/* IP, UDP and where UDP says so one GENEVE with an IP and a UDP layer more. */
static inline enum decap_verdict parse_tunnel(struct cursor *c, uint32_t ethertype, uint16_t port,
					      struct ip_layer *ip)
{
	enum decap_verdict verdict = parse_ip(c, ethertype, true, ip);
	uint32_t udp_port = 0;

	if (verdict == DECAP_FRAME)
		verdict = parse_udp(c, port, true, &udp_port);
	if (verdict != DECAP_FRAME || __builtin_expect(udp_port == port, 1))
		return verdict;
	verdict = parse_geneve(c, &ethertype);
	if (verdict == DECAP_FRAME)
		verdict = parse_ip(c, ethertype, false, ip);
	if (verdict == DECAP_FRAME)
		verdict = parse_udp(c, port, false, &udp_port);
	return verdict;
}

enum decap_verdict decap_packet(const uint8_t *head, uint32_t head_len, uint32_t packet_len,
				uint16_t port, struct decap *out)
{
	struct cursor c = {
		.head = head, .head_len = head_len, .packet_len = packet_len, .limit = packet_len};
	enum decap_verdict verdict;
	uint32_t ethertype = 0, wanted;
	struct ip_layer ip;

	verdict = parse_ethernet(&c, &ethertype);
	if (verdict == DECAP_FRAME)
		verdict = parse_tunnel(&c, ethertype, port, &ip);
	if (verdict == DECAP_FRAME)
		verdict = parse_vxlan(&c, out);
	if (verdict != DECAP_FRAME)
		return verdict;
	out->source = ip.source;
	out->offset = c.at;
	out->wire_len = c.limit - c.at;
	out->arrived = packet_len - c.at < out->wire_len ? packet_len - c.at : out->wire_len;
	wanted = out->arrived < DECAP_INNER_HEAD ? out->arrived : DECAP_INNER_HEAD;
	return head_len - c.at < wanted ? DECAP_MORE : DECAP_FRAME;
}
