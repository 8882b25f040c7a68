/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture that a run starts: a child with a cleaned environment, in a process group of its
 * own, so that Ctrl-C reaches the run alone and the session ends before the capture does. It
 * tells by sd_notify(3)'s protocol that it receives. Should the run die, it is told to end.
 */
#ifndef TOOLS_RUN_CAPTURE_H
#define TOOLS_RUN_CAPTURE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct run_capture {
	pid_t pid;
	int notify_fd;
	bool ready; /* it receives */
	bool ended;
	int status; /* of waitpid(2), once it has ended */
};

enum run_capture_event {
	RUN_CAPTURE_READY, /* it receives; reported once */
	RUN_CAPTURE_ENDED, /* capture->status is set */
	RUN_CAPTURE_STOP,  /* the stop flag was set */
	RUN_CAPTURE_TIMEOUT,
};

/*
 * Starts mirrorcap-capture. Sets NOTIFY_SOCKET of this process.
 * argv: NULL-terminated, argv[0] the program's name.
 * capture: needs no initialisation; run_capture_fini() once it has ended.
 * Returns 0, or -errno: of finding the program, of the socket, of fork(2).
 */
int run_capture_start(struct run_capture *capture, const char *const argv[]);

/*
 * Waits for the next event; passes SIGUSR1 on to the capture meanwhile.
 * stop: a flag of run_stop.h, or NULL where nothing but the capture counts.
 * timeout_ms: negative for none.
 */
enum run_capture_event run_capture_wait(struct run_capture *capture,
					const volatile sig_atomic_t *stop, int timeout_ms);

/* Asks it to end (SIGTERM), if it has not, and waits until it has. */
void run_capture_stop(struct run_capture *capture);

/* Frees what is held of a capture that has ended. */
void run_capture_fini(struct run_capture *capture);

#endif
