/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/custody.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/custody_internal.h"
#include "capture/retention_index.h"

enum {
	NICE = 19,
	PAUSE_NS = 20000000,
	IO_IDLE = 3 << 13, /* IOPRIO_CLASS_IDLE: only when nobody else wants the disk */
	IO_WHO_PROCESS = 1,
	HEADS_AT_END = 10, /* told, of those that have not been: the summary has them all */
};

/* A removal waits so long for a file's manifest to be recorded in. */
#define LINK_NS 5000000000u

/* So long after a writer was behind nothing is read back. */
#define HOLD_NS 500000000u

/* A chain's head is told at most once in this time, and all chains' one after another. */
#define LOG_CHAIN_NS 1000000000u
#define LOG_NS       100000000u

uint64_t custody_time_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool custody_is_over(const struct custody *custody)
{
	return __atomic_load_n(&custody->stopping, __ATOMIC_ACQUIRE) &&
	       custody_time_ns(CLOCK_MONOTONIC) >=
		       __atomic_load_n(&custody->deadline_ns, __ATOMIC_RELAXED);
}

static struct custody_task *new_task(enum custody_task_kind kind, const char *path)
{
	size_t length = strlen(path) + 1;
	struct custody_task *task = calloc(1, sizeof(*task) + length);

	if (!task)
		return NULL;
	task->kind = kind;
	task->time_ns = custody_time_ns(CLOCK_REALTIME);
	memcpy(task->path, path, length);
	return task;
}

static bool is_pending(const struct custody_task *task)
{
	return task->kind == CUSTODY_TASK_PUBLISHED || task->kind == CUSTODY_TASK_FOUND;
}

/* It must not have been counted for nothing. */
static void raise_pending(struct custody *custody, const struct custody_task *task)
{
	if (is_pending(task))
		__atomic_add_fetch(&custody->pending_files, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&custody->pending_bytes, task->unread, __ATOMIC_RELAXED);
}

static void free_work(struct custody_work *work)
{
	if (!work)
		return;
	digest_abandon(work->state);
	manifest_fini(&work->manifest);
	free(work->text);
	free(work);
}

void custody_task_done(struct custody *custody, struct custody_task *task)
{
	if (is_pending(task))
		__atomic_sub_fetch(&custody->pending_files, 1, __ATOMIC_RELAXED);
	if (task->kind == CUSTODY_TASK_PRUNED)
		__atomic_sub_fetch(&custody->removals, 1, __ATOMIC_RELAXED);
	__atomic_sub_fetch(&custody->pending_bytes, task->unread, __ATOMIC_RELAXED);
	custody_draft_free(task->draft);
	free_work(task->work);
	free(task);
}

void custody_enqueue(struct custody *custody, struct custody_task *task)
{
	task->entry.next = NULL;
	if (custody->last)
		custody->last->entry.next = &task->entry;
	else
		custody->first = task;
	custody->last = task;
}

/* A file is to wait. Returns NULL where there are too many, and counts it. */
static struct custody_task *new_file(struct custody *custody, enum custody_task_kind kind,
				     const char *path)
{
	struct custody_task *task = NULL;

	if (__atomic_load_n(&custody->pending_files, __ATOMIC_RELAXED) < CUSTODY_QUEUE)
		task = new_task(kind, path);
	if (!task)
		__atomic_add_fetch(&custody->missed, 1, __ATOMIC_RELAXED);
	return task;
}

void custody_published(struct custody *custody, const char *path, uint64_t bytes,
		       struct custody_draft *draft, bool replace)
{
	struct custody_task *task =
		custody ? new_file(custody, CUSTODY_TASK_PUBLISHED, path) : NULL;

	if (!task) {
		custody_draft_free(draft);
		return;
	}
	task->bytes = bytes;
	task->draft = draft;
	task->replace = replace;
	task->unread =
		draft && draft->digest && draft->hashed <= bytes ? bytes - draft->hashed : bytes;
	raise_pending(custody, task);
	inbox_put(&custody->inbox, &task->entry);
}

void custody_hold_off(struct custody *custody)
{
	if (custody)
		__atomic_store_n(&custody->held_ns, custody_time_ns(CLOCK_MONOTONIC),
				 __ATOMIC_RELAXED);
}

bool custody_is_held_off(const struct custody *custody)
{
	uint64_t held_ns = __atomic_load_n(&custody->held_ns, __ATOMIC_RELAXED);

	return held_ns && custody_time_ns(CLOCK_MONOTONIC) - held_ns < HOLD_NS &&
	       !__atomic_load_n(&custody->stopping, __ATOMIC_RELAXED);
}

