/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker does while nothing comes: polls on, blocks on descriptors, or backs off by short
 * sleeps that a receive ring can bridge.
 */
#ifndef DATAPLANE_IDLE_H
#define DATAPLANE_IDLE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	IDLE_SOURCES_MAX = 64,
	/* Empty rounds before the first wait that is more than a pause: a short gap in the traffic
	 * costs nothing. */
	IDLE_ROUNDS = 64,
	IDLE_BLOCK_MS = 5, /* bounded, so that ageing and the stop are seen */
	/* The rate that a sleep is bounded by: what ENA delivers of an interface at most, all of it
	 * on one queue. */
	IDLE_PEAK_PPS = 5000000,
	IDLE_FIRST_SLEEP_NS = 1000,
};

/* --idle */
enum idle_wish {
	IDLE_DEFAULT, /* sleep where every source has a descriptor, else poll */
	IDLE_POLL,
	IDLE_SLEEP,
};

/* One worker's; its thread only. */
struct idle {
	enum idle_wish wish;
	uint32_t empty; /* rounds, one after the other */
	uint32_t count; /* sources */
	bool blocks;    /* every source has a descriptor */
	struct pollfd fds[IDLE_SOURCES_MAX];
	uint64_t most_ns; /* the longest sleep that all rings bridge */
};

void idle_init(struct idle *idle, enum idle_wish wish);

/* Tells of a source: its descriptor (-1: none) or else the depth of its ring. 64 at most. */
void idle_add(struct idle *idle, int fd, uint32_t slots);

/*
 * The longest sleep for a ring of so many slots: half of it fills meanwhile at IDLE_PEAK_PPS, and
 * the other half is for the wake-up's delay and for catching up. 4096 slots: 409.6 us.
 */
uint64_t idle_most_ns(uint32_t slots);

/* A round with packets. */
static inline void idle_end(struct idle *idle)
{
	idle->empty = 0;
}

/*
 * How long the next wait is, after one more empty round, in ns: 0 for a pause of the CPU. Blocking
 * ends earlier when a packet comes. Doubles from IDLE_FIRST_SLEEP_NS on.
 */
uint64_t idle_next_ns(struct idle *idle);

/* Waits for as long. */
void idle_wait(struct idle *idle);

/* True after so many empty rounds that other things may be looked at. */
static inline bool idle_long(const struct idle *idle)
{
	return idle->empty >= IDLE_ROUNDS;
}

/* Makes this thread's sleeps as short as they are asked to be; once. */
void idle_sharpen(void);

#endif
