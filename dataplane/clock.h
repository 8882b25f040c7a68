/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clock: time-stamp counter to UTC nanoseconds.
 *
 * The control thread compares the counter with CLOCK_REALTIME about once a second and publishes
 * a line (time = base + ticks * rate) that reaches the true time within a few seconds without a
 * jump; only a difference of a second or more is taken over at once, as a step. Workers read the
 * line without waiting. Products are 128 bits wide: nothing wraps.
 */
#ifndef DATAPLANE_CLOCK_H
#define DATAPLANE_CLOCK_H

#include <stdint.h>

enum { CLOCK_NS_PER_S = 1000000000 };

/* A difference of this much is a step: open segments are closed and new ones started. */
#define CLOCK_STEP_NS ((int64_t)CLOCK_NS_PER_S)

/* control thread: writes, workers: read. */
struct clock_line {
	uint32_t sequence; /* odd while it changes */
	uint32_t steps;    /* how often the clock was stepped */
	uint64_t base_ticks;
	uint64_t base_ns;
	uint64_t rate; /* nanoseconds per tick, times 2^32 */
};

/* Control thread's side. */
struct clock {
	struct clock_line line;
	uint64_t last_ticks; /* the latest comparison */
	uint64_t last_ns;
	double true_rate; /* ns per tick as measured, without the slew */
};

/* A reading of the counter beside CLOCK_MONOTONIC, which is never set. */
struct clock_mark {
	uint64_t ticks;
	uint64_t monotonic_ns;
};

void clock_mark(struct clock_mark *mark);

/*
 * Nanoseconds per tick between two marks, which should lie 0.1 s apart or more. DPDK's own figure
 * is rounded to 10 MHz: up to 0.5 % off.
 */
double clock_rate(const struct clock_mark *from, const struct clock_mark *to);

/* Starts the clock: ticks and realtime_ns were read together. */
void clock_init(struct clock *clock, uint64_t ticks, uint64_t realtime_ns, double ns_per_tick);

/*
 * Compares and publishes a new line; control thread, about once a second. Returns how far the
 * clock was stepped, back where it is negative; 0 where it was not.
 */
int64_t clock_renew(struct clock *clock, uint64_t ticks, uint64_t realtime_ns);

/* One consistent reading of both: the counter and CLOCK_REALTIME in ns. */
void clock_sample(uint64_t *ticks, uint64_t *realtime_ns);

/* A worker's side: never steps back but where the clock itself was stepped. */
struct clock_reader {
	uint64_t last_ns;
	uint32_t steps;
};

/*
 * UTC ns since the epoch at the counter's value. Any thread, with a reader of its own.
 * reader->steps changes when the clock was stepped.
 */
uint64_t clock_ns(const struct clock *clock, struct clock_reader *reader, uint64_t ticks);

/*
 * The same promise for stamps that come with the packets: holds stamp_ns back at the latest
 * one, unless it lies a step or more behind, which counts as a step and is taken as it is.
 */
uint64_t clock_monotone(struct clock_reader *reader, uint64_t stamp_ns);

#endif
