/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "capture/writer_internal.h"
#include "capture/writer_pause.h"

enum {
	REAP_MAX = 32,
	WAIT_NS = 500000, /* for a write; new chunks are seen no later */
	TRIAL_PATTERN = 0x5a,
};

const char *writer_method_name(enum writer_method method)
{
	static const char *const names[] = {
		[WRITER_URING] = "io_uring with O_DIRECT",
		[WRITER_DIRECT] = "pwrite with O_DIRECT",
		[WRITER_PWRITE] = "pwrite",
	};

	return names[method];
}

static const struct writer_backend_ops *ops_for(const struct output *output,
						enum writer_method method)
{
	if (output->kind == OUTPUT_STDOUT)
		return &writer_pipe_ops;
	if (output->kind == OUTPUT_NULL)
		return &writer_null_ops;
	return method == WRITER_URING ? &writer_uring_ops : &writer_pwrite_ops;
}

/* Writes the pool's first chunk to fd and reads it back into the second. */
static int try_write(const struct writer_backend_ops *ops, struct chunk_pool *pool, int fd)
{
	uint8_t *out = chunk_pool_at(pool, 0)->data;
	uint8_t *in = chunk_pool_at(pool, 1)->data;
	struct writer_result result = {0};
	struct writer_backend *backend;
	ssize_t length;
	int err = ops->start(&backend, pool, 1);

	if (err)
		return err;
	memset(out, TRIAL_PATTERN, CHUNK_BLOCK);
	ops->write(backend, 0, fd, out, CHUNK_BLOCK, 0);
	while (ops->reap(backend, &result, 1, WAIT_NS) == 0)
		;
	ops->stop(backend);
	if (result.error)
		return result.error;
	if (fdatasync(fd) < 0)
		return -errno;
	length = pread(fd, in, CHUNK_BLOCK, 0);
	if (length < 0)
		return -errno;
	return length == CHUNK_BLOCK && memcmp(in, out, CHUNK_BLOCK) == 0 ? 0 : -EIO;
}

static int try_method(const struct writer_backend_ops *ops, const char *directory, int flags)
{
	struct chunk_pool *pool;
	int err = -ENOMEM;
	int fd = output_open_unnamed(directory, flags);

	if (fd < 0)
		return fd;
	pool = chunk_pool_new(2, CHUNK_BLOCK, 0);
	if (pool)
		err = try_write(ops, pool, fd);
	chunk_pool_free(pool);
	close(fd);
	return err;
}

int writer_choose(const struct output *output, enum writer_method *method)
{
	char directory[PATH_MAX];
	int err;

	*method = WRITER_PWRITE;
	if (!output->path)
		return 0;
	err = output_directory(output, directory, sizeof(directory));
	if (err)
		return err;
	for (int i = WRITER_URING; i <= WRITER_PWRITE; i++) {
		*method = (enum writer_method)i;
		err = try_method(ops_for(output, *method), directory,
				 *method == WRITER_PWRITE ? 0 : O_DIRECT);
		if (!err)
			break;
	}
	return err;
}

void writer_fail(struct writer *writer, int error, const char *path)
{
	pthread_mutex_lock(&writer->lock);
	if (writer->error == 0) {
		writer->error = error;
		snprintf(writer->error_path, sizeof(writer->error_path), "%s", path);
	}
	pthread_mutex_unlock(&writer->lock);
	/* Without a next file to go on in, the output is at its end. */
	if (writer->config.output.kind != OUTPUT_DIRECTORY)
		__atomic_store_n(&writer->broken, true, __ATOMIC_RELAXED);
}

int writer_take_error(struct writer *writer, char *path)
{
	int error;

	pthread_mutex_lock(&writer->lock);
	error = writer->error;
	if (error)
		memcpy(path, writer->error_path, sizeof(writer->error_path));
	writer->error = 0;
	pthread_mutex_unlock(&writer->lock);
	return error;
}

bool writer_broken(const struct writer *writer)
{
	return __atomic_load_n(&writer->broken, __ATOMIC_RELAXED);
}

const struct writer_file *writer_files(const struct writer *writer, uint32_t *count)
{
	*count = writer->file_count;
	return writer->files;
}

/* Returns how many: 0 where the ring was empty, or no more may be under way. */
static uint32_t accept_chunks(struct writer *writer)
{
	/* What is compressed is written at once: its chunk goes back before the next comes. */
	uint32_t depth = writer->zstd ? 1 : WRITER_DEPTH;
	uint32_t count = 0;

	while (writer->under_way < depth) {
		struct chunk *chunk = ring_get(writer->config.full);

		if (!chunk)
			break;
		writer_stream_accept(writer, chunk);
		count++;
	}
	return count;
}

