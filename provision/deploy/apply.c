/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/operation.h"
#include "provision/deploy/apply_internal.h"

enum { FIRST_WAIT_MS = 500, LONGEST_WAIT_MS = 4000, LINE_BYTES = 512 };

static const struct apply_resource resources[CHANGE_RESOURCES] = {
	[CHANGE_FILTER] = {"TrafficMirrorFilter", "TrafficMirrorFilterId",
			   "DescribeTrafficMirrorFilters", "traffic-mirror-filter-id", true},
	/* Listed with their filter, which takes one permission less. */
	[CHANGE_FILTER_RULE] = {"TrafficMirrorFilterRule", "TrafficMirrorFilterRuleId",
				"DescribeTrafficMirrorFilters", NULL, false},
	[CHANGE_TARGET] = {"TrafficMirrorTarget", "TrafficMirrorTargetId",
			   "DescribeTrafficMirrorTargets", "traffic-mirror-target-id", true},
	[CHANGE_SESSION] = {"TrafficMirrorSession", "TrafficMirrorSessionId",
			    "DescribeTrafficMirrorSessions", "traffic-mirror-session-id", true},
};

const struct apply_resource *apply_resource_of(const struct change *change)
{
	return &resources[change->resource];
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

char *apply_key(const struct apply_work *work, const struct change *change)
{
	size_t length = strlen(change->identity);
	char *key;

	/* A delete's own id is no part of the place that its create had. */
	if (change->kind == CHANGE_DELETE && ends_in(change->identity, change->id))
		length -= strlen(" ") + strlen(change->id);
	if (asprintf(&key, "%s/%s/%.*s", work->scope->account_id, work->scope->region, (int)length,
		     change->identity) < 0)
		return NULL;
	return key;
}

bool apply_has_tag(const json_t *item, const char *key, const char *value)
{
	json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(item, "Tags"), i, tag)
	{
		const char *name = json_string_value(json_object_get(tag, "Key"));
		const char *text = json_string_value(json_object_get(tag, "Value"));

		if (name && text && strcmp(name, key) == 0)
			return strcmp(text, value) == 0;
	}
	return false;
}

/* Counting and telling. */

static void notice(const struct apply_work *work, const char *text)
{
	const struct apply_listener *listener = &work->context->listener;

	if (listener->notice)
		listener->notice(listener->arg, text);
}

void apply_journal_result(struct apply_work *work, int rc)
{
	char line[LINE_BYTES];

	if (!rc || work->journal_told)
		return;
	work->journal_told = true;
	snprintf(line, sizeof(line),
		 "the journal cannot be written: %s: goes on; should this apply be killed, the "
		 "next one asks AWS what was done",
		 strerror(-rc));
	notice(work, line);
}

void apply_done(struct apply_work *work, const struct change *change)
{
	work->result->done[change->kind]++;
	work->failures_in_a_row = 0;
}

/* What will meet the other changes, too. */
static bool common_cause(const struct failure *failure)
{
	static const char *const codes[] = {
		"UnauthorizedOperation",
		"AuthFailure",
		"RequestLimitExceeded",
		"TrafficMirrorSessionLimitExceeded",
		"Throttling",
		"OptInRequired",
	};

	if (failure->kind != FAILURE_SERVICE || failure->http_status >= 500)
		return true;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(failure->code, codes[i]) == 0)
			return true;
	}
	return false;
}

static bool hopeless(const struct failure *failure)
{
	return failure->kind == FAILURE_CREDENTIALS || failure->kind == FAILURE_STOPPED ||
	       failure->kind == FAILURE_MEMORY || failure->kind == FAILURE_TLS;
}

void apply_failed(struct apply_work *work, const struct change *change,
		  const struct failure *failure)
{
	const struct apply_listener *listener = &work->context->listener;

	work->result->failed++;
	work->failed = true;
	work->failures_in_a_row = common_cause(failure) ? work->failures_in_a_row + 1 : 0;
	/* Sessions must not mirror through a filter without its rejections, or to nowhere. */
	if (hopeless(failure) || work->failures_in_a_row >= APPLY_FAILURES_IN_A_ROW ||
	    change->resource != CHANGE_SESSION)
		work->ended = true;
	if (listener->failed)
		listener->failed(listener->arg, work->scope, change, failure);
}

/* Updates and deletes. */

static int update_tags(struct apply_work *work, const struct change *change,
		       struct failure *failure)
{
	json_t *input = json_pack("{s:[s], s:O}", "Resources", change->id, "Tags", change->tags);
	int rc;

	if (!input)
		return failure_memory(failure);
	rc = operation_call(work->client, operation_find("CreateTags"), input, NULL, failure);
	json_decref(input);
	return rc;
}

static int update(struct apply_work *work, const struct change *change, struct failure *failure)
{
	const char *filter = work->filter_id ? work->filter_id : work->scope->filter_id;
	const char *target = work->target_id ? work->target_id : work->scope->target_id;
	json_t *input;
	int rc = change->tags ? update_tags(work, change, failure) : 0;

	if (rc || !change_needs_call(change))
		return rc;
	input = json_copy(change->input);
	if ((change->needs_filter &&
	     json_object_set_new(input, "TrafficMirrorFilterId", json_string(filter))) ||
	    (change->needs_target &&
	     json_object_set_new(input, "TrafficMirrorTargetId", json_string(target))))
		rc = failure_memory(failure);
	if (!rc)
		rc = operation_call(work->client, operation_find(change_operation(change)), input,
				    NULL, failure);
	json_decref(input);
	return rc;
}

