/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/recover_walk.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "capture/chunk.h"
#include "capture/pcap_reader.h"
#include "capture/zstd_reader.h"

enum {
	WINDOW_BYTES = 1 << 20,
	SCAN_BYTES = 65536,
	EXTENTS = 32, /* asked for at once */
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

static uint64_t seek_hole(int fd, uint64_t offset, uint64_t size)
{
	off_t hole = lseek(fd, (off_t)offset, SEEK_HOLE);

	return hole >= 0 && (uint64_t)hole < size ? (uint64_t)hole : size;
}

/*
 * Where the file has no blocks, or such as are reserved only, from offset on: what was written
 * there never reached the disk. The file's end where there is no such place, or the file system
 * does not tell. Asked of the extents, for SEEK_HOLE takes what is reserved for data as soon as
 * somebody has read it: its zeros are in the page cache then.
 */
static uint64_t find_hole(int fd, uint64_t offset, uint64_t size)
{
	struct {
		struct fiemap map;
		struct fiemap_extent extents[EXTENTS];
	} answer;

	while (offset < size) {
		answer.map = (struct fiemap){
			.fm_start = offset,
			.fm_length = size - offset,
			.fm_flags = FIEMAP_FLAG_SYNC,
			.fm_extent_count = EXTENTS,
		};
		if (ioctl(fd, FS_IOC_FIEMAP, &answer) < 0)
			return seek_hole(fd, offset, size);
		if (answer.map.fm_mapped_extents == 0)
			return offset;
		for (uint32_t i = 0; i < answer.map.fm_mapped_extents; i++) {
			const struct fiemap_extent *extent = &answer.extents[i];

			if (extent->fe_logical > offset || extent->fe_length == 0 ||
			    extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
				return offset;
			offset = extent->fe_logical + extent->fe_length;
		}
	}
	return size;
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

/*
 * A block that was flushed when it was filled in part is written once more when it is full. Where
 * the disk got the next block, but not that, a record header that lies in both begins with zeros.
 */
static bool may_lack_its_begin(int fd, const struct pcap_record *record)
{
	static const uint8_t zeros[PCAP_RECORD_HEADER_BYTES];
	uint64_t rest = CHUNK_BLOCK - record->offset % CHUNK_BLOCK;
	uint8_t found[PCAP_RECORD_HEADER_BYTES];

	return rest < sizeof(found) &&
	       pread(fd, found, rest, (off_t)record->offset) == (ssize_t)rest &&
	       memcmp(found, zeros, rest) == 0;
}

/*
 * From the reader's place to the last good record. Returns 0, -errno, or -EAGAIN where that cannot
 * be told without the time of the record before that place.
 */
static int walk(struct recover_file *file, int fd, struct pcap_reader *reader, uint64_t hole)
{
	struct pcap_record record;
	uint64_t last_ns = 0;
	uint64_t end;
	int rc;

	file->packets = 0;
	while ((rc = pcap_reader_next(reader, &record)) == 1) {
		bool committed = record.end <= file->committed;
		bool headless = !committed && may_lack_its_begin(fd, &record);

		if (headless && last_ns == 0)
			return -EAGAIN;
		/* Its time would then be before the last record's: capture's go forward. */
		if (record.end > hole || (headless && record.time_ns < last_ns) ||
		    (!committed && !is_sane(reader, &record, last_ns))) {
			file->bytes = record.offset;
			file->end = record.end > hole ? RECOVER_HOLE : RECOVER_DAMAGED;
			return 0;
		}
		if (record.has_time)
			last_ns = record.time_ns;
		file->packets += !committed;
	}
	file->end = reason(pcap_reader_end(reader, &end));
	file->bytes = end;
	return rc;
}

/* Of the records that the reader has next: how many begin at or after `begin` and end before or at `end`. */
static int count_records(struct recover_file *file, struct pcap_reader *reader, uint64_t begin,
			 uint64_t end)
{
	struct pcap_record record;
	int rc;

	file->packets = 0;
	while ((rc = pcap_reader_next(reader, &record)) == 1 && record.end <= end)
		file->packets += record.offset >= begin;
	return rc < 0 ? rc : 0;
}

/*
 * Of a compressed file, whose frames hold whole records each: from the committed length to the last
 * whole frame. Its check sum vouches for the records. header_end: of the file's header, decompressed.
 */
static int walk_frames(struct recover_file *file, int fd, struct pcap_reader *reader,
		       uint64_t header_end)
{
	static const enum recover_end reasons[] = {
		[ZSTD_READER_WHOLE] = RECOVER_WHOLE,
		[ZSTD_READER_CUT] = RECOVER_CUT,
		[ZSTD_READER_DAMAGED] = RECOVER_DAMAGED,
	};
	struct zstd_place good = {0};
	enum zstd_reader_end end;
	uint64_t begin;
	int err = 0;

	/* What pcapng's blocks mean is told by those before them: it is counted from its begin. */
	if (file->committed && pcap_reader_format(reader) == PCAP_CLASSIC) {
		pcap_reader_skip_to_frame(reader, file->committed);
		good.plain = header_end;
	} else if (file->committed) {
		err = zstd_reader_pass(fd, file->committed, &good, &end);
	}
	if (err)
		return err;
	good.file = file->committed;
	begin = good.plain;
	err = zstd_reader_pass(fd, UINT64_MAX, &good, &end);
	if (err)
		return err;
	if (good.plain < header_end)
		return -ENODATA;
	file->bytes = good.file;
	file->end = reasons[end];
	return count_records(file, reader, begin, good.plain);
}

/* The offset after the last byte from `begin` on that is not 0; begin: there is none. */
static int find_content(int fd, uint64_t begin, uint64_t size, uint64_t *end)
{
	uint8_t buffer[SCAN_BYTES];

	*end = begin;
	for (uint64_t offset = begin; offset < size;) {
		/* What was reserved ahead of the writes is a hole, and may be large. */
		off_t data = lseek(fd, (off_t)offset, SEEK_DATA);
		ssize_t got;

		if (data < 0 && errno == ENXIO)
			break;
		if (data > (off_t)offset)
			offset = (uint64_t)data;
		got = pread(fd, buffer, sizeof(buffer), (off_t)offset);
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

/* As where the first block never got to the disk, but others did: no other program's file. */
static bool begins_with_zeros(int fd)
{
	static const uint8_t zeros[PCAP_FILE_HEADER_BYTES];
	uint8_t found[PCAP_FILE_HEADER_BYTES];

	return pread(fd, found, sizeof(found), 0) == sizeof(found) &&
	       memcmp(found, zeros, sizeof(zeros)) == 0;
}

/* Of a file that is not compressed. */
static int walk_records(struct recover_file *file, int fd, struct pcap_reader *reader,
			uint64_t size)
{
	uint64_t hole;
	int err;

	if (file->committed < PCAP_FILE_HEADER_BYTES)
		file->committed = 0;
	/* What pcapng's blocks mean is told by those before them. */
	else if (pcap_reader_format(reader) == PCAP_CLASSIC)
		pcap_reader_skip(reader, file->committed);
	hole = find_hole(fd, file->committed, size);
	err = walk(file, fd, reader, hole);
	if (err != -EAGAIN)
		return err;
	pcap_reader_skip(reader, PCAP_FILE_HEADER_BYTES);
	return walk(file, fd, reader, hole);
}

/* Nothing of it can be kept. */
static int give_up(struct recover_file *file, uint64_t size, int err)
{
	file->committed = 0;
	file->trimmed = size;
	return err;
}

int recover_walk(struct recover_file *file, int fd, uint64_t size)
{
	struct pcap_reader *reader;
	uint64_t header_end;
	char path[64];
	int err;

	/* This very file, whatever its name stands for by now. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = pcap_reader_open(&reader, path, WINDOW_BYTES);
	if (err)
		return give_up(file, size,
			       err == -EPROTO && begins_with_zeros(fd) ? -ENODATA : err);
	file->compressed = pcap_reader_compressed(reader);
	(void)pcap_reader_end(reader, &header_end);
	err = file->compressed ? walk_frames(file, fd, reader, header_end)
			       : walk_records(file, fd, reader, size);
	pcap_reader_close(reader);
	if (err == -ENODATA)
		return give_up(file, size, err);
	if (err)
		return err;
	if (file->bytes < file->committed)
		file->bytes = file->committed;
	return measure_tail(file, fd, size);
}
