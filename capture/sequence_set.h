/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of sequence numbers, held as the ranges that they form: of a chain whose oldest links go
 * one after the other that is one, however long the chain is.
 */
#ifndef CAPTURE_SEQUENCE_SET_H
#define CAPTURE_SEQUENCE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sequence_range {
	uint64_t first, last;
};

/* All zero: empty. */
struct sequence_set {
	struct sequence_range *ranges; /* ascending, with gaps between them */
	size_t count, room;
};

/* Returns 0 or -ENOMEM. A number that is there is added in vain. */
int sequence_set_add(struct sequence_set *set, uint64_t number);

/* Returns 0 or -ENOMEM, where a range would have to become two. */
int sequence_set_remove(struct sequence_set *set, uint64_t number);

bool sequence_set_has(const struct sequence_set *set, uint64_t number);

/* The lowest number; UINT64_MAX in an empty set. */
uint64_t sequence_set_lowest(const struct sequence_set *set);

void sequence_set_fini(struct sequence_set *set);

#endif
