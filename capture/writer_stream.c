/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Within a stream, jobs end in the order in which they came, whatever order their writes ended
 * in: a packet counts as written when all before it in its file are.
 *
 * No two writes to one block are ever under way together: a chunk that begins in the block
 * where its predecessor ended waits for the stream's writes to end. Compressed ones go behind each
 * other, each written when its frame is made.
 */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "capture/writer_internal.h"

static struct chunk *chunk_of(const struct writer *writer, uint32_t job)
{
	return chunk_pool_at(writer->config.pool, job);
}

/* Names the object of a failure: the file where there is one to be, else the output. */
static void fail_segment(struct writer *writer, const struct writer_stream *stream, int error)
{
	char path[SEGMENT_PATH_BYTES] = "standard output";

	if (output_makes_files(&writer->config.output))
		segment_path(&stream->segment, path);
	writer_fail(writer, error, path);
}

static int open_segment(struct writer *writer, struct writer_stream *stream,
			const struct chunk *chunk)
{
	const struct writer_config *config = &writer->config;
	bool direct = config->method != WRITER_PWRITE;

	switch (config->output.kind) {
	case OUTPUT_DIRECTORY:
		return segment_open(&stream->segment, config->directories[chunk->stream],
				    chunk->first_ns, config->worker, direct);
	case OUTPUT_FILE:
		/* Only what was there before the capture may be replaced. */
		return segment_open_file(&stream->segment, config->output.path,
					 config->replace && !writer->publish.any, direct);
	case OUTPUT_STDOUT:
	case OUTPUT_NULL:
		stream->segment.fd = STDOUT_FILENO;
		break;
	}
	return 0;
}

uint64_t writer_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * Is the stream's file, or the one that should have been, a failure? The ledger tells, too.
 * error: -errno, or 0.
 */
static void set_failed(struct writer *writer, struct writer_stream *stream, int error)
{
	struct ledger_writer *slot = writer->config.ledger;

	if (!error && !stream->failed)
		return;
	ledger_begin(&slot->sequence);
	ledger_add(&slot->failing, (uint64_t)(error != 0) - stream->failed);
	ledger_add(&slot->failures, error != 0);
	if (error)
		__atomic_store_n(&slot->last_error, (uint64_t)-error, __ATOMIC_RELAXED);
	ledger_end(&slot->sequence);
	stream->failed = error != 0;
}

static void begin_segment(struct writer *writer, struct writer_stream *stream,
			  const struct chunk *chunk)
{
	bool low;
	int error;

	low = free_space_low(writer->config.space);
	error = low ? -ENOSPC : open_segment(writer, stream, chunk);
	writer->open_count += error == 0;
	stream->open = error == 0;
	set_failed(writer, stream, error);
	stream->submitted_end = 0;
	stream->good_end = 0;
	stream->packets = 0;
	stream->committed = 0;
	stream->sync_error = 0;
	stream->ending = false;
	stream->unreserved =
		writer->config.reserve_bytes == 0 || !output_makes_files(&writer->config.output);
	stream->reserved_end = 0;
	if (stream->open && writer->config.custody)
		stream->draft = custody_draft_new(chunk, writer->config.sessions,
						  writer->config.session_count);
	if (low) /* there is no name yet */
		writer_fail(writer, error, writer->config.output.path);
	else if (error)
		fail_segment(writer, stream, error);
}

/*
 * All writes to the segment have ended: it ends with its last good record. Without any it is
 * removed, but where one file was asked for by name: an empty capture is an answer, too.
 */
static void finish_segment(struct writer *writer, struct writer_stream *stream)
{
	bool wanted = stream->packets > 0 || writer->config.output.kind == OUTPUT_FILE;
	struct segment_end end;

	stream->open = false;
	stream->bytes_before = stream->good_end;
	writer->open_count--;
	if (!output_makes_files(&writer->config.output))
		return;
	if (stream->draft)
		(void)custody_draft_close(stream->draft);
	end = (struct segment_end){
		.segment = stream->segment,
		.draft = stream->draft,
		.logical_bytes = wanted ? stream->good_end : 0,
		.packets = stream->packets,
		.unsynced = writer->config.sync_mode == WRITER_SYNC_NONE,
		.error = stream->sync_error,
	};
	stream->draft = NULL;
	writer_publish_add(writer, &end);
}

bool writer_stream_has(const struct writer_stream *stream, const struct segment *segment)
{
	return stream->open && stream->segment.fd == segment->fd;
}

