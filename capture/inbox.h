/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What several threads tell one that must not hold them up: a put takes no lock and waits for
 * nothing, and the reader takes all there is at once.
 */
#ifndef CAPTURE_INBOX_H
#define CAPTURE_INBOX_H

#include <stddef.h>

/* The first member of what is put. */
struct inbox_entry {
	struct inbox_entry *next;
};

/* All zero: empty. */
struct inbox {
	struct inbox_entry *last; /* each leads to the one before it */
};

/* Any thread. The entry is the inbox's until it is taken. */
static inline void inbox_put(struct inbox *inbox, struct inbox_entry *entry)
{
	entry->next = __atomic_load_n(&inbox->last, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&inbox->last, &entry->next, entry, true,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

/* One thread. Returns the oldest entry, which leads to those after it, or NULL. */
static inline struct inbox_entry *inbox_take(struct inbox *inbox)
{
	struct inbox_entry *entry = __atomic_exchange_n(&inbox->last, NULL, __ATOMIC_ACQUIRE);
	struct inbox_entry *oldest = NULL;

	while (entry) {
		struct inbox_entry *before = entry->next;

		entry->next = oldest;
		oldest = entry;
		entry = before;
	}
	return oldest;
}

#endif
