/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/deploy/plan_build.h"

void plan_notice(struct plan_build *build, bool error, const char *code, const char *remedy,
		 const char *format, ...)
{
	struct plan_scope *scope = build->scope;
	char text[1024];
	va_list arguments;

	if (scope->notice_count == build->notice_capacity) {
		const size_t capacity = build->notice_capacity ? 2 * build->notice_capacity : 16;
		struct plan_notice *notices =
			arena_alloc(build->arena, capacity * sizeof(*notices));

		if (!notices)
			return;
		if (scope->notice_count)
			memcpy(notices, scope->notices, scope->notice_count * sizeof(*notices));
		scope->notices = notices;
		build->notice_capacity = capacity;
	}
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	scope->notices[scope->notice_count++] =
		(struct plan_notice){error, code, arena_text(build->arena, text), remedy};
	scope->has_errors |= error;
}

bool plan_scope_repeats(const struct plan_build *build)
{
	const struct observed_scope *scope = build->desired->scope;

	for (const struct observed_scope *other = build->observed->scopes; other < scope; other++) {
		if (scope->account_id && other->account_id &&
		    strcmp(scope->account_id, other->account_id) == 0 &&
		    strcmp(scope->region, other->region) == 0)
			return true;
	}
	return false;
}

static void make_changes(struct plan_build *build)
{
	if (build->options->destroy) {
		plan_session_make(build);
	} else {
		plan_filter_make(build);
		plan_target_make(build);
		plan_session_make(build);
	}
	plan_filter_clean(build);
	plan_target_clean(build);
	if (!build->options->destroy)
		plan_notice_make(build);
}

static void count(struct plan_build *build)
{
	struct plan_counts *counts = &build->scope->counts;
	const struct desired_scope *desired = build->desired;

	for (size_t i = 0; i < build->changes.count; i++) {
		const struct change *change = &build->changes.changes[i];

		counts->kinds[change->kind]++;
		counts->session_deletes +=
			change->kind == CHANGE_DELETE && change->resource == CHANGE_SESSION;
	}
	for (size_t i = 0; i < desired->scope->session_count; i++)
		counts->sessions += desired->uses[i] != DESIRED_FOREIGN;
}

static void make_scope(struct plan_build *build)
{
	const struct observed_scope *observed = build->desired->scope;
	struct plan_scope *scope = build->scope;

	scope->observed = observed;
	scope->account = observed->account->name;
	scope->account_id = observed->account_id;
	scope->region = observed->region;
	scope->failure = observed->failure;
	if (scope->failure)
		return;
	if (plan_scope_repeats(build)) {
		plan_notice(build, true, "scope-repeats", "declare each account and region once",
			    "account %s in %s is declared twice", scope->account_id, scope->region);
		return;
	}
	make_changes(build);
	scope->exclusions = build->desired->exclusions;
	scope->exclusion_count = build->desired->exclusion_count;
	count(build);
}

static void add_counts(struct plan_counts *sum, const struct plan_counts *counts)
{
	for (size_t i = 0; i < CHANGE_KINDS; i++)
		sum->kinds[i] += counts->kinds[i];
	sum->sessions += counts->sessions;
	sum->session_deletes += counts->session_deletes;
	sum->kept += counts->kept;
}

static void limit_deletes(struct plan *plan, const struct plan_options *options)
{
	const size_t sessions = plan->counts.sessions, deletes = plan->counts.session_deletes;

	plan->delete_limit = options->limit;
	if (options->limit_is_percent)
		plan->delete_limit = (sessions * options->limit + 99) / 100;
	if (options->destroy)
		plan->delete_limit = sessions;
	if (deletes <= plan->delete_limit)
		return;
	plan->refused = arena_format(
		&plan->arena,
		"%zu of %zu owned sessions would be deleted, and --max-delete allows %zu: check "
		"the selectors; if it is meant, give --max-delete %zu",
		deletes, sessions, plan->delete_limit, deletes);
}

static void make_scopes(struct plan_build *build, struct plan *plan,
			const struct desired_scope *desired)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		build->scope = &plan->scopes[i];
		build->desired = &desired[i];
		build->target = config_target_of(build->config, desired[i].scope->account);
		build->changes = (struct change_list){0};
		build->notice_capacity = 0;
		make_scope(build);
		plan->scopes[i].changes = build->changes.changes;
		plan->scopes[i].change_count = build->changes.count;
		add_counts(&plan->counts, &plan->scopes[i].counts);
	}
}

int plan_make(const struct config *config, struct observed *observed,
	      const struct plan_options *options, struct plan **result)
{
	struct plan *plan = calloc(1, sizeof(*plan));
	struct plan_build build = {.config = config, .observed = observed, .options = options};
	struct desired_scope *desired;

	if (!plan)
		return -ENOMEM;
	build.arena = &plan->arena;
	observed_sort(observed);
	plan->deployment = config->deployment;
	plan->scopes = calloc(observed->scope_count + 1, sizeof(*plan->scopes));
	desired = arena_alloc(&plan->arena, (observed->scope_count + 1) * sizeof(*desired));
	if (!plan->scopes || !desired)
		goto fail;
	plan->scope_count = observed->scope_count;
	desired_make(config, observed, options, &plan->arena, desired);
	if (plan->arena.failed)
		goto fail;
	make_scopes(&build, plan, desired);
	limit_deletes(plan, options);
	if (plan->arena.failed)
		goto fail;
	*result = plan;
	return 0;
fail:
	plan_free(plan);
	return -ENOMEM;
}

bool plan_empty(const struct plan *plan)
{
	for (size_t i = 0; i < CHANGE_KINDS; i++) {
		if (i != CHANGE_UNCHANGED && plan->counts.kinds[i])
			return false;
	}
	return true;
}

bool plan_failed(const struct plan *plan)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		if (plan->scopes[i].failure || plan->scopes[i].has_errors)
			return true;
	}
	return false;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; plan->scopes && i < plan->scope_count; i++) {
		struct change_list list = {plan->scopes[i].changes, plan->scopes[i].change_count,
					   0};

		change_list_fini(&list);
	}
	free(plan->scopes);
	arena_fini(&plan->arena);
	free(plan);
}
