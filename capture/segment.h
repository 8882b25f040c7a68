/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment: one file from its creation as NAME.part to its publication as NAME.
 *
 * Names are START-wW-SEQ.pcap: START the first record's time (UTC, ns), W the worker, SEQ a
 * number that is never reused in its directory. Nothing is ever overwritten: files are created
 * with O_EXCL and renamed with RENAME_NOREPLACE. While open, NAME.part is held under an OFD
 * write lock, so that recovery elsewhere leaves it alone.
 */
#ifndef CAPTURE_SEGMENT_H
#define CAPTURE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/segment_directory.h"

enum { SEGMENT_PATH_BYTES = 4096 };

/* The name is put together when it is needed: 10,000 may be open. */
struct segment {
	int fd;
	bool replace;                        /* a single file given with --force: rename over it */
	bool named;                          /* NAME.part has become NAME */
	bool marked;                         /* may have a committed length (committed.h) */
	struct segment_directory *directory; /* borrowed; NULL for a single file */
	uint64_t start_ns;
	uint32_t worker;
	uint32_t sequence;
	const char *file; /* borrowed; the single file's path */
};

/*
 * Creates DIRECTORY/START-wW-SEQ.pcap.part, mode 0640. direct: with O_DIRECT.
 * Returns 0 or -errno.
 */
int segment_open(struct segment *segment, struct segment_directory *directory, uint64_t start_ns,
		 uint32_t worker, bool direct);

/*
 * Creates PATH.part for a single-file output. An existing PATH.part is -EBUSY where another
 * process holds it, else -EEXIST: it is the rest of a crashed capture. path: borrowed until the
 * segment is published.
 */
int segment_open_file(struct segment *segment, const char *path, bool replace, bool direct);

/*
 * Locks an open NAME.part for as long as the descriptor is open, also by a process that is killed:
 * an open file description lock. Returns 0, -EBUSY where another has it, or -errno.
 */
int segment_lock(int fd);

/* The name that the segment is, or was last, to be published under. */
void segment_path(const struct segment *segment, char path[SEGMENT_PATH_BYTES]);

/* The name that it has, or would have, until then: NAME.part. */
void segment_part_path(const struct segment *segment, char path[SEGMENT_PATH_BYTES]);

/*
 * Cuts the file to logical_bytes, syncs it, renames NAME.part to NAME, syncs the directory and
 * closes it. An empty segment (logical_bytes 0) is removed instead. Where a NAME exists already,
 * which only another capture in the same directory can bring about, the next SEQ is taken.
 * Returns 0 or -errno: the file is then closed too, and what is recorded is in NAME.part.
 * segment_path() still tells the name, `named` whether the file got it: a directory that could not
 * be synced is an error, too.
 */
int segment_publish(struct segment *segment, uint64_t logical_bytes);

/* A segment that has ended. */
struct segment_end {
	struct segment segment;
	uint64_t logical_bytes;
	uint64_t packets;            /* the caller's */
	struct custody_draft *draft; /* likewise */
	bool unsynced; /* not waited for: a power failure may take it, or a part of it */
	int error;     /* in: not 0 leaves it NAME.part; out: segment_publish()'s result */
};

/*
 * Publishes several as above, each with its own result in `error`. Where they are more than 64,
 * their file system is synced as a whole, once for the data and once for the names, instead of
 * each file and each directory: a journal commit per file is what takes the time. That waits for
 * what others have written there, too.
 * A name for which the disk has no room (ENOSPC, EDQUOT) is tried again for 10 s, all files together.
 */
void segment_publish_all(struct segment_end *ends, uint32_t count);

#endif
