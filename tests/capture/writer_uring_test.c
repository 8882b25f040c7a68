/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's ring can write, sync and lengthen files; the kernel refuses it a socket, so nobody who
 * takes over the process reaches the network through it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/writer_backend.h"

enum { JOB_BYTES = 16 * CHUNK_BLOCK };

static struct io_uring ring;

static int open_ring(void **state)
{
	return writer_uring_ring(&ring, 8, NULL, 0);
}

static int close_ring(void **state)
{
	io_uring_queue_exit(&ring);
	return 0;
}

/* Submits the one request that was prepared; returns its result. */
static int run_request(void)
{
	struct io_uring_cqe *cqe;
	int result;

	assert_int_equal(io_uring_submit(&ring), 1);
	assert_int_equal(io_uring_wait_cqe(&ring, &cqe), 0);
	result = cqe->res;
	io_uring_cqe_seen(&ring, cqe);
	return result;
}

static void writes_syncs_and_lengthens(void **state)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	char read_back[4];

	io_uring_prep_write(io_uring_get_sqe(&ring), fd, "abcd", 4, 0);
	assert_int_equal(run_request(), 4);
	io_uring_prep_fsync(io_uring_get_sqe(&ring), fd, IORING_FSYNC_DATASYNC);
	assert_int_equal(run_request(), 0);
	io_uring_prep_fallocate(io_uring_get_sqe(&ring), fd, 0, 4, 1000);
	assert_int_equal(run_request(), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 1004);
	assert_int_equal(pread(fd, read_back, 4, 0), 4);
	assert_memory_equal(read_back, "abcd", 4);
	close(fd);
}

static void refuses_the_network(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	io_uring_prep_socket(io_uring_get_sqe(&ring), AF_INET, SOCK_STREAM, 0, 0);
	assert_int_equal(run_request(), -EACCES);
	io_uring_prep_connect(io_uring_get_sqe(&ring), fd, (struct sockaddr *)&address,
			      sizeof(address));
	assert_int_equal(run_request(), -EACCES);
	io_uring_prep_send(io_uring_get_sqe(&ring), fd, "x", 1, 0);
	assert_int_equal(run_request(), -EACCES);
	close(fd);
}

static void refuses_all_other_requests(void **state)
{
	for (int op = 0; op < IORING_OP_LAST; op++) {
		if (op == IORING_OP_WRITE || op == IORING_OP_WRITE_FIXED || op == IORING_OP_FSYNC ||
		    op == IORING_OP_FALLOCATE)
			continue;
		io_uring_prep_rw(op, io_uring_get_sqe(&ring), -1, NULL, 0, 0);
		assert_int_equal(run_request(), -EACCES);
	}
}

static void the_restriction_stays(void **state)
{
	struct io_uring_restriction all = {.opcode = IORING_RESTRICTION_SQE_OP,
					   .sqe_op = IORING_OP_SOCKET};

	assert_int_equal(syscall(__NR_io_uring_register, ring.ring_fd, IORING_REGISTER_RESTRICTIONS,
				 &all, 1),
			 -1);
	io_uring_prep_socket(io_uring_get_sqe(&ring), AF_INET, SOCK_STREAM, 0, 0);
	assert_int_equal(run_request(), -EACCES);
}

static void *drain_slowly(void *argument)
{
	const int *fd = argument;
	uint8_t *bytes = calloc(1, JOB_BYTES + 1);
	size_t length = 0;
	ssize_t count;

	assert_non_null(bytes);
	while ((count = read(*fd, bytes + length, 3000)) > 0)
		length += (size_t)count;
	assert_int_equal(length, JOB_BYTES);
	return bytes;
}

/* A pipe that takes a part at a time: the job goes on until all its bytes are written. */
static void short_writes_are_continued(void **state)
{
	struct chunk_pool *pool = chunk_pool_new(1, JOB_BYTES, 0);
	uint8_t *data = chunk_pool_at(pool, 0)->data;
	struct writer_result result = {.error = 1};
	struct writer_backend *backend;
	pthread_t reader;
	void *received;
	int fds[2];

	for (uint32_t i = 0; i < JOB_BYTES; i++)
		data[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(fcntl(fds[1], F_SETPIPE_SZ, 2 * CHUNK_BLOCK), 2 * CHUNK_BLOCK);
	assert_int_equal(writer_uring_ops.start(&backend, pool, 1), 0);
	assert_int_equal(pthread_create(&reader, NULL, drain_slowly, &fds[0]), 0);
	writer_uring_ops.write(backend, 0, fds[1], data, JOB_BYTES, 0);
	while (writer_uring_ops.reap(backend, &result, 1, 1000000) == 0)
		;
	assert_int_equal(result.error, 0);
	close(fds[1]);
	pthread_join(reader, &received);
	assert_memory_equal(received, data, JOB_BYTES);
	free(received);
	close(fds[0]);
	writer_uring_ops.stop(backend);
	chunk_pool_free(pool);
}

/* Fills a ring's worth of jobs with one that fails among others. */
static void check_error(struct writer_backend *backend, const uint8_t *data, int bad_fd,
			int good_fd, int error)
{
	struct writer_result results[8];
	uint32_t ended = 0;

	for (uint32_t job = 0; job < 8; job++)
		writer_uring_ops.write(backend, job, job == 5 ? bad_fd : good_fd, data, CHUNK_BLOCK,
				       job * CHUNK_BLOCK);
	while (ended < 8)
		ended += writer_uring_ops.reap(backend, results + ended, 8 - ended, 1000000);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(results[i].error, results[i].job == 5 ? error : 0);
	assert_int_equal(writer_uring_ops.reap(backend, results, 8, 0), 0);
}

/* A device that is full, one that cannot be written to, a file that may not grow: one job's. */
static void errors_are_the_jobs_own(void **state)
{
	struct chunk_pool *pool = chunk_pool_new(1, JOB_BYTES, 0);
	const uint8_t *data = chunk_pool_at(pool, 0)->data;
	int file = memfd_create("ring", MFD_CLOEXEC);
	int sealed = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct writer_backend *backend;
	const struct {
		int fd, error;
	} bad[] = {
		{open("/dev/full", O_WRONLY | O_CLOEXEC), -ENOSPC},
		{open("/dev/null", O_RDONLY | O_CLOEXEC), -EBADF},
		{sealed, -EPERM},
		{-1, -EBADF},
	};
	struct writer_result result = {0};

	assert_int_equal(fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_int_equal(writer_uring_ops.start(&backend, pool, 8), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		check_error(backend, data, bad[i].fd, file, bad[i].error);
		if (bad[i].fd >= 0)
			close(bad[i].fd);
	}
	writer_uring_ops.reserve(backend, 3, -1, 0, CHUNK_BLOCK);
	while (writer_uring_ops.reap(backend, &result, 1, 1000000) == 0)
		;
	assert_int_equal(result.job, 3);
	assert_int_equal(result.error, -EBADF);
	close(file);
	writer_uring_ops.stop(backend);
	chunk_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_syncs_and_lengthens, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(refuses_the_network, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(refuses_all_other_requests, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(the_restriction_stays, open_ring, close_ring),
		cmocka_unit_test(short_writes_are_continued),
		cmocka_unit_test(errors_are_the_jobs_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
