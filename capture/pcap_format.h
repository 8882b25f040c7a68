/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classic pcap file format (draft-ietf-opsawg-pcap): a 24-byte file header, then records of
 * a 16-byte header and the captured bytes. Written in the host's byte order; readers tell it
 * from the magic number.
 */
#ifndef CAPTURE_PCAP_FORMAT_H
#define CAPTURE_PCAP_FORMAT_H

#include <stdint.h>
#include <string.h>

enum pcap_format {
	PCAP_CLASSIC, /* this one */
	PCAP_NG,      /* capture/pcapng_format.h */
};

enum pcap_precision {
	PCAP_NS, /* magic 0xa1b23c4d, the second field counts nanoseconds */
	PCAP_US, /* magic 0xa1b2c3d4, the second field counts microseconds */
};

enum {
	PCAP_FILE_HEADER_BYTES = 24,
	PCAP_RECORD_HEADER_BYTES = 16,
	PCAP_MAX_SNAPLEN = 262144, /* the largest that libpcap's readers accept */
};

/*
 * Writes the file header (link type Ethernet) to dst, PCAP_FILE_HEADER_BYTES long.
 * snaplen: bytes, what no record exceeds; 0 stands for PCAP_MAX_SNAPLEN.
 */
void pcap_format_file_header(uint8_t *dst, enum pcap_precision precision, uint32_t snaplen);

/*
 * A record header's first half, as it is in memory: the time, UTC. time_ns: since the Unix epoch;
 * seconds past 2^32 wrap, as the format has 32 bits.
 */
static inline uint64_t pcap_format_stamp(enum pcap_precision precision, uint64_t time_ns)
{
	/* Constant divisors: the compiler multiplies. */
	uint64_t seconds = time_ns / 1000000000;
	uint32_t fraction = (uint32_t)(time_ns - seconds * 1000000000);
	uint32_t fields[2] = {(uint32_t)seconds, fraction};
	uint64_t stamp;

	if (precision == PCAP_US)
		fields[1] = fraction / 1000;
	memcpy(&stamp, fields, sizeof(stamp));
	return stamp;
}

/*
 * Writes a record header to dst, PCAP_RECORD_HEADER_BYTES long. Inline: once per packet, while a
 * burst of them has one stamp.
 * caplen, len: bytes stored and original length; caplen <= len.
 */
static inline void pcap_format_record_header(uint8_t *dst, uint64_t stamp, uint32_t caplen,
					     uint32_t len)
{
	uint32_t fields[2] = {caplen, len};

	memcpy(dst, &stamp, sizeof(stamp));
	memcpy(dst + sizeof(stamp), fields, sizeof(fields));
}

#endif
