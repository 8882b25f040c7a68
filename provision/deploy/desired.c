/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/desired.h"

#include <stdlib.h>
#include <string.h>

struct maker {
	const struct config *config;
	const struct plan_options *options;
	struct arena *arena;
	struct desired_scope *desired;
	struct select_result *results; /* of each group */
};

void desired_leave_out(struct desired_scope *desired, struct desired_session *session,
		       enum select_reason reason)
{
	desired->exclusions[desired->exclusion_count++] =
		(struct select_exclusion){session->interface, session->group, reason};
	session->left_out = true;
}

/* Selecting. */

/* In the arena; NULL where there is nothing to copy. */
static void *keep(struct arena *arena, const void *items, size_t count, size_t size, size_t room)
{
	void *memory = arena_alloc(arena, (count + room + 1) * size);

	if (memory && count)
		memcpy(memory, items, count * size);
	return memory;
}

static void gather_group(struct maker *maker, const struct config_session *group,
			 const struct select_result *result)
{
	struct desired_scope *desired = maker->desired;

	for (size_t i = 0; i < result->interface_count; i++)
		desired->sessions[desired->session_count++] = (struct desired_session){
			.group = group, .interface = result->interfaces[i]};
	for (size_t i = 0; i < result->exclusion_count; i++)
		desired->exclusions[desired->exclusion_count++] = result->exclusions[i];
	for (size_t i = 0; i < result->missing_count; i++)
		desired->missing[desired->missing_count++] = result->missing[i];
	for (size_t i = 0; i < result->unsupported_count; i++)
		desired->unsupported[desired->unsupported_count++] = result->unsupported[i];
}

static int compare_desired(const void *a, const void *b)
{
	const struct desired_session *one = a, *other = b;

	/* The scope's interfaces are sorted, and the configuration's groups in order. */
	if (one->interface != other->interface)
		return one->interface < other->interface ? -1 : 1;
	return one->group < other->group ? -1 : one->group > other->group;
}

static void gather(struct maker *maker, const struct select_scope *select)
{
	struct desired_scope *desired = maker->desired;
	size_t interfaces = 0, exclusions = 0, missing, unsupported = 0;
	const struct select_missing *collectors = select_scope_missing(select, &missing);

	desired->missing_count = missing;
	for (size_t i = 0; i < maker->config->session_count; i++) {
		interfaces += maker->results[i].interface_count;
		exclusions += maker->results[i].exclusion_count;
		missing += maker->results[i].missing_count;
		unsupported += maker->results[i].unsupported_count;
	}
	desired->sessions = keep(maker->arena, NULL, 0, sizeof(*desired->sessions), interfaces);
	desired->exclusions =
		keep(maker->arena, NULL, 0, sizeof(*desired->exclusions), exclusions + interfaces);
	desired->missing = keep(maker->arena, collectors, desired->missing_count,
				sizeof(*desired->missing), missing);
	desired->unsupported = keep(maker->arena, NULL, 0, sizeof(void *), unsupported);
	if (maker->arena->failed)
		return;
	for (size_t i = 0; i < maker->config->session_count; i++)
		gather_group(maker, &maker->config->sessions[i], &maker->results[i]);
	if (desired->session_count)
		qsort(desired->sessions, desired->session_count, sizeof(*desired->sessions),
		      compare_desired);
}

static void select_groups(struct maker *maker)
{
	const struct config *config = maker->config;
	struct desired_scope *desired = maker->desired;
	struct select_scope *select = select_scope_new(config, desired->scope);

	if (!select)
		maker->arena->failed = true;
	for (size_t i = 0; !maker->arena->failed && i < config->session_count; i++) {
		const struct config_session *group = &config->sessions[i];

		desired->selected[i] = SIZE_MAX;
		if (!config_session_in_account(group, desired->scope->account))
			continue;
		if (select_group(select, group, &maker->results[i]))
			maker->arena->failed = true;
		desired->selected[i] = maker->results[i].interface_count;
	}
	if (!maker->arena->failed)
		gather(maker, select);
	select_scope_free(select);
}

/* Matching. */

static const char *group_tag(const struct mirror_session *session)
{
	return observed_tag(session->tags, session->tag_count, CONFIG_TAG_SESSION);
}

