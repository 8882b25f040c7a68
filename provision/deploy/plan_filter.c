/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "provision/deploy/plan_build.h"

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool owned(const struct plan_build *build, const struct mirror_filter *filter)
{
	return observed_owned(filter->tags, filter->tag_count, build->config->deployment);
}

/*
 * The owned filter with the description that is wanted, which cannot be changed; of several the one
 * that most sessions have. other: an owned one with another description.
 */
static const struct mirror_filter *find(const struct plan_build *build,
					const struct mirror_filter **other)
{
	const struct observed_scope *scope = build->desired->scope;
	const struct mirror_filter *found = NULL;
	size_t most = 0;

	*other = NULL;
	for (size_t i = 0; i < scope->filter_count; i++) {
		const struct mirror_filter *filter = &scope->filters[i];
		size_t count;

		if (!owned(build, filter))
			continue;
		if (!same(filter->description, build->config->filter.description)) {
			*other = filter;
			continue;
		}
		count = plan_users(build, CHANGE_FILTER, filter->traffic_mirror_filter_id,
				   PLAN_USERS_OWNED);
		if (found && count <= most)
			continue;
		found = filter;
		most = count;
	}
	return found;
}

static void create(struct plan_build *build, const struct mirror_filter *old)
{
	const char *description = build->config->filter.description;
	struct change_builder change = {
		.arena = build->arena,
		.change = {.kind = old ? CHANGE_REPLACE : CHANGE_CREATE,
			   .resource = CHANGE_FILTER,
			   .identity = "filter",
			   .replaces = old ? old->traffic_mirror_filter_id : NULL,
			   .reason =
				   old ? "a filter's description cannot be changed: sessions move "
					 "to a new filter"
				       : "the deployment has none here"},
	};

	change_text(&change, (struct change_member){"Description", NULL},
		    old ? old->description : NULL, description);
	change_tag_specification(&change, "traffic-mirror-filter", build->config->deployment, NULL);
	change_append(&change, &build->changes);
}

/* Network services. */

static bool has_service(const struct mirror_filter *filter, const char *service)
{
	for (size_t i = 0; filter && i < filter->network_service_count; i++) {
		if (strcmp(filter->network_services[i], service) == 0)
			return true;
	}
	return false;
}

static bool wants_service(const struct config_filter *filter, const char *service)
{
	for (size_t i = 0; i < filter->network_services.count; i++) {
		if (strcmp(filter->network_services.texts[i], service) == 0)
			return true;
	}
	return false;
}

static void add_service(struct change_builder *change, const char *list, const char *service)
{
	json_t *services = json_object_get(change->change.input, list);

	if (!services) {
		services = json_array();
		change_input(change, list, services);
	}
	if (json_array_append_new(services, json_string(service)))
		change->arena->failed = true;
}

static void make_services(struct plan_build *build, const struct mirror_filter *existing)
{
	const struct config_filter *wanted = &build->config->filter;
	struct change_builder change = {
		.arena = build->arena,
		.change = {.kind = CHANGE_UPDATE,
			   .resource = CHANGE_NETWORK_SERVICES,
			   .identity = "network services",
			   .needs_filter = !existing},
	};

	for (size_t i = 0; i < wanted->network_services.count; i++) {
		const char *service = wanted->network_services.texts[i];

		if (has_service(existing, service))
			continue;
		change_note(&change, service, NULL, "mirrored");
		add_service(&change, "AddNetworkServices", service);
	}
	for (size_t i = 0; existing && i < existing->network_service_count; i++) {
		const char *service = existing->network_services[i];

		if (wants_service(wanted, service))
			continue;
		change_note(&change, service, "mirrored", NULL);
		add_service(&change, "RemoveNetworkServices", service);
	}
	if (!change.change.field_count)
		return;
	if (existing) {
		change.change.id = existing->traffic_mirror_filter_id;
		change_input_text(&change, "TrafficMirrorFilterId",
				  existing->traffic_mirror_filter_id);
	}
	change_append(&change, &build->changes);
}

void plan_filter_make(struct plan_build *build)
{
	const struct config_filter *wanted = &build->config->filter;
	const struct mirror_filter *found, *old;

	if (wanted->traffic_mirror_filter_id) {
		build->scope->filter_id = wanted->traffic_mirror_filter_id;
		return;
	}
	found = find(build, &old);
	if (found) {
		struct change_builder change = {
			.arena = build->arena,
			.change = {.kind = CHANGE_UNCHANGED,
				   .resource = CHANGE_FILTER,
				   .identity = "filter",
				   .id = found->traffic_mirror_filter_id},
		};

		build->scope->filter_id = found->traffic_mirror_filter_id;
		change_append(&change, &build->changes);
	} else {
		create(build, old);
	}
	plan_rule_make(build, found);
	make_services(build, found);
}

/* Rules first: what is left of a filter after a crash is still known for what it is. */
static void delete_rules(struct plan_build *build, const struct mirror_filter *filter)
{
	for (size_t i = 0; i < filter->rule_count; i++) {
		const struct mirror_rule *rule = &filter->rules[i];
		struct change_builder change = {
			.arena = build->arena,
			.change = {.kind = CHANGE_DELETE,
				   .resource = CHANGE_FILTER_RULE,
				   .identity = arena_format(build->arena, "rule %s %u %s",
							    rule->egress ? "egress" : "ingress",
							    rule->number,
							    rule->traffic_mirror_filter_rule_id),
				   .id = rule->traffic_mirror_filter_rule_id,
				   .reason = "goes with its filter"},
		};

		change_input_text(&change, "TrafficMirrorFilterRuleId",
				  rule->traffic_mirror_filter_rule_id);
		change_append(&change, &build->changes);
	}
}

void plan_filter_clean(struct plan_build *build)
{
	const struct observed_scope *scope = build->desired->scope;

	for (size_t i = 0; i < scope->filter_count; i++) {
		const struct mirror_filter *filter = &scope->filters[i];

		if (!owned(build, filter) ||
		    same(filter->traffic_mirror_filter_id, build->scope->filter_id))
			continue;
		if (plan_users(build, CHANGE_FILTER, filter->traffic_mirror_filter_id,
			       PLAN_USERS_REMAINING) == 0)
			delete_rules(build, filter);
		plan_delete_unused(build, CHANGE_FILTER, filter->traffic_mirror_filter_id);
	}
}
