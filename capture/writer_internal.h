/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to the writer: what its thread keeps, and its parts' calls to each other.
 * writer.c has the thread and the public calls, writer_stream.c the order of writes within a
 * stream, the segments and the counting, writer_sync.c the syncs of open segments,
 * writer_publish.c the ended ones, writer_reserve.c the space ahead of writes.
 */
#ifndef CAPTURE_WRITER_INTERNAL_H
#define CAPTURE_WRITER_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/segment_sync.h"
#include "capture/writer.h"
#include "capture/writer_backend.h"
#include "capture/writer_task.h"
#include "capture/zstd_writer.h"

enum { WRITER_NO_JOB = UINT32_MAX };

enum {
	WRITER_DEPTH = 64, /* writes under way; more only queue up in the disk's driver */
	/* While one in so many chunks waits for its write none is hashed. */
	WRITER_BACKLOG_PART = 8,
};

enum writer_job_state {
	WRITER_JOB_QUEUED,
	WRITER_JOB_UNDER_WAY,
	WRITER_JOB_ENDED,
};

/* A chunk at the writer; numbered as in the pool. */
struct writer_job {
	enum writer_job_state state;
	int error;         /* once ended */
	uint32_t bytes;    /* that it writes */
	uint64_t good_end; /* its segment's, once it is written */
	uint32_t next;     /* in its stream */
};

/* The jobs are in the stream's order: first those that have ended or are under way. */
struct writer_stream {
	uint32_t first, last;        /* WRITER_NO_JOB: none */
	uint32_t first_queued;       /* likewise */
	uint32_t under_way;          /* writes, and a reservation */
	uint64_t submitted_end;      /* file offset after the last write that was begun */
	bool open;                   /* segment is */
	bool failed;                 /* nothing more is recorded until the next segment */
	uint64_t good_end;           /* after the last record that is on disk with all before it */
	uint64_t packets;            /* so far in the segment */
	uint64_t committed;          /* of good_end: on stable storage */
	int sync_error;              /* the segment could not be synced: -errno */
	bool ending;                 /* no write is begun any more */
	bool unreserved;             /* nothing more is reserved for the segment */
	uint64_t reserved_end;       /* the file was made so long, ahead of its writes */
	uint64_t reserving;          /* what reserved_end is to be; 0: no request is under way */
	uint64_t bytes_before;       /* of the segment before; 0: none, or not known */
	struct custody_draft *draft; /* of the segment; NULL: none */
	struct segment segment;
};

/* Syncs of open segments; the writer's thread's but for what is said. */
struct writer_sync {
	bool grown;                     /* some segment has, since the last stock-taking */
	uint64_t begun_ns;              /* on the monotonic clock */
	struct segment_commit *commits; /* the task's while it is under way, as is count */
	uint32_t *streams;              /* whose commits they are */
	uint32_t count;
	struct writer_task task;
};

/* Ended segments; the writer's thread's but for what is said. */
struct writer_publish {
	uint32_t files_max; /* segments whose file is open: written to, ended, and in the batch */
	struct segment_end *ended; /* files_max; waiting for the next batch */
	uint32_t ended_count;
	uint64_t ended_ns;         /* when the first of them had ended, on the monotonic clock */
	struct segment_end *batch; /* files_max; the task's while it is under way */
	uint32_t batch_count;
	bool any;    /* file was published; the task's while it is under way */
	bool wanted; /* some stream waits for one to be */
	struct writer_task task;
};

struct writer {
	struct writer_config config;
	const struct writer_backend_ops *ops;
	struct writer_backend *backend;
	struct zstd_writer *zstd; /* NULL: nothing is compressed */
	struct writer_job *jobs;
	struct writer_stream *streams;
	uint32_t accepted;  /* jobs that have not gone back yet */
	uint32_t under_way; /* writes and reservations */

	uint32_t open_count; /* segments that are written to */
	struct writer_publish publish;
	struct writer_sync sync;

	pthread_t thread;
	bool started;
	bool stopping; /* atomic; any thread: writes, writer thread: reads */
	bool broken;   /* atomic; any thread */

	pthread_mutex_t lock; /* of the two below */
	int error;            /* the first since it was taken, -errno */
	char error_path[SEGMENT_PATH_BYTES];

	struct writer_file *files; /* the publishing task's, until it has ended */
	uint32_t file_count;
};

/* Takes a chunk, begins its write as soon as its place in the file allows. */
void writer_stream_accept(struct writer *writer, struct chunk *chunk);

/* A job's write has ended. */
void writer_stream_end(struct writer *writer, const struct writer_result *result);

/* There is room for open files again. */
void writer_stream_resume(struct writer *writer);

/* Ends what is still open; no job is left. */
void writer_stream_finish_all(struct writer *writer);

/* The disk would not say that it has what was written. */
void writer_stream_fail_sync(struct writer *writer, struct writer_stream *stream,
			     const struct segment_commit *commit);

/* Is this the segment that is open? Its descriptor tells: none is closed while a sync goes on. */
bool writer_stream_has(const struct writer_stream *stream, const struct segment *segment);

/* Reserves space for the stream's segment where it is due, after a write was begun. */
void writer_reserve_due(struct writer *writer, struct writer_stream *stream);
/* A reservation has ended. */
void writer_reserve_end(struct writer_stream *stream, int error);

/* Starts the thread that syncs open segments, where they are to be. Returns 0 or -errno. */
int writer_sync_start(struct writer *writer);
/* Also where it was not started. */
void writer_sync_stop(struct writer *writer);

/* Takes the results of a sync that has ended. */
void writer_sync_collect(struct writer *writer);

/* Begins a sync where one is due. */
void writer_sync_due(struct writer *writer);

/* Waits for the sync under way, if any, and takes its results: files may be closed then. */
void writer_sync_finish(struct writer *writer);

/* Starts the thread that publishes, where there is something to publish. Returns 0 or -errno. */
int writer_publish_start(struct writer *writer);
/* Also where it was not started. */
void writer_publish_stop(struct writer *writer);

/* May one more segment be opened? Where not, writer_stream_resume() follows. */
bool writer_publish_has_room(struct writer *writer);

/* A segment has ended: it is copied. */
void writer_publish_add(struct writer *writer, const struct segment_end *end);

/* Should the segment have ended, it is to stay NAME.part. error: -errno. */
void writer_publish_spoil(struct writer *writer, const struct segment *segment, int error);

/* Takes what was published; begins to publish what has ended and waited long enough. */
void writer_publish_due(struct writer *writer);

/* Publishes what has ended, and waits for it; no sync is under way. */
void writer_publish_finish(struct writer *writer);

/* CLOCK_MONOTONIC. */
uint64_t writer_now_ns(void);

/* Keeps a failure for writer_take_error(). error: -errno; path: what failed. Any thread. */
void writer_fail(struct writer *writer, int error, const char *path);

#endif
