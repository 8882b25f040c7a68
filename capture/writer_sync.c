/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings what was written to stable storage while the segments are open, all streams' together, at
 * an interval. A thread of its own waits for the disk, so that writes go on meanwhile.
 *
 * The writer's thread takes stock: which segment has grown, up to where. The other syncs those and
 * stores their committed lengths; until the writer's thread has seen the results none of the files
 * may be closed or renamed.
 */
#include <errno.h>
#include <stdlib.h>

#include "capture/writer_internal.h"

static void *run(void *argument)
{
	struct writer *writer = argument;
	struct writer_sync *sync = &writer->sync;

	writer_choose_cpu(writer->config.cpu);
	pthread_mutex_lock(&sync->lock);
	while (sync->state != WRITER_SYNC_END) {
		if (sync->state != WRITER_SYNC_BEGUN) {
			pthread_cond_wait(&sync->changed, &sync->lock);
			continue;
		}
		pthread_mutex_unlock(&sync->lock);
		segment_sync_commit(sync->commits, sync->count);
		pthread_mutex_lock(&sync->lock);
		__atomic_store_n(&sync->state, WRITER_SYNC_DONE, __ATOMIC_RELEASE);
		pthread_cond_broadcast(&sync->changed);
	}
	pthread_mutex_unlock(&sync->lock);
	return NULL;
}

static void set_state(struct writer_sync *sync, enum writer_sync_state state)
{
	pthread_mutex_lock(&sync->lock);
	__atomic_store_n(&sync->state, state, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&sync->changed);
	pthread_mutex_unlock(&sync->lock);
}

/* Lists the segments that have grown since they were committed last. */
static void take_stock(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;

	sync->count = 0;
	for (uint32_t i = 0; i < writer->config.streams; i++) {
		struct writer_stream *stream = &writer->streams[i];

		if (!stream->open || stream->failed || stream->good_end == stream->committed)
			continue;
		stream->segment.marked = true;
		sync->streams[sync->count] = i;
		sync->commits[sync->count++] = (struct segment_commit){
			.segment = stream->segment,
			.bytes = stream->good_end,
			.first = stream->committed == 0,
		};
	}
}

static void collect(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;

	for (uint32_t i = 0; i < sync->count; i++) {
		const struct segment_commit *commit = &sync->commits[i];
		struct writer_stream *stream = &writer->streams[sync->streams[i]];

		if (commit->error)
			writer_stream_fail_sync(writer, stream, commit);
		else if (writer_stream_has(stream, &commit->segment))
			stream->committed = commit->bytes;
	}
	sync->count = 0;
	set_state(sync, WRITER_SYNC_IDLE);
}

void writer_sync_due(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;
	enum writer_sync_state state;
	uint64_t now_ns;

	if (!sync->started)
		return;
	state = __atomic_load_n(&sync->state, __ATOMIC_ACQUIRE);
	if (state == WRITER_SYNC_DONE)
		collect(writer);
	if (state == WRITER_SYNC_BEGUN || !sync->grown)
		return;
	now_ns = writer_now_ns();
	if (now_ns - sync->begun_ns < writer->config.sync_ns)
		return;
	sync->begun_ns = now_ns;
	sync->grown = false;
	take_stock(writer);
	if (sync->count)
		set_state(sync, WRITER_SYNC_BEGUN);
}

void writer_sync_wait(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;

	if (!sync->started)
		return;
	pthread_mutex_lock(&sync->lock);
	while (sync->state == WRITER_SYNC_BEGUN)
		pthread_cond_wait(&sync->changed, &sync->lock);
	pthread_mutex_unlock(&sync->lock);
	if (sync->state == WRITER_SYNC_DONE)
		collect(writer);
}

int writer_sync_start(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;
	int err;

	if (!writer_is_file(writer) || writer->config.sync_mode != WRITER_SYNC_INTERVAL)
		return 0;
	sync->commits = calloc(writer->config.streams, sizeof(*sync->commits));
	sync->streams = calloc(writer->config.streams, sizeof(*sync->streams));
	if (!sync->commits || !sync->streams)
		return -ENOMEM;
	pthread_mutex_init(&sync->lock, NULL);
	pthread_cond_init(&sync->changed, NULL);
	err = -pthread_create(&sync->thread, NULL, run, writer);
	sync->started = err == 0;
	if (err) {
		pthread_cond_destroy(&sync->changed);
		pthread_mutex_destroy(&sync->lock);
	}
	return err;
}

void writer_sync_stop(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;

	if (sync->started) {
		writer_sync_wait(writer);
		set_state(sync, WRITER_SYNC_END);
		pthread_join(sync->thread, NULL);
		pthread_cond_destroy(&sync->changed);
		pthread_mutex_destroy(&sync->lock);
	}
	sync->started = false;
	free(sync->commits);
	free(sync->streams);
	sync->commits = NULL;
	sync->streams = NULL;
}