/* The declared group that has sessions in this scope, or NULL. */
static const struct config_session *group_of(const struct maker *maker,
					     const struct mirror_session *session)
{
	const char *name = group_tag(session);

	for (size_t i = 0; name && i < maker->config->session_count; i++) {
		if (strcmp(maker->config->sessions[i].name, name) == 0)
			return maker->desired->selected[i] == SIZE_MAX
				       ? NULL
				       : &maker->config->sessions[i];
	}
	return NULL;
}

/* Takes the interface's first free session of that group; of several the others are duplicates. */
static void match(struct maker *maker, struct desired_session *wanted,
		  const struct config_session *group)
{
	struct desired_scope *desired = maker->desired;
	size_t count;
	const struct mirror_session *sessions = observed_sessions_of(
		desired->scope, wanted->interface->network_interface_id, &count);

	for (size_t i = 0; !wanted->session && i < count; i++) {
		enum desired_use *use = &desired->uses[sessions + i - desired->scope->sessions];

		if (*use != DESIRED_DELETED || group_of(maker, &sessions[i]) != group)
			continue;
		*use = DESIRED_USED;
		wanted->session = &sessions[i];
	}
}

static void match_all(struct maker *maker)
{
	struct desired_scope *desired = maker->desired;

	for (size_t i = 0; i < desired->session_count; i++)
		match(maker, &desired->sessions[i], desired->sessions[i].group);
	/* A session of a group that is declared no more goes on under another name without a gap. */
	for (size_t i = 0; i < desired->session_count; i++)
		match(maker, &desired->sessions[i], NULL);
}

/* What is left. */

const struct desired_session *desired_of(const struct desired_scope *desired,
					 const struct network_interface *interface, size_t *count)
{
	size_t low = 0, high = desired->session_count, end;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (desired->sessions[middle].interface < interface)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < desired->session_count; end++) {
		if (desired->sessions[end].interface != interface)
			break;
	}
	*count = end - low;
	return *count ? &desired->sessions[low] : NULL;
}

/* The group's own session of that interface, or NULL. */
static const struct mirror_session *twin(const struct desired_scope *desired,
					 const struct network_interface *interface,
					 const struct config_session *group)
{
	size_t count;
	const struct desired_session *wanted = desired_of(desired, interface, &count);

	for (size_t i = 0; i < count; i++) {
		if (wanted[i].group == group)
			return wanted[i].session;
	}
	return NULL;
}

/* Exclusions lie by group, then interface, both in the order of their arrays. */
static int compare_exclusions(const void *a, const void *b)
{
	const struct select_exclusion *one = a, *other = b;

	if (one->group != other->group)
		return one->group < other->group ? -1 : 1;
	return one->interface < other->interface ? -1 : one->interface > other->interface;
}

static const char *exclusion_text(const struct desired_scope *desired,
				  const struct mirror_session *session,
				  const struct config_session *group)
{
	const struct select_exclusion key = {
		.group = group,
		.interface = observed_interface(desired->scope, session->network_interface_id)};
	const struct select_exclusion *exclusion =
		desired->exclusion_count
			? bsearch(&key, desired->exclusions, desired->exclusion_count, sizeof(key),
				  compare_exclusions)
			: NULL;

	return exclusion ? select_reason_text(exclusion->reason) : NULL;
}

/* Why the session has no source, or NULL. */
static const char *orphan_reason(const struct maker *maker, const struct mirror_session *session)
{
	const struct observed_scope *scope = maker->desired->scope;
	const struct network_interface *interface =
		observed_interface(scope, session->network_interface_id);
	const struct instance *instance;

	if (!interface)
		return "its interface is gone";
	if (!interface->instance_id)
		return "its interface is not attached to an instance";
	instance = observed_instance_of(scope, interface);
	if (instance && !instance_runs(instance))
		return arena_format(maker->arena, "its instance %s is %s", instance->instance_id,
				    instance->state);
	return NULL;
}

static void judge_undeclared(const struct maker *maker, struct desired_surplus *surplus)
{
	surplus->use = DESIRED_DELETED;
	if (maker->options->destroy)
		surplus->reason = "destroyed with the deployment";
	else if (surplus->group)
		surplus->reason =
			arena_format(maker->arena, "no group %s is declared here", surplus->group);
	else
		surplus->reason = "it belongs to no group";
}

