/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to custody: what its thread keeps. custody.c has the thread and the public calls,
 * custody_file.c what is to be known of a file, custody_batch.c the manifests' way to the disk,
 * custody_place.c the directories.
 */
#ifndef CAPTURE_CUSTODY_INTERNAL_H
#define CAPTURE_CUSTODY_INTERNAL_H

#include <pthread.h>

#include "capture/custody.h"
#include "capture/custody_chain.h"
#include "capture/custody_store.h"
#include "capture/inbox.h"

enum {
	CUSTODY_BATCH = 256,     /* manifests stored at once */
	CUSTODY_QUEUE = 1000000, /* files that may wait for theirs, and removals to be recorded */
};

enum custody_task_kind {
	CUSTODY_TASK_PUBLISHED,
	CUSTODY_TASK_FOUND, /* an earlier run has left it */
	CUSTODY_TASK_PRUNED,
	CUSTODY_TASK_LINK, /* what was pruned, without a file */
};

/* How far a manifest is. 7 KB: only what is in a batch has it. */
struct custody_work {
	bool begun;                 /* the manifest is, but for the hash and the chain */
	bool described;             /* it is, but for its chain */
	struct digest_state *state; /* of the first `hashed` bytes, once it is begun */
	uint64_t hashed;
	struct manifest manifest;     /* what does not change with its place in the chain */
	struct ledger_totals counted; /* the worker's account by then */
	char *text;                   /* the manifest's, in its place */
	size_t length;
	struct digest digest; /* of the text */
	char manifest_path[SEGMENT_PATH_BYTES];
};

/* Something to be done. A million may wait: it is small. */
struct custody_task {
	struct inbox_entry entry; /* first: in the inbox, then in the queue */
	enum custody_task_kind kind;
	bool replace;
	uint64_t time_ns; /* UTC, when it was told */
	uint64_t bytes;
	struct custody_draft *draft;
	struct custody_chain *chain; /* of a link; of others, once it is known */
	uint64_t unread;             /* bytes that are to be read back */
	struct custody_work *work;   /* NULL until it is its turn */
	char path[];                 /* the file's */
};

/* A directory that is locked against other processes' adding to chains in those in it. */
struct custody_lock {
	uint64_t device, inode;
	int fd; /* -1: another has it */
};

struct custody {
	struct custody_config config;
	struct digest configuration;
	char host[MANIFEST_HOST_BYTES];
	uint64_t began_ns; /* UTC */

	struct inbox inbox;
	uint64_t pending_files; /* atomic; those that tell: raise, the thread: lowers */
	uint64_t pending_bytes; /* atomic; of them, to be read back */
	uint64_t removals;      /* atomic; that are to be recorded */
	uint64_t held_ns;       /* atomic; when a writer was behind, monotonic; 0: never */
	uint64_t missed;        /* atomic; files that could not even be told */

	/* The thread's, until it has ended. */
	struct custody_task *first, *last; /* the queue */
	struct custody_directory **places; /* by path */
	uint32_t place_count, place_room;
	struct custody_lock *locks;
	uint32_t lock_count;
	uint64_t made, failed; /* manifests */
	uint64_t retry_ns;     /* nothing is stored before, monotonic */
	int told;              /* why, as it was told; 0: nothing is wrong */
	struct custody_chain *log_first, *log_last;
	uint64_t logged_ns;

	pthread_t thread;
	bool started;
	bool stopping;        /* atomic */
	uint64_t deadline_ns; /* monotonic, once stopping; atomic */
};

uint64_t custody_time_ns(clockid_t clock);

/* Do the writers need the disk? Not at the end. */
bool custody_is_held_off(const struct custody *custody);

/* Waits while they do. The thread's. */
void custody_wait_for_writers(struct custody *custody);

/* Is there no time left? */
bool custody_is_over(const struct custody *custody);

/* The chain that this file's manifest goes to; *chain NULL: it is one of its own. */
int custody_place_chain(struct custody *custody, const char *path, struct custody_chain **chain);

/* The directory with its chains, opened where it is new. NULL: *err tells. */
struct custody_directory *custody_place(struct custody *custody, const char *path, int *err);

/* Notes a removal in its chain. */
void custody_place_prune(struct custody *custody, const struct custody_task *task);

/* Does another process add to the chains of this directory? */
bool custody_place_owned(struct custody *custody, const char *path);

/* Is it a file of a stream, whose name tells the worker? Else it is a chain of its own. */
bool custody_place_is_stream(const char *path, uint32_t *worker);

void custody_place_close_all(struct custody *custody);

/*
 * Fills in the task's manifest, but for its chain. Returns 0 or -errno: -ENOENT where the file is
 * no more, -EALREADY where it has a manifest, -EINTR where no time is left.
 */
int custody_file_describe(struct custody *custody, struct custody_task *task);

/* Makes and stores the manifests of the first tasks in the queue. False: there was none. */
bool custody_batch(struct custody *custody);

/* Frees it, and counts it as no longer pending. */
void custody_task_done(struct custody *custody, struct custody_task *task);

void custody_enqueue(struct custody *custody, struct custody_task *task);

#endif
