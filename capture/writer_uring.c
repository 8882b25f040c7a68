/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The io_uring backend, and the only user of liburing.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "capture/writer_backend.h"

enum {
	RING_ENTRIES = 64,
	MAX_TRIES = 1000, /* of a request that the kernel asks to try again */
};

static const uint64_t buffer_bytes_max = 1ull << 30; /* the kernel's limit for one buffer */

/* A write under way; what is left of it after short ones. A reservation has no bytes to write. */
struct job {
	int fd;
	const uint8_t *data;
	uint32_t bytes;
	uint64_t offset;
	unsigned int tries;
};

struct writer_backend {
	struct io_uring ring;
	uint32_t under_way;
	bool registered;        /* the pool's memory is a set of fixed buffers */
	const uint8_t *memory;  /* the pool's */
	uint64_t buffer_stride; /* bytes of each fixed buffer but the last */
	struct job jobs[];
};

/* liburing's own calls for the two below are missing from the library in Debian 12. */
static int register_ring(struct io_uring *ring, unsigned int opcode, const void *argument,
			 unsigned int count)
{
	return syscall(__NR_io_uring_register, ring->ring_fd, opcode, argument, count) < 0 ? -errno
											   : 0;
}

static int restrict_ring(struct io_uring *ring)
{
	const struct io_uring_restriction allowed[] = {
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_WRITE},
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_WRITE_FIXED},
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_FSYNC},
		{.opcode = IORING_RESTRICTION_SQE_OP, .sqe_op = IORING_OP_FALLOCATE},
	};
	int err = register_ring(ring, IORING_REGISTER_RESTRICTIONS, allowed,
				sizeof(allowed) / sizeof(allowed[0]));

	return err ? err : register_ring(ring, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

int writer_uring_ring(struct io_uring *ring, uint32_t entries, const struct iovec *buffers,
		      uint32_t count)
{
	struct io_uring_params params = {.flags = IORING_SETUP_R_DISABLED};
	int err = io_uring_queue_init_params(entries, ring, &params);

	if (err)
		return err;
	/* Waiting with a timeout must not need a request of its own: it would be refused. */
	if (!(params.features & IORING_FEAT_EXT_ARG))
		err = -ENOTSUP;
	if (!err && count)
		err = io_uring_register_buffers(ring, buffers, count);
	if (!err)
		err = restrict_ring(ring);
	if (err)
		io_uring_queue_exit(ring);
	return err;
}

/* Splits the pool's memory at chunks into buffers of at most 1 GiB; returns their number. */
static uint32_t list_buffers(struct writer_backend *backend, struct chunk_pool *pool,
			     struct iovec *buffers)
{
	uint64_t chunk_bytes = chunk_pool_bytes(pool);
	uint64_t left = chunk_pool_count(pool) * chunk_bytes;
	uint8_t *data = chunk_pool_at(pool, 0)->data;
	uint32_t count = 0;

	backend->memory = data;
	backend->buffer_stride = buffer_bytes_max - buffer_bytes_max % chunk_bytes;
	while (left) {
		uint64_t bytes = left < backend->buffer_stride ? left : backend->buffer_stride;

		buffers[count++] = (struct iovec){.iov_base = data, .iov_len = bytes};
		data += bytes;
		left -= bytes;
	}
	return count;
}

static int set_up(struct writer_backend *backend, struct chunk_pool *pool)
{
	uint64_t bytes = (uint64_t)chunk_pool_count(pool) * chunk_pool_bytes(pool);
	struct iovec *buffers = calloc(bytes / (buffer_bytes_max / 2) + 1, sizeof(*buffers));
	uint32_t count;
	int err;

	if (!buffers)
		return -ENOMEM;
	count = list_buffers(backend, pool, buffers);
	err = writer_uring_ring(&backend->ring, RING_ENTRIES, buffers, count);
	backend->registered = err == 0;
	/* Locked memory has a limit for ordinary users: without fixed buffers then. */
	if (err)
		err = writer_uring_ring(&backend->ring, RING_ENTRIES, NULL, 0);
	free(buffers);
	return err;
}

static int start(struct writer_backend **backend, struct chunk_pool *pool, uint32_t jobs)
{
	struct writer_backend *started =
		calloc(1, sizeof(*started) + jobs * sizeof(started->jobs[0]));
	int err;

	if (!started)
		return -ENOMEM;
	err = set_up(started, pool);
	if (err) {
		free(started);
		return err;
	}
	*backend = started;
	return 0;
}

static void stop(struct writer_backend *backend)
{
	io_uring_queue_exit(&backend->ring);
	free(backend);
}

/* The queue is as long as the ring: submitting empties it. */
static struct io_uring_sqe *get_sqe(struct writer_backend *backend)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&backend->ring)))
		(void)io_uring_submit(&backend->ring);
	return sqe;
}

