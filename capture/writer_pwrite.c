/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backends whose jobs have ended when the call returns: pwrite(), a pipe, and null:.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/writer_backend.h"

enum {
	POLL_MS = 100,
	PATIENCE_MS = 5000,
};

struct writer_backend {
	bool ending;    /* atomic; any thread: writes, writer thread: reads */
	bool gave_up;   /* on the pipe: jobs that were taken together are not waited for in turn */
	uint32_t count; /* results not reaped yet */
	struct writer_result results[];
};

static int start(struct writer_backend **backend, struct chunk_pool *pool, uint32_t jobs)
{
	struct writer_backend *started =
		calloc(1, sizeof(*started) + jobs * sizeof(started->results[0]));

	if (!started)
		return -ENOMEM;
	*backend = started;
	return 0;
}

static void stop(struct writer_backend *backend)
{
	free(backend);
}

static uint32_t reap(struct writer_backend *backend, struct writer_result *results, uint32_t max,
		     uint64_t timeout_ns)
{
	uint32_t count = 0;

	while (count < max && backend->count)
		results[count++] = backend->results[--backend->count];
	return count;
}

static void end_job(struct writer_backend *backend, uint32_t job, int error)
{
	backend->results[backend->count++] = (struct writer_result){job, error};
}

/* A short write is followed by another, which tells why, or completes it. */
static int write_at(int fd, const uint8_t *data, uint32_t bytes, uint64_t offset)
{
	while (bytes) {
		ssize_t written = pwrite(fd, data, bytes, (off_t)offset);

		if (written == 0)
			return -EIO;
		if (written < 0) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			return -errno;
		}
		if ((uint32_t)written < bytes)
			written -= written % CHUNK_BLOCK; /* O_DIRECT goes on at a block */
		if (written == 0)
			return -ENOSPC;
		data += written;
		bytes -= (uint32_t)written;
		offset += (uint64_t)written;
	}
	return 0;
}

static void write_file(struct writer_backend *backend, uint32_t job, int fd, const uint8_t *data,
		       uint32_t bytes, uint64_t offset)
{
	end_job(backend, job, write_at(fd, data, bytes, offset));
}

static void reserve(struct writer_backend *backend, uint32_t job, int fd, uint64_t offset,
		    uint64_t bytes)
{
	end_job(backend, job, fallocate(fd, 0, (off_t)offset, (off_t)bytes) < 0 ? -errno : 0);
}

/*
 * Waits until the pipe has room, or nobody reads. A reader that stalls may take its time; once the
 * writer is to stop it has PATIENCE_MS.
 */
static int wait_for_room(struct writer_backend *backend, int fd)
{
	struct pollfd pipe = {.fd = fd, .events = POLLOUT};
	int waited_ms = 0;

	while (!backend->gave_up && waited_ms < PATIENCE_MS) {
		int ready = poll(&pipe, 1, POLL_MS);

		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (__atomic_load_n(&backend->ending, __ATOMIC_RELAXED))
			waited_ms += POLL_MS;
	}
	backend->gave_up = true;
	return -ETIMEDOUT;
}

/*
 * How much may be written without the risk that write() waits: O_NONBLOCK would bind all who
 * share the pipe, but one that has room takes PIPE_BUF bytes at once. A file never waits.
 */
static uint32_t piece_bytes(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? UINT32_MAX : PIPE_BUF;
}

static int write_on(struct writer_backend *backend, int fd, const uint8_t *data, uint32_t bytes)
{
	uint32_t most = piece_bytes(fd);

	while (bytes) {
		int err = wait_for_room(backend, fd);
		ssize_t written;

		if (err)
			return err;
		written = write(fd, data, bytes < most ? bytes : most);
		if (written < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (written > 0) {
			data += written;
			bytes -= (uint32_t)written;
		}
	}
	return 0;
}

static void write_pipe(struct writer_backend *backend, uint32_t job, int fd, const uint8_t *data,
		       uint32_t bytes, uint64_t offset)
{
	end_job(backend, job, write_on(backend, fd, data, bytes));
}

static void hurry_pipe(struct writer_backend *backend)
{
	__atomic_store_n(&backend->ending, true, __ATOMIC_RELAXED);
}

static void write_null(struct writer_backend *backend, uint32_t job, int fd, const uint8_t *data,
		       uint32_t bytes, uint64_t offset)
{
	end_job(backend, job, 0);
}

const struct writer_backend_ops writer_pwrite_ops = {start, write_file, reserve, reap, NULL, stop};
const struct writer_backend_ops writer_pipe_ops = {start, write_pipe, NULL, reap, hurry_pipe, stop};
const struct writer_backend_ops writer_null_ops = {start, write_null, NULL, reap, NULL, stop};
