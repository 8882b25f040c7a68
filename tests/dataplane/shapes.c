/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/dataplane/shapes.h"

#define SOURCE 0x0a000005

void shape_plain(struct frame *f)
{
	frame_inner(f, 100);
	frame_mirror(f, SHAPE_VNI, SOURCE);
}

static void patch(struct frame *f, uint32_t at, uint8_t value)
{
	f->bytes[at] = value;
}

void shape_patch16(struct frame *f, uint32_t at, uint16_t value)
{
	f->bytes[at] = (uint8_t)(value >> 8);
	f->bytes[at + 1] = (uint8_t)value;
}

static void cut(struct frame *f, uint32_t len)
{
	f->len = len;
}

static void padded(struct frame *f)
{
	frame_start(f, 14);
	frame_mirror(f, SHAPE_VNI, SOURCE);
	frame_pad(f, 40);
}

static void one_vlan(struct frame *f)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	frame_ipv4(f, 17, SOURCE, 0);
	frame_vlan(f, 0x0800);
	frame_ethernet(f, 0x8100);
}

static void vlans(struct frame *f, int count)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	frame_ipv4(f, 17, SOURCE, 0);
	frame_vlan(f, 0x0800);
	for (int i = 1; i < count; i++)
		frame_vlan(f, 0x8100);
	frame_ethernet(f, 0x88a8);
}

static void two_vlans(struct frame *f)
{
	vlans(f, 2);
}

static void three_vlans(struct frame *f)
{
	vlans(f, 3);
}

static void options(struct frame *f)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	frame_ipv4(f, 17, SOURCE, 40);
	frame_ethernet(f, 0x0800);
}

void shape_ipv6(struct frame *f)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	frame_ipv6(f, 17, 5);
	frame_ethernet(f, 0x86dd);
}

static void ipv6_extensions(struct frame *f)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	frame_extension(f, 17, 16); /* destination options */
	frame_fragment(f, 60, 0);   /* an atomic fragment */
	frame_extension(f, 44, 8);  /* routing */
	frame_extension(f, 43, 24); /* hop-by-hop */
	frame_ipv6(f, 0, 5);
	frame_ethernet(f, 0x86dd);
}

static void ipv6_chain(struct frame *f, int count)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	frame_extension(f, 17, 8);
	for (int i = 1; i < count; i++)
		frame_extension(f, 60, 8);
	frame_ipv6(f, 60, 5);
	frame_ethernet(f, 0x86dd);
}

static void ipv6_eight(struct frame *f)
{
	ipv6_chain(f, 8);
}

static void ipv6_nine(struct frame *f)
{
	ipv6_chain(f, 9);
}

static void ipv6_authentication(struct frame *f)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	frame_extension(f, 17, 24);
	patch(f, 1, 4); /* 24 bytes: units of 4, less 2 */
	frame_ipv6(f, 51, 5);
	frame_ethernet(f, 0x86dd);
}

static void ipv6_fragment(struct frame *f, uint8_t next_header)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789); /* what looks like a port, and is data */
	frame_fragment(f, next_header, 0x0008);
	frame_ipv6(f, 44, 5);
	frame_ethernet(f, 0x86dd);
}

static void ipv6_udp_fragment(struct frame *f)
{
	ipv6_fragment(f, 17);
}

static void ipv6_first_fragment(struct frame *f)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	frame_fragment(f, 17, 0x0001);
	frame_ipv6(f, 44, 5);
	frame_ethernet(f, 0x86dd);
}

static void ipv6_tcp_fragment(struct frame *f)
{
	ipv6_fragment(f, 6);
}

static void ipv6_extension_too_long(struct frame *f)
{
	ipv6_extensions(f);
	patch(f, 14 + 40 + 1, 255);
}

static void ipv6_no_payload(struct frame *f)
{
	shape_ipv6(f);
	shape_patch16(f, 14 + 4, 0);
}

