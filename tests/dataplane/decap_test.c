/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/decap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/dataplane/shapes.h"

static struct frame packet;

/* A copy of exactly so many bytes, so that a sanitizer sees a read beyond them. */
static enum decap_verdict decap_exact(uint32_t head_len, struct decap *d)
{
	uint8_t *head = malloc(head_len ? head_len : 1);
	enum decap_verdict verdict;

	memcpy(head, packet.bytes, head_len);
	verdict = decap_packet(head, head_len, packet.len, DECAP_VXLAN_PORT, d);
	free(head);
	return verdict;
}

static void test_shapes(void **state)
{
	for (uint32_t i = 0; i < shape_count; i++) {
		const struct shape *shape = &shapes[i];
		struct decap d = {0};
		enum decap_verdict verdict;

		shape->build(&packet);
		verdict = decap_exact(packet.len, &d);
		if (verdict != shape->verdict)
			fail_msg("%s: verdict %d instead of %d", shape->name, verdict,
				 shape->verdict);
		if (verdict != DECAP_FRAME)
			continue;
		if (d.offset != shape->offset || d.wire_len != shape->wire_len ||
		    d.arrived != shape->arrived)
			fail_msg("%s: offset %u, W %u, A %u instead of %u, %u, %u", shape->name,
				 d.offset, d.wire_len, d.arrived, shape->offset, shape->wire_len,
				 shape->arrived);
		assert_int_equal(d.vni, SHAPE_VNI);
		assert_false(d.reserved_bits);
	}
}

static void check_head(const struct shape *shape, uint32_t head)
{
	struct decap d = {0};
	enum decap_verdict verdict = decap_exact(head, &d);

	if (verdict != shape->verdict && verdict != DECAP_MORE)
		fail_msg("%s, head %u: verdict %d instead of %d", shape->name, head, verdict,
			 shape->verdict);
	if (verdict == DECAP_FRAME && d.arrived >= DECAP_INNER_HEAD)
		assert_true(head >= d.offset + DECAP_INNER_HEAD);
}

/* Whatever part of the packet is contiguous, the verdict is the whole packet's or "more". */
static void test_every_head(void **state)
{
	for (uint32_t i = 0; i < shape_count; i++) {
		shapes[i].build(&packet);
		for (uint32_t head = 0; head <= packet.len && head < 600; head++)
			check_head(&shapes[i], head);
	}
}

/* Whatever the input's snap length, no read goes beyond it and the frame's place is the same. */
static void test_every_cut(void **state)
{
	for (uint32_t i = 0; i < shape_count; i++) {
		const struct shape *shape = &shapes[i];
		struct decap d = {0};

		shape->build(&packet);
		for (uint32_t len = packet.len < 600 ? packet.len : 600; len-- > 0;) {
			enum decap_verdict verdict;

			packet.len = len;
			verdict = decap_exact(len, &d);
			assert_int_not_equal(verdict, DECAP_MORE);
			if (verdict != DECAP_FRAME)
				continue;
			assert_int_equal(d.offset, shape->offset);
			assert_int_equal(d.wire_len, shape->wire_len);
			assert_true(d.arrived <= len - d.offset);
		}
	}
}

static void test_source(void **state)
{
	static const uint8_t v4[16] = {[10] = 0xff, 0xff, 10, 0, 0, 5};
	static const uint8_t v6[16] = {0xfd, [15] = 5};
	struct decap d;

	shape_plain(&packet);
	assert_int_equal(decap_exact(packet.len, &d), DECAP_FRAME);
	assert_memory_equal(&d.source, v4, 16);
	shape_ipv6(&packet);
	assert_int_equal(decap_exact(packet.len, &d), DECAP_FRAME);
	assert_memory_equal(&d.source, v6, 16);
	/* Behind a load balancer's GENEVE the source is the inner packet's. */
	shape_geneve_ipv4(&packet);
	assert_int_equal(decap_exact(packet.len, &d), DECAP_FRAME);
	assert_memory_equal(&d.source, v4, 16);
}

/* RFC 7348: reserved bits are ignored on receipt, whichever they are. */
static void test_reserved_bits(void **state)
{
	static const uint8_t bytes[] = {0, 1, 2, 3, 7};

	for (unsigned int i = 0; i < sizeof(bytes); i++) {
		for (int bit = 0; bit < 8; bit++) {
			struct decap d;

			shape_plain(&packet);
			if (bytes[i] == 0 && bit == 3)
				continue; /* the I flag */
			packet.bytes[VXLAN_AT + bytes[i]] |= (uint8_t)(1 << bit);
			assert_int_equal(decap_exact(packet.len, &d), DECAP_FRAME);
			assert_int_equal(d.vni, SHAPE_VNI);
			assert_true(d.reserved_bits);
		}
	}
}

static void test_port(void **state)
{
	struct decap d;

	shape_plain(&packet);
	shape_patch16(&packet, UDP_AT + 2, 8472);
	assert_int_equal(decap_packet(packet.bytes, packet.len, packet.len, 8472, &d), DECAP_FRAME);
	assert_int_equal(decap_packet(packet.bytes, packet.len, packet.len, 4789, &d),
			 DECAP_NOT_VXLAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),        cmocka_unit_test(test_every_head),
		cmocka_unit_test(test_every_cut),     cmocka_unit_test(test_source),
		cmocka_unit_test(test_reserved_bits), cmocka_unit_test(test_port),
	};

	return cmocka_run_group_tests_name("decap", tests, NULL, NULL);
}