void custody_recovered(struct custody *custody, const char *path)
{
	struct custody_task *task = custody ? new_file(custody, CUSTODY_TASK_FOUND, path) : NULL;

	if (!task)
		return;
	raise_pending(custody, task);
	inbox_put(&custody->inbox, &task->entry);
}

void custody_pruned(struct custody *custody, const char *path)
{
	struct custody_task *task = NULL;

	if (custody && __atomic_load_n(&custody->removals, __ATOMIC_RELAXED) < CUSTODY_QUEUE)
		task = new_task(CUSTODY_TASK_PRUNED, path);
	/* Without room or memory for it, its manifest stays aside: the next run finds it. */
	if (!task)
		return;
	__atomic_add_fetch(&custody->removals, 1, __ATOMIC_RELAXED);
	inbox_put(&custody->inbox, &task->entry);
}

/* Returns false where there was none. */
static bool take_inbox(struct custody *custody)
{
	struct inbox_entry *entry = inbox_take(&custody->inbox);
	bool some = entry != NULL;

	while (entry) {
		struct custody_task *task = (struct custody_task *)entry;

		entry = entry->next;
		custody_enqueue(custody, task);
	}
	return some;
}

/* One that an earlier run has published, and did not get to make the manifest of. */
static void find_file(struct custody *custody, const char *directory, const char *name)
{
	char path[SEGMENT_PATH_BYTES], manifest[SEGMENT_PATH_BYTES];
	size_t length = strlen(name);

	if (!retention_index_is_name(name) || strcmp(name + length - strlen(".tail"), ".tail") == 0)
		return;
	if (snprintf(manifest, sizeof(manifest), "%s/%s" MANIFEST_SUFFIX, directory, name) >=
	    (int)sizeof(manifest))
		return;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (access(manifest, F_OK) < 0)
		custody_recovered(custody, path);
}

static void find_in(struct custody *custody, const char *path, DIR *dir)
{
	bool unrecorded = false;
	struct dirent *entry;
	int err;

	while ((entry = readdir(dir))) {
		find_file(custody, path, entry->d_name);
		unrecorded |= custody_directory_is_aside(entry->d_name);
	}
	/* It then gets its record, also where nothing else happens here. */
	if (unrecorded)
		(void)custody_place(custody, path, &err);
}

static void find_files(struct custody *custody)
{
	for (uint32_t i = 0; i < custody->config.directory_count; i++) {
		const char *path = segment_directory_path(custody->config.directories[i]);
		DIR *dir = opendir(path);

		/* Another process may be about to make theirs. */
		if (dir && custody_place_owned(custody, path))
			find_in(custody, path, dir);
		if (dir)
			closedir(dir);
	}
}

static bool needs_link(const struct custody_chain *chain, uint64_t now_ns, bool stopping)
{
	if (!chain->pruned_count || !custody_chain_is_ours(chain))
		return false;
	return stopping ? !chain->hopeless : now_ns - chain->pruned_ns >= LINK_NS;
}

/* Where no file has followed, what was removed is recorded without one. */
static bool make_links(struct custody *custody, bool stopping)
{
	uint64_t now_ns = custody_time_ns(CLOCK_MONOTONIC);
	bool some = false;

	for (uint32_t i = 0; i < custody->place_count; i++) {
		struct custody_chain *chain = custody->places[i]->chains;

		for (; chain; chain = chain->next) {
			struct custody_task *link;

			if (!needs_link(chain, now_ns, stopping))
				continue;
			link = new_task(CUSTODY_TASK_LINK, "");
			if (!link)
				return some;
			link->chain = chain;
			custody_enqueue(custody, link);
			some = true;
		}
	}
	return some;
}

static void tell_head(const struct custody_chain *chain, custody_report *report, void *context)
{
	report(context, &(struct custody_news){
				.event = CUSTODY_HEAD,
				.path = chain->directory->path,
				.worker = chain->worker,
				.sequence = chain->stored.sequence,
				.head = &chain->stored.digest,
			});
}

static void tell_first(struct custody *custody, uint64_t now_ns)
{
	struct custody_chain *chain = custody->log_first;

	custody->log_first = chain->log_next;
	if (!custody->log_first)
		custody->log_last = NULL;
	chain->to_log = false;
	chain->logged_ns = now_ns;
	custody->logged_ns = now_ns;
	tell_head(chain, custody->config.report, custody->config.context);
}

