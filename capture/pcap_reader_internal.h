/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to the reader: pcap_reader.c has the public calls and classic pcap, pcapng_reader.c
 * the blocks of pcapng.
 */
#ifndef CAPTURE_PCAP_READER_INTERNAL_H
#define CAPTURE_PCAP_READER_INTERNAL_H

#include <string.h>

#include "capture/file_window.h"
#include "capture/pcap_reader.h"

struct pcap_reader {
	struct file_window window;
	enum pcap_format format;
	enum pcap_precision precision;
	bool swapped;             /* the file, or this section, is of the other byte order */
	enum pcap_reader_end end; /* once there is no next record */
	uint64_t last_ns;
	uint64_t zeros_end; /* the last byte before here is known not to be 0 */
	char *comment;

	struct pcap_interface *interfaces;
	uint32_t interface_count;
	uint32_t section_begin; /* the section's first interface */
	uint64_t string_bytes;  /* of all interfaces */
};

/* The file's fields at `at`, in the host's byte order. */
static inline uint16_t pcap_reader_u16(const struct pcap_reader *reader, const uint8_t *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return reader->swapped ? __builtin_bswap16(value) : value;
}

static inline uint32_t pcap_reader_u32(const struct pcap_reader *reader, const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return reader->swapped ? __builtin_bswap32(value) : value;
}

static inline uint64_t pcap_reader_u64(const struct pcap_reader *reader, const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return reader->swapped ? __builtin_bswap64(value) : value;
}

/* Sets why there is no next record. Returns 0. */
static inline int pcap_reader_stop(struct pcap_reader *reader, enum pcap_reader_end end)
{
	reader->end = end;
	return 0;
}

/*
 * `available` bytes at the cursor are too few for a record or block, or (zeros begin it) may be
 * the padding of a file that was not closed: tells which. Returns 0 as pcap_reader_stop(), 1
 * where something that is not 0 follows, or -errno.
 */
int pcap_reader_tail(struct pcap_reader *reader, size_t available);

/* One more interface. Returns 0, -ENOSPC where there are too many, or -ENOMEM. */
int pcap_reader_add_interface(struct pcap_reader *reader, const struct pcap_interface *interface);

/* The section header at the cursor. Returns as pcap_reader_open(). */
int pcapng_reader_section(struct pcap_reader *reader);

/* As pcap_reader_next(), for pcapng. */
int pcapng_reader_next(struct pcap_reader *reader, struct pcap_record *record);

#endif
