/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a manifest says of its file: from the writer's draft, and for the rest from the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "capture/custody_internal.h"
#include "capture/pcap_reader.h"

enum {
	READ_BYTES = 1 << 20,
	WALK_CHECK = 4096, /* records between two looks at the time */
};

static void lower_pending(struct custody *custody, struct custody_task *task, uint64_t bytes)
{
	bytes = bytes < task->unread ? bytes : task->unread;
	task->unread -= bytes;
	__atomic_sub_fetch(&custody->pending_bytes, bytes, __ATOMIC_RELAXED);
}

/* Hashes the rest. The pages it takes are nobody else's: they are given back. */
static int read_on(struct custody *custody, struct custody_task *task, int fd)
{
	char *buffer = malloc(READ_BYTES);
	int err = buffer ? 0 : -ENOMEM;

	while (!err && task->work->hashed < task->bytes) {
		off_t offset = (off_t)task->work->hashed;
		ssize_t got;

		if (custody_is_held_off(custody)) {
			err = -EAGAIN;
			break;
		}
		got = pread(fd, buffer, READ_BYTES, offset);
		if (got > 0 && (uint64_t)got > task->bytes - task->work->hashed)
			got = (ssize_t)(task->bytes - task->work->hashed);
		if (got > 0)
			err = digest_add(task->work->state, buffer, (size_t)got);
		else
			err = got < 0 ? -errno : -ENODATA; /* shorter than it was */
		if (err)
			break;
		(void)posix_fadvise(fd, offset, got, POSIX_FADV_DONTNEED);
		task->work->hashed += (uint64_t)got;
		lower_pending(custody, task, (uint64_t)got);
		if (custody_is_over(custody))
			err = -EINTR;
	}
	free(buffer);
	return err;
}

/* Where the writer has stopped. */
static int begin_hash(struct custody_task *task)
{
	struct custody_draft *draft = task->draft;

	/* What was hashed beyond the file's end was cut off: a write behind it failed. */
	if (draft && draft->digest && draft->hashed <= task->bytes) {
		task->work->state = draft->digest;
		task->work->hashed = draft->hashed;
		draft->digest = NULL;
	} else {
		task->work->state = digest_begin();
	}
	return task->work->state ? 0 : -ENOMEM;
}

static int hash(struct custody *custody, struct custody_task *task, int fd)
{
	int err = read_on(custody, task, fd);

	if (err)
		return err;
	err = digest_end(task->work->state, &task->work->manifest.digest);
	task->work->state = NULL;
	return err;
}

static void fill_sessions(const struct custody *custody, struct custody_task *task)
{
	const struct custody_draft *draft = task->draft;
	struct manifest *manifest = &task->work->manifest;

	if (!draft || !draft->counts || !custody->config.map)
		return;
	manifest->sessions = calloc(draft->count + 1, sizeof(*manifest->sessions));
	if (!manifest->sessions)
		return;
	manifest->sessions_known = true;
	for (uint32_t i = 0; i < draft->count; i++) {
		const struct session *session =
			&custody->config.map->sessions[draft->counts[i].session];
		struct manifest_session *into = &manifest->sessions[manifest->session_count++];

		into->virtual_network_id = session->virtual_network_id;
		into->has_source = session->has_source;
		into->source = session->source;
		memcpy(into->name, session->name, sizeof(into->name));
		into->packets = draft->counts[i].packets;
	}
}

static void fill_clock(const struct custody *custody, struct manifest_clock *clock)
{
	struct timex now = {0};
	int state = adjtimex(&now);

	if (!custody->config.clock_steps)
		return;
	clock->known = true;
	clock->synchronized = state >= 0 && state != TIME_ERROR && !(now.status & STA_UNSYNC);
	clock->max_error_us =
		state < 0 || now.maxerror < 0 ? MANIFEST_UNKNOWN : (uint64_t)now.maxerror;
	clock->steps = __atomic_load_n(custody->config.clock_steps, __ATOMIC_RELAXED);
}

/* As the file has it. */
static uint64_t in_precision(const struct custody *custody, uint64_t time_ns)
{
	return custody->config.precision == PCAP_US ? time_ns - time_ns % 1000 : time_ns;
}

