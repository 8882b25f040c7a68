/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/pcap_reader_internal.h"
#include "capture/pcapng_format.h"

#include <errno.h>
#include <stdlib.h>

enum {
	MAGIC_BYTES = 4,
	INTERFACES_MAX = 1 << 20, /* a block of 20 bytes makes one: a hostile file has many */
	ZEROS_AT_ONCE = 4096,
	LINK_TYPE_MASK = 0xffff, /* above: the length of a frame check sequence */
};

#define MAGIC_NS 0xa1b23c4du
#define MAGIC_US 0xa1b2c3d4u

static bool all_zero(const uint8_t *data, size_t bytes)
{
	return bytes == 0 || (data[0] == 0 && memcmp(data, data + 1, bytes - 1) == 0);
}

/*
 * Whether all from the cursor to the end of the file is 0. What was found is kept: a file full of
 * zeros with one other byte at its end is not searched again for each of its records of zeros.
 * Returns 1, 0, or -errno.
 */
static int zeros_follow(struct pcap_reader *reader)
{
	struct file_window *window = &reader->window;
	uint64_t begin = window->offset;
	uint64_t offset = begin;
	size_t available;
	int rc = 1;

	if (begin < reader->zeros_end)
		return 0;
	while (rc > 0) {
		const uint8_t *at;

		rc = file_window_need(window, ZEROS_AT_ONCE, &available);
		if (rc < 0)
			break;
		at = file_window_at(window);
		if (!all_zero(at, available)) {
			reader->zeros_end = offset + 1;
			while (*at++ == 0)
				reader->zeros_end++;
			file_window_seek(window, begin);
			return 0;
		}
		offset += available;
		file_window_seek(window, offset);
	}
	file_window_seek(window, begin);
	return rc < 0 ? rc : 1;
}

int pcap_reader_tail(struct pcap_reader *reader, size_t available)
{
	int rc = 0;

	if (available == 0)
		return pcap_reader_stop(reader, PCAP_END_WHOLE);
	if (file_window_at(&reader->window)[0] == 0)
		rc = zeros_follow(reader);
	if (rc < 0)
		return rc;
	if (rc == 1)
		return pcap_reader_stop(reader, PCAP_END_ZEROS);
	reader->end = PCAP_END_CUT;
	return 1;
}

