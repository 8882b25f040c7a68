/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run_stop.h"

#include <stddef.h>
#include <time.h>

volatile sig_atomic_t run_stop_asked;
volatile sig_atomic_t run_stop_hurried;
volatile sig_atomic_t run_stop_rotate;

static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

static void caught(int number)
{
	if (number == SIGCHLD)
		return;
	if (number == SIGUSR1) {
		run_stop_rotate = 1;
		return;
	}
	run_stop_hurried = run_stop_asked;
	run_stop_asked = 1;
}

void run_stop_catch(void)
{
	const struct sigaction action = {.sa_handler = caught, .sa_flags = SA_NOCLDSTOP};

	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &action, NULL);
}

static void mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(how, &set, NULL);
}

void run_stop_hold(void)
{
	mask(SIG_BLOCK);
}

void run_stop_release(void)
{
	mask(SIG_UNBLOCK);
}

void run_stop_poll(struct pollfd *descriptor, int timeout_ms)
{
	const struct timespec timeout = {.tv_sec = timeout_ms / 1000,
					 .tv_nsec = timeout_ms % 1000 * 1000000L};
	sigset_t none;

	sigemptyset(&none);
	/* Whatever ended it, the caller looks at everything again. */
	descriptor->revents = 0;
	ppoll(descriptor, 1, timeout_ms < 0 ? NULL : &timeout, &none);
}
