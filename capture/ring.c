/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each side keeps its own copy of the other's index and looks at the shared one only when the
 * copy says full or empty, so that the two cache lines seldom travel.
 */
#include <stddef.h>
#include <stdlib.h>

#include "capture/ring.h"

enum {
	CACHE_LINES = 128, /* two: the adjacent line is prefetched with the one asked for */
	RING_MAX = 1 << 30,
};

struct ring {
	uint32_t mask;
	void **slots;
	struct {
		uint32_t index; /* producer: writes, consumer: reads; items put so far */
		uint32_t seen;  /* producer's copy of the consumer's index */
	} __attribute__((aligned(CACHE_LINES))) producer;
	struct {
		uint32_t index; /* consumer: writes, producer: reads; items taken so far */
		uint32_t seen;  /* consumer's copy of the producer's index */
	} __attribute__((aligned(CACHE_LINES))) consumer;
};

struct ring *ring_new(uint32_t capacity)
{
	struct ring *ring;
	uint32_t slots = 1;

	if (capacity > RING_MAX)
		return NULL;
	while (slots < capacity)
		slots *= 2;
	ring = aligned_alloc(CACHE_LINES, sizeof(*ring));
	if (!ring)
		return NULL;
	*ring = (struct ring){.mask = slots - 1};
	ring->slots = calloc(slots, sizeof(*ring->slots));
	if (!ring->slots) {
		free(ring);
		return NULL;
	}
	return ring;
}

void ring_free(struct ring *ring)
{
	if (!ring)
		return;
	free(ring->slots);
	free(ring);
}

uint32_t ring_capacity(const struct ring *ring)
{
	return ring->mask + 1;
}

uint32_t ring_count(const struct ring *ring)
{
	return __atomic_load_n(&ring->producer.index, __ATOMIC_ACQUIRE) - ring->consumer.index;
}

bool ring_put(struct ring *ring, void *item)
{
	uint32_t index = ring->producer.index;

	if (index - ring->producer.seen > ring->mask) {
		ring->producer.seen = __atomic_load_n(&ring->consumer.index, __ATOMIC_ACQUIRE);
		if (index - ring->producer.seen > ring->mask)
			return false;
	}
	ring->slots[index & ring->mask] = item;
	/* Release: the item's contents are visible before the item is. */
	__atomic_store_n(&ring->producer.index, index + 1, __ATOMIC_RELEASE);
	return true;
}

void *ring_get(struct ring *ring)
{
	uint32_t index = ring->consumer.index;
	void *item;

	if (index == ring->consumer.seen) {
		ring->consumer.seen = __atomic_load_n(&ring->producer.index, __ATOMIC_ACQUIRE);
		if (index == ring->consumer.seen)
			return NULL;
	}
	item = ring->slots[index & ring->mask];
	/* Release: the slot is read before the producer may fill it again. */
	__atomic_store_n(&ring->consumer.index, index + 1, __ATOMIC_RELEASE);
	return item;
}
