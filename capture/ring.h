/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue of pointers for exactly one producer thread and one consumer thread.
 * Neither side ever waits, locks or makes a system call.
 */
#ifndef CAPTURE_RING_H
#define CAPTURE_RING_H

#include <stdbool.h>
#include <stdint.h>

struct ring;

/*
 * A ring that holds at least `capacity` pointers (rounded up to a power of two).
 * Returns NULL when out of memory. Owned by the caller: ring_free().
 */
struct ring *ring_new(uint32_t capacity);
void ring_free(struct ring *ring);

/* How many pointers it holds. Any thread. */
uint32_t ring_capacity(const struct ring *ring);

/* How many pointers are in it. Consumer thread only: what it takes is not less than that. */
uint32_t ring_count(const struct ring *ring);

/* Producer thread only; item: not NULL. Returns false, and takes nothing, when it is full. */
bool ring_put(struct ring *ring, void *item);

/* Consumer thread only. Returns the oldest item, or NULL when the ring is empty. */
void *ring_get(struct ring *ring);

#endif
