/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/recover_walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/pcap_reader.h"

enum {
	WINDOW_BYTES = 1 << 20,
	SCAN_BYTES = 65536,
};

/* Between two records that follow each other in a file; longer is taken for damage. */
static const uint64_t gap_ns = 366ull * 24 * 3600 * 1000000000;

/* What is behind the committed length may be anything: only what capture writes is a record. */
static bool is_sane(const struct pcap_reader *reader, const struct pcap_record *record,
		    uint64_t last_ns)
{
	uint32_t snaplen = pcap_reader_interface(reader, record->interface)->snaplen;
	uint64_t gap =
		record->time_ns > last_ns ? record->time_ns - last_ns : last_ns - record->time_ns;

	return record->caplen > 0 && record->caplen <= record->len &&
	       record->len <= PCAP_MAX_SNAPLEN && (snaplen == 0 || record->caplen <= snaplen) &&
	       (last_ns == 0 || gap <= gap_ns);
}

/*
 * Where the file has no blocks, from offset on: what was written there never reached the disk.
 * The file's end where there is no such place, or the file system does not tell.
 */
static uint64_t find_hole(int fd, uint64_t offset, uint64_t size)
{
	off_t hole = lseek(fd, (off_t)offset, SEEK_HOLE);

	return hole >= 0 && (uint64_t)hole < size ? (uint64_t)hole : size;
}

static enum recover_end reason(enum pcap_reader_end end)
{
	static const enum recover_end reasons[] = {
		[PCAP_END_WHOLE] = RECOVER_WHOLE,
		[PCAP_END_CUT] = RECOVER_CUT,
		[PCAP_END_ZEROS] = RECOVER_ZEROS,
		[PCAP_END_DAMAGED] = RECOVER_DAMAGED,
	};

	return reasons[end];
}

/* From the reader's place to the last good record. */
static int walk(struct recover_file *file, struct pcap_reader *reader, uint64_t hole)
{
	struct pcap_record record;
	uint64_t last_ns = 0;
	uint64_t end;
	int rc;

	while ((rc = pcap_reader_next(reader, &record)) == 1) {
		if (record.end > hole ||
		    (record.end > file->committed && !is_sane(reader, &record, last_ns))) {
			file->bytes = record.offset;
			file->end = record.end > hole ? RECOVER_HOLE : RECOVER_DAMAGED;
			return 0;
		}
		if (record.has_time)
			last_ns = record.time_ns;
		file->packets += record.end > file->committed;
	}
	file->end = reason(pcap_reader_end(reader, &end));
	file->bytes = end;
	return rc;
}

/* The offset after the last byte from `begin` on that is not 0; begin: there is none. */
static int find_content(int fd, uint64_t begin, uint64_t size, uint64_t *end)
{
	uint8_t buffer[SCAN_BYTES];

	*end = begin;
	for (uint64_t offset = begin; offset < size;) {
		ssize_t got = pread(fd, buffer, sizeof(buffer), (off_t)offset);

		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		for (ssize_t i = got; i > 0 && *end <= offset; i--)
			if (buffer[i - 1])
				*end = offset + (uint64_t)i;
		offset += (uint64_t)got;
	}
	return 0;
}

static int measure_tail(struct recover_file *file, int fd, uint64_t size)
{
	uint64_t end;
	int err = find_content(fd, file->bytes, size, &end);

	if (err)
		return err;
	file->trimmed = end - file->bytes;
	file->zeros = size - end;
	if (file->trimmed == 0 && file->end != RECOVER_WHOLE)
		file->end = RECOVER_ZEROS;
	return 0;
}

int recover_walk(struct recover_file *file, int fd, uint64_t size)
{
	struct pcap_reader *reader;
	char path[64];
	int err;

	/* This very file, whatever its name stands for by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = pcap_reader_open(&reader, path, WINDOW_BYTES);
	if (err) {
		file->committed = 0;
		file->trimmed = size;
		return err;
	}
	if (file->committed < PCAP_FILE_HEADER_BYTES)
		file->committed = 0;
	/* What pcapng's blocks mean is told by those before them. */
	else if (pcap_reader_format(reader) == PCAP_CLASSIC)
		pcap_reader_skip(reader, file->committed);
	err = walk(file, reader, find_hole(fd, file->committed, size));
	pcap_reader_close(reader);
	if (err)
		return err;
	if (file->bytes < file->committed)
		file->bytes = file->committed;
	return measure_tail(file, fd, size);
}
