/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What there is to say about one capture file, and the sum of several.
 */
#ifndef TOOLS_INFO_FILE_H
#define TOOLS_INFO_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/pcap_reader.h"

/* One source of packets: an interface of a pcapng file, or all of a pcap file. */
struct info_session {
	char *name; /* NULL: the file does not say */
	char *description;
	char *filter;
	uint16_t link_type;
	uint32_t snaplen;
	uint64_t packets, bytes;
	uint64_t dropped; /* PCAP_READER_UNKNOWN: the file does not say */
};

struct info_counts {
	uint64_t packets;
	uint64_t bytes;             /* captured */
	uint64_t original_bytes;    /* as long as the packets were */
	uint64_t cut;               /* packets of which not all is there */
	bool timed;                 /* there is a packet with a time */
	uint64_t first_ns, last_ns; /* the earliest and the latest */
};

struct info_file {
	const char *path; /* borrowed */
	int error;        /* -errno: it could not be read, or not to its end */
	enum pcap_format format;
	enum pcap_precision precision;
	bool compressed;
	uint64_t file_bytes;
	struct info_counts counts;
	bool ordered; /* no packet is earlier than the one before it */
	enum pcap_reader_end end;
	uint64_t good_end; /* file offset, decompressed, after the last good record */
	bool part;         /* NAME.part */
	bool open;         /* a capture holds it */
	char *comment;     /* NULL: none */
	struct info_session *sessions;
	uint32_t session_count;
};

/*
 * Reads the file (path is borrowed). Whatever is wrong with it is in *file. Returns 0 or -ENOMEM;
 * info_file_fini() in either case.
 */
int info_file_read(struct info_file *file, const char *path);
void info_file_fini(struct info_file *file);

/* The bytes of the file after the last good record; of a compressed one nobody can tell: 0. */
uint64_t info_file_tail_bytes(const struct info_file *file);

/* "whole", "cut", "zeros", "damaged", "empty", "not a capture file", "unreadable", … */
const char *info_file_health(const struct info_file *file);

/*
 * Whether all is as it should be: a file that ends with a record, or one that a capture is still
 * writing.
 */
bool info_file_healthy(const struct info_file *file);

/* Adds to *total. */
void info_counts_add(struct info_counts *total, const struct info_counts *counts);

#endif
