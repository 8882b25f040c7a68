/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "tools/mirrorgen/mirror_frame.h"

static struct in6_addr address(const char *text)
{
	char mapped[64] = "::ffff:";
	struct in6_addr result;

	if (!strchr(text, ':'))
		text = strncat(mapped, text, sizeof(mapped) - 8);
	assert_int_equal(inet_pton(AF_INET6, text, &result), 1);
	return result;
}

static struct mirror_frame wrap_of(const char *source, const char *target)
{
	struct mirror_frame wrap = {
		.vni = 5569041,
		.packet_length = 8500,
		.source = address(source),
		.target = address(target),
		.gateway = address(source),
		.source_mac = {0x02, 0x11, 0x12, 0x13, 0x14, 0x15},
		.target_mac = {0x02, 0x21, 0x22, 0x23, 0x24, 0x25},
	};

	return wrap;
}

/* Writes the headers to a buffer of exactly their size, so that a sanitizer sees one too many. */
static void expect_headers(const struct mirror_frame *wrap, uint32_t interface, uint16_t port,
			   size_t inner, const uint8_t *expected, size_t bytes)
{
	uint8_t *headers = malloc(bytes);

	assert_non_null(headers);
	assert_int_equal(mirror_frame_overhead(wrap), bytes);
	mirror_frame_headers(wrap, interface, port, inner, headers);
	assert_memory_equal(headers, expected, bytes);
	free(headers);
}

static void ipv4_equals_frame_made_by_hand(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		0x02, 0x21, 0x22, 0x23, 0x24, 0x25, 0x02, 0x11, 0x12, 0x13, 0x14, 0x15, 0x08, 0x00,
		/* total length 20 + 8 + 8 + 98 = 134 */
		0x45, 0x00, 0x00, 0x86, 0x00, 0x00, 0x00, 0x00, 0xff, 0x11, 0x45, 0x55,
		0xac, 0x1f, 0x0a, 0x14, 0xac, 0x1f, 0x13, 0xbf,
		/* 65417 to 4789, 114 bytes, no checksum */
		0xff, 0x89, 0x12, 0xb5, 0x00, 0x72, 0x00, 0x00,
		0x08, 0x00, 0x00, 0x00, 0x54, 0xfa, 0x11, 0x00,
	};
	/* clang-format on */
	struct mirror_frame wrap = wrap_of("172.31.10.20", "172.31.19.191");

	expect_headers(&wrap, 0, 65417, 98, expected, sizeof(expected));
}

static void ipv6_equals_frame_made_by_hand(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		0x02, 0x21, 0x22, 0x23, 0x24, 0x25, 0x02, 0x11, 0x12, 0x13, 0x14, 0x15, 0x86, 0xdd,
		0x60, 0x00, 0x00, 0x00, 0x00, 0x72, 0x11, 0xff,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x05,
		0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x09,
		0xff, 0x89, 0x12, 0xb5, 0x00, 0x72, 0x00, 0x00,
		0x08, 0x00, 0x00, 0x00, 0x54, 0xfa, 0x11, 0x00,
	};
	/* clang-format on */
	struct mirror_frame wrap = wrap_of("fd00::5", "fd00::9");

	expect_headers(&wrap, 0, 65417, 98, expected, sizeof(expected));
}

static void geneve_equals_frame_made_by_hand(void **state)
{
	/* clang-format off */
	static const uint8_t expected[] = {
		0x02, 0x21, 0x22, 0x23, 0x24, 0x25, 0x02, 0x11, 0x12, 0x13, 0x14, 0x15, 0x08, 0x00,
		/* 20 + 8 + 8 + 36 + 64 = 136 */
		0x45, 0x00, 0x00, 0x88, 0x00, 0x00, 0x00, 0x00, 0xff, 0x11, 0xa7, 0x50,
		0x0a, 0x00, 0x00, 0x0c, 0x0a, 0x00, 0x00, 0x09,
		0xff, 0x80, 0x17, 0xc1, 0x00, 0x74, 0x00, 0x00,
		0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00,
		/* 20 + 8 + 8 + 64 = 100 */
		0x45, 0x00, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0xff, 0x11, 0xa7, 0x7b,
		0x0a, 0x00, 0x00, 0x05, 0x0a, 0x00, 0x00, 0x09,
		0xff, 0x80, 0x12, 0xb5, 0x00, 0x50, 0x00, 0x00,
		0x08, 0x00, 0x00, 0x00, 0x54, 0xfa, 0x11, 0x00,
	};
	/* clang-format on */
	struct mirror_frame wrap = wrap_of("10.0.0.5", "10.0.0.9");

	wrap.geneve = true;
	wrap.gateway = address("10.0.0.12");
	expect_headers(&wrap, 0, 65408, 64, expected, sizeof(expected));
}