/*
 * After a failed sync the kernel may take for written what never was, and the next sync say that
 * all is well: the segment ends, and stays NAME.part with the committed length that it had.
 */
void writer_stream_fail_sync(struct writer *writer, struct writer_stream *stream,
			     const struct segment_commit *commit)
{
	char path[SEGMENT_PATH_BYTES];

	segment_path(&commit->segment, path);
	writer_fail(writer, commit->error, path);
	if (writer_stream_has(stream, &commit->segment)) {
		stream->sync_error = commit->error;
		set_failed(writer, stream, commit->error);
	}
	writer_publish_spoil(writer, &commit->segment, commit->error);
}

/* May the write of the first queued job begin? */
static bool may_begin(struct writer *writer, const struct writer_stream *stream)
{
	const struct chunk *chunk = chunk_of(writer, stream->first_queued);

	/* With a reservation under way, a segment outlives its last write. */
	if (stream->first_queued == stream->first)
		return !(chunk->flags & CHUNK_OPENS) ||
		       (!stream->open && writer_publish_has_room(writer));
	/* The segment before must be finished first, and this block be written. */
	return !(chunk->flags & CHUNK_OPENS) &&
	       (writer->zstd || chunk->file_offset >= stream->submitted_end);
}

/* Where the job's bytes are and go. Returns 0, or -errno where they cannot be compressed. */
static int prepare(struct writer *writer, const struct writer_stream *stream,
		   struct writer_job *job, const struct chunk *chunk, const uint8_t **data,
		   uint64_t *offset)
{
	int err;

	if (!writer->zstd) {
		*data = chunk->data;
		*offset = chunk->file_offset;
		job->bytes = chunk->bytes;
		job->good_end = chunk->whole_end;
		return 0;
	}
	*offset = stream->submitted_end;
	err = chunk->bytes == 0 ? 0
				: zstd_writer_frame(writer->zstd, chunk->data, chunk->bytes, data,
						    &job->bytes);
	job->good_end = *offset + job->bytes;
	return err;
}

static void begin(struct writer *writer, struct writer_stream *stream)
{
	uint32_t index = stream->first_queued;
	struct writer_job *job = &writer->jobs[index];
	const struct chunk *chunk = chunk_of(writer, index);
	const uint8_t *data = NULL;
	uint64_t offset = 0;

	stream->first_queued = job->next;
	if (chunk->flags & CHUNK_OPENS)
		begin_segment(writer, stream, chunk);
	/* A failed stream's jobs count as failed without an error of their own. */
	if (!stream->failed && chunk->bytes && free_space_low(writer->config.space))
		job->error = -ENOSPC;
	else if (!stream->failed)
		job->error = prepare(writer, stream, job, chunk, &data, &offset);
	if (stream->failed || job->error || chunk->bytes == 0) {
		job->state = WRITER_JOB_ENDED;
		return;
	}
	job->state = WRITER_JOB_UNDER_WAY;
	stream->under_way++;
	stream->submitted_end = offset + job->bytes;
	writer->under_way++;
	writer->ops->write(writer->backend, index, stream->segment.fd, data, job->bytes, offset);
	writer_reserve_due(writer, stream);
}

static void count_sessions(struct writer *writer, const struct chunk *chunk, bool written)
{
	struct ledger_session_writer *sessions = writer->config.sessions;

	if (!chunk->log) {
		struct ledger_session_writer *session = &sessions[chunk->session];

		ledger_add(written ? &session->written : &session->write_failed, chunk->records);
		ledger_add(&session->bytes, written ? chunk->record_bytes : 0);
		return;
	}
	for (uint32_t i = 0; i < chunk->records; i++) {
		struct ledger_session_writer *session = &sessions[chunk->log[i].session];

		ledger_add(written ? &session->written : &session->write_failed, 1);
		ledger_add(&session->bytes, written ? chunk->log[i].caplen : 0);
	}
}

static void count(struct writer *writer, const struct writer_job *job, const struct chunk *chunk,
		  bool written)
{
	struct ledger_writer *slot = writer->config.ledger;

	count_sessions(writer, chunk, written);
	ledger_begin(&slot->sequence);
	if (written) {
		ledger_add(&slot->written, chunk->records);
		ledger_add(&slot->bytes, chunk->record_bytes);
		ledger_add(&slot->file_bytes, job->bytes);
	} else {
		ledger_add(&slot->write_failed, chunk->records);
	}
	ledger_end(&slot->sequence);
}

