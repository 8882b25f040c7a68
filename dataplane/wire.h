/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers and field values as they are on the wire.
 */
#ifndef DATAPLANE_WIRE_H
#define DATAPLANE_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#define ETHERTYPE_IPV4  0x0800
#define ETHERTYPE_IPV6  0x86dd
#define ETHERTYPE_VLAN  0x8100 /* IEEE 802.1Q */
#define ETHERTYPE_QINQ  0x88a8 /* IEEE 802.1ad */
#define ETHERTYPE_QINQ1 0x9100 /* before 802.1ad */

static inline bool wire_is_vlan(uint32_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ ||
	       ethertype == ETHERTYPE_QINQ1;
}

/* Big-endian numbers of 2 and 3 bytes. */
static inline uint32_t wire_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t wire_be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

/* Two and eight bytes as they are in memory. */
static inline uint16_t wire_load16(const uint8_t *p)
{
	uint16_t value;

	__builtin_memcpy(&value, p, sizeof(value));
	return value;
}

static inline uint64_t wire_load64(const uint8_t *p)
{
	uint64_t value;

	__builtin_memcpy(&value, p, sizeof(value));
	return value;
}

/* Between the network's order and the host's. */
static inline uint64_t wire_swap64(uint64_t value)
{
	/* Not endian.h's: the XDP program has no C library. */
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

#endif
