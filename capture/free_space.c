/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/free_space.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>

#define LOOK_NS 100000000L

struct free_space_watch {
	const char *path;
	struct free_space floor;
	pthread_t thread;
	bool low;      /* atomic; thread: writes, any: reads */
	bool stopping; /* atomic; any: writes, thread: reads */
};

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Bytes that are to be free, and those that are. Returns false where that is not known. */
static bool look(const char *path, const struct free_space *want, uint64_t *wanted, uint64_t *free)
{
	struct statvfs fs;

	/* Some file systems have no size, and no end either. */
	if (statvfs(path, &fs) < 0 || fs.f_blocks == 0)
		return false;
	*wanted = larger(want->bytes, fs.f_blocks * fs.f_frsize / 100 * want->percent);
	*free = fs.f_bavail * fs.f_frsize;
	return true;
}

uint64_t free_space_missing(const char *path, const struct free_space *want)
{
	uint64_t wanted, free;

	if (!look(path, want, &wanted, &free))
		return 0;
	return wanted > free ? wanted - free : 0;
}

static void update(struct free_space_watch *watch)
{
	uint64_t wanted, free;
	bool low = false;

	if (look(watch->path, &watch->floor, &wanted, &free))
		low = free < (free_space_low(watch) ? wanted + wanted / 10 : wanted);
	__atomic_store_n(&watch->low, low, __ATOMIC_RELAXED);
}

static void *run(void *argument)
{
	const struct timespec pause = {.tv_nsec = LOOK_NS};
	struct free_space_watch *watch = argument;

	while (!__atomic_load_n(&watch->stopping, __ATOMIC_RELAXED)) {
		nanosleep(&pause, NULL);
		update(watch);
	}
	return NULL;
}

int free_space_watch_start(struct free_space_watch **watch, const char *path,
			   const struct free_space *floor)
{
	struct free_space_watch *started = calloc(1, sizeof(*started));
	sigset_t all, before;
	int err;

	if (!started)
		return -ENOMEM;
	started->path = path;
	started->floor = *floor;
	update(started);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&started->thread, NULL, run, started);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		free(started);
		return err;
	}
	*watch = started;
	return 0;
}

void free_space_watch_stop(struct free_space_watch *watch)
{
	if (!watch)
		return;
	__atomic_store_n(&watch->stopping, true, __ATOMIC_RELAXED);
	pthread_join(watch->thread, NULL);
	free(watch);
}

bool free_space_low(const struct free_space_watch *watch)
{
	return watch && __atomic_load_n(&watch->low, __ATOMIC_RELAXED);
}