/*
 * Is there time for what need not be done now? Not where chunks wait for their writes, be it for
 * this thread or for the disk: each hash delays those that could begin as others end.
 */
static bool has_time(const struct writer *writer)
{
	/* But for the one that is asked for. */
	uint32_t waiting = writer->accepted - 1 + ring_count(writer->config.full);

	if (waiting < chunk_pool_count(writer->config.pool) / WRITER_BACKLOG_PART)
		return true;
	custody_hold_off(writer->config.custody);
	return false;
}

static void describe(const struct writer *writer, struct custody_draft *draft,
		     const struct chunk *chunk)
{
	bool time = has_time(writer);

	custody_draft_count(draft, chunk);
	/* Of a compressed file the chunk is not what was written: it is read back, being small. */
	custody_draft_hash(draft, chunk->data, chunk->file_offset, chunk->logical_end,
			   time && !writer->zstd);
}

/* The first job has ended and all before it went: counts it, gives its chunk back. */
static void retire(struct writer *writer, struct writer_stream *stream)
{
	uint32_t index = stream->first;
	const struct writer_job *job = &writer->jobs[index];
	struct chunk *chunk = chunk_of(writer, index);

	stream->ending |= (chunk->flags & CHUNK_CLOSES) != 0;
	stream->first = job->next;
	if (job->error && !stream->failed) {
		set_failed(writer, stream, job->error);
		fail_segment(writer, stream, job->error);
	}
	count(writer, job, chunk, !stream->failed);
	if (stream->failed) {
		/* The worker may try a new file; a single one has no second. */
		if (writer->config.output.kind == OUTPUT_DIRECTORY)
			chunk->flags |= CHUNK_FAILED;
	} else {
		if (stream->draft)
			describe(writer, stream->draft, chunk);
		stream->good_end = job->good_end;
		writer->sync.grown = true;
		stream->packets += chunk->records;
	}
	writer->accepted--;
	/* The ring holds every chunk there is: writer_start() saw to it. */
	(void)ring_put(writer->config.empty, chunk);
}

/* Retires and begins what can be, until neither can. */
static void advance(struct writer *writer, struct writer_stream *stream)
{
	for (;;) {
		bool ending = stream->ending || stream->failed;

		if (stream->open && ending && stream->under_way == 0)
			finish_segment(writer, stream);
		else if (stream->first != WRITER_NO_JOB &&
			 writer->jobs[stream->first].state == WRITER_JOB_ENDED)
			retire(writer, stream);
		else if (stream->first_queued != WRITER_NO_JOB && may_begin(writer, stream))
			begin(writer, stream);
		else
			return;
	}
}

void writer_stream_accept(struct writer *writer, struct chunk *chunk)
{
	uint32_t index = chunk_pool_index(writer->config.pool, chunk);
	struct writer_stream *stream = &writer->streams[chunk->stream];

	writer->jobs[index] = (struct writer_job){.next = WRITER_NO_JOB};
	writer->accepted++;
	if (stream->first == WRITER_NO_JOB)
		stream->first = index;
	else
		writer->jobs[stream->last].next = index;
	stream->last = index;
	if (stream->first_queued == WRITER_NO_JOB)
		stream->first_queued = index;
	advance(writer, stream);
}

static struct writer_stream *end_write(struct writer *writer, const struct writer_result *result)
{
	writer->jobs[result->job].state = WRITER_JOB_ENDED;
	writer->jobs[result->job].error = result->error;
	return &writer->streams[chunk_of(writer, result->job)->stream];
}

void writer_stream_end(struct writer *writer, const struct writer_result *result)
{
	uint32_t chunks = chunk_pool_count(writer->config.pool);
	struct writer_stream *stream;

	if (result->job < chunks) {
		stream = end_write(writer, result);
	} else {
		stream = &writer->streams[result->job - chunks];
		writer_reserve_end(stream, result->error);
	}
	writer->under_way--;
	stream->under_way--;
	advance(writer, stream);
}

void writer_stream_resume(struct writer *writer)
{
	for (uint32_t i = 0; i < writer->config.streams; i++)
		advance(writer, &writer->streams[i]);
}

void writer_stream_finish_all(struct writer *writer)
{
	for (uint32_t i = 0; i < writer->config.streams; i++)
		if (writer->streams[i].open)
			finish_segment(writer, &writer->streams[i]);
}