static void ipv6_version(struct frame *f)
{
	shape_ipv6(f);
	patch(f, 14, 0x40);
}

static void geneve(struct frame *f, uint16_t protocol, uint32_t option_bytes)
{
	frame_inner(f, 100);
	frame_vxlan(f, SHAPE_VNI);
	frame_udp(f, 4789);
	if (protocol == 0x86dd)
		frame_ipv6(f, 17, 5);
	else
		frame_ipv4(f, 17, SOURCE, 0);
	if (protocol == 0x6558)
		frame_ethernet(f, 0x0800);
	frame_geneve(f, protocol, option_bytes);
	frame_udp(f, 6081);
	frame_ipv4(f, 17, 0x0a0000fe, 0);
	frame_ethernet(f, 0x0800);
}

void shape_geneve_ipv4(struct frame *f)
{
	geneve(f, 0x0800, 0);
}

static void geneve_ipv6_options(struct frame *f)
{
	geneve(f, 0x86dd, 252);
}

static void geneve_ethernet(struct frame *f)
{
	geneve(f, 0x6558, 0);
}

static void geneve_version(struct frame *f)
{
	geneve(f, 0x0800, 0);
	patch(f, VXLAN_AT, 0x40);
}

static void geneve_in_geneve(struct frame *f)
{
	frame_inner(f, 100);
	frame_geneve(f, 0x0800, 0);
	frame_udp(f, 6081);
	frame_ipv4(f, 17, SOURCE, 0);
	frame_geneve(f, 0x0800, 0);
	frame_udp(f, 6081);
	frame_ipv4(f, 17, SOURCE, 0);
	frame_ethernet(f, 0x0800);
}

static void geneve_in_geneve_bad_length(struct frame *f)
{
	geneve_in_geneve(f);
	shape_patch16(f, INNER_AT + 20 + 4, 1000); /* more than its IP packet holds */
}

static void geneve_ethernet_bad_length(struct frame *f)
{
	geneve(f, 0x6558, 0);
	shape_patch16(f, VXLAN_AT - 4, 1000);
}

static void geneve_options_too_long(struct frame *f)
{
	geneve(f, 0x0800, 0);
	patch(f, VXLAN_AT, 0x3f);
	cut(f, VXLAN_AT + 100);
}

static void geneve_inner_too_long(struct frame *f)
{
	geneve(f, 0x0800, 0);
	shape_patch16(f, INNER_AT + 2, 1000); /* more than the outer UDP holds */
}

static void nested(struct frame *f)
{
	frame_inner(f, 100);
	frame_mirror(f, 99, SOURCE);
	frame_mirror(f, SHAPE_VNI, SOURCE);
}

static void jumbo(struct frame *f)
{
	frame_inner(f, 8500);
	frame_mirror(f, SHAPE_VNI, SOURCE);
}

static void largest(struct frame *f)
{
	frame_inner(f, 65499);
	frame_mirror(f, SHAPE_VNI, SOURCE);
}

static void checksum(struct frame *f)
{
	shape_plain(f);
	shape_patch16(f, UDP_AT + 6, 0xbeef);
}

static void arp(struct frame *f)
{
	frame_start(f, 46);
	frame_ethernet(f, 0x0806);
}

static void tcp(struct frame *f)
{
	shape_plain(f);
	patch(f, IP_AT + 9, 6);
}

static void tcp_fragment(struct frame *f)
{
	tcp(f);
	shape_patch16(f, IP_AT + 6, 0x2000);
}

static void other_port(struct frame *f)
{
	shape_plain(f);
	shape_patch16(f, UDP_AT + 2, 4790);
}

static void other_port_bad_length(struct frame *f)
{
	other_port(f);
	shape_patch16(f, UDP_AT + 4, 3);
}

static void first_fragment(struct frame *f)
{
	shape_plain(f);
	shape_patch16(f, IP_AT + 6, 0x2000);
}

