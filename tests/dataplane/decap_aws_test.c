/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast path knows AWS's packets, and never says otherwise than decap_packet(): judged on
 * packets that differ from AWS's in one or two bytes of their headers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "dataplane/decap_aws.h"
#include "tests/dataplane/frame.h"

enum { INNER_BYTES = 100, PACKET_BYTES = DECAP_AWS_BYTES + INNER_BYTES };

static struct frame packet;

static int build(void **state)
{
	frame_start(&packet, 0);
	frame_inner(&packet, INNER_BYTES);
	frame_mirror(&packet, 0xa1b2c3, 0x0a000005);
	assert_int_equal(packet.len, PACKET_BYTES);
	return 0;
}

/* Returns whether the fast path knew; fails where it is contradicted. */
static bool judge(uint32_t head_len, uint32_t packet_len)
{
	struct decap fast = {0}, general = {0};
	const uint8_t *p = packet.bytes;

	if (!decap_aws(p, head_len, packet_len, DECAP_VXLAN_PORT, &fast))
		return false;
	assert_int_equal(decap_packet(p, head_len, packet_len, DECAP_VXLAN_PORT, &general),
			 DECAP_FRAME);
	assert_int_equal(fast.vni, general.vni);
	assert_memory_equal(&fast.source, &general.source, sizeof(fast.source));
	assert_int_equal(fast.offset, general.offset);
	assert_int_equal(fast.wire_len, general.wire_len);
	assert_int_equal(fast.arrived, general.arrived);
	assert_int_equal(fast.reserved_bits, general.reserved_bits);
	return true;
}

static void aws_packets_are_known(void **state)
{
	struct decap d = {0};

	assert_true(judge(PACKET_BYTES, PACKET_BYTES));
	assert_true(decap_aws(packet.bytes, PACKET_BYTES, PACKET_BYTES, DECAP_VXLAN_PORT, &d));
	assert_int_equal(d.vni, 0xa1b2c3);
	assert_int_equal(d.offset, DECAP_AWS_BYTES);
	assert_int_equal(d.wire_len, INNER_BYTES);
	assert_int_equal(d.arrived, INNER_BYTES);
	assert_false(d.reserved_bits);
}

/* Each byte of the headers takes each value. */
static void one_byte_differs(void **state)
{
	uint32_t known = 0;

	for (uint32_t at = 0; at < DECAP_AWS_BYTES; at++) {
		uint8_t before = packet.bytes[at];

		for (uint32_t value = 0; value < 256; value++) {
			packet.bytes[at] = (uint8_t)value;
			known += judge(PACKET_BYTES, PACKET_BYTES);
		}
		packet.bytes[at] = before;
	}
	/* Addresses, checksums, VNI: at least these do not matter. */
	assert_true(known > 24 * 256);
	assert_true(known < 50 * 256);
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

	for (uint32_t pair = 0; pair < DECAP_AWS_BYTES * DECAP_AWS_BYTES; pair++) {
		uint32_t a = pair / DECAP_AWS_BYTES, b = pair % DECAP_AWS_BYTES;

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
		cmocka_unit_test_setup(one_byte_differs, build),
		cmocka_unit_test_setup(two_bytes_differ, build),
		cmocka_unit_test_setup(less_is_there, build),
	};

	return cmocka_run_group_tests_name("decap_aws", tests, NULL, NULL);
}
