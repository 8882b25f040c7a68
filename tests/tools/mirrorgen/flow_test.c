/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/mirrorgen/flow.h"
#include "tools/mirrorgen/synthetic.h"

enum { TCP_FRAME_BYTES = 14 + 20 + 20 };

/* 10.0.0.1:1024 to 10.0.0.2:443 */
static const uint8_t tcp_frame[TCP_FRAME_BYTES] = {
	[12] = 0x08, [14] = 0x45, [17] = 40,   [23] = IPPROTO_TCP, [26] = 10,   [29] = 1,
	[30] = 10,   [33] = 2,    [34] = 0x04, [36] = 0x01,        [37] = 0xbb, [46] = 0x50,
};

static struct flow parse(const uint8_t *frame, size_t bytes)
{
	uint8_t *exact = malloc(bytes ? bytes : 1);
	struct flow flow;

	assert_non_null(exact);
	memcpy(exact, frame, bytes);
	flow_parse(exact, bytes, &flow);
	free(exact);
	return flow;
}

static void tcp_is_read(void **state)
{
	struct flow flow = parse(tcp_frame, sizeof(tcp_frame));

	assert_true(flow.ip);
	assert_true(flow.has_ports);
	assert_int_equal(flow.protocol, IPPROTO_TCP);
	assert_int_equal(flow.source_port, 1024);
	assert_int_equal(flow.destination_port, 443);
	assert_true(IN6_IS_ADDR_V4MAPPED(&flow.source));
	assert_int_equal(flow.source.s6_addr[15], 1);
	assert_int_equal(flow.destination.s6_addr[15], 2);
}

static void cut_frames_are_read_as_far_as_they_go(void **state)
{
	for (size_t bytes = 0; bytes <= sizeof(tcp_frame); bytes++) {
		struct flow flow = parse(tcp_frame, bytes);

		assert_int_equal(flow.ip, bytes >= 34);
		assert_int_equal(flow.has_ports, bytes >= 38);
	}
}

static void odd_headers_have_no_ports(void **state)
{
	static const struct {
		size_t offset;
		uint8_t value;
		bool ip;
	} cases[] = {
		{13, 0x06, false},        /* ARP */
		{14, 0x65, false},        /* version 6 behind EtherType IPv4 */
		{14, 0x44, true},         /* header shorter than a header */
		{14, 0x4f, true},         /* header longer than the frame */
		{21, 1, true},            /* a later fragment */
		{23, IPPROTO_ICMP, true}, /* no ports at all */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t frame[TCP_FRAME_BYTES];
		struct flow flow;

		memcpy(frame, tcp_frame, sizeof(frame));
		frame[cases[i].offset] = cases[i].value;
		flow = parse(frame, sizeof(frame));
		assert_int_equal(flow.ip, cases[i].ip);
		assert_false(flow.has_ports);
	}
}

static void tags_are_skipped(void **state)
{
	static const uint8_t tags[8] = {0x88, 0xa8, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06};
	uint8_t tagged[TCP_FRAME_BYTES + 8];
	struct flow flow;

	memcpy(tagged, tcp_frame, 12);
	memcpy(tagged + 12, tags, sizeof(tags));
	memcpy(tagged + 20, tcp_frame + 12, TCP_FRAME_BYTES - 12);
	flow = parse(tagged, sizeof(tagged));
	assert_int_equal(flow.destination_port, 443);
}

static void port_is_the_same_both_ways_and_in_range(void **state)
{
	struct synthetic mix = {.size = 64, .flows = 4096, .mix = true};
	static uint8_t frame[SYNTHETIC_MAX_SIZE];
	bool used[FLOW_PORTS] = {false};
	unsigned int distinct = 0;

	for (uint64_t i = 0; i < mix.flows; i++) {
		struct flow flow = parse(frame, synthetic_frame(&mix, i, frame));
		struct flow reply = parse(frame, synthetic_frame(&mix, i + mix.flows, frame));
		uint16_t port = flow_outer_port(&flow);

		assert_true(IN6_ARE_ADDR_EQUAL(&flow.source, &reply.destination));
		assert_in_range(port, FLOW_PORT_BASE, FLOW_PORT_BASE + FLOW_PORTS - 1);
		assert_int_equal(flow_outer_port(&reply), port);
		distinct += !used[port - FLOW_PORT_BASE];
		used[port - FLOW_PORT_BASE] = true;
	}
	/* With 32 flows a port on average, a port without one would be a bad hash. */
	assert_int_equal(distinct, FLOW_PORTS);
}

static void port_depends_on_every_part(void **state)
{
	static const size_t parts[] = {29, 33, 35, 37}; /* addresses, ports */
	unsigned int changed = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct flow flow = parse(tcp_frame, sizeof(tcp_frame));
		uint16_t before = flow_outer_port(&flow);
		uint8_t frame[TCP_FRAME_BYTES];

		memcpy(frame, tcp_frame, sizeof(frame));
		changed = 0;
		for (int value = 0; value < 16; value++) {
			frame[parts[i]] = (uint8_t)(0x80 + value);
			flow = parse(frame, sizeof(frame));
			changed += flow_outer_port(&flow) != before;
		}
		assert_true(changed >= 12);
	}
}

static void not_ip_shares_the_lowest_port(void **state)
{
	static const uint8_t arp[42] = {[12] = 0x08, [13] = 0x06};
	struct flow flow = parse(arp, sizeof(arp));

	assert_int_equal(flow_outer_port(&flow), FLOW_PORT_BASE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_is_read),
		cmocka_unit_test(cut_frames_are_read_as_far_as_they_go),
		cmocka_unit_test(odd_headers_have_no_ports),
		cmocka_unit_test(tags_are_skipped),
		cmocka_unit_test(port_is_the_same_both_ways_and_in_range),
		cmocka_unit_test(port_depends_on_every_part),
		cmocka_unit_test(not_ip_shares_the_lowest_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