/* Returns false where no write has ended within the time. */
static bool end_writes(struct writer *writer, uint64_t timeout_ns)
{
	struct writer_result results[REAP_MAX];
	uint32_t count = writer->ops->reap(writer->backend, results, REAP_MAX, timeout_ns);

	for (uint32_t i = 0; i < count; i++)
		writer_stream_end(writer, &results[i]);
	return count > 0;
}

static void *run(void *argument)
{
	struct timespec pause = {.tv_nsec = WRITER_PAUSE_LEAST_NS};
	struct writer *writer = argument;
	uint32_t found = 0; /* since the latest pause began */

	writer_task_choose_cpu(writer->config.cpu);
	/* The kernel adds 50 us to each pause otherwise, to wake up several threads at once. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	for (;;) {
		/* Looked at first: what was handed over before the stop is then seen below. */
		bool stopping = __atomic_load_n(&writer->stopping, __ATOMIC_ACQUIRE);
		uint32_t taken = accept_chunks(writer);
		bool busy = end_writes(writer, 0) || taken;

		found += taken;
		writer_sync_collect(writer);
		writer_publish_due(writer); /* of what no sync is under way for */
		writer_sync_due(writer);
		if (busy)
			continue;
		if (stopping && writer->accepted == 0 && writer->under_way == 0)
			break;
		if (writer->under_way) {
			end_writes(writer, WAIT_NS);
			continue;
		}
		pause.tv_nsec = writer_pause_next((uint32_t)pause.tv_nsec, found);
		found = 0;
		nanosleep(&pause, NULL);
	}
	writer_stream_finish_all(writer);
	writer_sync_finish(writer);
	writer_publish_finish(writer);
	return NULL;
}

/* Signals are for the threads that wait for them; SIGPIPE and SIGXFSZ are errors here. */
static int start_threads(struct writer *writer)
{
	sigset_t all;
	sigset_t before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = writer_publish_start(writer);
	if (!err)
		err = writer_sync_start(writer);
	if (!err) {
		err = -pthread_create(&writer->thread, NULL, run, writer);
		writer->started = err == 0;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

static int allocate(struct writer *writer)
{
	uint32_t jobs = chunk_pool_count(writer->config.pool);

	writer->jobs = calloc(jobs, sizeof(*writer->jobs));
	writer->streams = calloc(writer->config.streams, sizeof(*writer->streams));
	if (!writer->jobs || !writer->streams)
		return -ENOMEM;
	for (uint32_t i = 0; i < writer->config.streams; i++) {
		writer->streams[i].first = WRITER_NO_JOB;
		writer->streams[i].first_queued = WRITER_NO_JOB;
	}
	if (writer->config.level) {
		writer->zstd = zstd_writer_new(writer->config.level,
					       chunk_pool_bytes(writer->config.pool));
		if (!writer->zstd)
			return -ENOMEM;
	}
	/* Reservations are numbered behind the chunks, by stream. */
	return writer->ops->start(&writer->backend, writer->config.pool,
				  jobs + writer->config.streams);
}

int writer_start(struct writer **writer, const struct writer_config *config)
{
	struct writer *started;
	int err;

	if (config->streams == 0 || ring_capacity(config->empty) < chunk_pool_count(config->pool))
		return -EINVAL;
	if (config->level && config->method != WRITER_PWRITE)
		return -EINVAL;
	if (config->output.kind == OUTPUT_DIRECTORY && config->files_max <= config->streams)
		return -EINVAL;
	started = calloc(1, sizeof(*started));
	if (!started)
		return -ENOMEM;
	started->config = *config;
	started->ops = ops_for(&config->output, config->method);
	pthread_mutex_init(&started->lock, NULL);
	err = allocate(started);
	if (!err)
		err = start_threads(started);
	if (err) {
		writer_free(started);
		return err;
	}
	*writer = started;
	return 0;
}

void writer_stop(struct writer *writer)
{
	if (!writer || !writer->started)
		return;
	__atomic_store_n(&writer->stopping, true, __ATOMIC_RELEASE);
	if (writer->ops->hurry)
		writer->ops->hurry(writer->backend);
	pthread_join(writer->thread, NULL);
	writer_sync_stop(writer);
	writer_publish_stop(writer);
	writer->started = false;
}

void writer_free(struct writer *writer)
{
	if (!writer)
		return;
	writer_sync_stop(writer);
	writer_publish_stop(writer);
	if (writer->backend)
		writer->ops->stop(writer->backend);
	for (uint32_t i = 0; i < writer->file_count; i++)
		free(writer->files[i].path);
	free(writer->files);
	zstd_writer_free(writer->zstd);
	free(writer->streams);
	free(writer->jobs);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}
