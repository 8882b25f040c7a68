/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft-ietf-opsawg-pcapng. A block: type (32 bits), total length (32), body, padded to 32 bits,
 * total length again. Options, at the end of a body: code (16), length (16), value, padded to 32
 * bits, up to an option 0 or the end of the block.
 */
#include <errno.h>
#include <stdlib.h>

#include "capture/pcap_reader_internal.h"
#include "capture/pcapng_format.h"

enum {
	BLOCK_HEADER_BYTES = 8,
	BLOCK_BYTES_MIN = 12,
	BLOCK_BYTES_MAX = 16 << 20, /* as Wireshark's readers */
	SECTION_BYTES_MIN = 28,
	STRINGS_MAX = 64 << 20, /* bytes, of all interfaces of a file */
	MICROSECONDS = 6,       /* where no option says otherwise */
	TEN_POWER_MAX = 19,     /* that 64 bits hold */
	TWO_POWER_MAX = 63,
};

struct option {
	uint16_t code, bytes;
	const uint8_t *value;
};

/* Takes the next option from [*at, end). Returns 1, 0 at the end, -EPROTO where it has no room. */
static int next_option(const struct pcap_reader *reader, const uint8_t **at, const uint8_t *end,
		       struct option *option)
{
	size_t padded;

	if (end - *at < 4)
		return 0;
	option->code = pcap_reader_u16(reader, *at);
	option->bytes = pcap_reader_u16(reader, *at + 2);
	option->value = *at + 4;
	padded = ((size_t)option->bytes + 3) & ~(size_t)3;
	if (option->code == PCAPNG_OPTION_END)
		return 0;
	if ((size_t)(end - option->value) < padded)
		return -EPROTO;
	*at = option->value + padded;
	return 1;
}

/* The first of several counts. Returns 0, -ENOSPC where there is too much text, -ENOMEM. */
static int keep_string(struct pcap_reader *reader, char **string, const struct option *option)
{
	if (*string)
		return 0;
	if (reader->string_bytes + option->bytes > STRINGS_MAX)
		return -ENOSPC;
	*string = strndup((const char *)option->value, option->bytes);
	reader->string_bytes += option->bytes;
	return *string ? 0 : -ENOMEM;
}

/* if_tsresol: a negative power of 10, or, with the highest bit set, of 2. */
static int set_resolution(struct pcap_interface *interface, uint8_t resolution)
{
	uint8_t power = resolution & 0x7f;
	uint64_t units = 1;

	if (power > (resolution & 0x80 ? TWO_POWER_MAX : TEN_POWER_MAX))
		return -EPROTO;
	while (power--)
		units *= resolution & 0x80 ? 2 : 10;
	interface->units_per_second = units;
	return 0;
}

static int take_interface_option(struct pcap_reader *reader, struct pcap_interface *interface,
				 const struct option *option)
{
	switch (option->code) {
	case PCAPNG_INTERFACE_NAME:
		return keep_string(reader, &interface->name, option);
	case PCAPNG_INTERFACE_DESCRIPTION:
		return keep_string(reader, &interface->description, option);
	case PCAPNG_INTERFACE_FILTER:
		/* The first byte tells the kind: 0 is text, in libpcap's language. */
		if (option->bytes < 1 || option->value[0] != 0)
			return 0;
		return keep_string(reader, &interface->filter,
				   &(struct option){.bytes = (uint16_t)(option->bytes - 1),
						    .value = option->value + 1});
	case PCAPNG_INTERFACE_RESOLUTION:
		return option->bytes == 1 ? set_resolution(interface, option->value[0]) : -EPROTO;
	case PCAPNG_INTERFACE_OFFSET:
		if (option->bytes != 8)
			return -EPROTO;
		interface->offset_seconds = (int64_t)pcap_reader_u64(reader, option->value);
		return 0;
	default:
		return 0;
	}
}

static void free_interface(struct pcap_interface *interface)
{
	free(interface->name);
	free(interface->description);
	free(interface->filter);
}

/* Link type (16 bits), reserved (16), snaplen (32), options. */
static int read_interface(struct pcap_reader *reader, const uint8_t *block, uint32_t bytes,
			  struct pcap_record *record)
{
	struct pcap_interface interface = {
		.link_type = pcap_reader_u16(reader, block + 8),
		.snaplen = pcap_reader_u32(reader, block + 12),
		.received = PCAP_READER_UNKNOWN,
		.dropped = PCAP_READER_UNKNOWN,
	};
	const uint8_t *at = block + 16;
	struct option option;
	int rc = set_resolution(&interface, MICROSECONDS);

