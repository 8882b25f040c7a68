/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is given up as a whole: a plan is tens of thousands of small texts that live and end
 * together. Running out of memory is remembered, so that it is asked for once, at the end.
 */
#ifndef PROVISION_ARENA_H
#define PROVISION_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

/* Zeroed is empty. */
struct arena {
	struct arena_block *blocks; /* owned */
	bool failed;
};

/* Zeroed memory for any type; NULL when there is none. */
void *arena_alloc(struct arena *arena, size_t bytes);

/* A copy of the text; NULL stays NULL. Without memory: "", and arena->failed is set. */
const char *arena_text(struct arena *arena, const char *text);

/* A text made as printf() does. Without memory: "", and arena->failed is set. */
const char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void arena_fini(struct arena *arena);

#endif
