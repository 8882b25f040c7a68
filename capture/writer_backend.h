/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to the writer: a way to bring a chunk's bytes to a file. A backend takes jobs, which
 * the caller numbers, and tells later, in any order, how each has ended.
 */
#ifndef CAPTURE_WRITER_BACKEND_H
#define CAPTURE_WRITER_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/chunk.h"

struct io_uring;
struct writer_backend; /* one of this backend's own kind */

/* How a job has ended: all its bytes written, or reserved (0), or -errno. */
struct writer_result {
	uint32_t job;
	int error;
};

/* writer thread only, but start and stop. */
struct writer_backend_ops {
	/*
	 * jobs: how many there may be at once; pool: borrowed, the memory that is written from.
	 * Returns 0 or -errno; *backend is owned by the caller: stop().
	 */
	int (*start)(struct writer_backend **backend, struct chunk_pool *pool, uint32_t jobs);

	/* Takes a job: bytes > 0 at data to fd at offset (a pipe: at its end). */
	void (*write)(struct writer_backend *backend, uint32_t job, int fd, const uint8_t *data,
		      uint32_t bytes, uint64_t offset);

	/*
	 * Takes a job: space on the disk for the file's bytes from offset on, which makes the file
	 * as long. NULL where there are no files.
	 */
	void (*reserve)(struct writer_backend *backend, uint32_t job, int fd, uint64_t offset,
			uint64_t bytes);

	/*
	 * Copies up to max results; where there is none yet but jobs are under way, waits for one,
	 * timeout_ns at most (0: not at all). Returns their number.
	 */
	uint32_t (*reap)(struct writer_backend *backend, struct writer_result *results,
			 uint32_t max, uint64_t timeout_ns);

	/*
	 * From now on a write that makes no progress is given up after a few seconds (-ETIMEDOUT).
	 * NULL where no write waits for others. Any thread.
	 */
	void (*hurry)(struct writer_backend *backend);

	void (*stop)(struct writer_backend *backend);
};

/* WRITER_URING; on files opened with O_DIRECT. */
extern const struct writer_backend_ops writer_uring_ops;
/* WRITER_DIRECT and WRITER_PWRITE; a job has ended when write() returns. */
extern const struct writer_backend_ops writer_pwrite_ops;
/* stdout. */
extern const struct writer_backend_ops writer_pipe_ops;
/* null: */
extern const struct writer_backend_ops writer_null_ops;

/*
 * A ring that can write, sync and lengthen files, and nothing else, from its first request on: the kernel
 * refuses all other operations, and to lift the restriction. buffers: registered; count may be
 * 0. Returns 0 or -errno. For writer_uring_ops and the test that tries to connect through it.
 */
struct iovec;
int writer_uring_ring(struct io_uring *ring, uint32_t entries, const struct iovec *buffers,
		      uint32_t count);

#endif