static void geneve_options_are_declared(void **state)
{
	struct mirror_frame wrap = wrap_of("fd00::5", "fd00::9");
	uint8_t headers[MIRROR_FRAME_MAX_OVERHEAD];

	wrap.geneve = true;
	wrap.geneve_options = true;
	assert_int_equal(mirror_frame_overhead(&wrap), MIRROR_FRAME_MAX_OVERHEAD);
	mirror_frame_headers(&wrap, 0, 65408, 64, headers);
	assert_int_equal(headers[14 + 40 + 8], 32 / 4);
	assert_int_equal(headers[14 + 40 + 8 + 2], 0x86);
	/* The inner IP header stands behind the options. */
	assert_int_equal(headers[14 + 40 + 8 + 8 + 32], 0x60);
}

static uint32_t sum16(const uint8_t *at, size_t bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void checksum_holds_for_every_length(void **state)
{
	struct mirror_frame wrap = wrap_of("255.255.255.255", "255.255.255.254");
	uint8_t headers[50];

	for (size_t inner = 1; inner <= MIRROR_FRAME_MAX_BYTES - sizeof(headers); inner++) {
		mirror_frame_headers(&wrap, 0, 65408, inner, headers);
		assert_int_equal(sum16(headers + 14, 20), 0xffff);
		assert_int_equal(headers[16] << 8 | headers[17], inner + 36);
		assert_int_equal(headers[38] << 8 | headers[39], inner + 16);
	}
}

static void interfaces_count_up_from_the_source(void **state)
{
	struct mirror_frame wrap = wrap_of("10.0.0.255", "10.0.9.9");
	static const uint8_t carried[4] = {10, 0, 1, 1};
	uint8_t headers[MIRROR_FRAME_MAX_OVERHEAD];

	mirror_frame_headers(&wrap, 2, 65408, 64, headers);
	assert_memory_equal(headers + 26, carried, sizeof(carried));

	wrap = wrap_of("fd00::1:ffff", "fd00::9");
	mirror_frame_headers(&wrap, 1, 65408, 64, headers);
	assert_int_equal(headers[22 + 13], 0x02);
	assert_int_equal(headers[22 + 14] | headers[22 + 15], 0);
}

static void cut_to_packet_length(void **state)
{
	static const struct {
		const char *source;
		uint32_t packet_length;
		size_t bytes;
		size_t keep;
	} cases[] = {
		{"10.0.0.5", 128, 0, 0},          {"10.0.0.5", 128, 1, 1},
		{"10.0.0.5", 128, 127, 127},      {"10.0.0.5", 128, 128, 128},
		{"10.0.0.5", 128, 129, 128},      {"10.0.0.5", 1, 1500, 1},
		{"10.0.0.5", 8500, 65486, 8500},  {"10.0.0.5", 65535, 65485, 65485},
		{"10.0.0.5", 65535, 65486, 0},    {"10.0.0.5", 65486, 262144, 0},
		{"fd00::5", 65535, 65465, 65465}, {"fd00::5", 65535, 65466, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mirror_frame wrap = wrap_of(cases[i].source, cases[i].source);

		wrap.packet_length = cases[i].packet_length;
		assert_int_equal(mirror_frame_keep(&wrap, cases[i].bytes), cases[i].keep);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipv4_equals_frame_made_by_hand),
		cmocka_unit_test(ipv6_equals_frame_made_by_hand),
		cmocka_unit_test(geneve_equals_frame_made_by_hand),
		cmocka_unit_test(geneve_options_are_declared),
		cmocka_unit_test(checksum_holds_for_every_length),
		cmocka_unit_test(interfaces_count_up_from_the_source),
		cmocka_unit_test(cut_to_packet_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