static void fill_from_draft(const struct custody *custody, struct custody_task *task)
{
	const struct custody_draft *draft = task->draft;
	struct manifest *manifest = &task->work->manifest;
	bool some = draft && draft->packets;

	manifest->packets = draft ? draft->packets : MANIFEST_UNKNOWN;
	manifest->first_ns = some ? in_precision(custody, draft->first_ns) : MANIFEST_UNKNOWN;
	manifest->last_ns = some ? in_precision(custody, draft->last_ns) : MANIFEST_UNKNOWN;
	fill_sessions(custody, task);
	fill_clock(custody, &manifest->clock);
	manifest->has_configuration = custody->config.configuration != NULL;
	manifest->configuration = custody->configuration;
}

/* A file that nobody has counted: null where it cannot be read to its end. */
static void walk(struct custody *custody, struct custody_task *task)
{
	struct manifest *manifest = &task->work->manifest;
	uint64_t packets = 0, first_ns = MANIFEST_UNKNOWN, last_ns = MANIFEST_UNKNOWN;
	struct pcap_reader *reader;
	struct pcap_record record;
	uint64_t end;
	int rc;

	manifest->packets = manifest->first_ns = manifest->last_ns = MANIFEST_UNKNOWN;
	if (pcap_reader_open(&reader, task->path, READ_BYTES))
		return;
	while ((rc = pcap_reader_next(reader, &record)) == 1) {
		first_ns = packets ? first_ns : record.time_ns;
		last_ns = record.time_ns;
		if (++packets % WALK_CHECK)
			continue;
		custody_wait_for_writers(custody);
		if (custody_is_over(custody))
			break;
	}
	if (rc == 0 && pcap_reader_end(reader, &end) == PCAP_END_WHOLE) {
		manifest->packets = packets;
		manifest->first_ns = first_ns;
		manifest->last_ns = last_ns;
	}
	pcap_reader_close(reader);
}

static int name_it(struct custody_task *task)
{
	const char *slash = strrchr(task->path, '/');

	if (snprintf(task->work->manifest_path, sizeof(task->work->manifest_path),
		     "%s" MANIFEST_SUFFIX, task->path) >= (int)sizeof(task->work->manifest_path))
		return -ENAMETOOLONG;
	task->work->manifest.file = strdup(slash ? slash + 1 : task->path);
	return task->work->manifest.file ? 0 : -ENOMEM;
}

/* All but the hash. */
static int begin(struct custody *custody, struct custody_task *task, const struct stat *st)
{
	struct manifest *manifest = &task->work->manifest;
	int err = name_it(task);

	if (err)
		return err;
	if (task->kind == CUSTODY_TASK_FOUND) {
		if (access(task->work->manifest_path, F_OK) == 0)
			return -EALREADY;
		task->bytes = (uint64_t)st->st_size;
		manifest->recovered = strstr(manifest->file, ".recovered") != NULL;
		manifest->late = !manifest->recovered;
		walk(custody, task);
	} else {
		fill_from_draft(custody, task);
	}
	manifest->bytes = task->bytes;
	return begin_hash(task);
}

static int describe(struct custody *custody, struct custody_task *task, int fd,
		    const struct stat *st)
{
	uint32_t worker = 0;
	int err = task->work->begun ? 0 : begin(custody, task, st);

	task->work->begun = err == 0;
	if (!err)
		err = hash(custody, task, fd);
	(void)custody_place_is_stream(task->path, &worker);
	if (!err && custody->config.ledger && task->kind == CUSTODY_TASK_PUBLISHED)
		ledger_read_worker(custody->config.ledger, worker, &task->work->counted);
	return err;
}

int custody_file_describe(struct custody *custody, struct custody_task *task)
{
	int fd = open(task->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	int err;

	if (fd < 0)
		return -errno;
	err = fstat(fd, &st) < 0 ? -errno : 0;
	if (!err && !S_ISREG(st.st_mode))
		err = -ENOENT; /* another thing by now */
	if (!err && !task->work->described) {
		err = describe(custody, task, fd, &st);
		task->work->described = err == 0;
	}
	close(fd);
	return err;
}
