/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter as a whole: real expressions, as machine code against libpcap's interpreter; frames
 * with verdicts known from pcap-filter(7); and what comes of machine code that is wrong.
 */
#include "dataplane/filter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <pcap/pcap.h>

#include "capture/pcap_format.h"
#include "dataplane/filter_check.h"
#include "dataplane/filter_ebpf.h"
#include "dataplane/filter_frames.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* Every primitive of pcap-filter(7) that compiles for Ethernet. */
static const char *const expressions[] = {
	/* hosts and networks */
	"host 10.1.2.3",
	"src host 10.1.2.3",
	"dst host 192.168.1.1",
	"src or dst host 8.8.8.8",
	"src and dst host 10.1.2.3",
	"ip host 255.255.255.255",
	"arp host 10.1.2.3",
	"rarp host 10.1.2.3",
	"host 2001:db8::1",
	"ip6 src host 2001:db8::1",
	"ip6 dst host ff02::1",
	"net 10.0.0.0/8",
	"net 10.1",
	"src net 192.168.0.0 mask 255.255.0.0",
	"dst net 0.0.0.0/0",
	"net 224.0.0.0/3",
	"net 128.0.0.0/1",
	"ip6 net 2001:db8::/32",
	"src net 2001:db8:8000::/33",
	"net ::/0",
	"ether host 02:00:00:00:00:c1",
	"ether src ff:ff:ff:ff:ff:ff",
	"ether dst 02:00:00:00:00:5e",
	/* broadcast and multicast */
	"ether broadcast",
	"ether multicast",
	"broadcast",
	"multicast",
	"ip multicast",
	"ip6 multicast",
	/* protocols */
	"ip",
	"ip6",
	"arp",
	"rarp",
	"tcp",
	"udp",
	"icmp",
	"icmp6",
	"igmp",
	"igrp",
	"pim",
	"ah",
	"esp",
	"vrrp",
	"sctp",
	"carp",
	"atalk",
	"aarp",
	"decnet",
	"iso",
	"stp",
	"ipx",
	"netbeui",
	"lat",
	"moprc",
	"mopdl",
	"clnp",
	"esis",
	"isis",
	"l1 or l2 or iih or lsp or snp or csnp or psnp",
	"llc",
	"llc u",
	"llc s",
	"llc i",
	"llc rr",
	"llc ui",
	"ether proto 0x88cc",
	"ether proto \\ip",
	"ether proto 0x26",
	"ip proto 47",
	"ip proto \\tcp",
	"ip6 proto 17",
	"proto 50",
	/* ports */
	"port 53",
	"tcp port 443",
	"udp port 4789",
	"sctp port 36412",
	"src port 65535",
	"dst port 0",
	"tcp src port 80",
	"udp dst port 53",
	"port domain",
	"portrange 1-1023",
	"tcp portrange 6000-6008",
	"src portrange 32768-65535",
	"udp dst portrange 33434-33534",
	/* tags and tunnels */
	"vlan",
	"vlan 100",
	"vlan 100 and tcp port 443",
	"vlan and vlan 101 and ip6",
	"vlan 100 or tcp",
	"mpls",
	"mpls 1024",
	"mpls 1024 and mpls and host 10.1.2.3",
	"pppoed",
	"pppoes",
	"pppoes 0x1 and ip",
	"geneve",
	"geneve 0x42 and tcp",
	/* lengths */
	"less 64",
	"greater 1000",
	"len > 100 and len <= 128",
	"len = 64",
	"len != 60",
	"len & 1 = 1",
	/* bytes and arithmetic */
	"ether[0] & 1 != 0",
	"ether[6:4] = 0xffffffff",
	"ether[12:2] > 1500",
	"ip[0] & 0xf != 5",
	"ip[6:2] & 0x1fff = 0",
	"ip[6:2] & 0x3fff != 0",
	"ip[8] < 5",
	"ip[2:2] > 576",
	"ip[12:4] >= 0x80000000",
	"ip[12:4] & 0x80000000 != 0",
	"ip[16:4] - ip[12:4] > 0x7fffffff",
	"ip[2:2] / 4 % 7 = 3",
	"ip[2:2] / (ip[8] + 0) > 2",
	"ip[4:2] % ip[8] = 1",
	"ip[8] * 3 + 7 > ip[9] | 1",
	"(ip[4:2] ^ 0xaaaa) & 0xff = 0x55",
	"-ip[8] & 0xff > 200",
	"ip[8] << 4 > 1000 or ip[8] >> 5 = 0",
	"1 << (ip[8] & 63) = 0",
	"0x80000000 >> (ip[8] & 63) != 0",
	"ip6[6] = 58",
	"ip6[40] = 128",
	"tcp[13] = 2",
	"tcp[tcpflags] & tcp-syn != 0",
	"tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn",
	"tcp[tcpflags] & (tcp-rst|tcp-fin) != 0 and not src net 10.0.0.0/8",
	"tcp[((tcp[12:1] & 0xf0) >> 2):4] = 0x47455420",
	"tcp[tcp[12] >> 2] = 0x16",
	"udp[8:4] & 0xff000000 = 0x08000000",
	"udp[4:2] > 512",
	"icmp[icmptype] = icmp-echo",
	"icmp[icmptype] != icmp-echo and icmp[icmptype] != icmp-echoreply",
	"icmp[icmpcode] = 4",
	"ether[ip[8] : 2] = 0x0800",
	/* what analysts write */
	"tcp and not port 22",
	"not arp and not icmp and not broadcast",
	"tcp port 80 and (((ip[2:2] - ((ip[0] & 0xf) << 2)) - ((tcp[12] & 0xf0) >> 2)) != 0)",
	"host 10.1.2.3 and not (port 22 or port 443 or portrange 8000-8100)",
	"(tcp or udp) and (port 53 or 853 or 5353)",
	"ip and (src net 10.0.0.0/8 or 172.16.0.0/12 or 192.168.0.0/16) and not dst net 10.0.0.0/8",
	"(udp port 53 and udp[10] & 0x80 != 0) or (tcp port 443 and tcp[tcpflags] & tcp-syn != 0)",
	"vlan and (tcp port 443 or (vlan and tcp port 443))",
	"not (tcp port 443 or udp port 443 or host 169.254.169.254)",
};

