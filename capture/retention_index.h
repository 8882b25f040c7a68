/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What retention may remove: the complete files below an output directory, oldest first.
 *
 * A file is in it by its name alone, which must be a segment's to the letter, published or
 * recovered: START-wW-SEQ[.recovered[-N]].pcap or .pcapng, perhaps with .zst, and what recovery trimmed, with .tail
 * behind it. All else in the directories is somebody's, or is being written.
 */
#ifndef CAPTURE_RETENTION_INDEX_H
#define CAPTURE_RETENTION_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/segment.h"

enum { RETENTION_NAME_BYTES = 88 };

struct retention_file {
	char name[RETENTION_NAME_BYTES]; /* begins with the first record's time: its age */
	uint64_t bytes;
	uint64_t changed_ns; /* since the epoch: when it was completed */
	uint64_t retry_ns;   /* it could not be removed: not tried again before, monotonic */
	int error;           /* why not, as it was told */
	bool gone;
};

struct retention_directory {
	char *path;
	bool own;                     /* of one of this capture's sessions */
	struct retention_file *files; /* by name */
	uint32_t count, room;         /* of files, those that are gone included */
	uint32_t next;                /* none before it is left to be considered */
	uint64_t kept;                /* files that are not gone, and their bytes */
	uint64_t bytes;
	int error;      /* of the last search */
	bool error_new; /* it is not the one of the search before */
};

struct retention_index {
	const char *out; /* borrowed */
	bool all;        /* other directories in it, too */
	struct retention_directory *directories;
	uint32_t own; /* the first of them, by path */
	uint32_t count, room;
};

/* Is it one of our complete files' name? */
bool retention_index_is_name(const char *name);

/*
 * Begins an empty index of the capture's own session directories, and, all: of every directory in
 * out. Returns 0 or -ENOMEM; retention_index_fini() in any case.
 */
int retention_index_init(struct retention_index *index, const char *out,
			 struct segment_directory *const *own, uint32_t count, bool all);
void retention_index_fini(struct retention_index *index);

/*
 * Looks at the disk: what was removed by others is forgotten, what came is found. What cannot be
 * read, or kept for want of memory, leaves the index with less than there is, never with more.
 */
void retention_index_search(struct retention_index *index);

/* A file that has just been published: one of an own directory. Others are ignored. */
void retention_index_add(struct retention_index *index, const char *path, uint64_t bytes,
			 uint64_t changed_ns);

/* Counts all that is kept. */
void retention_index_total(const struct retention_index *index, uint64_t *files, uint64_t *bytes);

/* The next file of the directory to be considered at now_ns (monotonic), oldest first, or NULL. */
struct retention_file *retention_index_next(struct retention_directory *directory, uint64_t now_ns);

/* It is no more. */
void retention_index_drop(struct retention_directory *directory, struct retention_file *file);

/* Ends a round: forgets what is gone, and all that is left can be considered again. */
void retention_index_compact(struct retention_index *index);

#endif
