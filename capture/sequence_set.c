/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/sequence_set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How many ranges end before the number. */
static size_t find(const struct sequence_set *set, uint64_t number)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->ranges[middle].last < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void drop(struct sequence_set *set, size_t at)
{
	set->count--;
	memmove(&set->ranges[at], &set->ranges[at + 1], (set->count - at) * sizeof(*set->ranges));
}

static int insert(struct sequence_set *set, size_t at, uint64_t first, uint64_t last)
{
	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 1;
		struct sequence_range *grown = realloc(set->ranges, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		set->ranges = grown;
		set->room = room;
	}
	memmove(&set->ranges[at + 1], &set->ranges[at], (set->count - at) * sizeof(*set->ranges));
	set->ranges[at] = (struct sequence_range){first, last};
	set->count++;
	return 0;
}

bool sequence_set_has(const struct sequence_set *set, uint64_t number)
{
	size_t at = find(set, number);

	return at < set->count && set->ranges[at].first <= number;
}

int sequence_set_add(struct sequence_set *set, uint64_t number)
{
	size_t at = find(set, number);
	bool joins_next = at < set->count && set->ranges[at].first == number + 1;
	bool joins_previous = at > 0 && set->ranges[at - 1].last == number - 1;

	if (sequence_set_has(set, number))
		return 0;
	if (joins_next && joins_previous) {
		set->ranges[at - 1].last = set->ranges[at].last;
		drop(set, at);
	} else if (joins_next) {
		set->ranges[at].first = number;
	} else if (joins_previous) {
		set->ranges[at - 1].last = number;
	} else {
		return insert(set, at, number, number);
	}
	return 0;
}

int sequence_set_remove(struct sequence_set *set, uint64_t number)
{
	size_t at = find(set, number);
	struct sequence_range *range;
	int err;

	if (!sequence_set_has(set, number))
		return 0;
	range = &set->ranges[at];
	if (range->first == range->last) {
		drop(set, at);
	} else if (range->first == number) {
		range->first++;
	} else if (range->last == number) {
		range->last--;
	} else {
		err = insert(set, at, range->first, number - 1);
		if (err)
			return err;
		set->ranges[at + 1].first = number + 1;
	}
	return 0;
}

uint64_t sequence_set_lowest(const struct sequence_set *set)
{
	return set->count ? set->ranges[0].first : UINT64_MAX;
}

void sequence_set_fini(struct sequence_set *set)
{
	free(set->ranges);
	*set = (struct sequence_set){0};
}
