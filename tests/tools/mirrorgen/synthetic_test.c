/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>

#include <cmocka.h>

#include "tools/mirrorgen/synthetic.h"

static uint32_t read16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

static uint64_t read64(const uint8_t *at)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | at[i];
	return value;
}

/* A plain RFC 1071 sum over the bytes, continued from sum; 0xffff stands for "valid". */
static uint32_t sum16(uint32_t sum, const uint8_t *at, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* Proves the lengths and checksums from the IP header on; returns the payload's offset. */
static size_t check_ip(const uint8_t *frame, size_t at, size_t bytes)
{
	bool ipv6 = frame[at] >> 4 == 6;
	size_t header = ipv6 ? 40 : 20;
	uint8_t protocol = frame[at + (ipv6 ? 6 : 9)];
	size_t l4 = at + header, segment = bytes - l4;
	uint32_t sum = 0;

	if (ipv6) {
		assert_int_equal(read16(frame + at + 4), segment);
		sum = sum16(0, frame + at + 8, 32);
	} else {
		assert_int_equal(read16(frame + at + 2), bytes - at);
		assert_int_equal(sum16(0, frame + at, 20), 0xffff);
		if (protocol != IPPROTO_ICMP)
			sum = sum16(0, frame + at + 12, 8);
	}
	if (protocol != IPPROTO_ICMP)
		sum += (uint32_t)segment + protocol;
	sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum16(sum, frame + l4, segment), 0xffff);
	if (protocol == IPPROTO_UDP)
		assert_int_equal(read16(frame + l4 + 4), segment);
	return l4 + (protocol == IPPROTO_TCP ? 20 : 8);
}

/* Returns the frame's number. */
static uint64_t check_frame(const uint8_t *frame, size_t bytes)
{
	size_t at = 14;

	while (read16(frame + at - 2) == 0x8100 || read16(frame + at - 2) == 0x88a8)
		at += 4;
	assert_true(read16(frame + at - 2) == 0x0800 || read16(frame + at - 2) == 0x86dd);
	at = check_ip(frame, at, bytes);
	assert_true(at + 16 <= bytes);
	assert_memory_equal(frame + at, SYNTHETIC_MAGIC, SYNTHETIC_MAGIC_BYTES);
	for (size_t i = 16; at + i < bytes; i++)
		assert_int_equal(frame[at + i], i & 0xff);
	return read64(frame + at + 8);
}

static void every_frame_is_valid_and_numbered(void **state)
{
	static const uint32_t sizes[] = {64, 65, 92, 93, 127, 512, 1514, 8500, SYNTHETIC_MAX_SIZE};

	for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		struct synthetic mix = {.size = sizes[s], .flows = 18, .mix = true};

		for (uint64_t i = 0; i < 36; i++) {
			uint64_t number = i + (i % 2 ? 0xfffffffffffffUL : 0);
			uint8_t *frame = malloc(sizes[s] < 100 ? 100 : sizes[s]);
			size_t bytes = synthetic_frame(&mix, number, frame);

			assert_true(bytes == sizes[s] || (sizes[s] < 100 && bytes < 100));
			assert_int_equal(check_frame(frame, bytes), number);
			free(frame);
		}
	}
}

static void plain_frames_have_the_smallest_size(void **state)
{
	struct synthetic mix = {.size = 64, .flows = 3};
	uint8_t frame[64];

	for (uint64_t i = 0; i < 1000; i++) {
		assert_int_equal(synthetic_frame(&mix, i, frame), 64);
		assert_int_equal(check_frame(frame, 64), i);
		assert_int_equal(frame[23], IPPROTO_UDP);
	}
}

static void imix_has_its_proportions(void **state)
{
	struct synthetic mix = {.size = SYNTHETIC_SIZE_IMIX, .flows = 5};
	unsigned int small = 0, middle = 0, large = 0;
	uint8_t frame[2048];

	for (uint64_t i = 0; i < 1200; i++) {
		size_t bytes = synthetic_frame(&mix, i, frame);

		small += bytes == 64;
		middle += bytes == 594;
		large += bytes == 1514;
	}
	assert_int_equal(small, 700);
	assert_int_equal(middle, 400);
	assert_int_equal(large, 100);
}

static void flows_are_distinct_and_take_turns(void **state)
{
	struct synthetic mix = {.size = 64, .flows = 200};
	uint8_t frames[200][64];

	for (uint64_t i = 0; i < mix.flows; i++) {
		synthetic_frame(&mix, i, frames[i]);
		assert_int_equal(synthetic_flow(&mix, i), i);
		for (uint64_t j = 0; j < i; j++)
			assert_memory_not_equal(frames[i] + 26, frames[j] + 26, 12);
	}
	assert_int_equal(synthetic_flow(&mix, mix.flows), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_valid_and_numbered),
		cmocka_unit_test(plain_frames_have_the_smallest_size),
		cmocka_unit_test(imix_has_its_proportions),
		cmocka_unit_test(flows_are_distinct_and_take_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
