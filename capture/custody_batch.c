/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a task to a manifest on stable storage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "capture/custody_internal.h"

#define RETRY_NS 1000000000u

struct batch {
	struct custody_task *tasks[CUSTODY_BATCH];
	struct custody_text texts[CUSTODY_BATCH];
	size_t count;
};

static void report(struct custody *custody, enum custody_event event, const char *path, int error)
{
	custody->config.report(
		custody->config.context,
		&(struct custody_news){.event = event, .path = path, .error = error});
}

/* It has no manifest, and gets none from this run. */
static void give_up(struct custody *custody, struct custody_task *task, int error)
{
	bool link = task->kind == CUSTODY_TASK_LINK;
	uint32_t worker;

	custody->failed += !link;
	custody->config.report(
		custody->config.context,
		&(struct custody_news){
			.event = CUSTODY_FAILED,
			.path = link ? task->chain->directory->path : task->path,
			.error = error,
			.single = !link && !custody_place_is_stream(task->path, &worker),
		});
	if (link) {
		task->chain->hopeless = true;
		task->chain->pruned_ns = custody_time_ns(CLOCK_MONOTONIC);
	}
	custody_task_done(custody, task);
}

static uint64_t grown(uint64_t now, uint64_t before)
{
	return now == LEDGER_UNKNOWN || before == LEDGER_UNKNOWN ? MANIFEST_UNKNOWN : now - before;
}

static void fill_account(const struct custody *custody, const struct custody_task *task,
			 const struct ledger_totals *before, struct manifest_account *account)
{
	const struct ledger_totals *now = &task->work->counted;

	account->known = custody->config.ledger && task->kind == CUSTODY_TASK_PUBLISHED;
	if (!account->known)
		return;
	account->received = now->received - before->received;
	account->written = now->written - before->written;
	account->missed = grown(now->nic.missed, before->nic.missed);
	account->dropped_count = DROP_REASON_COUNT;
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		snprintf(account->dropped[i].reason, sizeof(account->dropped[i].reason), "%s",
			 drop_reason_name((enum drop_reason)i));
		account->dropped[i].packets = now->dropped[i] - before->dropped[i];
	}
}

/* A chain of one. */
static void stand_alone(struct manifest *manifest)
{
	(void)getrandom(manifest->chain, sizeof(manifest->chain), 0);
	manifest->sequence = 1;
}

/* Puts the manifest in its place of the chain and writes its text. Returns 0 or -errno. */
static int compose(struct custody *custody, struct custody_task *task)
{
	static const struct ledger_totals nothing;
	struct custody_chain *chain = task->chain;
	struct manifest *manifest = &task->work->manifest;
	int err = 0;

	snprintf(manifest->program, sizeof(manifest->program), "mirrorcap " MIRRORCAP_VERSION);
	snprintf(manifest->host, sizeof(manifest->host), "%s", custody->host);
	manifest->created_ns = custody_time_ns(CLOCK_REALTIME);
	fill_account(custody, task, chain ? &chain->head.counted : &nothing, &manifest->account);
	if (chain)
		err = custody_chain_extend(chain, manifest);
	else
		stand_alone(manifest);
	if (err)
		return err;
	task->work->text = manifest_text(manifest, custody->config.key, &task->work->length);
	if (!task->work->text)
		return -EILSEQ; /* a name that is no text; or out of memory */
	err = digest_of(task->work->text, task->work->length, &task->work->digest);
	if (!err && chain)
		custody_chain_add(chain, &task->work->digest,
				  manifest->account.known ? &task->work->counted : NULL);
	return err;
}

/* Forgets its place. */
static void decompose(struct custody_task *task)
{
	struct manifest *manifest = &task->work->manifest;

	free(task->work->text);
	task->work->text = NULL;
	for (uint32_t i = 0; i < manifest->pruned_count; i++)
		free(manifest->pruned[i].file);
	free(manifest->pruned);
	manifest->pruned = NULL;
	manifest->pruned_count = 0;
}

static int name_link(struct custody_task *task)
{
	char name[MANIFEST_FILE_BYTES];

	manifest_link_name(&task->work->manifest, name);
	return snprintf(task->work->manifest_path, sizeof(task->work->manifest_path), "%s/%s",
			task->chain->directory->path, name) < (int)sizeof(task->work->manifest_path)
		       ? 0
		       : -ENAMETOOLONG;
}

/* Returns 0; -ENOENT or -EALREADY where there is nothing to be done; or -errno. */
static int prepare(struct custody *custody, struct custody_task *task)
{
	int err = 0;

	if (!task->work)
		task->work = calloc(1, sizeof(*task->work));
	if (!task->work)
		return -ENOMEM;
	if (task->kind != CUSTODY_TASK_LINK) {
		err = custody_file_describe(custody, task);
		if (!err)
			err = custody_place_chain(custody, task->path, &task->chain);
	}
	if (err)
		return err;
	err = compose(custody, task);
	if (!err && task->kind == CUSTODY_TASK_LINK)
		err = name_link(task);
	/* What it had taken of the chain is given back with the batch. */
	if (err && task->chain)
		task->chain->failed = true;
	return err;
}