	(void)record;
	while (rc == 0 && (rc = next_option(reader, &at, block + bytes - 4, &option)) > 0)
		rc = take_interface_option(reader, &interface, &option);
	if (rc == 0)
		rc = pcap_reader_add_interface(reader, &interface);
	if (rc < 0)
		free_interface(&interface);
	return rc;
}

/* NULL where the section has no such interface. */
static struct pcap_interface *find_interface(struct pcap_reader *reader, uint32_t i)
{
	if (i >= reader->interface_count - reader->section_begin)
		return NULL;
	return &reader->interfaces[reader->section_begin + i];
}

/* Interface (32 bits), time stamp (64, its upper half first), options. */
static int read_statistics(struct pcap_reader *reader, const uint8_t *block, uint32_t bytes,
			   struct pcap_record *record)
{
	struct pcap_interface *interface =
		find_interface(reader, pcap_reader_u32(reader, block + 8));
	const uint8_t *at = block + 20;
	struct option option;
	int rc = interface ? 1 : -EPROTO;

	(void)record;
	while (rc > 0 && (rc = next_option(reader, &at, block + bytes - 4, &option)) > 0) {
		if (option.bytes != 8)
			continue;
		if (option.code == PCAPNG_STATISTICS_RECEIVED)
			interface->received = pcap_reader_u64(reader, option.value);
		else if (option.code == PCAPNG_STATISTICS_DROPPED)
			interface->dropped = pcap_reader_u64(reader, option.value);
	}
	return rc;
}

