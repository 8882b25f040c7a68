/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The backends whose jobs have ended when the call returns: pwrite(), a pipe, and null:.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "capture/writer_backend.h"

struct writer_backend {
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

static int write_on(int fd, const uint8_t *data, uint32_t bytes)
{
	while (bytes) {
		ssize_t written = write(fd, data, bytes);

		if (written < 0 && errno == EAGAIN) {
			/* Somebody made the pipe non-blocking: wait as write() would have. */
			struct pollfd pipe = {.fd = fd, .events = POLLOUT};

			(void)poll(&pipe, 1, -1);
		} else if (written < 0 && errno != EINTR) {
			return -errno;
		} else if (written > 0) {
			data += written;
			bytes -= (uint32_t)written;
		}
	}
	return 0;
}

static void write_pipe(struct writer_backend *backend, uint32_t job, int fd, const uint8_t *data,
		       uint32_t bytes, uint64_t offset)
{
	end_job(backend, job, write_on(fd, data, bytes));
}

static void write_null(struct writer_backend *backend, uint32_t job, int fd, const uint8_t *data,
		       uint32_t bytes, uint64_t offset)
{
	end_job(backend, job, 0);
}

const struct writer_backend_ops writer_pwrite_ops = {start, write_file, reap, stop};
const struct writer_backend_ops writer_pipe_ops = {start, write_pipe, reap, stop};
const struct writer_backend_ops writer_null_ops = {start, write_null, reap, stop};
