/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing segments to stable storage: one by one, or a whole file system at once where they are
 * many. A journal commit for each of 10,000 files is what would take the time.
 */
#ifndef CAPTURE_SEGMENT_SYNC_H
#define CAPTURE_SEGMENT_SYNC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/segment.h"

/* More files than this cost less with one sync of the whole file system. */
enum { SEGMENT_SYNC_EACH_MAX = 64 };

/* The file system that was synced last. {0}: none yet. */
struct segment_sync {
	bool any;
	dev_t device;
	int error;
};

/* Syncs the file system that fd is on, but where whole says that it was. Returns 0 or -errno. */
int segment_sync_file_system(int fd, struct segment_sync *whole);

/*
 * Syncs the segment's data: all of its file system's the first time for a `whole`, its own alone
 * where whole is NULL. Returns 0 or -errno.
 */
int segment_sync_data(const struct segment *segment, struct segment_sync *whole);

/* Syncs its name, and its directory's where that is new; whole: as above. */
int segment_sync_name(const struct segment *segment, struct segment_sync *whole);

/* A point up to which an open segment is to be on stable storage. */
struct segment_commit {
	struct segment segment; /* a copy; its file stays open until the call has returned */
	uint64_t bytes;         /* written, from the file's beginning to the end of a record */
	bool first;             /* of this segment: its name is synced, too */
	int error;              /* of the data or the name: -errno, or 0 */
};

/*
 * Syncs the segments and then stores their committed lengths, each with its own result. Where a
 * length cannot be stored, the one before still holds: that is no error.
 */
void segment_sync_commit(struct segment_commit *commits, uint32_t count);

#endif
