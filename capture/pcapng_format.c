/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/pcapng_format.h"

#include <stdbool.h>

enum {
	VERSION_MAJOR = 1,
	VERSION_MINOR = 0,
	STRING_BYTES_MAX = 16384,
	FILTER_TEXT = 0, /* if_filter's first byte: libpcap's language */
};

/* Writes as far as there is room, and counts all the same. */
struct block {
	uint8_t *dst;
	size_t room, bytes;
};

static void put(struct block *block, const void *data, size_t bytes)
{
	if (bytes && block->dst && block->bytes + bytes <= block->room)
		memcpy(block->dst + block->bytes, data, bytes);
	block->bytes += bytes;
}

static void pad(struct block *block)
{
	static const uint8_t zeros[4];

	put(block, zeros, -block->bytes & 3);
}

static void begin(struct block *block, uint32_t type, const void *body, size_t bytes)
{
	uint32_t header[2] = {type, 0};

	put(block, header, sizeof(header));
	put(block, body, bytes);
}

static void put_option(struct block *block, uint16_t code, const void *value, uint16_t bytes)
{
	uint16_t header[2] = {code, bytes};

	put(block, header, sizeof(header));
	put(block, value, bytes);
	pad(block);
}

static void put_string(struct block *block, uint16_t code, const char *string)
{
	if (string)
		put_option(block, code, string, (uint16_t)strnlen(string, STRING_BYTES_MAX));
}

static void put_filter(struct block *block, const char *filter)
{
	static const uint8_t text = FILTER_TEXT;
	uint16_t bytes = filter ? (uint16_t)strnlen(filter, STRING_BYTES_MAX) : 0;
	uint16_t header[2] = {PCAPNG_INTERFACE_FILTER, (uint16_t)(bytes + 1)};

	if (!filter)
		return;
	put(block, header, sizeof(header));
	put(block, &text, 1);
	put(block, filter, bytes);
	pad(block);
}

/* Options, if any, end with a 0. Fills in the length, twice. Returns it. */
static size_t end(struct block *block)
{
	uint32_t bytes;

	put_option(block, PCAPNG_OPTION_END, NULL, 0);
	bytes = (uint32_t)block->bytes + 4;
	put(block, &bytes, sizeof(bytes));
	if (block->dst && block->bytes <= block->room)
		memcpy(block->dst + 4, &bytes, sizeof(bytes));
	return block->bytes;
}

/* Byte order, version (16 bits each), section length (64): unknown. */
static void write_section(struct block *block, const struct pcapng_section *section)
{
	struct {
		uint32_t byte_order;
		uint16_t major, minor;
		int64_t length;
	} body = {PCAPNG_BYTE_ORDER, VERSION_MAJOR, VERSION_MINOR, -1};

	begin(block, PCAPNG_SECTION_HEADER, &body, sizeof(body));
	put_string(block, PCAPNG_SECTION_HARDWARE, section->hardware);
	put_string(block, PCAPNG_SECTION_OS, section->os);
	put_string(block, PCAPNG_SECTION_APPLICATION, section->application);
	put_string(block, PCAPNG_COMMENT, section->comment);
}

/* Link type (16 bits), reserved (16), snaplen (32). */
static void write_interface(struct block *block, const struct pcapng_interface *interface)
{
	static const uint8_t resolution = PCAPNG_NS;
	struct {
		uint16_t link_type, reserved;
		uint32_t snaplen;
	} body = {interface->link_type, 0, interface->snaplen};

	begin(block, PCAPNG_INTERFACE, &body, sizeof(body));
	put_string(block, PCAPNG_INTERFACE_NAME, interface->name);
	put_string(block, PCAPNG_INTERFACE_DESCRIPTION, interface->description);
	put_option(block, PCAPNG_INTERFACE_RESOLUTION, &resolution, 1);
	put_filter(block, interface->filter);
	put_string(block, PCAPNG_COMMENT, interface->comment);
}

size_t pcapng_format_section(uint8_t *dst, size_t room, const struct pcapng_section *section)
{
	struct block measured = {0};
	struct block block = {.dst = dst, .room = room};

	write_section(&measured, section);
	if (end(&measured) > room || !dst)
		return measured.bytes;
	write_section(&block, section);
	return end(&block);
}

size_t pcapng_format_interface(uint8_t *dst, size_t room, const struct pcapng_interface *interface)
{
	struct block measured = {0};
	struct block block = {.dst = dst, .room = room};

	write_interface(&measured, interface);
	if (end(&measured) > room || !dst)
		return measured.bytes;
	write_interface(&block, interface);
	return end(&block);
}

/* Time stamps are written with their upper half first. */
static void put_time(struct block *block, uint16_t code, uint64_t time_ns)
{
	uint32_t halves[2] = {(uint32_t)(time_ns >> 32), (uint32_t)time_ns};

	put_option(block, code, halves, sizeof(halves));
}

static void put_count(struct block *block, uint16_t code, uint64_t count)
{
	if (count != UINT64_MAX)
		put_option(block, code, &count, sizeof(count));
}

size_t pcapng_format_statistics(uint8_t *dst, uint32_t interface, uint64_t time_ns,
				const struct pcapng_statistics *statistics)
{
	struct block block = {.dst = dst, .room = PCAPNG_STATISTICS_BYTES};
	uint32_t body[3] = {interface, (uint32_t)(time_ns >> 32), (uint32_t)time_ns};

	begin(&block, PCAPNG_STATISTICS, body, sizeof(body));
	put_time(&block, PCAPNG_STATISTICS_START, statistics->start_ns);
	put_time(&block, PCAPNG_STATISTICS_STOP, statistics->stop_ns);
	put_count(&block, PCAPNG_STATISTICS_RECEIVED, statistics->received);
	put_count(&block, PCAPNG_STATISTICS_DROPPED, statistics->dropped);
	return end(&block);
}
