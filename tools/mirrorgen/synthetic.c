/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mirrorgen/synthetic.h"

#include <net/ethernet.h>
#include <netinet/in.h>
#include <string.h>

#include "tools/mirrorgen/checksum.h"

enum {
	ETHERTYPE_QINQ = 0x88a8,
	IPV4_BYTES = 20,
	IPV6_BYTES = 40,
	TCP_BYTES = 20,
	UDP_BYTES = 8,
	ICMP_BYTES = 8,
	INNER_TTL = 64,
	SEQUENCE_BYTES = 8,
	SERVER_PORT = 443,
	FIRST_CLIENT_PORT = 1024,
	CLIENT_PORTS = 60000,
};

struct kind {
	uint8_t protocol;
	bool ipv6;
	uint8_t tags;
};

static const struct kind plain = {IPPROTO_UDP, false, 0};

static const struct kind mixed[] = {
	{IPPROTO_TCP, false, 0},   {IPPROTO_UDP, false, 0}, {IPPROTO_TCP, true, 0},
	{IPPROTO_TCP, false, 1},   {IPPROTO_UDP, true, 0},  {IPPROTO_ICMP, false, 0},
	{IPPROTO_ICMPV6, true, 0}, {IPPROTO_UDP, false, 2}, {IPPROTO_UDP, true, 1},
};

