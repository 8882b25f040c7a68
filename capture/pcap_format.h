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
 * Writes a record header to dst, PCAP_RECORD_HEADER_BYTES long. Inline: once per packet.
 * time_ns: since the Unix epoch, UTC; seconds past 2^32 wrap, as the format has 32 bits.
 * caplen, len: bytes stored and original length; caplen <= len.
 */
static inline void pcap_format_record_header(uint8_t *dst, enum pcap_precision precision,
					     uint64_t time_ns, uint32_t caplen, uint32_t len)
{
	/* Constant divisors: the compiler multiplies. */
	uint64_t seconds = time_ns / 1000000000;
	uint32_t fraction = (uint32_t)(time_ns - seconds * 1000000000);
	uint32_t fields[4] = {(uint32_t)seconds, fraction, caplen, len};

	if (precision == PCAP_US)
		fields[1] = fraction / 1000;
	memcpy(dst, fields, sizeof(fields));
}

#endif