int pcap_reader_add_interface(struct pcap_reader *reader, const struct pcap_interface *interface)
{
	uint32_t count = reader->interface_count;

	if (count == INTERFACES_MAX)
		return -ENOSPC;
	/* Grow at powers of two: the count itself tells when. */
	if ((count & (count - 1)) == 0) {
		size_t room = count ? 2 * (size_t)count : 1;
		struct pcap_interface *grown = realloc(reader->interfaces, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		reader->interfaces = grown;
	}
	reader->interfaces[reader->interface_count++] = *interface;
	return 0;
}

/* draft-ietf-opsawg-pcap, section 4; see pcap_format_file_header(). */
static int read_file_header(struct pcap_reader *reader)
{
	struct pcap_interface interface = {
		.received = PCAP_READER_UNKNOWN,
		.dropped = PCAP_READER_UNKNOWN,
	};
	const uint8_t *at;
	int rc = file_window_need(&reader->window, PCAP_FILE_HEADER_BYTES, NULL);

	if (rc <= 0)
		return rc < 0 ? rc : -ENODATA;
	at = file_window_at(&reader->window);
	if (pcap_reader_u16(reader, at + 4) != 2 || pcap_reader_u16(reader, at + 6) != 4)
		return -ENOTSUP;
	interface.snaplen = pcap_reader_u32(reader, at + 16);
	interface.link_type = (uint16_t)(pcap_reader_u32(reader, at + 20) & LINK_TYPE_MASK);
	file_window_seek(&reader->window, PCAP_FILE_HEADER_BYTES);
	return pcap_reader_add_interface(reader, &interface);
}

static int read_header(struct pcap_reader *reader)
{
	size_t available;
	uint32_t magic;
	int rc = file_window_need(&reader->window, MAGIC_BYTES, &available);

	if (rc < 0)
		return rc;
	if (all_zero(file_window_at(&reader->window), available))
		return -ENODATA;
	if (rc == 0)
		return -EPROTO;
	memcpy(&magic, file_window_at(&reader->window), sizeof(magic));
	if (magic == PCAPNG_SECTION_HEADER) {
		reader->format = PCAP_NG;
		return pcapng_reader_section(reader);
	}
	reader->swapped =
		magic == __builtin_bswap32(MAGIC_NS) || magic == __builtin_bswap32(MAGIC_US);
	magic = reader->swapped ? __builtin_bswap32(magic) : magic;
	if (magic != MAGIC_NS && magic != MAGIC_US)
		return -EPROTO;
	reader->precision = magic == MAGIC_NS ? PCAP_NS : PCAP_US;
	return read_file_header(reader);
}

int pcap_reader_open(struct pcap_reader **reader, const char *path, size_t bytes)
{
	struct pcap_reader *opened = calloc(1, sizeof(*opened));
	int err;

	if (!opened)
		return -ENOMEM;
	err = file_window_init(&opened->window, path, bytes);
	if (err) {
		free(opened);
		return err;
	}
	err = read_header(opened);
	if (err) {
		pcap_reader_close(opened);
		return err;
	}
	*reader = opened;
	return 0;
}

void pcap_reader_close(struct pcap_reader *reader)
{
	if (!reader)
		return;
	for (uint32_t i = 0; i < reader->interface_count; i++) {
		free(reader->interfaces[i].name);
		free(reader->interfaces[i].description);
		free(reader->interfaces[i].filter);
	}
	free(reader->interfaces);
	free(reader->comment);
	file_window_fini(&reader->window);
	free(reader);
}

/*
 * The record header at the cursor: seconds, fraction, caplen, len (32 bits each). Returns false
 * for what cannot be one.
 */
static bool parse_record(const struct pcap_reader *reader, struct pcap_record *record)
{
	const uint8_t *at = file_window_at(&reader->window);
	uint32_t unit = reader->precision == PCAP_NS ? 1 : 1000;
	uint32_t fraction = pcap_reader_u32(reader, at + 4);

	if (fraction >= 1000000000 / unit)
		return false;
	*record = (struct pcap_record){
		.time_ns = (uint64_t)pcap_reader_u32(reader, at) * 1000000000 +
			   (uint64_t)fraction * unit,
		.has_time = true,
		.caplen = pcap_reader_u32(reader, at + 8),
		.len = pcap_reader_u32(reader, at + 12),
		.offset = reader->window.offset,
	};
	record->end = record->offset + PCAP_RECORD_HEADER_BYTES + record->caplen;
	return record->caplen <= PCAP_MAX_SNAPLEN;
}

static int next_record(struct pcap_reader *reader, struct pcap_record *record)
{
	struct file_window *window = &reader->window;
	size_t available;
	int rc = file_window_need(window, PCAP_RECORD_HEADER_BYTES, &available);

	if (rc < 0)
		return rc;
	if (rc == 0) {
		rc = pcap_reader_tail(reader, available);
		return rc < 0 ? rc : 0;
	}
	if (all_zero(file_window_at(window), PCAP_RECORD_HEADER_BYTES)) {
		rc = pcap_reader_tail(reader, PCAP_RECORD_HEADER_BYTES);
		if (rc <= 0)
			return rc;
		rc = file_window_need(window, PCAP_RECORD_HEADER_BYTES, NULL);
		if (rc <= 0)
			return rc;
	}
	if (!parse_record(reader, record))
		return pcap_reader_stop(reader, PCAP_END_DAMAGED);
	rc = file_window_need(window, PCAP_RECORD_HEADER_BYTES + record->caplen, NULL);
	if (rc <= 0)
		return rc < 0 ? rc : pcap_reader_stop(reader, PCAP_END_CUT);
	record->data = file_window_at(window) + PCAP_RECORD_HEADER_BYTES;
	return 1;
}

/* What is compressed may end in the middle of a frame, and yet with a record. */
static void note_frames_end(struct pcap_reader *reader)
{
	if (reader->window.frames_end == ZSTD_READER_CUT && reader->end != PCAP_END_DAMAGED)
		reader->end = PCAP_END_CUT;
	if (reader->window.frames_end == ZSTD_READER_DAMAGED)
		reader->end = PCAP_END_DAMAGED;
}

int pcap_reader_next(struct pcap_reader *reader, struct pcap_record *record)
{
	int rc = reader->format == PCAP_NG ? pcapng_reader_next(reader, record)
					   : next_record(reader, record);

	if (rc == 0)
		note_frames_end(reader);
	if (rc <= 0)
		return rc;
	reader->last_ns = record->time_ns;
	file_window_seek(&reader->window, record->end);
	return 1;
}

void pcap_reader_skip(struct pcap_reader *reader, uint64_t offset)
{
	file_window_seek(&reader->window, offset);
}

void pcap_reader_skip_to_frame(struct pcap_reader *reader, uint64_t file_offset)
{
	file_window_skip_to_frame(&reader->window, file_offset);
}

enum pcap_reader_end pcap_reader_end(const struct pcap_reader *reader, uint64_t *good_end)
{
	*good_end = reader->window.offset;
	return reader->end;
}

bool pcap_reader_compressed(const struct pcap_reader *reader)
{
	return reader->window.compressed;
}

enum pcap_format pcap_reader_format(const struct pcap_reader *reader)
{
	return reader->format;
}

enum pcap_precision pcap_reader_precision(const struct pcap_reader *reader)
{
	return reader->precision;
}

const char *pcap_reader_comment(const struct pcap_reader *reader)
{
	return reader->comment;
}

uint32_t pcap_reader_interfaces(const struct pcap_reader *reader)
{
	return reader->interface_count;
}

const struct pcap_interface *pcap_reader_interface(const struct pcap_reader *reader, uint32_t i)
{
	return &reader->interfaces[i];
}

uint64_t pcap_reader_file_bytes(const struct pcap_reader *reader)
{
	return reader->window.size;
}

void pcap_reader_park(struct pcap_reader *reader, const struct pcap_record *record)
{
	if (record)
		file_window_seek(&reader->window, record->offset);
	file_window_park(&reader->window);
}

void pcap_reader_keep_open(struct pcap_reader *reader, bool keep_open)
{
	reader->window.keep_open = keep_open;
}