static void add(struct batch *batch, struct custody_task *task)
{
	batch->texts[batch->count] = (struct custody_text){
		.path = task->work->manifest_path,
		.text = task->work->text,
		.length = task->work->length,
		.replace = task->replace,
		.failed = task->chain ? &task->chain->failed : NULL,
	};
	batch->tasks[batch->count++] = task;
}

static bool has(const struct batch *batch, const char *path)
{
	for (size_t i = 0; i < batch->count; i++)
		if (strcmp(batch->tasks[i]->path, path) == 0)
			return true;
	return false;
}

static struct custody_task *pop(struct custody *custody)
{
	struct custody_task *task = custody->first;

	custody->first = (struct custody_task *)task->entry.next;
	if (!custody->first)
		custody->last = NULL;
	return task;
}

/* Returns false where it is not its turn yet. */
static bool take(struct custody *custody, struct batch *batch)
{
	struct custody_task *task = custody->first;
	int err;

	if (task->kind == CUSTODY_TASK_PRUNED) {
		if (has(batch, task->path))
			return false;
		custody_place_prune(custody, task);
		custody_task_done(custody, pop(custody));
		return true;
	}
	/* Recovered a moment ago, it is found once more. */
	if (task->kind == CUSTODY_TASK_FOUND && has(batch, task->path))
		err = -EALREADY;
	else
		err = prepare(custody, task);
	if (err == -EINTR || err == -EAGAIN)
		return false;
	(void)pop(custody);
	if (!err)
		add(batch, task);
	else if (err == -ENOENT || err == -EALREADY)
		custody_task_done(custody, task); /* gone before its turn, or done */
	else
		give_up(custody, task, err);
	return true;
}

static void put_back(struct custody *custody, struct custody_task **tasks, size_t count)
{
	while (count--) {
		decompose(tasks[count]);
		tasks[count]->entry.next = custody->first ? &custody->first->entry : NULL;
		if (!custody->first)
			custody->last = tasks[count];
		custody->first = tasks[count];
	}
}

static void note_head(struct custody *custody, struct custody_chain *chain)
{
	if (!chain || chain->to_log)
		return;
	chain->to_log = true;
	chain->log_next = NULL;
	if (custody->log_last)
		custody->log_last->log_next = chain;
	else
		custody->log_first = chain;
	custody->log_last = chain;
}

static void finish(struct custody *custody, struct custody_task *task, int unsynced)
{
	if (unsynced)
		report(custody, CUSTODY_FAILED, task->work->manifest_path, unsynced);
	if (task->chain)
		(void)custody_chain_stored(task->chain, &task->work->manifest, &task->work->digest,
					   task->work->manifest.account.known ? &task->work->counted
									      : NULL);
	note_head(custody, task->chain);
	custody->made++;
	custody->told = 0;
	custody_task_done(custody, task);
}

static bool may_pass(const struct custody *custody, int error)
{
	return (error == -ENOSPC || error == -EDQUOT) &&
	       !__atomic_load_n(&custody->stopping, __ATOMIC_RELAXED);
}

static void wait_for_space(struct custody *custody, const char *path, int error)
{
	custody->retry_ns = custody_time_ns(CLOCK_MONOTONIC) + RETRY_NS;
	if (custody->told != error)
		report(custody, CUSTODY_WAITING, path, error);
	custody->told = error;
}

static void revert_failed(struct custody_task *const *tasks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (tasks[i]->chain && tasks[i]->chain->failed)
			custody_chain_revert(tasks[i]->chain);
}

static void settle(struct custody *custody, struct batch *batch)
{
	struct custody_task *again[CUSTODY_BATCH], *lost[CUSTODY_BATCH];
	size_t again_count = 0, lost_count = 0;
	int errors[CUSTODY_BATCH];

	for (size_t i = 0; i < batch->count; i++) {
		int error = batch->texts[i].error;

		if (!error) {
			finish(custody, batch->tasks[i], batch->texts[i].unsynced);
		} else if (error == -ECANCELED || may_pass(custody, error)) {
			again[again_count++] = batch->tasks[i];
			if (error != -ECANCELED)
				wait_for_space(custody, batch->tasks[i]->work->manifest_path,
					       error);
		} else {
			errors[lost_count] = error;
			lost[lost_count++] = batch->tasks[i];
		}
	}
	revert_failed(again, again_count);
	revert_failed(lost, lost_count);
	for (size_t i = 0; i < lost_count; i++)
		give_up(custody, lost[i], errors[i]);
	put_back(custody, again, again_count);
}

bool custody_batch(struct custody *custody)
{
	struct batch batch = {0};
	bool some = false;

	if (custody_time_ns(CLOCK_MONOTONIC) < custody->retry_ns &&
	    !__atomic_load_n(&custody->stopping, __ATOMIC_RELAXED))
		return false;
	while (custody->first && batch.count < CUSTODY_BATCH && take(custody, &batch))
		some = true;
	custody_store(batch.texts, batch.count, custody->config.sync);
	settle(custody, &batch);
	return some;
}
