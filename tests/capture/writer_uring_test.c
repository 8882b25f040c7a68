/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's ring can write and sync files; the kernel refuses it a socket, so nobody who
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
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/writer_backend.h"

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

static void writes_and_syncs(void **state)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	char read_back[4];

	io_uring_prep_write(io_uring_get_sqe(&ring), fd, "abcd", 4, 0);
	assert_int_equal(run_request(), 4);
	io_uring_prep_fsync(io_uring_get_sqe(&ring), fd, IORING_FSYNC_DATASYNC);
	assert_int_equal(run_request(), 0);
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
		if (op == IORING_OP_WRITE || op == IORING_OP_WRITE_FIXED || op == IORING_OP_FSYNC)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_and_syncs, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(refuses_the_network, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(refuses_all_other_requests, open_ring, close_ring),
		cmocka_unit_test_setup_teardown(the_restriction_stays, open_ring, close_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
