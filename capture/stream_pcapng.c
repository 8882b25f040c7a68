/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/stream_pcapng.h"

#include <stdlib.h>
#include <string.h>

#include "capture/pcapng_format.h"
#include "capture/pcapng_template.h"

/* The sessions of a stream's segment, in the order of their interfaces. */
static uint32_t *members_of(struct stream_set *set, const struct stream *stream)
{
	return set->members + (set->config.combined ? 0 : stream - set->streams);
}

static bool is_introduced(const struct stream_set *set, const struct stream *stream,
			  uint32_t session)
{
	return set->interfaces[session].serial == stream->serial;
}

static uint64_t record_bytes(const struct stream_set *set, const struct stream *stream,
			     uint32_t session, uint32_t caplen)
{
	uint64_t bytes = PCAPNG_PACKET_BYTES + (((uint64_t)caplen + 3) & ~3ull);

	if (!is_introduced(set, stream, session))
		bytes += set->config.pcapng->interfaces[session].bytes;
	return bytes;
}

/* Returns the bytes written. */
static uint32_t write_interface(struct stream_set *set, struct stream *stream, uint8_t *dst,
				uint32_t session)
{
	const struct pcapng_template_interface *template = &set->config.pcapng->interfaces[session];
	struct stream_interface *interface = &set->interfaces[session];

	memcpy(dst, template->block, template->bytes);
	interface->serial = stream->serial;
	interface->number = stream->interface_count;
	interface->packets = 0;
	members_of(set, stream)[stream->interface_count++] = session;
	return template->bytes;
}

static uint8_t *write_record(struct stream_set *set, struct stream *stream, uint8_t *dst,
			     uint32_t session, const struct stream_record *record)
{
	struct stream_interface *interface = &set->interfaces[session];

	if (__builtin_expect(!is_introduced(set, stream, session), false))
		dst += write_interface(set, stream, dst, session);
	interface->packets++;
	pcapng_format_packet(dst, interface->number, record->time_ns, record->caplen, record->len);
	return dst + PCAPNG_PACKET_HEADER_BYTES;
}

static uint32_t begin(struct stream_set *set, struct stream *stream, uint8_t *dst)
{
	memcpy(dst, set->config.pcapng->section, set->config.pcapng->section_bytes);
	stream->interface_count = 0;
	stream->told = 0;
	return set->config.pcapng->section_bytes;
}

/* What the writer may still lose is not in them: it counts that in the ledger. */
static bool tell(struct stream_set *set, struct stream *stream, uint32_t session)
{
	struct stream_interface *interface = &set->interfaces[session];
	struct pcapng_statistics statistics = {
		.received = interface->packets + interface->dropped,
		.dropped = interface->dropped,
		.start_ns = stream->first_ns,
		.stop_ns = stream->now.last_ns,
	};
	uint8_t *dst = stream_extend(set, stream, PCAPNG_STATISTICS_BYTES);

	if (!dst)
		return false;
	pcapng_format_statistics(dst, interface->number, stream->now.last_ns, &statistics);
	if (set->block > 1)
		interface->dropped = 0;
	return true;
}

/*
 * A pipe is told the sums since its begin, each time that it closes; without a chunk not, for its
 * reader may stall.
 */
static bool end(struct stream_set *set, struct stream *stream)
{
	if (set->block == 1 && !stream->chunk)
		return true;
	while (stream->told < stream->interface_count) {
		if (!tell(set, stream, members_of(set, stream)[stream->told]))
			return set->block == 1;
		stream->told++;
	}
	if (set->block == 1)
		stream->told = 0;
	return true;
}

const struct stream_format stream_pcapng_format = {
	.record_bytes = record_bytes,
	.write_record = write_record,
	.begin = begin,
	.end = end,
};

void stream_pcapng_introduce(struct stream_set *set, struct stream *stream, uint32_t session)
{
	uint32_t bytes = set->config.pcapng->interfaces[session].bytes;
	uint8_t *dst = stream_extend(set, stream, bytes);

	/* Its chunk is new: there is room. */
	if (dst)
		write_interface(set, stream, dst, session);
}

bool stream_pcapng_init(struct stream_set *set)
{
	uint32_t count = set->config.pcapng->count;

	set->interfaces = calloc(count, sizeof(*set->interfaces));
	set->members = calloc(count, sizeof(*set->members));
	return set->interfaces && set->members;
}

void stream_pcapng_fini(struct stream_set *set)
{
	free(set->interfaces);
	free(set->members);
}

void stream_refused(struct stream_set *set, uint32_t session)
{
	if (set->config.pcapng)
		set->interfaces[session].dropped++;
}
