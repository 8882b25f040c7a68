/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way knows AWS's packets, and never says otherwise than decap_packet() and
 * truncation_apply(): judged on packets that differ from AWS's in one or two bytes of their headers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <string.h>

#include "dataplane/decap.h"
#include "dataplane/truncation.h"
#include "dataplane/usual.h"
#include "tests/dataplane/frame.h"

enum {
	INNER_BYTES = 100,
	PACKET_BYTES = USUAL_OFFSET + INNER_BYTES,
	VNI = 0xa1b2c3,
};

static struct frame packet;

static int build(void **state)
{
	frame_start(&packet, 0);
	frame_inner(&packet, INNER_BYTES);
	frame_mirror(&packet, VNI, 0x0a000005);
	assert_int_equal(packet.len, PACKET_BYTES);
	return 0;
}

static bool is_usual(uint32_t head_len, uint32_t packet_len, struct usual *usual)
{
	return usual_packet(packet.bytes, head_len, packet_len, htons(DECAP_VXLAN_PORT), usual);
}

/* Returns whether the short way knew; fails where it is contradicted. */
static bool judge(uint32_t head_len, uint32_t packet_len)
{
	const uint8_t *p = packet.bytes;
	struct usual usual = {0};
	struct truncation t;
	struct decap d = {0};

	if (!is_usual(head_len, packet_len, &usual))
		return false;
	assert_int_equal(decap_packet(p, head_len, packet_len, DECAP_VXLAN_PORT, &d), DECAP_FRAME);
	assert_int_equal(usual.vni, d.vni);
	assert_int_equal(USUAL_OFFSET, d.offset);
	assert_int_equal(usual.bytes, d.wire_len);
	assert_int_equal(usual.bytes, d.arrived);
	assert_false(d.reserved_bits);
	t = truncation_apply(p + d.offset, head_len - d.offset, d.arrived, d.wire_len, 0, 0);
	assert_int_equal(t.caplen, usual.bytes);
	if (usual.claimed <= usual.bytes) {
		assert_int_equal(t.flags, TRUNCATION_WHOLE);
		assert_int_equal(t.len, usual.bytes);
	} else {
		assert_int_equal(t.flags, TRUNCATION_CUT_UPSTREAM);
		assert_int_equal(t.len, usual.claimed);
	}
	return true;
}

static void aws_packets_are_known(void **state)
{
	struct usual usual = {0};

	assert_true(judge(PACKET_BYTES, PACKET_BYTES));
	assert_true(is_usual(PACKET_BYTES, PACKET_BYTES, &usual));
	assert_int_equal(usual.vni, VNI);
	assert_int_equal(usual.bytes, INNER_BYTES);
	packet.bytes[20] |= 0x40; /* DF */
	assert_true(judge(PACKET_BYTES, PACKET_BYTES));
	assert_true(judge(USUAL_HEAD, PACKET_BYTES));
	assert_false(judge(USUAL_HEAD - 1, PACKET_BYTES));
	assert_true(judge(PACKET_BYTES + 4, PACKET_BYTES + 4)); /* an FCS behind it */
	assert_false(judge(PACKET_BYTES - 1, PACKET_BYTES - 1));
}

/* A frame that claims more than there is was cut by AWS; one that claims less has a trailer. */
static void what_the_frame_claims(void **state)
{
	for (uint32_t claimed = 0; claimed < 0x10000; claimed++) {
		packet.bytes[USUAL_OFFSET + 16] = (uint8_t)(claimed >> 8);
		packet.bytes[USUAL_OFFSET + 17] = (uint8_t)claimed;
		assert_true(judge(PACKET_BYTES, PACKET_BYTES));
	}
}

/* A tag whose second half could be an IPv4 header's begin, before one that AWS has cut. */
static void an_inner_tag_is_none_of_it(void **state)
{
	frame_start(&packet, 0);
	frame_inner(&packet, INNER_BYTES - 4);
	packet.bytes[16] = 0x22; /* claims 8704 and more */
	memmove(packet.bytes + 18, packet.bytes + 14, INNER_BYTES - 4 - 14);
	memcpy(packet.bytes + 12, "\x81\x00\x40\x00\x08\x00", 6);
	packet.len = INNER_BYTES;
	frame_mirror(&packet, VNI, 0x0a000005);
	assert_int_equal(packet.len, PACKET_BYTES);
	assert_false(judge(PACKET_BYTES, PACKET_BYTES));
	packet.bytes[USUAL_OFFSET + 16] = 0; /* the tag's own VID 0, read as a length */
	assert_false(judge(PACKET_BYTES, PACKET_BYTES));
}

/* What UDP and IPv4 say of their lengths, in all pairs of plausible ones. */
static void what_the_headers_claim(void **state)
{
	uint32_t known = 0;

	for (uint32_t pair = 0; pair < 256 * 256; pair++) {
		packet.bytes[17] = (uint8_t)(pair >> 8);
		packet.bytes[39] = (uint8_t)pair;
		known += judge(PACKET_BYTES, PACKET_BYTES);
	}
	assert_in_range(known, 100, 256 * 256 / 4);
}

/* Each byte of the headers takes each value. */
static void one_byte_differs(void **state)
{
	uint32_t known = 0;

	for (uint32_t at = 0; at < USUAL_HEAD; at++) {
		uint8_t before = packet.bytes[at];

		for (uint32_t value = 0; value < 256; value++) {
			packet.bytes[at] = (uint8_t)value;
			known += judge(PACKET_BYTES, PACKET_BYTES);
		}
		packet.bytes[at] = before;
	}
	/* Addresses, checksums, VNI, the frame's own addresses: at least these do not matter. */
	assert_true(known > 40 * 256);
	assert_true(known < 66 * 256);
}

static void flip(uint32_t a, uint8_t a_bits, uint32_t b, uint8_t b_bits)
{
	packet.bytes[a] ^= a_bits;
	packet.bytes[b] ^= b_bits;
}

static void two_bytes_differ(void **state)
{
	static const uint8_t bits[] = {0x01, 0x08, 0x20, 0x40, 0x80, 0xff};
	const uint32_t count = sizeof(bits);

	for (uint32_t pair = 0; pair < USUAL_HEAD * USUAL_HEAD; pair++) {
		uint32_t a = pair / USUAL_HEAD, b = pair % USUAL_HEAD;

		for (uint32_t i = 0; i < count * count; i++) {
			flip(a, bits[i / count], b, bits[i % count]);
			judge(PACKET_BYTES, PACKET_BYTES);
			flip(a, bits[i / count], b, bits[i % count]);
		}
	}
}

/* The input cut the packet, or its headers lie in several segments. */
static void less_is_there(void **state)
{
	uint32_t known = 0;

	for (uint32_t len = 0; len <= PACKET_BYTES; len++)
		for (uint32_t head = 0; head <= len; head++)
			known += judge(head, len);
	assert_in_range(known, 1, PACKET_BYTES * PACKET_BYTES / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(aws_packets_are_known, build),
		cmocka_unit_test_setup(what_the_frame_claims, build),
		cmocka_unit_test_setup(an_inner_tag_is_none_of_it, build),
		cmocka_unit_test_setup(what_the_headers_claim, build),
		cmocka_unit_test_setup(one_byte_differs, build),
		cmocka_unit_test_setup(two_bytes_differ, build),
		cmocka_unit_test_setup(less_is_there, build),
	};

	return cmocka_run_group_tests_name("usual", tests, NULL, NULL);
}
