/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to the writer: how long it sleeps once no chunk is waiting for it.
 *
 * So that a look finds about one chunk, whatever the load. Looks that are more than needed take
 * time from what shares the CPU. Where there are too few, chunks are late to go back: a worker that
 * fills the latest first (null:, a pipe) fills colder ones meanwhile, at 60 Gb/s and 300 us more of
 * them than a second-level cache holds.
 */
#ifndef CAPTURE_WRITER_PAUSE_H
#define CAPTURE_WRITER_PAUSE_H

#include <stdint.h>

enum {
	WRITER_PAUSE_LEAST_NS = 20000,  /* one of the largest chunks at 100 Gb/s */
	WRITER_PAUSE_MOST_NS = 1200000, /* 1.5 MB of 10 Gb/s; in silence 1 to 2 % of a core */
};

/* The next pause, in ns, where the latest was pause_ns and `found` chunks have come since it began. */
static inline uint32_t writer_pause_next(uint32_t pause_ns, uint32_t found)
{
	uint32_t next = found ? pause_ns / found : 2 * pause_ns;

	if (next < WRITER_PAUSE_LEAST_NS)
		return WRITER_PAUSE_LEAST_NS;
	return next < WRITER_PAUSE_MOST_NS ? next : WRITER_PAUSE_MOST_NS;
}

#endif
