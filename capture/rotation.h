/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a stream starts a new segment.
 */
#ifndef CAPTURE_ROTATION_H
#define CAPTURE_ROTATION_H

#include <stdint.h>

/* 0 in a field: never for that reason. */
struct rotation {
	uint64_t filesize_bytes; /* before the segment would exceed it (one record always fits) */
	uint64_t duration_ns;    /* after the segment's first record */
	uint64_t interval_ns;    /* at multiples of it since the epoch (wall clock, UTC) */
	uint64_t packets;
};

/* The time from which on a segment that begins at first_ns takes no more; UINT64_MAX: any. */
uint64_t rotation_end(const struct rotation *rotation, uint64_t first_ns);

#endif
