/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/verify_hash.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	THREADS_MAX = 4, /* more only make a disk seek */
	READ_BYTES = 1 << 20,
	AHEAD_BYTES = 16 << 20,
	PROGRESS_MS = 250,
	PATH_BYTES = 4096 + 256,
	BAR_COLUMNS = 30,
};

struct pool {
	struct verify_file *files;
	uint32_t count;
	uint32_t next;     /* atomic: to be begun */
	uint64_t read;     /* atomic: bytes */
	uint64_t expected; /* of all files */
	uint64_t began_ns;
	uint64_t shown_ns; /* the progress, last */
	bool shown;        /* and is still to be seen */
	int progress;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

void verify_file_path(const struct verify_file *file, char *path, size_t bytes)
{
	snprintf(path, bytes, "%s/%s", file->directory, file->name);
}

/* The disk reads on while what it has brought is hashed. */
static void read_ahead(int fd, uint64_t at)
{
	if (at % (AHEAD_BYTES / 2) == 0)
		(void)posix_fadvise(fd, (off_t)at, AHEAD_BYTES, POSIX_FADV_WILLNEED);
}

static int hash_open(struct pool *pool, struct verify_file *file, int fd, uint8_t *buffer)
{
	struct digest_state *state = digest_begin();
	ssize_t got = 1;
	int err = state ? 0 : -ENOMEM;

	while (!err && got > 0) {
		read_ahead(fd, file->bytes);
		got = read(fd, buffer, READ_BYTES);
		if (got < 0) {
			err = -errno;
		} else {
			err = digest_add(state, buffer, (size_t)got);
			file->bytes += (uint64_t)got;
			__atomic_add_fetch(&pool->read, (uint64_t)got, __ATOMIC_RELAXED);
		}
	}
	if (err)
		digest_abandon(state);
	else
		err = digest_end(state, &file->digest);
	return err;
}

static int hash_file(struct pool *pool, struct verify_file *file, uint8_t *buffer)
{
	char path[PATH_BYTES];
	struct stat st;
	int err;
	int fd;

	verify_file_path(file, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ELOOP ? -EPROTO : -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EPROTO;
	else
		err = hash_open(pool, file, fd, buffer);
	close(fd);
	return err;
}

static void *run(void *argument)
{
	struct pool *pool = argument;
	uint8_t *buffer = malloc(READ_BYTES);
	uint32_t i;

	while ((i = __atomic_fetch_add(&pool->next, 1, __ATOMIC_RELAXED)) < pool->count) {
		struct verify_file *file = &pool->files[i];

		file->error = buffer ? hash_file(pool, file, buffer) : -ENOMEM;
		pthread_mutex_lock(&pool->lock);
		file->done = true;
		pthread_cond_broadcast(&pool->changed);
		pthread_mutex_unlock(&pool->lock);
	}
	free(buffer);
	return NULL;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void show_progress(struct pool *pool)
{
	uint64_t shown_ns = now_ns(CLOCK_MONOTONIC);
	uint64_t read = __atomic_load_n(&pool->read, __ATOMIC_RELAXED);
	double seconds = (double)(shown_ns - pool->began_ns) / 1e9;
	double part = pool->expected ? (double)read / (double)pool->expected : 1;
	int filled = (int)((part < 1 ? part : 1) * BAR_COLUMNS);

	if (pool->progress < 0 || shown_ns - pool->shown_ns < PROGRESS_MS * 1000000ull)
		return;
	pool->shown_ns = shown_ns;
	pool->shown = true;
	dprintf(pool->progress, "\r[%.*s%*s] %3.0f %% of %.1f GB, %.2f GB/s ", filled,
		"##############################", BAR_COLUMNS - filled, "",
		100 * (part < 1 ? part : 1), (double)pool->expected / 1e9,
		(double)read / 1e9 / (seconds > 0 ? seconds : 1));
}

static void clear_progress(struct pool *pool)
{
	if (pool->shown)
		dprintf(pool->progress, "\r\033[K");
	pool->shown = false;
}

static void wait_for(struct pool *pool, const struct verify_file *file)
{
	pthread_mutex_lock(&pool->lock);
	while (!file->done) {
		uint64_t until_ns = now_ns(CLOCK_REALTIME) + PROGRESS_MS * 1000000ull;
		const struct timespec until = {
			.tv_sec = (time_t)(until_ns / 1000000000),
			.tv_nsec = (long)(until_ns % 1000000000),
		};

		(void)pthread_cond_timedwait(&pool->changed, &pool->lock, &until);
		show_progress(pool);
	}
	pthread_mutex_unlock(&pool->lock);
}

static bool is_right(const struct verify_file *file)
{
	return !file->error && digest_equal(&file->digest, &file->expected);
}

static uint32_t choose_threads(uint32_t files)
{
	cpu_set_t cpus;
	uint32_t count = sched_getaffinity(0, sizeof(cpus), &cpus) < 0 ? 1 : CPU_COUNT(&cpus);

	count = count < THREADS_MAX ? count : THREADS_MAX;
	return count < files ? count : files;
}

int verify_hash_files(struct verify_file *files, uint32_t count, int progress,
		      verify_hash_done *done, void *context)
{
	struct pool pool = {.files = files, .count = count, .progress = progress};
	pthread_t threads[THREADS_MAX];
	uint32_t wanted = choose_threads(count);
	uint32_t started = 0;
	int err = 0;

	for (uint32_t i = 0; i < count; i++)
		pool.expected += files[i].expected_bytes;
	pool.began_ns = now_ns(CLOCK_MONOTONIC);
	pthread_mutex_init(&pool.lock, NULL);
	pthread_cond_init(&pool.changed, NULL);
	while (started < wanted && !err) {
		err = -pthread_create(&threads[started], NULL, run, &pool);
		started += err == 0;
	}
	/* With one thread it takes longer, but gets there. */
	if (started)
		err = 0;
	for (uint32_t i = 0; i < count && started; i++) {
		wait_for(&pool, &files[i]);
		/* There is something to be said of the others. */
		if (!is_right(&files[i]))
			clear_progress(&pool);
		done(context, &files[i]);
	}
	clear_progress(&pool);
	for (uint32_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&pool.changed);
	pthread_mutex_destroy(&pool.lock);
	return err;
}
