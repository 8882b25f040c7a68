/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run_capture.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/run_stop.h"
#include "tools/spawn.h"

static const char program[] = "mirrorcap-capture";

/*
 * A socket under an abstract name that the kernel chooses, in NOTIFY_SOCKET. Anyone in the network
 * namespace can send to it: hence the sender's credentials.
 * Returns the descriptor or -errno.
 */
static int open_notify(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t length = sizeof(address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;
	char name[sizeof(address.sun_path) + 1];
	int rc;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) < 0)
		goto fail;
	length -= offsetof(struct sockaddr_un, sun_path);
	snprintf(name, sizeof(name), "@%.*s", (int)length - 1, address.sun_path + 1);
	if (setenv("NOTIFY_SOCKET", name, 1) == 0)
		return fd;
fail:
	rc = -errno;
	close(fd);
	return rc;
}

/* True where the next datagram, if there is one, is READY=1 from the child. */
static bool read_notify(const struct run_capture *capture, bool *more)
{
	char text[128], control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec part = {text, sizeof(text) - 1};
	struct msghdr message = {.msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};
	ssize_t length = recvmsg(capture->notify_fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header = length < 0 ? NULL : CMSG_FIRSTHDR(&message);
	struct ucred sender;

	*more = length >= 0 || errno == EINTR;
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
		return false;
	memcpy(&sender, CMSG_DATA(header), sizeof(sender));
	text[length] = '\0';
	return sender.pid == capture->pid && strcmp(text, "READY=1") == 0;
}

static bool became_ready(struct run_capture *capture)
{
	bool more = !capture->ready;

	while (more && !capture->ready)
		capture->ready = read_notify(capture, &more);
	return more;
}

/* In the child. */
static _Noreturn void become_capture(const char *path, const char *const argv[], pid_t parent)
{
	int rc;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	rc = spawn_exec_clean(path, (char *const *)argv, SPAWN_FIRST_FD);
	fprintf(stderr, "mirrorcap: run: cannot start %s: %s\n", path, strerror(-rc));
	_exit(EXIT_FAILURE);
}

int run_capture_start(struct run_capture *capture, const char *const argv[])
{
	const pid_t parent = getpid();
	char path[PATH_MAX];
	int rc = spawn_find_program(program, path, sizeof(path));

	if (rc < 0)
		return rc;
	*capture = (struct run_capture){.notify_fd = open_notify()};
	if (capture->notify_fd < 0)
		return capture->notify_fd;
	capture->pid = fork();
	if (capture->pid == 0)
		become_capture(path, argv, parent);
	if (capture->pid > 0)
		return 0;
	rc = -errno;
	close(capture->notify_fd);
	return rc;
}

static bool has_ended(struct run_capture *capture)
{
	if (!capture->ended && waitpid(capture->pid, &capture->status, WNOHANG) == capture->pid)
		capture->ended = true;
	return capture->ended;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Before it receives it has nothing to rotate. */
static void pass_on(const struct run_capture *capture)
{
	if (!run_stop_rotate || !capture->ready)
		return;
	run_stop_rotate = 0;
	kill(capture->pid, SIGUSR1);
}

enum run_capture_event run_capture_wait(struct run_capture *capture,
					const volatile sig_atomic_t *stop, int timeout_ms)
{
	const int64_t deadline = monotonic_ms() + timeout_ms;
	struct pollfd notify = {.fd = capture->notify_fd, .events = POLLIN};
	enum run_capture_event event;
	int left = timeout_ms;

	run_stop_hold();
	for (;;) {
		event = RUN_CAPTURE_READY;
		if (became_ready(capture))
			break;
		event = RUN_CAPTURE_ENDED;
		if (has_ended(capture))
			break;
		pass_on(capture);
		event = RUN_CAPTURE_STOP;
		if (stop && *stop)
			break;
		event = RUN_CAPTURE_TIMEOUT;
		if (timeout_ms >= 0 && (left = (int)(deadline - monotonic_ms())) <= 0)
			break;
		/* Once it is ready nothing more is expected, and noise must not wake us. */
		notify.fd = capture->ready ? -1 : capture->notify_fd;
		run_stop_poll(&notify, left);
	}
	run_stop_release();
	return event;
}

void run_capture_stop(struct run_capture *capture)
{
	if (has_ended(capture))
		return;
	kill(capture->pid, SIGTERM);
	while (run_capture_wait(capture, NULL, -1) != RUN_CAPTURE_ENDED)
		continue;
}

void run_capture_fini(struct run_capture *capture)
{
	close(capture->notify_fd);
}
