/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An intrusive list of streams, each with a time, earliest first. Times nearly always come in
 * order, so an entry finds its place near the tail.
 */
#ifndef CAPTURE_STREAM_LIST_H
#define CAPTURE_STREAM_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stream_link {
	struct stream_link *previous, *next; /* NULL: in no list */
	uint64_t time_ns;
};

/* Makes head an empty list. */
static inline void stream_list_init(struct stream_link *head)
{
	*head = (struct stream_link){.previous = head, .next = head};
}

/* The entry with the earliest time, or NULL. */
static inline struct stream_link *stream_list_first(const struct stream_link *head)
{
	return head->next == head ? NULL : head->next;
}

/* Takes link out of its list; it may be in none. */
static inline void stream_list_remove(struct stream_link *link)
{
	if (!link->next)
		return;
	link->previous->next = link->next;
	link->next->previous = link->previous;
	link->previous = NULL;
	link->next = NULL;
}

/*
 * Puts link at time_ns's place. The place is looked for from the tail, over a few entries only.
 * Where it is not among them, a link that is in the list already keeps its earlier place and
 * time; one that is not goes where the search ended.
 */
static inline void stream_list_move(struct stream_link *head, struct stream_link *link,
				    uint64_t time_ns)
{
	struct stream_link *after = head->previous;
	unsigned int steps = 32;

	while (after != head && after != link && after->time_ns > time_ns && steps--)
		after = after->previous;
	if (after != link) {
		if (link->next && after != head && after->time_ns > time_ns)
			return;
		stream_list_remove(link);
		link->previous = after;
		link->next = after->next;
		after->next->previous = link;
		after->next = link;
	}
	link->time_ns = time_ns;
}

#endif
