/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/sandbox.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/io_uring.h>

#include <cmocka.h>

/* What a closed process finds, as its exit code. */
enum {
	CLOSED = 0,
	NETWORK_SOCKET,
	OTHER_SOCKET_REFUSED,
	NEW_RING,
	NEW_PROGRAM,
	LOOK_AT_PROGRAM_REFUSED,
	PRIVILEGES,
	NOT_CLOSED,
};

static int network_socket(int family, int type)
{
	int fd = socket(family, type, 0);

	return fd < 0 && errno == EACCES ? CLOSED : NETWORK_SOCKET;
}

static bool bpf_refused(uint32_t command)
{
	return syscall(SYS_bpf, command, NULL, 0) < 0 && errno == EACCES;
}

static int programs(void)
{
	static const uint32_t changing[] = {
		BPF_MAP_CREATE,  BPF_MAP_UPDATE_ELEM, BPF_PROG_LOAD,   BPF_RAW_TRACEPOINT_OPEN,
		BPF_PROG_ATTACH, BPF_LINK_CREATE,     BPF_LINK_UPDATE, BPF_OBJ_PIN,
	};

	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++)
		if (!bpf_refused(changing[i]))
			return NEW_PROGRAM;
	/* The xdp port's chores. */
	if (bpf_refused(BPF_MAP_LOOKUP_ELEM) || bpf_refused(BPF_OBJ_GET_INFO_BY_FD))
		return LOOK_AT_PROGRAM_REFUSED;
	return CLOSED;
}

static int look_around(void)
{
	struct io_uring_params params = {0};
	int found;

	if (network_socket(AF_INET, SOCK_STREAM) || network_socket(AF_INET, SOCK_DGRAM) ||
	    network_socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC) ||
	    network_socket(AF_INET6, SOCK_DGRAM) || network_socket(AF_INET, SOCK_RAW) ||
	    network_socket(AF_PACKET, SOCK_RAW) || network_socket(AF_NETLINK, SOCK_RAW))
		return NETWORK_SOCKET;
	/* The readiness notification goes through one. */
	if (socket(AF_UNIX, SOCK_DGRAM, 0) < 0)
		return OTHER_SOCKET_REFUSED;
	if (syscall(SYS_io_uring_setup, 1, &params) >= 0 || errno != EACCES)
		return NEW_RING;
	found = programs();
	if (found != CLOSED)
		return found;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? CLOSED : PRIVILEGES;
}

/* A thread that ran before the sandbox closed: it is inside too. */
static void *wait_and_look(void *go)
{
	static int found;
	char byte;

	found = read(*(int *)go, &byte, 1) == 1 ? look_around() : NOT_CLOSED;
	return &found;
}

static int closed_process(void)
{
	int pipe_fds[2], *found;
	pthread_t thread;

	if (pipe(pipe_fds) < 0 || pthread_create(&thread, NULL, wait_and_look, &pipe_fds[0]))
		return NOT_CLOSED;
	if (sandbox_close(true) < 0 || look_around() != CLOSED)
		return NOT_CLOSED;
	if (write(pipe_fds[1], "", 1) != 1 || pthread_join(thread, (void **)&found))
		return NOT_CLOSED;
	return *found;
}

static void test_closed(void **state)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(closed_process());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), CLOSED);
}

/* The same look from outside fails: the test can tell the difference. */
static void test_open(void **state)
{
	assert_int_not_equal(look_around(), CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_closed),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
