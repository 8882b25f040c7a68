/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "provision/deploy/plan_build.h"

static const char *what_of(const struct mirror_target *target, enum config_target_kind kind)
{
	switch (kind) {
	case CONFIG_TARGET_NETWORK_LOAD_BALANCER:
		return target->network_load_balancer_arn;
	case CONFIG_TARGET_NETWORK_INTERFACE:
		return target->network_interface_id;
	case CONFIG_TARGET_GATEWAY_LOAD_BALANCER_ENDPOINT:
		return target->gateway_load_balancer_endpoint_id;
	case CONFIG_TARGET_EXISTING:
		return target->traffic_mirror_target_id;
	case CONFIG_TARGET_NONE:
		break;
	}
	return NULL;
}

static const char *member_of(enum config_target_kind kind)
{
	switch (kind) {
	case CONFIG_TARGET_NETWORK_LOAD_BALANCER:
		return "NetworkLoadBalancerArn";
	case CONFIG_TARGET_NETWORK_INTERFACE:
		return "NetworkInterfaceId";
	default:
		return "GatewayLoadBalancerEndpointId";
	}
}

enum config_target_kind plan_target_kind(const struct plan_build *build)
{
	static const enum config_target_kind kinds[] = {
		CONFIG_TARGET_NETWORK_LOAD_BALANCER,
		CONFIG_TARGET_NETWORK_INTERFACE,
		CONFIG_TARGET_GATEWAY_LOAD_BALANCER_ENDPOINT,
	};
	const struct mirror_target *target;

	if (build->target->kind != CONFIG_TARGET_EXISTING)
		return build->target->kind;
	target = observed_target(build->desired->scope, build->target->id);
	for (size_t i = 0; target && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (what_of(target, kinds[i]))
			return kinds[i];
	}
	return CONFIG_TARGET_NONE;
}

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool owned(const struct plan_build *build, const struct mirror_target *target)
{
	return observed_is_own(build->desired->scope, target->owner_id) &&
	       observed_owned(target->tags, target->tag_count, build->config->deployment);
}

/*
 * The owned target of what is wanted: best with the same description, of several the one that most
 * sessions have. other: an owned target of something else.
 */
static const struct mirror_target *find(const struct plan_build *build,
					const struct mirror_target **other)
{
	const struct observed_scope *scope = build->desired->scope;
	const struct mirror_target *found = NULL;
	size_t best = 0;

	*other = NULL;
	for (size_t i = 0; i < scope->target_count; i++) {
		const struct mirror_target *target = &scope->targets[i];
		size_t worth;

		if (!owned(build, target))
			continue;
		if (!same(what_of(target, build->target->kind), build->target->id)) {
			*other = target;
			continue;
		}
		worth = 2 * plan_users(build, CHANGE_TARGET, target->traffic_mirror_target_id,
				       PLAN_USERS_OWNED);
		worth += same(target->description, build->target->description);
		if (found && worth <= best)
			continue;
		found = target;
		best = worth;
	}
	return found;
}

static void create(struct plan_build *build, const struct mirror_target *old)
{
	const struct config_target *target = build->target;
	struct change_builder change = {
		.arena = build->arena,
		.change = {.kind = old ? CHANGE_REPLACE : CHANGE_CREATE,
			   .resource = CHANGE_TARGET,
			   .identity = "target",
			   .replaces = old ? old->traffic_mirror_target_id : NULL,
			   .reason = old ? "a target cannot be changed: sessions move to a new one"
					 : "the deployment has none here"},
	};

	change_text(&change, (struct change_member){member_of(target->kind), NULL},
		    old ? what_of(old, target->kind) : NULL, target->id);
	/* Also what does not differ from the old one. */
	change_input_text(&change, member_of(target->kind), target->id);
	change_text(&change, (struct change_member){"Description", NULL},
		    old ? old->description : NULL, target->description);
	if (target->description)
		change_input_text(&change, "Description", target->description);
	change_tag_specification(&change, "traffic-mirror-target", build->config->deployment, NULL);
	change_append(&change, &build->changes);
}

void plan_target_make(struct plan_build *build)
{
	const struct mirror_target *found, *old;
	struct change_builder change = {
		.arena = build->arena,
		.change = {.kind = CHANGE_UNCHANGED,
			   .resource = CHANGE_TARGET,
			   .identity = "target"},
	};

	if (build->target->kind == CONFIG_TARGET_EXISTING) {
		build->scope->target_id = build->target->id;
		return;
	}
	found = find(build, &old);
	if (!found) {
		create(build, old);
		return;
	}
	/* It can only be given at creation, and is not worth moving all sessions for. */
	if (!same(found->description, build->target->description))
		plan_notice(build, false, "target-description",
			    "nothing needs to be done; a new target would have the new one",
			    "the description of target %s differs, and EC2 cannot change it",
			    found->traffic_mirror_target_id);
	build->scope->target_id = found->traffic_mirror_target_id;
	change.change.id = found->traffic_mirror_target_id;
	change_append(&change, &build->changes);
}

void plan_target_clean(struct plan_build *build)
{
	const struct observed_scope *scope = build->desired->scope;

	for (size_t i = 0; i < scope->target_count; i++) {
		const struct mirror_target *target = &scope->targets[i];

		if (owned(build, target) &&
		    !same(target->traffic_mirror_target_id, build->scope->target_id))
			plan_delete_unused(build, CHANGE_TARGET, target->traffic_mirror_target_id);
	}
}