/* What the translation leaves to the interpreter: loops and offsets beyond 32 KiB. */
static const char *const interpreted[] = {
	"ip protochain 6",       "ip6 protochain 17",  "ether[40000] = 1",
	"ether[4294967295] = 1", "ip[2147483647] = 1",
};

/* Everything, and nothing. */
static const char *const constant[] = {"", "greater 0", "len < 0"};

static void compile(const char *expression, struct bpf_program *program)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, PCAP_MAX_SNAPLEN);

	assert_non_null(pcap);
	if (pcap_compile(pcap, program, expression, 1, PCAP_NETMASK_UNKNOWN) < 0)
		fail_msg("%s: %s", expression, pcap_geterr(pcap));
	pcap_close(pcap);
}

static struct filter *new_filter(const char *expression)
{
	char error[FILTER_ERROR_BYTES] = "";
	struct filter *filter = filter_new(expression, error);

	if (!filter)
		fail_msg("%s: %s", expression, error);
	return filter;
}

/* Compares both on frames aimed at the program; returns how many match. */
static uint32_t compare(const char *expression, const struct filter *filter, uint32_t *tried)
{
	struct filter_frames *frames;
	struct filter_frame frame;
	struct bpf_program program;
	uint32_t matches = 0;

	compile(expression, &program);
	frames = filter_frames_new(program.bf_insns, program.bf_len);
	assert_non_null(frames);
	*tried = filter_frames_count(frames) / 2;
	for (uint32_t i = 0; i < *tried; i++) {
		bool expected;

		filter_frames_make(frames, i, &frame);
		expected = bpf_filter(program.bf_insns, frame.bytes, frame.len, frame.caplen) != 0;
		if (filter_match(filter, frame.bytes, frame.caplen, frame.len) != expected)
			fail_msg("%s: frame %u: %d expected", expression, i, expected);
		matches += expected;
	}
	filter_frames_free(frames);
	pcap_freecode(&program);
	return matches;
}

static void test_expressions(void **state)
{
	assert_true(LENGTH(expressions) >= 100);
	for (size_t i = 0; i < LENGTH(expressions); i++) {
		struct filter *filter = new_filter(expressions[i]);
		uint32_t tried, matches = compare(expressions[i], filter, &tried);

		if (filter_interpreted(filter))
			fail_msg("%s: %s", expressions[i], filter_interpreted(filter));
		if (matches < 1 || matches > tried - 1)
			fail_msg("%s: %u of %u frames match: no proof", expressions[i], matches,
				 tried);
		filter_free(filter);
	}
}

static void test_interpreted(void **state)
{
	for (size_t i = 0; i < LENGTH(interpreted); i++) {
		struct filter *filter = new_filter(interpreted[i]);
		uint32_t tried;

		assert_non_null(filter_interpreted(filter));
		compare(interpreted[i], filter, &tried);
		filter_free(filter);
	}
}

static void test_constant(void **state)
{
	for (size_t i = 0; i < LENGTH(constant); i++) {
		struct filter *filter = new_filter(constant[i]);
		uint32_t tried, matches = compare(constant[i], filter, &tried);

		assert_null(filter_interpreted(filter));
		assert_int_equal(matches, i < 2 ? tried : 0);
		filter_free(filter);
	}
}

static void test_errors(void **state)
{
	static const char *const wrong[] = {"tcp prot 443", "port 65536", "(tcp", "ether[0",
					    "ip[0] / 0 = 1"};
	char error[FILTER_ERROR_BYTES];

	for (size_t i = 0; i < LENGTH(wrong); i++) {
		error[0] = '\0';
		assert_null(filter_new(wrong[i], error));
		assert_true(strlen(error) > 5);
	}
}