static void fragment_without_its_options(struct frame *f)
{
	options(f);
	shape_patch16(f, 20, 0x2000);
	cut(f, 14 + 20 + 10);
}

static void later_fragment(struct frame *f)
{
	shape_plain(f);
	shape_patch16(f, IP_AT + 6, 0x0001);
}

static void dont_fragment(struct frame *f)
{
	shape_plain(f);
	shape_patch16(f, IP_AT + 6, 0x4000);
}

static void version(struct frame *f)
{
	shape_plain(f);
	patch(f, IP_AT, 0x65);
}

static void ihl(struct frame *f)
{
	shape_plain(f);
	patch(f, IP_AT, 0x44);
}

static void ihl_beyond_total(struct frame *f)
{
	shape_plain(f);
	patch(f, IP_AT, 0x4f);
	shape_patch16(f, IP_AT + 2, 59);
}

static void total_zero(struct frame *f)
{
	shape_plain(f);
	shape_patch16(f, IP_AT + 2, 0);
}

static void total_without_udp(struct frame *f)
{
	shape_plain(f);
	shape_patch16(f, IP_AT + 2, 27);
}

static void udp_length(struct frame *f, uint16_t length)
{
	shape_plain(f);
	shape_patch16(f, UDP_AT + 4, length);
}

static void udp_0(struct frame *f)
{
	udp_length(f, 0);
}

static void udp_15(struct frame *f)
{
	udp_length(f, 15);
}

static void udp_16(struct frame *f)
{
	udp_length(f, 16);
}

static void udp_shorter(struct frame *f)
{
	udp_length(f, 16 + 60);
}

static void udp_longer(struct frame *f)
{
	udp_length(f, 16 + 101);
}

static void no_vni(struct frame *f)
{
	shape_plain(f);
	patch(f, VXLAN_AT, 0xf7);
}

static void clipped(struct frame *f)
{
	shape_plain(f);
	cut(f, INNER_AT + 30);
}

static void clipped_to_nothing(struct frame *f)
{
	shape_plain(f);
	cut(f, INNER_AT);
}

static void cut_in_vxlan(struct frame *f)
{
	shape_plain(f);
	cut(f, INNER_AT - 1);
}

static void cut_in_ethernet(struct frame *f)
{
	shape_plain(f);
	cut(f, 13);
}

static void empty(struct frame *f)
{
	shape_plain(f);
	cut(f, 0);
}