static void tell_heads(struct custody *custody)
{
	uint64_t now_ns = custody_time_ns(CLOCK_MONOTONIC);
	struct custody_chain *chain = custody->log_first;

	if (chain && now_ns - custody->logged_ns >= LOG_NS &&
	    (!chain->logged_ns || now_ns - chain->logged_ns >= LOG_CHAIN_NS))
		tell_first(custody, now_ns);
}

static void account(struct custody *custody)
{
	struct ledger_custody *slot;

	if (!custody->config.ledger)
		return;
	slot = ledger_custody(custody->config.ledger);
	__atomic_store_n(&slot->manifests, custody->made, __ATOMIC_RELAXED);
	__atomic_store_n(&slot->failed,
			 custody->failed + __atomic_load_n(&custody->missed, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&slot->pending_files,
			 __atomic_load_n(&custody->pending_files, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&slot->pending_bytes,
			 __atomic_load_n(&custody->pending_bytes, __ATOMIC_RELAXED),
			 __ATOMIC_RELAXED);
}

void custody_wait_for_writers(struct custody *custody)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};

	while (custody_is_held_off(custody)) {
		account(custody);
		nanosleep(&pause, NULL);
	}
}

/* Returns false where nothing could be done. */
static bool make_round(struct custody *custody, bool stopping)
{
	bool some = take_inbox(custody);

	some |= custody_batch(custody);
	if (!custody->first)
		some |= make_links(custody, stopping);
	account(custody);
	tell_heads(custody);
	return some;
}

static void *run(void *argument)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct custody *custody = argument;
	bool stopping = false, more = true; /* there may be something to be done */

	/* Of this thread alone; refused, it is only less polite. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, IO_IDLE);
	while ((!stopping || more) && !custody_is_over(custody)) {
		/* Looked at first: what was told before the stop is then seen below. */
		stopping = __atomic_load_n(&custody->stopping, __ATOMIC_ACQUIRE);
		more = make_round(custody, stopping);
		if (!more)
			nanosleep(&pause, NULL);
	}
	for (int i = 0; i < HEADS_AT_END && custody->log_first; i++)
		tell_first(custody, custody_time_ns(CLOCK_MONOTONIC));
	return NULL;
}

static int start_thread(struct custody *custody)
{
	sigset_t set, before;
	int err;

	sigfillset(&set);
	pthread_sigmask(SIG_SETMASK, &set, &before);
	err = -pthread_create(&custody->thread, NULL, run, custody);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	custody->started = err == 0;
	return err;
}

int custody_start(struct custody **custody, const struct custody_config *config)
{
	struct custody *started = calloc(1, sizeof(*started));
	int err;

	if (!started)
		return -ENOMEM;
	started->config = *config;
	if (config->configuration)
		started->configuration = *config->configuration;
	started->began_ns = custody_time_ns(CLOCK_REALTIME);
	/* A name that was cut is not ended: the last byte is ours. */
	(void)gethostname(started->host, sizeof(started->host) - 1);
	find_files(started);
	err = start_thread(started);
	if (err)
		custody_free(started);
	else
		*custody = started;
	return err;
}

uint64_t custody_stop(struct custody *custody, uint64_t timeout_ns)
{
	if (!custody)
		return 0;
	if (custody->started) {
		uint64_t now_ns = custody_time_ns(CLOCK_MONOTONIC);
		uint64_t end_ns =
			timeout_ns > UINT64_MAX - now_ns ? UINT64_MAX : now_ns + timeout_ns;

		__atomic_store_n(&custody->deadline_ns, end_ns, __ATOMIC_RELAXED);
		__atomic_store_n(&custody->stopping, true, __ATOMIC_RELEASE);
		pthread_join(custody->thread, NULL);
		custody->started = false;
		account(custody);
	}
	return __atomic_load_n(&custody->pending_files, __ATOMIC_RELAXED) + custody->failed +
	       __atomic_load_n(&custody->missed, __ATOMIC_RELAXED);
}

void custody_heads(struct custody *custody, custody_report *report, void *context)
{
	for (uint32_t i = 0; i < custody->place_count; i++)
		for (struct custody_chain *chain = custody->places[i]->chains; chain;
		     chain = chain->next)
			if (chain->advanced && chain->stored.sequence)
				tell_head(chain, report, context);
}

void custody_free(struct custody *custody)
{
	struct custody_task *next;

	if (!custody)
		return;
	(void)take_inbox(custody);
	for (struct custody_task *task = custody->first; task; task = next) {
		next = (struct custody_task *)task->entry.next;
		custody_task_done(custody, task);
	}
	custody_place_close_all(custody);
	free(custody);
}
