/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings ended segments to their names. Cutting, syncing and renaming wait for the disk: a thread
 * of its own does that, a batch at a time, while the writer's thread goes on writing and collects
 * the next one.
 *
 * The files of ended segments stay open until they are published. How many are open, those still
 * written to included, is bounded: a stream that would open one more waits, the others go on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/writer_internal.h"

/* Segments that end within this time are published together. */
#define PUBLISH_NS 100000000u

static void list_file(struct writer *writer, const char *path, uint64_t packets, uint64_t bytes)
{
	struct writer_file file = {.path = strdup(path), .packets = packets, .bytes = bytes};
	struct writer_file *grown = writer->files;

	/* Grow at powers of two: the count itself tells when. */
	if ((writer->file_count & (writer->file_count - 1)) == 0) {
		size_t room = writer->file_count ? 2 * (size_t)writer->file_count : 1;

		grown = realloc(writer->files, room * sizeof(*grown));
		if (grown)
			writer->files = grown;
	}
	if (!file.path || !grown) {
		free(file.path);
		writer_fail(writer, -ENOMEM, path);
		return;
	}
	writer->files[writer->file_count++] = file;
}

/*
 * Here, and only here, a file is known to be published; in the order in which segments ended.
 * What could not be published is still there, and its packets count as written.
 */
static void note_file(struct writer *writer, const struct segment_end *end)
{
	char path[SEGMENT_PATH_BYTES];

	segment_path(&end->segment, path);
	if (end->error)
		writer_fail(writer, end->error, path);
	if (end->logical_bytes == 0) {
		custody_draft_free(end->draft);
		return;
	}
	writer->publish.any |= end->segment.named;
	if (end->segment.named) {
		/* First: what retention then removes has its manifest, or never gets one. */
		custody_published(writer->config.custody, path, end->logical_bytes, end->draft,
				  end->segment.replace);
		retention_published(writer->config.retention, path, end->logical_bytes);
	} else {
		custody_draft_free(end->draft);
		segment_part_path(&end->segment, path);
		if (access(path, F_OK) < 0)
			return;
	}
	list_file(writer, path, end->packets, end->logical_bytes);
}

/* In the task's thread. */
static void publish_batch(void *argument)
{
	struct writer *writer = argument;
	struct writer_publish *publish = &writer->publish;

	segment_publish_all(publish->batch, publish->batch_count);
	for (uint32_t i = 0; i < publish->batch_count; i++)
		note_file(writer, &publish->batch[i]);
}

static void begin_batch(struct writer_publish *publish)
{
	struct segment_end *empty = publish->batch;

	publish->batch = publish->ended;
	publish->batch_count = publish->ended_count;
	publish->ended = empty;
	publish->ended_count = 0;
	writer_task_begin(&publish->task);
}

static void collect(struct writer *writer)
{
	struct writer_publish *publish = &writer->publish;

	if (!writer_task_collect(&publish->task))
		return;
	publish->batch_count = 0;
	if (!publish->wanted)
		return;
	publish->wanted = false;
	writer_stream_resume(writer);
}

bool writer_publish_has_room(struct writer *writer)
{
	struct writer_publish *publish = &writer->publish;
	uint32_t open = writer->open_count + publish->ended_count + publish->batch_count;

	if (!output_makes_files(&writer->config.output) || open < publish->files_max)
		return true;
	publish->wanted = true;
	return false;
}

void writer_publish_add(struct writer *writer, const struct segment_end *end)
{
	struct writer_publish *publish = &writer->publish;

	if (publish->ended_count == 0)
		publish->ended_ns = writer_now_ns();
	publish->ended[publish->ended_count++] = *end;
}

void writer_publish_spoil(struct writer *writer, const struct segment *segment, int error)
{
	struct writer_publish *publish = &writer->publish;

	for (uint32_t i = 0; i < publish->ended_count; i++)
		if (publish->ended[i].segment.fd == segment->fd)
			publish->ended[i].error = error;
}

void writer_publish_due(struct writer *writer)
{
	struct writer_publish *publish = &writer->publish;

	collect(writer);
	/* A sync that was not collected may have one of their files, and may yet spoil it. */
	if (publish->ended_count == 0 || publish->batch_count || writer->sync.count)
		return;
	if (publish->wanted || writer_now_ns() - publish->ended_ns >= PUBLISH_NS)
		begin_batch(publish);
}

void writer_publish_finish(struct writer *writer)
{
	struct writer_publish *publish = &writer->publish;

	while (publish->ended_count || publish->batch_count) {
		if (publish->batch_count == 0)
			begin_batch(publish);
		writer_task_wait(&publish->task);
		collect(writer);
	}
}

int writer_publish_start(struct writer *writer)
{
	struct writer_publish *publish = &writer->publish;

	if (!output_makes_files(&writer->config.output))
		return 0;
	/* The next one of a single file needs its name. */
	publish->files_max =
		writer->config.output.kind == OUTPUT_FILE ? 1 : writer->config.files_max;
	publish->ended = calloc(publish->files_max, sizeof(*publish->ended));
	publish->batch = calloc(publish->files_max, sizeof(*publish->batch));
	if (!publish->ended || !publish->batch)
		return -ENOMEM;
	return writer_task_start(&publish->task, publish_batch, writer, writer->config.cpu);
}

void writer_publish_stop(struct writer *writer)
{
	struct writer_publish *publish = &writer->publish;

	writer_task_stop(&publish->task);
	free(publish->ended);
	free(publish->batch);
	publish->ended = NULL;
	publish->batch = NULL;
}