const struct shape shapes[] = {
	{"as AWS sends it", shape_plain, true, DECAP_FRAME, 50, 100, 100},
	{"Ethernet padding is not payload", padded, true, DECAP_FRAME, 50, 14, 14},
	{"one VLAN tag", one_vlan, true, DECAP_FRAME, 54, 100, 100},
	{"two VLAN tags", two_vlans, true, DECAP_FRAME, 58, 100, 100},
	{"three VLAN tags", three_vlans, false, DECAP_NOT_VXLAN},
	{"outer IP options", options, true, DECAP_FRAME, 90, 100, 100},
	{"UDP checksum is not looked at", checksum, true, DECAP_FRAME, 50, 100, 100},
	{"DF set", dont_fragment, true, DECAP_FRAME, 50, 100, 100},
	{"IPv6", shape_ipv6, true, DECAP_FRAME, 70, 100, 100},
	{"IPv6 extension headers", ipv6_extensions, true, DECAP_FRAME, 70 + 56, 100, 100},
	{"eight extension headers", ipv6_eight, true, DECAP_FRAME, 70 + 64, 100, 100},
	{"nine extension headers", ipv6_nine, false, DECAP_MALFORMED},
	{"IPv6 authentication header", ipv6_authentication, true, DECAP_FRAME, 70 + 24, 100, 100},
	{"IPv6 fragment of UDP", ipv6_udp_fragment, false, DECAP_FRAGMENT},
	{"IPv6 first fragment", ipv6_first_fragment, true, DECAP_FRAGMENT},
	{"IPv6 fragment of TCP", ipv6_tcp_fragment, false, DECAP_NOT_VXLAN},
	{"IPv6 extension beyond the payload", ipv6_extension_too_long, false, DECAP_MALFORMED},
	{"IPv6 payload length 0", ipv6_no_payload, true, DECAP_MALFORMED},
	{"IPv6 with version 4", ipv6_version, false, DECAP_MALFORMED},
	{"GENEVE", shape_geneve_ipv4, true, DECAP_FRAME, 50 + 36, 100, 100},
	{"GENEVE with options, IPv6 inside", geneve_ipv6_options, true, DECAP_FRAME, 50 + 56 + 252,
	 100, 100},
	{"GENEVE with Ethernet", geneve_ethernet, true, DECAP_NOT_VXLAN},
	{"GENEVE of another version", geneve_version, true, DECAP_NOT_VXLAN},
	{"GENEVE in GENEVE", geneve_in_geneve, true, DECAP_NOT_VXLAN},
	{"GENEVE in GENEVE, length wrong", geneve_in_geneve_bad_length, true, DECAP_NOT_VXLAN},
	{"GENEVE with Ethernet, length wrong", geneve_ethernet_bad_length, true, DECAP_MALFORMED},
	{"GENEVE options beyond the packet", geneve_options_too_long, true, DECAP_MALFORMED},
	{"GENEVE with an inner length too long", geneve_inner_too_long, true, DECAP_MALFORMED},
	{"one layer is stripped", nested, true, DECAP_FRAME, 50, 150, 150},
	{"jumbo", jumbo, true, DECAP_FRAME, 50, 8500, 8500},
	{"as large as IPv4 can be", largest, true, DECAP_FRAME, 50, 65499, 65499},
	{"ARP", arp, false, DECAP_NOT_VXLAN},
	{"TCP", tcp, false, DECAP_NOT_VXLAN},
	{"a fragment of TCP", tcp_fragment, false, DECAP_NOT_VXLAN},
	{"another UDP port", other_port, false, DECAP_NOT_VXLAN},
	{"another UDP port, length wrong", other_port_bad_length, false, DECAP_NOT_VXLAN},
	{"first fragment", first_fragment, true, DECAP_FRAGMENT},
	{"later fragment", later_fragment, false, DECAP_FRAGMENT},
	{"fragment, options cut", fragment_without_its_options, false, DECAP_MALFORMED},
	{"IPv4 with version 6", version, false, DECAP_MALFORMED},
	{"IHL below 5", ihl, false, DECAP_MALFORMED},
	{"IHL beyond the total length", ihl_beyond_total, false, DECAP_MALFORMED},
	{"IPv4 total length 0", total_zero, true, DECAP_MALFORMED},
	{"IPv4 without room for UDP", total_without_udp, true, DECAP_MALFORMED},
	{"UDP length 0", udp_0, true, DECAP_MALFORMED},
	{"UDP length without VXLAN", udp_15, true, DECAP_MALFORMED},
	{"UDP length of VXLAN alone", udp_16, true, DECAP_FRAME, 50, 0, 0},
	{"UDP length below the payload", udp_shorter, true, DECAP_FRAME, 50, 60, 60},
	{"UDP length above the payload", udp_longer, true, DECAP_MALFORMED},
	{"I flag not set", no_vni, true, DECAP_NO_VNI},
	{"cut by the input", clipped, true, DECAP_FRAME, 50, 100, 30},
	{"cut by the input to nothing", clipped_to_nothing, true, DECAP_FRAME, 50, 100, 0},
	{"cut in the VXLAN header", cut_in_vxlan, true, DECAP_MALFORMED},
	{"cut in the Ethernet header", cut_in_ethernet, false, DECAP_MALFORMED},
	{"no byte", empty, false, DECAP_MALFORMED},
};

const uint32_t shape_count = sizeof(shapes) / sizeof(*shapes);
