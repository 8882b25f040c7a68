/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of a file system is free, and the floor below which nothing more is written to it.
 */
#ifndef CAPTURE_FREE_SPACE_H
#define CAPTURE_FREE_SPACE_H

#include <stdbool.h>
#include <stdint.h>

/* A part of the file system that is to be free; the larger of both. {0}: none. */
struct free_space {
	uint64_t bytes;
	uint32_t percent; /* of the file system's size */
};

/*
 * How many bytes that an ordinary user could have are missing to `want`; 0 where none are, or
 * where the file system does not tell.
 */
uint64_t free_space_missing(const char *path, const struct free_space *want);

/*
 * Looks at the file system ten times a second, in a thread of its own: a file system that takes
 * its time to answer holds up nobody.
 */
struct free_space_watch;

/*
 * path: a directory, borrowed. The first look is taken here. Returns 0 or -errno; *watch is the
 * caller's: free_space_watch_stop().
 */
int free_space_watch_start(struct free_space_watch **watch, const char *path,
			   const struct free_space *floor);
/* NULL is accepted. */
void free_space_watch_stop(struct free_space_watch *watch);

/*
 * True from when less than the floor is free until a tenth more than it is, so that files are
 * not begun and ended all the time. False for NULL. Any thread.
 */
bool free_space_low(const struct free_space_watch *watch);

#endif