/* The host list of a large deployment: the code's jumps are longer than one byte can say. */
static void test_long(void **state)
{
	static const uint32_t hosts[] = {5, 30, 150};
	char text[5000];

	for (size_t i = 0; i < LENGTH(hosts); i++) {
		struct filter *filter;
		char *at = text;
		uint32_t tried;

		for (uint32_t host = 0; host < hosts[i]; host++)
			at += snprintf(at, (size_t)(text + sizeof(text) - at),
				       "%sdst host 10.1.2.%u", host ? " or " : "", host);
		filter = new_filter(text);
		assert_null(filter_interpreted(filter));
		assert_true(compare(text, filter, &tried) > 100);
		filter_free(filter);
	}
}

/* Verdicts by pcap-filter(7), not by libpcap. */
static void test_verdicts(void **state)
{
	/* TCP from 10.1.2.3 port 49153 to 192.168.1.1 port 443, SYN; 54 bytes */
	static const uint8_t syn[54] =
		"\x02\x00\x00\x00\x00\x5e\x02\x00\x00\x00\x00\xc1\x08\x00"
		"\x45\x00\x00\x28\x12\x34\x40\x00\x40\x06\x00\x00"
		"\x0a\x01\x02\x03\xc0\xa8\x01\x01"
		"\xc0\x01\x01\xbb\x00\x00\x00\x01\x00\x00\x00\x00\x50\x02\xff\xff";
	static const struct {
		const char *expression;
		uint32_t caplen, len;
		bool match;
	} rows[] = {
		{"tcp port 443", 54, 54, true},
		{"tcp port 443", 38, 54, true},
		{"tcp port 443", 37, 54, false}, /* the port's last byte is not there */
		{"tcp port 49153", 36, 54, true},
		{"tcp port 49153", 35, 54, false},
		{"tcp dst port 443", 54, 54, true},
		{"tcp src port 443", 54, 54, false},
		{"tcp[13] = 2", 54, 54, true},
		{"tcp[tcpflags] & tcp-syn != 0", 54, 54, true},
		{"tcp[tcpflags] & tcp-ack != 0", 54, 54, false},
		{"tcp[13] = 2", 48, 54, true},
		{"tcp[13] = 2", 47, 54, false},
		{"greater 1000", 54, 1514, true},
		{"greater 1000", 54, 54, false},
		{"len = 54", 14, 54, true},
		{"ip", 14, 54, true},
		{"ip", 13, 54, false},
		{"not ip", 13, 54, false}, /* a load beyond the end rejects */
		{"ip[12:4] = 0x0a010203", 54, 54, true},
		{"ip[16:4] > 0x80000000", 54, 54, true},
		{"ip[16:4] < 0x80000000", 54, 54, false},
		{"ip[2:2] / (ip[1] + 0) = 0", 54, 54, false}, /* division by zero rejects */
		{"ip[1] / 2 = 0", 54, 54, true},
		{"ip[8] << (ip[9] + 26) = 0", 54, 54, true}, /* by 32 */
		{"", 0, 0, true},
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct filter *filter = new_filter(rows[i].expression);

		if (filter_match(filter, syn, rows[i].caplen, rows[i].len) != rows[i].match)
			fail_msg("row %zu, %s: %d expected", i, rows[i].expression, rows[i].match);
		filter_free(filter);
	}
}

static uint64_t always(struct filter_input *input)
{
	return 1;
}

static uint64_t read_too_far(struct filter_input *input)
{
	return *(volatile const uint8_t *)(input->frame + input->caplen);
}

static uint64_t hang(struct filter_input *input)
{
	volatile uint32_t rounds = 0;

	while (input)
		rounds++;
	return rounds;
}

static uint64_t leave(struct filter_input *input)
{
	_exit(7);
}

static filter_code code_under_test;

static filter_code compile_badly(const struct bpf_program *program, struct rte_bpf **bpf)
{
	return code_under_test;
}

/* Wrong, crashing, endless and missing machine code: each ends in a text, and nothing else ends. */
static void test_bad_code(void **state)
{
	static const struct {
		filter_code code;
		const char *text;
	} rows[] = {
		{always, "wrong verdict"}, {read_too_far, "crashed"},    {hang, "too long"},
		{leave, "ended early"},    {NULL, "cannot be compiled"},
	};
	struct bpf_program program;

	compile("tcp port 443", &program);
	for (size_t i = 0; i < LENGTH(rows); i++) {
		const char *why;

		code_under_test = rows[i].code;
		why = filter_check(&program, compile_badly);
		assert_non_null(why);
		assert_non_null(strstr(why, rows[i].text));
	}
	assert_null(filter_check(&program, filter_jit));
	pcap_freecode(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expressions), cmocka_unit_test(test_interpreted),
		cmocka_unit_test(test_constant),    cmocka_unit_test(test_errors),
		cmocka_unit_test(test_long),        cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_bad_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
