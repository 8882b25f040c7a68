/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/near_match.h"

#include <stdint.h>
#include <string.h>

enum {
	LONGEST_NAME = 63,
	FARTHEST = 2,
};

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance_of(const char *word, const char *name)
{
	size_t row[LONGEST_NAME + 1], length = strlen(name);

	if (length > LONGEST_NAME || strlen(word) > length + FARTHEST)
		return SIZE_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; word[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t above = row[j];

			row[j] = min_size(min_size(above, row[j - 1]) + 1,
					  diagonal + (word[i - 1] != name[j - 1]));
			diagonal = above;
		}
	}
	return row[length];
}

void near_match_offer(struct near_match *near, const char *name)
{
	size_t length = strlen(near->word), distance = distance_of(near->word, name);

	if (length > FARTHEST && strncmp(near->word, name, length) == 0)
		distance = min_size(distance, 1);
	/* Of a name as short as the distance nothing would be left. */
	if (distance > FARTHEST || distance >= strlen(name))
		return;
	if (near->name && near->distance <= distance)
		return;
	near->name = name;
	near->distance = distance;
}
