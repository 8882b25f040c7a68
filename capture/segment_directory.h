/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory that a stream's segments go to, and their numbers.
 */
#ifndef CAPTURE_SEGMENT_DIRECTORY_H
#define CAPTURE_SEGMENT_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/suffix.h"

/* Where a stream's segments go. Shared by all workers' writers. */
struct segment_directory;

/*
 * The directory OUT/NAME: created (0750) at its first segment, and again where it was removed
 * since; then searched once for the highest SEQ in use. Its own name is synced with the first
 * segment's: until then there is nothing in it that is said to last.
 * Returns NULL when out of memory. segment_directory_free().
 */
struct segment_directory *segment_directory_new(const char *out, const char *name);
void segment_directory_free(struct segment_directory *directory);

/* What its files' names end in; before the first segment. .pcap where not said. */
void segment_directory_set_suffix(struct segment_directory *directory, struct suffix suffix);
const char *segment_directory_suffix(const struct segment_directory *directory);

/* Its path. Borrowed. */
const char *segment_directory_path(const struct segment_directory *directory);

/*
 * Creates and searches it, the first time; again: it was ready once, but somebody has removed it.
 * Returns 0 or -errno.
 */
int segment_directory_prepare(struct segment_directory *directory, bool again);

/* The next SEQ. */
uint32_t segment_directory_next(struct segment_directory *directory);

/* Syncs its own name where that is still due. Returns 0 or -errno. */
int segment_directory_sync(struct segment_directory *directory);

/* Its name was synced, by other means. */
void segment_directory_synced(struct segment_directory *directory);

#endif
