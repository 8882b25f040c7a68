/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention: old files make room for new ones, in a thread of its own.
 *
 * It removes complete files of ours alone (retention_index.h says which), oldest first, and none
 * that somebody holds a lock on. Those that were there before the capture count, too. A file that
 * cannot be removed is told once and left aside for 5 s; it goes on counting, so that the next
 * older one goes in its place, and is the first to go when a file has to again.
 *
 * The writers tell it of published files without waiting for it: however slow the removals are,
 * nothing on the way of a packet is.
 *
 * A removed file's manifest is left as NAME.manifest.json.pruned: custody records the removal in its
 * chain and removes that, in this run or, where this one makes no manifests, in a later one.
 */
#ifndef CAPTURE_RETENTION_H
#define CAPTURE_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/free_space.h"
#include "capture/segment_directory.h"

/* What may stay; 0 in a field: any. */
struct retention_limits {
	uint64_t bytes;
	uint64_t age_ns; /* since it was completed */
	uint64_t files;
};

struct retention_removal {
	const char *path;
	uint64_t bytes;
	int error; /* 0: it is gone; -errno: it could not be removed, -EBUSY: it is locked */
};

/*
 * A file has been removed, or could not be: what a custody chain records. A directory that cannot
 * be searched is told in the same way, with 0 bytes. Called in retention's thread.
 */
typedef void retention_report(void *context, const struct retention_removal *removal);

struct retention_config {
	const char *out;                              /* borrowed */
	struct segment_directory *const *directories; /* this capture's in out; borrowed */
	uint32_t directory_count;
	struct retention_limits session; /* in each of those directories */
	struct retention_limits overall; /* in all of out's directories, whoever wrote them */
	struct free_space free;          /* on the file system; old files go until it is free */
	retention_report *report;
	void *context;
};

struct retention;

/* Returns 0 or -errno; *retention is the caller's: retention_stop(). */
int retention_start(struct retention **retention, const struct retention_config *config);

/*
 * A segment has got its name. Takes no lock and waits for nothing; any thread. NULL is accepted:
 * nothing is removed then.
 */
void retention_published(struct retention *retention, const char *path, uint64_t bytes);

/*
 * Removes what is over the limits by now, ends the thread and frees all. After it no writer may
 * tell anything more. NULL is accepted.
 */
void retention_stop(struct retention *retention);

#endif
