/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/api/operation.h"
#include "provision/deploy/apply_internal.h"

enum {
	FIRST_WAIT_MS = 250,
	LONGEST_WAIT_MS = 2000,
	ROUNDS = 4, /* of creating anew what was created before and is gone */
};

static void mark_known(struct apply_work *work, const json_t *item)
{
	const struct apply_resource *resource = apply_resource_of(work->pending[0].change);
	const char *id = json_string_value(json_object_get(item, resource->id));

	if (resource->tagged && !apply_has_tag(item, CONFIG_TAG_DEPLOYMENT, work->plan->deployment))
		return;
	for (size_t i = 0; id && i < work->pending_count; i++) {
		if (strcmp(work->pending[i].id, id) == 0)
			work->pending[i].known = true;
	}
}

static int take_known(void *arg, json_t *item)
{
	static const char *const lists[] = {"IngressFilterRules", "EgressFilterRules"};
	struct apply_work *work = arg;
	json_t *rule;
	size_t i;

	mark_known(work, item);
	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
		json_array_foreach(json_object_get(item, lists[list]), i, rule)
			mark_known(work, rule);
	}
	return 0;
}

/* NULL without memory. */
static json_t *make_input(const struct apply_work *work, const char *filter)
{
	json_t *ids;

	if (!filter)
		return json_object();
	ids = json_array();
	for (size_t i = 0; i < work->pending_count; i++) {
		if (json_array_append_new(ids, json_string(work->pending[i].id))) {
			json_decref(ids);
			return NULL;
		}
	}
	return json_pack("{s:[{s:s, s:o}]}", "Filters", "Name", filter, "Values", ids);
}

static int describe(struct apply_work *work, struct failure *failure)
{
	const struct apply_resource *resource = apply_resource_of(work->pending[0].change);
	json_t *input = make_input(work, resource->filter);
	int rc;

	if (!input)
		return failure_memory(failure);
	rc = operation_list(work->client, operation_find(resource->describe), input, take_known,
			    work, failure);
	json_decref(input);
	return rc;
}

static void settle_known(struct apply_work *work)
{
	size_t kept = 0;

	for (size_t i = 0; i < work->pending_count; i++) {
		if (!work->pending[i].known) {
			work->pending[kept++] = work->pending[i];
			continue;
		}
		apply_done(work, work->pending[i].change);
		free(work->pending[i].id);
	}
	work->pending_count = kept;
}

/* Returns 0 once all are known or the time is up, else -errno with failure set. */
static int wait_known(struct apply_work *work, struct failure *failure)
{
	unsigned int wait = FIRST_WAIT_MS, waited = 0;
	int rc;

	for (;;) {
		rc = describe(work, failure);
		settle_known(work);
		if (rc || !work->pending_count || waited >= APPLY_CONFIRM_SECONDS * 1000)
			return rc;
		/* They are in the journal: the next apply goes on from there. */
		if (*work->context->stop) {
			failure_set(failure, FAILURE_STOPPED, "stopped before Describe showed it");
			return -ECANCELED;
		}
		rc = client_pause(work->client, wait, failure);
		if (rc)
			return rc;
		waited += wait;
		wait = wait < LONGEST_WAIT_MS ? wait * 2 : wait;
	}
}

static void fail_pending(struct apply_work *work, const struct failure *why)
{
	struct failure failure = *why;

	if (!work->pending_count)
		return;
	if (work->pending_count > 1)
		failure_prefix(&failure, "%s and %zu more were created, but not confirmed: ",
			       work->pending[0].id, work->pending_count - 1);
	else
		failure_prefix(&failure,
			       "%s was created, but not confirmed: ", work->pending[0].id);
	if (!*failure.remedy)
		failure_set_remedy(&failure, "apply again");
	apply_failed(work, work->pending[0].change, &failure);
	/* One cause, told once. */
	work->result->failed += work->pending_count - 1;
	for (size_t i = 0; i < work->pending_count; i++)
		free(work->pending[i].id);
	work->pending_count = 0;
}

static void create_anew(struct apply_work *work, const struct apply_pending *gone, int round)
{
	/* AWS may remember many generations that nobody here does. */
	uint32_t generation = round ? (uint32_t)time(NULL) : gone->generation + 1;
	char *key = apply_key(work, gone->change);
	struct failure failure;

	if (key)
		apply_journal_result(work, journal_deleted(work->context->journal, key));
	free(key);
	if (work->least_generation < generation)
		work->least_generation = generation;
	if (apply_create(work, gone->change, generation, &failure))
		apply_failed(work, gone->change, &failure);
}

void apply_confirm(struct apply_work *work)
{
	struct apply_pending gone[APPLY_CONFIRM_BATCH];
	struct failure failure = {0};
	size_t count;

	for (int round = 0; work->pending_count && round < ROUNDS; round++) {
		if (wait_known(work, &failure)) {
			fail_pending(work, &failure);
			return;
		}
		count = work->pending_count;
		memcpy(gone, work->pending, count * sizeof(*gone));
		work->pending_count = 0;
		for (size_t i = 0; i < count; i++) {
			create_anew(work, &gone[i], round);
			free(gone[i].id);
		}
	}
	failure_set(&failure, FAILURE_RESPONSE, "Describe does not list it");
	fail_pending(work, &failure);
}