static void judge(const struct maker *maker, struct desired_surplus *surplus)
{
	const struct config_session *group =
		maker->options->destroy ? NULL : group_of(maker, surplus->session);
	const struct mirror_session *other;
	const char *text;

	if (!group) {
		judge_undeclared(maker, surplus);
		return;
	}
	text = orphan_reason(maker, surplus->session);
	surplus->orphan = text != NULL;
	if (text) {
		surplus->use = maker->options->delete_orphans ? DESIRED_DELETED : DESIRED_KEPT;
		surplus->reason = text;
		return;
	}
	surplus->use = DESIRED_DELETED;
	other = twin(
		maker->desired,
		observed_interface(maker->desired->scope, surplus->session->network_interface_id),
		group);
	if (other) {
		surplus->reason = arena_format(maker->arena, "duplicate of %s",
					       other->traffic_mirror_session_id);
		return;
	}
	text = exclusion_text(maker->desired, surplus->session, group);
	surplus->reason = text ? arena_format(maker->arena, "its interface %s", text)
			       : "its interface is no longer selected";
	if (maker->desired->selected[group - maker->config->sessions] ||
	    maker->options->allow_empty)
		return;
	surplus->use = DESIRED_KEPT;
	surplus->reason = arena_format(maker->arena, "group %s selects nothing", group->name);
}

static void judge_all(struct maker *maker)
{
	struct desired_scope *desired = maker->desired;
	const struct observed_scope *scope = desired->scope;
	struct desired_surplus *surplus;

	for (size_t i = 0; i < scope->session_count; i++)
		desired->surplus_count += desired->uses[i] == DESIRED_DELETED;
	surplus = keep(maker->arena, NULL, 0, sizeof(*surplus), desired->surplus_count);
	desired->surplus = surplus;
	for (size_t i = 0; surplus && i < scope->session_count; i++) {
		if (desired->uses[i] != DESIRED_DELETED)
			continue;
		surplus->session = &scope->sessions[i];
		surplus->group = group_tag(surplus->session);
		judge(maker, surplus);
		if (maker->options->withhold_deletes)
			surplus->use = DESIRED_KEPT;
		desired->uses[i] = surplus->use;
		surplus++;
	}
}

static void sort_exclusions(struct desired_scope *desired)
{
	if (desired->exclusion_count)
		qsort(desired->exclusions, desired->exclusion_count, sizeof(*desired->exclusions),
		      compare_exclusions);
}

/* Owned sessions count as deleted until something needs them. */
static void mark_owned(struct maker *maker)
{
	const struct observed_scope *scope = maker->desired->scope;

	for (size_t i = 0; i < scope->session_count; i++) {
		const struct mirror_session *session = &scope->sessions[i];

		maker->desired->uses[i] =
			observed_is_own(scope, session->owner_id) &&
					observed_owned(session->tags, session->tag_count,
						       maker->config->deployment)
				? DESIRED_DELETED
				: DESIRED_FOREIGN;
	}
}

static void make_scope(struct maker *maker)
{
	struct desired_scope *desired = maker->desired;

	desired->uses =
		keep(maker->arena, NULL, 0, sizeof(*desired->uses), desired->scope->session_count);
	desired->selected = keep(maker->arena, NULL, 0, sizeof(*desired->selected),
				 maker->config->session_count);
	if (maker->arena->failed)
		return;
	mark_owned(maker);
	if (!maker->options->destroy) {
		select_groups(maker);
		if (maker->arena->failed)
			return;
		match_all(maker);
	}
	judge_all(maker);
	desired_number(desired);
	sort_exclusions(desired);
}

void desired_make(const struct config *config, const struct observed *observed,
		  const struct plan_options *options, struct arena *arena,
		  struct desired_scope *scopes)
{
	struct select_result *results = calloc(config->session_count + 1, sizeof(*results));

	if (!results) {
		arena->failed = true;
		return;
	}
	for (size_t i = 0; i < observed->scope_count; i++) {
		struct maker maker = {config, options, arena, &scopes[i], results};

		scopes[i] = (struct desired_scope){.scope = &observed->scopes[i]};
		if (!observed->scopes[i].failure && !arena->failed)
			make_scope(&maker);
		for (size_t j = 0; j < config->session_count; j++)
			select_fini(&results[j]);
	}
	free(results);
	if (!arena->failed)
		desired_virtual_network(config, scopes, observed->scope_count, arena);
	for (size_t i = 0; i < observed->scope_count && !arena->failed; i++)
		sort_exclusions(&scopes[i]);
}