static void queue(struct writer_backend *backend, uint32_t index)
{
	const struct job *job = &backend->jobs[index];
	struct io_uring_sqe *sqe = get_sqe(backend);

	if (backend->registered) {
		uint64_t place = (uint64_t)(job->data - backend->memory);

		io_uring_prep_write_fixed(sqe, job->fd, job->data, job->bytes, job->offset,
					  (int)(place / backend->buffer_stride));
	} else {
		io_uring_prep_write(sqe, job->fd, job->data, job->bytes, job->offset);
	}
	io_uring_sqe_set_data64(sqe, index);
}

static void write_file(struct writer_backend *backend, uint32_t index, int fd, const uint8_t *data,
		       uint32_t bytes, uint64_t offset)
{
	backend->jobs[index] =
		(struct job){.fd = fd, .data = data, .bytes = bytes, .offset = offset};
	backend->under_way++;
	queue(backend, index);
}

static void reserve(struct writer_backend *backend, uint32_t index, int fd, uint64_t offset,
		    uint64_t bytes)
{
	struct io_uring_sqe *sqe = get_sqe(backend);

	backend->jobs[index] = (struct job){.fd = fd, .offset = offset};
	backend->under_way++;
	io_uring_prep_fallocate(sqe, fd, 0, (off_t)offset, (off_t)bytes);
	io_uring_sqe_set_data64(sqe, index);
}

/* What a completion means for its job. Returns true where the job has ended: *error says how. */
static bool end_request(struct writer_backend *backend, uint32_t index, int result, int *error)
{
	struct job *job = &backend->jobs[index];
	uint32_t written;

	*error = 0;
	if (result == (int)job->bytes)
		return true;
	if (job->bytes && (result == -EINTR || result == -EAGAIN)) {
		*error = result;
		if (job->tries++ >= MAX_TRIES)
			return true;
		queue(backend, index);
		return false;
	}
	if (result < 0) {
		*error = result;
		return true;
	}
	/* Short: O_DIRECT goes on at a block. The next write tells why, or completes it. */
	written = (uint32_t)result - (uint32_t)result % CHUNK_BLOCK;
	if (written == 0) {
		*error = -ENOSPC;
		return true;
	}
	job->data += written;
	job->bytes -= written;
	job->offset += written;
	queue(backend, index);
	return false;
}

static uint32_t reap(struct writer_backend *backend, struct writer_result *results, uint32_t max,
		     uint64_t timeout_ns)
{
	struct __kernel_timespec timeout = {.tv_nsec = (long long)timeout_ns};
	struct io_uring_cqe *cqe;
	uint32_t count = 0;

	if (backend->under_way == 0)
		return 0;
	(void)io_uring_submit(&backend->ring);
	if (timeout_ns && io_uring_cq_ready(&backend->ring) == 0)
		(void)io_uring_wait_cqe_timeout(&backend->ring, &cqe, &timeout);
	while (count < max && io_uring_peek_cqe(&backend->ring, &cqe) == 0) {
		uint32_t index = (uint32_t)io_uring_cqe_get_data64(cqe);
		int result = cqe->res;

		io_uring_cqe_seen(&backend->ring, cqe);
		if (!end_request(backend, index, result, &results[count].error))
			continue;
		results[count++].job = index;
		backend->under_way--;
	}
	(void)io_uring_submit(&backend->ring);
	return count;
}

const struct writer_backend_ops writer_uring_ops = {start, write_file, reserve, reap, NULL, stop};
