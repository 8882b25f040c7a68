/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A synthetic mix of frames, each with a sequence number, so that a checker can prove that each
 * arrived exactly once. The payload begins with SYNTHETIC_MAGIC and the number, 64 bits, big
 * endian; behind it byte i of the payload is i modulo 256. All lengths and checksums are valid.
 */
#ifndef TOOLS_MIRRORGEN_SYNTHETIC_H
#define TOOLS_MIRRORGEN_SYNTHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYNTHETIC_MAGIC "MIRRORGN"

enum {
	SYNTHETIC_MAGIC_BYTES = 8,
	SYNTHETIC_MIN_SIZE = 64,
	SYNTHETIC_MAX_SIZE = 65485,
	SYNTHETIC_SIZE_IMIX = 0, /* 64, 594 and 1514 bytes, seven, four and one of twelve */
	SYNTHETIC_MAX_FLOWS = 1 << 23,
};

struct synthetic {
	uint32_t size;  /* bytes of a frame without its checksum, or SYNTHETIC_SIZE_IMIX */
	uint32_t flows; /* distinct inner flows, 1…SYNTHETIC_MAX_FLOWS; frames take turns */
	bool mix;       /* TCP, UDP, ICMP over IPv4, IPv6, none to two VLAN tags; else UDP/IPv4 */
};

/* The flow of the frame with this number. */
uint32_t synthetic_flow(const struct synthetic *mix, uint64_t sequence);

/*
 * Writes the frame with this number to dst, which has room for SYNTHETIC_MAX_SIZE. Each flow
 * turns its direction with each of its frames. Returns the frame's bytes: the size asked for,
 * or more where headers, magic and number need more.
 */
size_t synthetic_frame(const struct synthetic *mix, uint64_t sequence, uint8_t *dst);

#endif