/* A filter and a target may seem in use for a while after their last session. */
static int delete_patiently(struct apply_work *work, const struct change *change,
			    struct failure *failure)
{
	const struct operation *operation = operation_find(change_operation(change));
	unsigned int wait = FIRST_WAIT_MS, waited = 0;
	int rc;

	for (;;) {
		rc = operation_call(work->client, operation, change->input, NULL, failure);
		if (rc != -EREMOTEIO)
			return rc;
		/* Gone is gone, whoever did it. */
		if (ends_in(failure->code, ".NotFound"))
			return 0;
		if (!strstr(failure->code, "InUse") || waited >= APPLY_IN_USE_SECONDS * 1000 ||
		    *work->context->stop)
			return rc;
		if (client_pause(work->client, wait, failure))
			return -ECANCELED;
		waited += wait;
		wait = wait < LONGEST_WAIT_MS ? wait * 2 : wait;
	}
}

/* AWS remembers the token of what is gone: the next create needs another one. */
static int journal_delete(struct apply_work *work, const struct change *change)
{
	struct journal *journal = work->context->journal;
	char *key = apply_key(work, change);
	struct journal_entry entry;
	int rc;

	if (!key)
		return -ENOMEM;
	if (journal_find(journal, key, &entry) && entry.state == JOURNAL_CREATED &&
	    strcmp(entry.id, change->id) != 0)
		rc = 0; /* What has taken its place goes on. */
	else
		rc = journal_deleted(journal, key);
	free(key);
	return rc;
}

static int delete_one(struct apply_work *work, const struct change *change, struct failure *failure)
{
	int rc;

	/* Before it is sent: killed in between, the next apply would wait for what is gone. */
	apply_journal_result(work, journal_delete(work, change));
	rc = delete_patiently(work, change, failure);
	work->sessions_deleted += !rc && change->resource == CHANGE_SESSION;
	return rc;
}

/* The walk. */

static bool needs_work(const struct change *change)
{
	return change->kind != CHANGE_UNCHANGED;
}

static bool creates(const struct change *change)
{
	return change->kind == CHANGE_CREATE || change->kind == CHANGE_REPLACE;
}

static void carry_out(struct apply_work *work, const struct change *change)
{
	struct failure failure = {0};
	int rc;

	if (creates(change)) {
		/* Done once it is confirmed. */
		if (apply_create(work, change, 0, &failure))
			apply_failed(work, change, &failure);
		return;
	}
	rc = change->kind == CHANGE_UPDATE ? update(work, change, &failure)
					   : delete_one(work, change, &failure);
	if (rc)
		apply_failed(work, change, &failure);
	else
		apply_done(work, change);
}

/* What is pending is of one resource, and later changes may need it. */
static bool must_confirm(const struct apply_work *work, const struct change *next)
{
	const struct change *last;

	if (!work->pending_count)
		return false;
	last = work->pending[work->pending_count - 1].change;
	return work->pending_count == APPLY_CONFIRM_BATCH || !creates(next) ||
	       next->resource != last->resource;
}

/* A filter or target that lost sessions still have is not worth half a minute's wait. */
static bool must_leave(const struct apply_work *work, const struct change *change)
{
	return work->ended || *work->context->stop ||
	       (work->failed && change->kind == CHANGE_DELETE &&
		change->resource != CHANGE_SESSION);
}

/* Another scope's sessions may have a target that is shared. */
static bool comes_late(const struct change *change)
{
	return change->kind == CHANGE_DELETE && change->resource == CHANGE_TARGET;
}

/* late: what has to wait for all scopes; else all but that. */
static void apply_scope(struct apply_work *work, bool late)
{
	const struct apply_listener *listener = &work->context->listener;
	struct apply_result *result = work->result;

	for (size_t i = 0; i < work->scope->change_count; i++) {
		const struct change *change = &work->scope->changes[i];

		if (!needs_work(change) || comes_late(change) != late)
			continue;
		if (must_confirm(work, change))
			apply_confirm(work);
		if (must_leave(work, change)) {
			result->left++;
			continue;
		}
		result->begun++;
		if (listener->begin)
			listener->begin(listener->arg, work->scope, change, result->begun,
					result->total);
		carry_out(work, change);
	}
	apply_confirm(work);
}

static size_t count_scope(const struct plan_scope *scope)
{
	size_t count = 0;

	if (scope->failure || scope->has_errors)
		return 0;
	for (size_t i = 0; i < scope->change_count; i++)
		count += needs_work(&scope->changes[i]);
	return count;
}

size_t apply_count(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->scope_count; i++)
		count += count_scope(&plan->scopes[i]);
	return count;
}

int apply_plan(const struct apply_context *context, const struct plan *plan,
	       struct apply_result *result)
{
	struct apply_work *work = calloc(plan->scope_count + 1, sizeof(*work));

	*result = (struct apply_result){.total = apply_count(plan)};
	if (!work) {
		result->left = result->total;
		return -EIO;
	}
	for (size_t i = 0; i < plan->scope_count; i++) {
		work[i] = (struct apply_work){
			.context = context,
			.plan = plan,
			.scope = &plan->scopes[i],
			.client = context->scopes->scopes[i].client,
			.result = result,
		};
		if (count_scope(work[i].scope))
			apply_scope(&work[i], false);
	}
	for (size_t i = 0; i < plan->scope_count; i++) {
		if (count_scope(work[i].scope))
			apply_scope(&work[i], true);
		free(work[i].filter_id);
		free(work[i].target_id);
	}
	free(work);
	result->stopped = *context->stop && result->left;
	if (result->stopped)
		return -ECANCELED;
	return result->failed || result->left ? -EIO : 0;
}
