/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pcapng file format (draft-ietf-opsawg-pcapng): blocks of a type, a length, a body, padded to
 * 32 bits, and the length once more. A file is one section here: its header, interface blocks,
 * each before the first packet of its interface, packets, and statistics of the interfaces at
 * the end. Written in the host's byte order, with time stamps in nanoseconds.
 */
#ifndef CAPTURE_PCAPNG_FORMAT_H
#define CAPTURE_PCAPNG_FORMAT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum pcapng_block {
	PCAPNG_INTERFACE = 1,
	PCAPNG_OLD_PACKET = 2,
	PCAPNG_SIMPLE_PACKET = 3,
	PCAPNG_STATISTICS = 5,
	PCAPNG_PACKET = 6,
	PCAPNG_SECTION_HEADER = 0x0a0d0d0a, /* the same in either byte order */
};

enum pcapng_option {
	PCAPNG_OPTION_END = 0,
	PCAPNG_COMMENT = 1,
	PCAPNG_SECTION_HARDWARE = 2,
	PCAPNG_SECTION_OS = 3,
	PCAPNG_SECTION_APPLICATION = 4,
	PCAPNG_INTERFACE_NAME = 2,
	PCAPNG_INTERFACE_DESCRIPTION = 3,
	PCAPNG_INTERFACE_RESOLUTION = 9,
	PCAPNG_INTERFACE_FILTER = 11,
	PCAPNG_INTERFACE_OFFSET = 14,
	PCAPNG_STATISTICS_START = 2,
	PCAPNG_STATISTICS_STOP = 3,
	PCAPNG_STATISTICS_RECEIVED = 4,
	PCAPNG_STATISTICS_DROPPED = 5,
};

enum {
	PCAPNG_BYTE_ORDER = 0x1a2b3c4d,
	PCAPNG_PACKET_HEADER_BYTES = 28, /* before the packet's bytes */
	PCAPNG_PACKET_BYTES = 32,        /* in all, but for the packet's bytes and their padding */
	PCAPNG_STATISTICS_BYTES = 76,    /* at most */
	PCAPNG_NS = 9,                   /* time stamps count 10^-9 seconds */
};

/* The strings are borrowed; NULL: left out. */
struct pcapng_section {
	const char *hardware, *os, *application, *comment;
};

struct pcapng_interface {
	const char *name, *description, *filter, *comment;
	uint32_t snaplen; /* bytes; 0: no limit */
	uint16_t link_type;
};

/* Counts of the packets in this file; UINT64_MAX: unknown, left out. */
struct pcapng_statistics {
	uint64_t received, dropped;
	uint64_t start_ns, stop_ns; /* of the counts: since the epoch */
};

/*
 * Writes a section header, an interface block: to dst, which has `room` bytes. Strings longer
 * than a filter can sensibly be (16384 bytes) are cut. Return the block's bytes, a multiple of 4;
 * where that is more than room (or dst is NULL) nothing is written.
 */
size_t pcapng_format_section(uint8_t *dst, size_t room, const struct pcapng_section *section);
size_t pcapng_format_interface(uint8_t *dst, size_t room, const struct pcapng_interface *interface);

/*
 * Writes statistics of an interface to dst, PCAPNG_STATISTICS_BYTES long; time_ns: when they were
 * taken. Returns the block's bytes.
 */
size_t pcapng_format_statistics(uint8_t *dst, uint32_t interface, uint64_t time_ns,
				const struct pcapng_statistics *statistics);

/* Of a packet block with caplen bytes. */
static inline uint32_t pcapng_format_packet_bytes(uint32_t caplen)
{
	return PCAPNG_PACKET_BYTES + ((caplen + 3) & ~3u);
}

/*
 * Writes all of a packet block to dst but the packet's bytes, which are due at
 * dst + PCAPNG_PACKET_HEADER_BYTES. Inline: once per packet.
 */
static inline void pcapng_format_packet(uint8_t *dst, uint32_t interface, uint64_t time_ns,
					uint32_t caplen, uint32_t len)
{
	uint32_t bytes = pcapng_format_packet_bytes(caplen);
	uint32_t header[7] = {PCAPNG_PACKET,     bytes,  interface, (uint32_t)(time_ns >> 32),
			      (uint32_t)time_ns, caplen, len};

	/* The padding first: where there is none, this is the packet's or the header's end. */
	memset(dst + bytes - 8, 0, 4);
	memcpy(dst, header, sizeof(header));
	memcpy(dst + bytes - 4, &bytes, sizeof(bytes));
}

#endif
