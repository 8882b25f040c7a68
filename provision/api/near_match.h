/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody may have meant by a name that is not known:
 *
 *	struct near_match near = {.word = word};
 *	for (...)
 *		near_match_offer(&near, names[i]);
 *	if (near.name) ... did you mean near.name?
 */
#ifndef PROVISION_NEAR_MATCH_H
#define PROVISION_NEAR_MATCH_H

#include <stddef.h>

/* All borrowed; all but word starts as zero. */
struct near_match {
	const char *word;
	const char *name; /* the nearest of those offered, NULL where none is near */
	size_t distance;
};

/*
 * Takes the name if it is nearer than what it has: at most two letters other, missing or too many
 * (case counts, and so do '-' and '_'), or begun with the word.
 */
void near_match_offer(struct near_match *near, const char *name);

#endif