/* Beyond what 64 bits of nanoseconds hold (1970 to 2554): the nearest that they do. */
static uint64_t to_ns(const struct pcap_interface *interface, uint64_t units)
{
	uint64_t rate = interface->units_per_second;
	uint64_t rest = units % rate;
	uint64_t rest_ns = 1000000000 % rate == 0
				   ? rest * (1000000000 / rate)
				   : (uint64_t)((unsigned __int128)rest * 1000000000 / rate);
	__int128 ns = ((__int128)(units / rate) + interface->offset_seconds) * 1000000000;

	ns += rest_ns;
	if (ns < 0)
		return 0;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

/*
 * Interface (32 bits; in the old block 16 and a drop count of 16), time stamp (64, its upper half
 * first), caplen (32), len (32), the packet.
 */
static int read_packet(struct pcap_reader *reader, const uint8_t *block, uint32_t bytes,
		       struct pcap_record *record)
{
	bool old = pcap_reader_u32(reader, block) == PCAPNG_OLD_PACKET;
	uint32_t id = old ? pcap_reader_u16(reader, block + 8) : pcap_reader_u32(reader, block + 8);
	const struct pcap_interface *interface = find_interface(reader, id);
	uint64_t units = (uint64_t)pcap_reader_u32(reader, block + 12) << 32 |
			 pcap_reader_u32(reader, block + 16);
	uint32_t caplen = pcap_reader_u32(reader, block + 20);

	if (!interface || caplen > PCAP_MAX_SNAPLEN || pcapng_format_packet_bytes(caplen) > bytes)
		return -EPROTO;
	record->interface = reader->section_begin + id;
	record->time_ns = to_ns(interface, units);
	record->has_time = true;
	record->caplen = caplen;
	record->len = pcap_reader_u32(reader, block + 24);
	record->data = block + PCAPNG_PACKET_HEADER_BYTES;
	return 1;
}

/* Len (32 bits), the packet, cut to the first interface's snaplen; no time. */
static int read_simple_packet(struct pcap_reader *reader, const uint8_t *block, uint32_t bytes,
			      struct pcap_record *record)
{
	const struct pcap_interface *interface = find_interface(reader, 0);
	uint32_t len = pcap_reader_u32(reader, block + 8);
	uint32_t caplen = len;

	if (interface && interface->snaplen && interface->snaplen < caplen)
		caplen = interface->snaplen;
	if (!interface || caplen > PCAP_MAX_SNAPLEN || caplen > bytes - 16)
		return -EPROTO;
	record->interface = reader->section_begin;
	record->time_ns = reader->last_ns;
	record->has_time = false;
	record->caplen = caplen;
	record->len = len;
	record->data = block + 12;
	return 1;
}

/* What is done with a block; returns 1 for a record, 0, -EPROTO for damage, or -errno. */
static const struct block_reader {
	uint32_t type, bytes_min;
	int (*read)(struct pcap_reader *reader, const uint8_t *block, uint32_t bytes,
		    struct pcap_record *record);
} block_readers[] = {
	{PCAPNG_PACKET, 32, read_packet},         {PCAPNG_INTERFACE, 20, read_interface},
	{PCAPNG_STATISTICS, 24, read_statistics}, {PCAPNG_SIMPLE_PACKET, 16, read_simple_packet},
	{PCAPNG_OLD_PACKET, 32, read_packet},
};

static int read_block(struct pcap_reader *reader, const uint8_t *block, uint32_t bytes,
		      struct pcap_record *record)
{
	uint32_t type = pcap_reader_u32(reader, block);

	for (size_t i = 0; i < sizeof(block_readers) / sizeof(block_readers[0]); i++) {
		if (block_readers[i].type != type)
			continue;
		if (bytes < block_readers[i].bytes_min)
			return -EPROTO;
		return block_readers[i].read(reader, block, bytes, record);
	}
	return 0; /* names, secrets, others' own: nothing that is needed here */
}

/* Byte order, version (16 bits each), section length (64), options. */
static int read_section(struct pcap_reader *reader, const uint8_t *block, uint32_t bytes)
{
	const uint8_t *at = block + 24;
	struct option option;
	int rc;

	if (pcap_reader_u16(reader, block + 12) != 1)
		return -ENOTSUP;
	while ((rc = next_option(reader, &at, block + bytes - 4, &option)) > 0)
		if (option.code == PCAPNG_COMMENT && keep_string(reader, &reader->comment, &option))
			return -ENOMEM;
	reader->section_begin = reader->interface_count;
	return rc;
}

/*
 * Makes the block at the cursor available as a whole. Returns 1 and its length, 0 where it is not
 * all there, -EPROTO for what is no block, or -errno.
 */
static int find_block(struct pcap_reader *reader, uint32_t *bytes)
{
	struct file_window *window = &reader->window;
	uint32_t byte_order, type;
	int rc = file_window_need(window, BLOCK_BYTES_MIN, NULL);

	if (rc <= 0)
		return rc;
	memcpy(&type, file_window_at(window), sizeof(type));
	memcpy(&byte_order, file_window_at(window) + BLOCK_HEADER_BYTES, sizeof(byte_order));
	if (type == PCAPNG_SECTION_HEADER) {
		reader->swapped = byte_order == __builtin_bswap32(PCAPNG_BYTE_ORDER);
		if (!reader->swapped && byte_order != PCAPNG_BYTE_ORDER)
			return -EPROTO;
	}
	*bytes = pcap_reader_u32(reader, file_window_at(window) + 4);
	/* Type 0 is reserved: a block whose begin the disk never got. */
	if (type == 0 ||
	    *bytes < (type == PCAPNG_SECTION_HEADER ? SECTION_BYTES_MIN : BLOCK_BYTES_MIN) ||
	    *bytes % 4 || *bytes > BLOCK_BYTES_MAX)
		return -EPROTO;
	rc = file_window_need(window, *bytes, NULL);
	if (rc > 0 && pcap_reader_u32(reader, file_window_at(window) + *bytes - 4) != *bytes)
		return -EPROTO;
	return rc;
}

int pcapng_reader_section(struct pcap_reader *reader)
{
	uint32_t bytes = 0;
	int rc = find_block(reader, &bytes);

	if (rc <= 0)
		return rc < 0 ? rc : -ENODATA;
	rc = read_section(reader, file_window_at(&reader->window), bytes);
	if (rc == 0)
		file_window_seek(&reader->window, bytes);
	return rc;
}

/* There is no whole block at the cursor: what is? */
static int end_of_blocks(struct pcap_reader *reader, int err)
{
	size_t available;
	int rc = file_window_need(&reader->window, BLOCK_BYTES_MIN, &available);

	if (rc >= 0)
		rc = pcap_reader_tail(reader, available);
	if (rc > 0 && err == -EPROTO)
		return pcap_reader_stop(reader, PCAP_END_DAMAGED);
	return rc < 0 ? rc : 0;
}

int pcapng_reader_next(struct pcap_reader *reader, struct pcap_record *record)
{
	struct file_window *window = &reader->window;
	uint32_t bytes = 0;
	uint32_t type;
	int rc = 0;

	while (rc == 0) {
		const uint8_t *block;

		rc = find_block(reader, &bytes);
		if (rc == 0 || rc == -EPROTO)
			return end_of_blocks(reader, rc);
		if (rc < 0)
			return rc;
		block = file_window_at(window);
		memcpy(&type, block, sizeof(type));
		rc = type == PCAPNG_SECTION_HEADER ? read_section(reader, block, bytes)
						   : read_block(reader, block, bytes, record);
		if (rc == 0)
			file_window_seek(window, window->offset + bytes);
	}
	if (rc == -EPROTO || rc == -ENOTSUP || rc == -ENOSPC)
		return pcap_reader_stop(reader, PCAP_END_DAMAGED);
	if (rc == 1) {
		record->offset = window->offset;
		record->end = window->offset + bytes;
	}
	return rc;
}
