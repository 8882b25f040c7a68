/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mirrorgen/checksum.h"

#include <endian.h>
#include <string.h>

uint64_t checksum_add(uint64_t sum, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint32_t word;

	/* 32-bit words into 64 bits: no carry is lost below 16 GiB, and RFC 1071 allows any width. */
	for (; bytes >= sizeof(word); bytes -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += be32toh(word);
	}
	if (bytes >= 2) {
		sum += (uint32_t)at[0] << 8 | at[1];
		bytes -= 2;
		at += 2;
	}
	if (bytes)
		sum += (uint32_t)at[0] << 8;
	return sum;
}

uint16_t checksum_finish(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