/* One frame while it is built: the two ends of its flow in the frame's direction. */
struct frame {
	const struct kind *kind;
	uint32_t flow;
	bool reply;
	uint64_t sequence;
	size_t payload; /* bytes */
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

uint32_t synthetic_flow(const struct synthetic *mix, uint64_t sequence)
{
	return (uint32_t)(sequence % mix->flows);
}

static size_t wanted_size(const struct synthetic *mix, uint64_t sequence)
{
	static const uint16_t imix[12] = {64, 594, 64, 64, 594, 64, 594, 64, 64, 1514, 594, 64};

	return mix->size == SYNTHETIC_SIZE_IMIX ? imix[sequence % 12] : mix->size;
}

static size_t l4_bytes(const struct kind *kind)
{
	switch (kind->protocol) {
	case IPPROTO_TCP:
		return TCP_BYTES;
	case IPPROTO_UDP:
		return UDP_BYTES;
	default:
		return ICMP_BYTES;
	}
}

static size_t ip_bytes(const struct kind *kind)
{
	return kind->ipv6 ? IPV6_BYTES : IPV4_BYTES;
}

static uint8_t *put_ethernet(uint8_t *at, const struct frame *frame)
{
	static const uint8_t client[ETH_ALEN] = {0x02, 0, 0, 0, 0, 0xc1};
	static const uint8_t server[ETH_ALEN] = {0x02, 0, 0, 0, 0, 0x5e};

	memcpy(at, frame->reply ? client : server, ETH_ALEN);
	memcpy(at + ETH_ALEN, frame->reply ? server : client, ETH_ALEN);
	at += ETHER_HDR_LEN - 2;
	for (uint8_t tag = 0; tag < frame->kind->tags; tag++) {
		bool outermost = tag == 0 && frame->kind->tags == 2;

		put16(at, outermost ? ETHERTYPE_QINQ : ETHERTYPE_VLAN);
		put16(at + 2, 100 + frame->flow % 1000);
		at += 4;
	}
	put16(at, frame->kind->ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	return at + 2;
}

/* Clients are 10.0.0.0/8 and 2001:db8::/64, one address per flow; one server. */
static void put_address(uint8_t *at, const struct frame *frame, bool client)
{
	if (!frame->kind->ipv6) {
		put32(at, client ? 0x0a000001 + frame->flow : 0xc6120001);
		return;
	}
	memset(at, 0, 16);
	put32(at, 0x20010db8);
	put32(at + 8, client ? 0xc1 : 0x5e);
	put32(at + 12, client ? frame->flow + 1 : 1);
}

static uint8_t *put_ipv4(uint8_t *at, const struct frame *frame, size_t segment)
{
	memset(at, 0, IPV4_BYTES);
	at[0] = 0x45;
	put16(at + 2, (uint32_t)(IPV4_BYTES + segment));
	put16(at + 4, (uint32_t)frame->sequence);
	put16(at + 6, 0x4000);
	at[8] = INNER_TTL;
	at[9] = frame->kind->protocol;
	put_address(at + 12, frame, !frame->reply);
	put_address(at + 16, frame, frame->reply);
	put16(at + 10, checksum_finish(checksum_add(0, at, IPV4_BYTES)));
	return at + IPV4_BYTES;
}

static uint8_t *put_ipv6(uint8_t *at, const struct frame *frame, size_t segment)
{
	put32(at, 0x60000000);
	put16(at + 4, (uint32_t)segment);
	at[6] = frame->kind->protocol;
	at[7] = INNER_TTL;
	put_address(at + 8, frame, !frame->reply);
	put_address(at + 24, frame, frame->reply);
	return at + IPV6_BYTES;
}

static void put_ports(uint8_t *at, const struct frame *frame)
{
	uint32_t client = FIRST_CLIENT_PORT + frame->flow % CLIENT_PORTS;

	put16(at, frame->reply ? SERVER_PORT : client);
	put16(at + 2, frame->reply ? client : SERVER_PORT);
}

/* Writes the header with checksum 0; returns where the checksum belongs. */
static uint8_t *put_l4(uint8_t *at, const struct frame *frame, size_t segment)
{
	memset(at, 0, l4_bytes(frame->kind));
	switch (frame->kind->protocol) {
	case IPPROTO_TCP:
		put_ports(at, frame);
		put32(at + 4, (uint32_t)(frame->sequence * frame->payload));
		put16(at + 12, 0x5018); /* five words; PSH and ACK */
		put16(at + 14, 0xffff);
		return at + 16;
	case IPPROTO_UDP:
		put_ports(at, frame);
		put16(at + 4, (uint32_t)segment);
		return at + 6;
	case IPPROTO_ICMP:
		at[0] = frame->reply ? 0 : 8;
		break;
	default:
		at[0] = frame->reply ? 129 : 128;
		break;
	}
	put16(at + 4, frame->flow);
	put16(at + 6, (uint32_t)frame->sequence);
	return at + 2;
}

static void put_payload(uint8_t *at, const struct frame *frame)
{
	/* Filled by copying what is there already: 256 bytes repeat. */
	size_t filled = frame->payload < 256 ? frame->payload : 256;

	for (size_t i = 0; i < filled; i++)
		at[i] = (uint8_t)i;
	while (filled < frame->payload) {
		size_t copy = frame->payload - filled < filled ? frame->payload - filled : filled;

		memcpy(at + filled, at, copy);
		filled += copy;
	}
	memcpy(at, SYNTHETIC_MAGIC, SYNTHETIC_MAGIC_BYTES);
	put32(at + SYNTHETIC_MAGIC_BYTES, (uint32_t)(frame->sequence >> 32));
	put32(at + SYNTHETIC_MAGIC_BYTES + 4, (uint32_t)frame->sequence);
}

/* The pseudo header of RFC 768 and RFC 8200 8.1; ICMP over IPv4 has none. */
static uint64_t pseudo_header(const uint8_t *ip, const struct kind *kind, size_t segment)
{
	uint64_t sum = segment + kind->protocol;

	if (kind->protocol == IPPROTO_ICMP)
		return 0;
	if (kind->ipv6)
		return checksum_add(sum, ip + 8, 32);
	return checksum_add(sum, ip + 12, 8);
}

static void put_checksum(uint8_t *at, const uint8_t *ip, uint8_t *l4, const struct kind *kind,
			 size_t segment)
{
	uint16_t sum = checksum_finish(checksum_add(pseudo_header(ip, kind, segment), l4, segment));

	if (!sum && kind->protocol == IPPROTO_UDP)
		sum = 0xffff; /* RFC 768: 0 would say that there is none */
	put16(at, sum);
}

size_t synthetic_frame(const struct synthetic *mix, uint64_t sequence, uint8_t *dst)
{
	struct frame frame = {.flow = synthetic_flow(mix, sequence), .sequence = sequence};
	size_t size = wanted_size(mix, sequence);
	size_t headers, segment;
	uint8_t *ip, *l4, *sum;

	frame.kind = mix->mix ? &mixed[frame.flow % (sizeof(mixed) / sizeof(mixed[0]))] : &plain;
	frame.reply = sequence / mix->flows % 2;
	headers =
		ETHER_HDR_LEN + 4u * frame.kind->tags + ip_bytes(frame.kind) + l4_bytes(frame.kind);
	if (size < headers + SYNTHETIC_MAGIC_BYTES + SEQUENCE_BYTES)
		size = headers + SYNTHETIC_MAGIC_BYTES + SEQUENCE_BYTES;
	frame.payload = size - headers;
	segment = l4_bytes(frame.kind) + frame.payload;

	ip = put_ethernet(dst, &frame);
	l4 = frame.kind->ipv6 ? put_ipv6(ip, &frame, segment) : put_ipv4(ip, &frame, segment);
	sum = put_l4(l4, &frame, segment);
	put_payload(l4 + l4_bytes(frame.kind), &frame);
	put_checksum(sum, ip, l4, frame.kind, segment);
	return size;
}
