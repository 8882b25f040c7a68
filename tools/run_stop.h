/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a run is told to end: SIGINT, SIGTERM or SIGHUP. The first one ends it in order (session,
 * then packets under way, then capture); a second one cuts requests and pauses short. SIGUSR1 is
 * the capture's.
 */
#ifndef TOOLS_RUN_STOP_H
#define TOOLS_RUN_STOP_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

/* Not 0 after the first signal, and after the second: for client_options.stop. */
extern volatile sig_atomic_t run_stop_asked;
extern volatile sig_atomic_t run_stop_hurried;
/* Not 0 where a SIGUSR1 has come that the capture has not got yet. */
extern volatile sig_atomic_t run_stop_rotate;

/* Catches the signals, and SIGCHLD so that it interrupts run_stop_poll(). */
void run_stop_catch(void);

/*
 * Between these two signals arrive in run_stop_poll() only: what is looked at before it cannot
 * change until it waits.
 */
void run_stop_hold(void);
void run_stop_release(void);

/* poll(2) of one descriptor, ended by a signal too. timeout_ms: negative for none. */
void run_stop_poll(struct pollfd *descriptor, int timeout_ms);

#endif
