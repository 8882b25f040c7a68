/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/truncation.h"

#include "dataplane/wire.h"

/*
 * The frame's length by its own IP header: 14 + 4 per VLAN tag + IPv4 total length (at 2) or
 * 40 + IPv6 payload length (at 4). 0 where it does not say: not IP, the field did not arrive, or
 * it is 0 (TSO, BIG TCP, jumbogram).
 */
static inline uint32_t frame_length(const uint8_t *frame, uint32_t readable)
{
	uint32_t ip = 14, ethertype, length;

	if (readable < ip)
		return 0;
	ethertype = wire_be16(frame + 12);
	for (int tags = 0; tags < 2 && wire_is_vlan(ethertype) && readable >= ip + 4; tags++) {
		ethertype = wire_be16(frame + ip + 2);
		ip += 4;
	}
	if (ethertype == ETHERTYPE_IPV4 && readable >= ip + 4 && frame[ip] >> 4 == 4) {
		length = wire_be16(frame + ip + 2);
		return length ? ip + length : 0;
	}
	if (ethertype == ETHERTYPE_IPV6 && readable >= ip + 6 && frame[ip] >> 4 == 6) {
		length = wire_be16(frame + ip + 4);
		return length ? ip + 40 + length : 0;
	}
	return 0;
}

static inline uint32_t min_limit(uint32_t value, uint32_t limit)
{
	return limit && limit < value ? limit : value;
}

struct truncation truncation_apply(const uint8_t *frame, uint32_t readable, uint32_t arrived,
				   uint32_t wire_len, uint32_t packet_length, uint32_t snaplen)
{
	/* Padding and trailers behind the frame may look like the rest of its headers. */
	uint32_t base = frame_length(frame, readable < arrived ? readable : arrived);
	struct truncation t = {.len = wire_len};

	t.caplen = min_limit(min_limit(arrived, packet_length), snaplen);
	if (t.caplen < arrived)
		t.flags |= TRUNCATION_CUT_HERE;
	if (packet_length && wire_len > packet_length)
		t.flags |= TRUNCATION_OVER_LENGTH;
	if (base > wire_len) {
		/* Only a cut that AWS can have made explains a header that claims more. */
		if (packet_length && wire_len < min_limit(TRUNCATION_AWS_FLOOR, packet_length)) {
			t.flags |= TRUNCATION_INCONSISTENT;
			return t;
		}
		t.flags |= TRUNCATION_CUT_UPSTREAM;
		t.len = base;
	}
	if (t.caplen == t.len)
		t.flags |= TRUNCATION_WHOLE;
	return t;
}
