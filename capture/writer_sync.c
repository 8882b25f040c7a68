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

/* In the task's thread. */
static void commit(void *argument)
{
	struct writer_sync *sync = argument;

	segment_sync_commit(sync->commits, sync->count);
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

void writer_sync_collect(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;

	if (!writer_task_collect(&sync->task))
		return;
	for (uint32_t i = 0; i < sync->count; i++) {
		const struct segment_commit *done = &sync->commits[i];
		struct writer_stream *stream = &writer->streams[sync->streams[i]];

		if (done->error)
			writer_stream_fail_sync(writer, stream, done);
		else if (writer_stream_has(stream, &done->segment))
			stream->committed = done->bytes;
	}
	sync->count = 0;
}

void writer_sync_due(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;
	uint64_t now_ns;

	/* Done or not: what is in it was not collected yet. */
	if (!sync->task.started || !sync->grown || sync->count)
		return;
	now_ns = writer_now_ns();
	if (now_ns - sync->begun_ns < writer->config.sync_ns)
		return;
	sync->begun_ns = now_ns;
	sync->grown = false;
	take_stock(writer);
	if (sync->count)
		writer_task_begin(&sync->task);
}

void writer_sync_finish(struct writer *writer)
{
	writer_task_wait(&writer->sync.task);
	writer_sync_collect(writer);
}

int writer_sync_start(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;

	if (!output_makes_files(&writer->config.output) ||
	    writer->config.sync_mode != WRITER_SYNC_INTERVAL)
		return 0;
	sync->commits = calloc(writer->config.streams, sizeof(*sync->commits));
	sync->streams = calloc(writer->config.streams, sizeof(*sync->streams));
	if (!sync->commits || !sync->streams)
		return -ENOMEM;
	return writer_task_start(&sync->task, commit, sync, writer->config.cpu);
}

void writer_sync_stop(struct writer *writer)
{
	struct writer_sync *sync = &writer->sync;

	writer_task_stop(&sync->task);
	free(sync->commits);
	free(sync->streams);
	sync->commits = NULL;
	sync->streams = NULL;
}
