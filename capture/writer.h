/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer: one thread per worker that takes full chunks, writes them to segments and gives
 * them back. A packet is counted as written here, and only when its chunk's I/O has completed.
 *
 * Methods, best first; the best that passes a trial write on the target directory is used:
 * io_uring with O_DIRECT, pwrite with O_DIRECT, pwrite.
 *
 * Files are closed, synced and named in a thread beside the writer's: writes go on meanwhile. A stream
 * that needs a new file while too many are open waits until others are published.
 *
 * Compressed segments are written through the page cache, one chunk after another: the frames are
 * small and end anywhere, and what the cache costs is little beside compressing.
 *
 * After a failed write the segment ends at its last record that is safely on disk: what comes
 * after is counted as write_failed until the stream's next segment. The worker begins one a second
 * later; an output that is not a directory can have none, and is broken. A failed sync is a failed
 * write, too, but its segment stays NAME.part: nobody knows what of it is on the disk.
 */
#ifndef CAPTURE_WRITER_H
#define CAPTURE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/chunk.h"
#include "capture/custody.h"
#include "capture/free_space.h"
#include "capture/ledger.h"
#include "capture/output.h"
#include "capture/retention.h"
#include "capture/ring.h"
#include "capture/segment.h"

enum writer_method {
	WRITER_URING,  /* io_uring, O_DIRECT */
	WRITER_DIRECT, /* pwrite, O_DIRECT */
	WRITER_PWRITE, /* pwrite through the page cache; also stdout and null: */
};

/* "io_uring with O_DIRECT", "pwrite with O_DIRECT", "pwrite". */
const char *writer_method_name(enum writer_method method);

/*
 * Tries the methods, best first, by writing, syncing and reading back one block of an unnamed
 * file in the directory; for an output that is not a directory or a file: WRITER_PWRITE.
 * Returns 0 or -errno when not even pwrite works.
 */
int writer_choose(const struct output *output, enum writer_method *method);

/* When what was written is brought to stable storage. */
enum writer_sync_mode {
	WRITER_SYNC_INTERVAL, /* open segments at an interval, ended ones before they get their names */
	WRITER_SYNC_SEGMENT, /* ended ones only */
	WRITER_SYNC_NONE,    /* when the kernel likes */
};

/* A published file, for the summary. */
struct writer_file {
	char *path; /* NAME.part where it could not be given its name: writer_take_error() told */
	uint64_t packets;
	uint64_t bytes; /* the file's size */
};

struct writer_config {
	struct output output;
	enum writer_method method;
	bool replace; /* --force: a single file is renamed over an existing one */
	uint32_t worker;
	uint32_t streams;
	/* Files that may be open at once, of segments that have ended included; > streams. */
	uint32_t files_max;
	struct segment_directory **directories; /* by stream; borrowed; NULL unless a directory */
	struct chunk_pool *pool;                /* borrowed; registered with io_uring */
	struct ring *full, *empty;              /* borrowed: from and back to the worker; each holds
						 * as many pointers as the pool has chunks */
	struct ledger_writer *ledger;           /* borrowed */
	struct ledger_session_writer *sessions; /* borrowed; by session */
	enum writer_sync_mode sync_mode;
	uint64_t sync_ns; /* WRITER_SYNC_INTERVAL: from the beginning of one to the next's */
	/* Files are made longer ahead of their writes, by so many bytes at most; 0: never. */
	uint64_t reserve_bytes;
	uint64_t filesize_bytes; /* where a file ends, so that no more is reserved; 0: anywhere */
	int cpu;                 /* to run on; -1: anywhere */
	uint32_t session_count;  /* of sessions */
	struct custody *custody; /* told of published files; borrowed; NULL: none */
	struct retention *retention; /* likewise */
	/* While it is low, writes fail with -ENOSPC without being tried; borrowed; NULL: never. */
	const struct free_space_watch *space;
	/*
	 * zstd's (zstd_writer.h); 0: as it is. Each chunk becomes a frame, so chunks must not be
	 * aligned; method: WRITER_PWRITE, since frames end anywhere.
	 */
	int level;
};

struct writer;

/*
 * Sets the method up (for io_uring: a ring that can do nothing but write, sync and lengthen files, since
 * the process will refuse new ones), starts the thread.
 * Returns 0 or -errno; *writer is owned by the caller: writer_stop(), then writer_free().
 */
int writer_start(struct writer **writer, const struct writer_config *config);

/*
 * Waits until every chunk handed over before the call is written, every closed segment is
 * published, and ends the thread. The worker must have closed its streams.
 * Segments that are still open are published as they are. NULL is accepted.
 * A pipe whose reader takes nothing for 5 s from then on is given up: -ETIMEDOUT, broken, and the
 * rest is counted as write_failed.
 */
void writer_stop(struct writer *writer);
/* After writer_stop(), or where writer_start() failed; frees all but what was borrowed. */
void writer_free(struct writer *writer);

/*
 * The first failure since the last call: -errno, and the object's path copied to path
 * (SEGMENT_PATH_BYTES; untouched where there was none). 0: none. Any thread.
 */
int writer_take_error(struct writer *writer, char *path);

/*
 * True once the output can take nothing more: a pipe or a single file that failed. The capture
 * should end. Any thread.
 */
bool writer_broken(const struct writer *writer);

/* The published files, and those that could not be, oldest first; after writer_stop(). Borrowed. */
const struct writer_file *writer_files(const struct writer *writer, uint32_t *count);

#endif
