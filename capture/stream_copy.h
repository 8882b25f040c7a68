/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream_append() for the records that need no more than a copy: those that fit into the open chunk
 * of the open segment. A header of its own, for it is inlined where records come from, and so opens
 * what a stream is; nothing else of that is for its caller.
 */
#ifndef CAPTURE_STREAM_COPY_H
#define CAPTURE_STREAM_COPY_H

#include "capture/stream_internal.h"

/*
 * As stream_append(), but NULL wherever more is needed than a copy, nothing having changed: the
 * record is then for stream_append(). Of pcapng it takes nothing.
 * caplen <= stream_set_max_caplen(). Where each stream is one session's, `session` is the one of
 * its first record: that one has come by stream_append(), which keeps it.
 */
static inline uint8_t *stream_append_copy(struct stream_set *set, uint32_t stream_index,
					  uint32_t session, uint64_t time_ns, uint32_t caplen,
					  uint32_t len)
{
	struct stream *stream = &set->streams[stream_index];
	struct account after = {
		.fill = stream->now.fill + PCAP_RECORD_HEADER_BYTES + caplen,
		.records = stream->now.records + 1,
		.record_bytes = stream->now.record_bytes + caplen,
		.last_ns = time_ns,
	};
	uint8_t *dst;

	if (__builtin_expect(after.fill >= stream->hard_end || time_ns >= stream->rotate_ns ||
				     after.records > stream->records_max || set->config.pcapng,
			     false))
		return NULL;
	dst = stream->data + stream->now.fill;
	pcap_format_record_header(dst, stream_stamp(set, time_ns), caplen, len);
	if (set->config.combined)
		stream->chunk->log[stream->now.records] = (struct chunk_record){session, caplen};
	if (__builtin_expect(after.fill >= stream->soft_end, false)) {
		stream_move_mark(set, stream, &after);
		stream->soft_end = stream_soft_end(set, stream, after.fill);
	}
	stream->now = after;
	/* With many sessions the next record here is far off, and so are these lines by then. */
	__builtin_prefetch(stream->data + after.fill, 1);
	__builtin_prefetch(stream->data + after.fill + 64, 1);
	return dst + PCAP_RECORD_HEADER_BYTES;
}

#endif
