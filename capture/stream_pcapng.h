/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to streams: pcapng's side. A session's interface block comes right before its first
 * packet of a segment, so that ten thousand sessions cost a file only what they have in it; its
 * number there is fixed for the segment. Statistics come when the segment closes.
 */
#ifndef CAPTURE_STREAM_PCAPNG_H
#define CAPTURE_STREAM_PCAPNG_H

#include "capture/stream_internal.h"

/* A session's interface in the segment of its stream. */
struct stream_interface {
	uint32_t serial; /* of the segment that it is in */
	uint32_t number;
	uint64_t packets; /* in the segment */
	uint64_t dropped; /* since they were last told */
};

extern const struct stream_format stream_pcapng_format;

/* Puts an interface without a packet into an open segment: without any, libpcap refuses a file. */
void stream_pcapng_introduce(struct stream_set *set, struct stream *stream, uint32_t session);

/* Returns false when out of memory. */
bool stream_pcapng_init(struct stream_set *set);
void stream_pcapng_fini(struct stream_set *set);

#endif
