/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads capture files, ours and others': classic pcap (ns and us, either byte order) and pcapng,
 * record by record, in memory that does not grow with the file. What zstd has compressed is read
 * as what it holds: offsets are in that then.
 *
 * Not libpcap: that refuses pcapng files whose interfaces differ in snapshot length or that have
 * several sections, shows neither interface names nor statistics, and does not tell a cut tail
 * from zeros from damage, nor where the last good record ends.
 */
#ifndef CAPTURE_PCAP_READER_H
#define CAPTURE_PCAP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/pcap_format.h"

#define PCAP_READER_UNKNOWN UINT64_MAX /* nobody has said how many */

/* How a file ends. */
enum pcap_reader_end {
	PCAP_END_WHOLE,   /* with a record */
	PCAP_END_CUT,     /* in the middle of a record, or of what is compressed */
	PCAP_END_ZEROS,   /* with a record and then nothing but zeros */
	PCAP_END_DAMAGED, /* what follows the last good record is none, or not what was compressed */
};

/* What the file says of one source of packets; a classic pcap file has exactly one. */
struct pcap_interface {
	char *name, *description, *filter; /* NULL: not said */
	uint32_t snaplen;                  /* bytes; 0: no limit */
	uint16_t link_type;
	uint64_t received, dropped; /* by its last statistics; PCAP_READER_UNKNOWN: none */

	/* The unit of its time stamps, for the reader. */
	uint64_t units_per_second;
	int64_t offset_seconds;
};

struct pcap_record {
	uint64_t time_ns; /* since the epoch; where there is none: the last record's, or 0 */
	bool has_time;
	uint32_t interface; /* counted over all sections of the file */
	uint32_t caplen, len;
	const uint8_t *data;  /* caplen bytes; borrowed until the next call on the reader */
	uint64_t offset, end; /* in the file */
};

struct pcap_reader;

/*
 * Opens the file (path is borrowed until close) and reads its header. bytes: to read at once and
 * to hold. Returns 0 or -errno: -EINVAL no regular file, -EPROTO not a capture file, -ENODATA no
 * header yet (empty, shorter than one, or zeros), -ENOTSUP another version of the format, -EFBIG
 * compressed so that reading takes more than 8 MiB; as pcap_reader_next(), too.
 */
int pcap_reader_open(struct pcap_reader **reader, const char *path, size_t bytes);
void pcap_reader_close(struct pcap_reader *reader);

/*
 * Goes on at a file offset where a record is known to begin, or the file to end. For classic pcap:
 * what pcapng's blocks mean is told by those before them. The second: of a compressed file, at an
 * offset where a frame begins, with a record; offsets of records count from where the reader was.
 */
void pcap_reader_skip(struct pcap_reader *reader, uint64_t offset);
void pcap_reader_skip_to_frame(struct pcap_reader *reader, uint64_t file_offset);

/*
 * The next record. Returns 1; 0 where there is no further one (pcap_reader_end() tells why); or
 * -errno. Interfaces may have been added and statistics updated.
 */
int pcap_reader_next(struct pcap_reader *reader, struct pcap_record *record);

/* After pcap_reader_next() gave 0; *good_end: file offset after the last good record or block. */
enum pcap_reader_end pcap_reader_end(const struct pcap_reader *reader, uint64_t *good_end);

bool pcap_reader_compressed(const struct pcap_reader *reader);
enum pcap_format pcap_reader_format(const struct pcap_reader *reader);
/* Of a classic pcap file. */
enum pcap_precision pcap_reader_precision(const struct pcap_reader *reader);
/* The comment of a pcapng file's first section, NULL where there is none. Borrowed. */
const char *pcap_reader_comment(const struct pcap_reader *reader);
uint32_t pcap_reader_interfaces(const struct pcap_reader *reader);
/* The i-th so far, i < pcap_reader_interfaces(). Borrowed until the next record. */
const struct pcap_interface *pcap_reader_interface(const struct pcap_reader *reader, uint32_t i);
/* The size of the file when it was opened, bytes. */
uint64_t pcap_reader_file_bytes(const struct pcap_reader *reader);

/*
 * Gives memory and descriptor back; the record (or, NULL, the one after the last) is the next one.
 * Reading goes on where the file is still the same one, else it is -ESTALE.
 */
void pcap_reader_park(struct pcap_reader *reader, const struct pcap_record *record);
/* Whether the descriptor is closed after each read: for more files than there are descriptors. */
void pcap_reader_keep_open(struct pcap_reader *reader, bool keep_open);

#endif
