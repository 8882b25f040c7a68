/* SPDX-License-Identifier: Apache-2.0 */
/* What a person should know before applying: above all what AWS does without a word. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "provision/deploy/plan_build.h"

enum {
	NAMES_SHOWN = 3,
	NAMES_BYTES = 256,
	SESSIONS_MAX = 10000,    /* EC2's quota per account and region */
	TARGET_SOURCES_MAX = 10, /* per interface as a target, but on the largest instances */
	MIN_LENGTH_IPV4 = 35,    /* documented; EC2 takes less */
	MIN_LENGTH_IPV6 = 55,
	ARN_REGION = 3, /* fields of an ARN */
	ARN_ACCOUNT = 4,
};

/* "eni-1, eni-2, eni-3 and 4 more". */
struct names {
	char text[NAMES_BYTES];
	size_t length, count;
};

static void add_name(struct names *names, const char *name)
{
	if (names->count++ < NAMES_SHOWN && names->length < sizeof(names->text))
		names->length += (size_t)snprintf(names->text + names->length,
						  sizeof(names->text) - names->length, "%s%s",
						  names->length ? ", " : "", name);
}

static const char *end_names(struct names *names)
{
	if (names->count > NAMES_SHOWN && names->length < sizeof(names->text))
		snprintf(names->text + names->length, sizeof(names->text) - names->length,
			 " and %zu more", names->count - NAMES_SHOWN);
	return names->text;
}

/* The target. */

/* A field of an ARN, counted from 0. */
static bool arn_field_is(const char *arn, unsigned int field, const char *value)
{
	while (arn && field--) {
		arn = strchr(arn, ':');
		arn += arn != NULL;
	}
	return arn && strcspn(arn, ":") == strlen(value) && strncmp(arn, value, strlen(value)) == 0;
}

static void check_arn(struct plan_build *build)
{
	const struct plan_scope *scope = build->scope;
	const char *arn = build->target->id;

	if (build->target->kind != CONFIG_TARGET_NETWORK_LOAD_BALANCER)
		return;
	if (!arn_field_is(arn, ARN_REGION, scope->region))
		plan_notice(build, true, "target-region",
			    "declare a target of this region under the account",
			    "the load balancer %s is not in %s", arn, scope->region);
	else if (!arn_field_is(arn, ARN_ACCOUNT, scope->account_id))
		plan_notice(
			build, false, "target-account",
			"share a mirror target of that account by RAM, and declare it here as "
			"traffic_mirror_target_id",
			"the load balancer %s is not in account %s, which may not make a target "
			"of it",
			arn, scope->account_id);
}

/* Without it nothing arrives, but only a target that is still to be made cannot be made. */
static void lost_target(struct plan_build *build, const char *what)
{
	plan_notice(build, !build->scope->target_id, "target-missing",
		    "without it AWS drops all copies, and says nothing: correct the configuration",
		    "the target's %s %s does not exist", what, build->target->id);
}

static void check_target(struct plan_build *build)
{
	const struct observed_scope *scope = build->desired->scope;

	if (build->target->kind == CONFIG_TARGET_EXISTING &&
	    !observed_target(scope, build->target->id))
		plan_notice(build, false, "target-unknown",
			    "check the id; if another account shares the target, accept the share "
			    "in RAM",
			    "target %s is not visible in account %s, %s", build->target->id,
			    build->scope->account_id, build->scope->region);
	if (build->target->kind == CONFIG_TARGET_NETWORK_INTERFACE &&
	    !observed_interface(scope, build->target->id))
		lost_target(build, "network interface");
}

static void check_load_balancer(struct plan_build *build)
{
	const struct observed_load_balancer *balancer = &build->desired->scope->load_balancer;

	if (!balancer->known)
		return;
	if (!balancer->exists) {
		if (build->target->kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER)
			lost_target(build, "load balancer");
		return;
	}
	if (!balancer->cross_zone)
		plan_notice(build, false, "cross-zone-off",
			    "set load_balancing.cross_zone.enabled, or keep a collector in every "
			    "zone",
			    "the load balancer's cross-zone balancing is off: copies from a zone "
			    "without a collector are lost silently");
	if (!balancer->listens)
		plan_notice(build, false, "no-listener", "add a listener for UDP 4789",
			    "the load balancer does not listen on UDP 4789: all copies are lost "
			    "silently");
	else if (!balancer->registered_count)
		plan_notice(build, false, "no-collectors",
			    "register the collectors with its target group",
			    "nothing is registered behind the load balancer: all copies are lost");
}

static void check_target_sources(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;
	const struct network_interface *last = NULL;
	size_t sources = 0;

	if (plan_target_kind(build) != CONFIG_TARGET_NETWORK_INTERFACE)
		return;
	for (size_t i = 0; i < desired->session_count; i++) {
		if (desired->sessions[i].left_out || desired->sessions[i].interface == last)
			continue;
		last = desired->sessions[i].interface;
		sources++;
	}
	if (sources > TARGET_SOURCES_MAX)
		plan_notice(build, false, "target-sources", "use a load balancer as the target",
			    "%zu sources for one interface: EC2 takes %d, and 100 on the largest "
			    "instances",
			    sources, TARGET_SOURCES_MAX);
}

/* Packet lengths. */

static const struct path {
	enum config_target_kind kind;
	uint32_t max; /* bytes of a copy that arrive: IPv4 outside */
	const char *text;
} paths[] = {
	{CONFIG_TARGET_NETWORK_LOAD_BALANCER, MIRROR_SESSION_DEFAULT_LENGTH,
	 "a load balancer gets 8500 bytes of a packet at most, and fewer where the path's MTU is "
	 "below 8554 (8574 with IPv6; a transit gateway has 8500)"},
	{CONFIG_TARGET_NETWORK_INTERFACE, 8947,
	 "an interface of MTU 9001 gets 8947 bytes of a packet at most (8927 with IPv6)"},
	{CONFIG_TARGET_GATEWAY_LOAD_BALANCER_ENDPOINT, 8446,
	 "a Gateway Load Balancer endpoint passes 8446 bytes of a packet at most (8426 with IPv6)"},
};

/* True where some packets may be longer than what arrives. */
static bool cuts(const struct path *path, uint32_t length)
{
	if (path->kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER)
		return length == 0 || length == path->max;
	return length == 0 || length > path->max;
}

static void check_path(struct plan_build *build, const struct path *path)
{
	struct names names = {0};

	for (size_t i = 0; i < build->config->session_count; i++) {
		const struct config_session *group = &build->config->sessions[i];

		if (!config_session_in_account(group, build->desired->scope->account))
			continue;
		if (path->kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER &&
		    group->packet_length > path->max)
			plan_notice(build, true, "packet-length-refused",
				    "give packet_length 8500 or less",
				    "group %s: EC2 refuses PacketLength %u behind a load balancer",
				    group->name, group->packet_length);
		else if (cuts(path, group->packet_length))
			add_name(&names, group->name);
	}
	if (names.count)
		plan_notice(build, false, "packet-length-cut",
			    "longer packets are cut without a mark; a smaller packet_length makes "
			    "the cut yours",
			    "group %s: %s", end_names(&names), path->text);
}

static void check_lengths(struct plan_build *build)
{
	const enum config_target_kind kind = plan_target_kind(build);

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i].kind == kind)
			check_path(build, &paths[i]);
	}
	for (size_t i = 0; i < build->config->session_count; i++) {
		const struct config_session *group = &build->config->sessions[i];
		const uint32_t length = group->packet_length;

		if (length && length < MIN_LENGTH_IPV6)
			plan_notice(
				build, false, "packet-length-short",
				"give packet_length 55 or more",
				"group %s: PacketLength %u is below AWS's documented minimum for "
				"%s (%d)",
				group->name, length, length < MIN_LENGTH_IPV4 ? "IPv4" : "IPv6",
				length < MIN_LENGTH_IPV4 ? MIN_LENGTH_IPV4 : MIN_LENGTH_IPV6);
	}
}

/* The filter. */

static void check_existing_filter(struct plan_build *build, const char *id)
{
	const struct mirror_filter *filter = observed_filter(build->desired->scope, id);
	bool accepts = false;

	if (!filter) {
		plan_notice(build, true, "filter-missing",
			    "check the id; each account and region needs a filter of its own",
			    "filter %s does not exist in account %s, %s", id,
			    build->scope->account_id, build->scope->region);
		return;
	}
	for (size_t i = 0; i < filter->rule_count; i++)
		accepts |= filter->rules[i].accept;
	if (!accepts)
		plan_notice(build, false, "filter-empty", "add rules that accept packets",
			    "filter %s has no rule that accepts anything: nothing is mirrored", id);
}

static void check_filter(struct plan_build *build)
{
	const struct config_filter *filter = &build->config->filter;
	bool accepts = false;

	if (filter->traffic_mirror_filter_id) {
		check_existing_filter(build, filter->traffic_mirror_filter_id);
		return;
	}
	for (size_t i = 0; i < filter->rule_count; i++)
		accepts |= filter->rules[i].accept;
	if (!accepts)
		plan_notice(build, false, "filter-empty", "add a rule with action: accept",
			    "no rule of the filter accepts anything: nothing is mirrored");
}

/* Groups. */

static size_t kept_of(const struct plan_build *build, const struct config_session *group)
{
	const struct desired_scope *desired = build->desired;
	size_t kept = 0;

	for (size_t i = 0; i < desired->surplus_count; i++) {
		const struct desired_surplus *surplus = &desired->surplus[i];

		kept += surplus->use == DESIRED_KEPT && !surplus->orphan && surplus->group &&
			strcmp(surplus->group, group->name) == 0;
	}
	return kept;
}

static void check_groups(struct plan_build *build)
{
	for (size_t i = 0; i < build->config->session_count; i++) {
		const struct config_session *group = &build->config->sessions[i];
		size_t kept;

		if (build->desired->selected[i])
			continue;
		kept = kept_of(build, group);
		if (kept)
			plan_notice(
				build, false, "group-empty-kept",
				"check its sources; --allow-empty deletes them",
				"group %s selects nothing any more, and its %zu sessions are kept",
				group->name, kept);
		else
			plan_notice(build, false, "group-empty", "check its sources and exclude",
				    "group %s selects no interface here", group->name);
	}
}

/* True where another scope has it, or cannot say. */
static bool exists_elsewhere(const struct plan_build *build, const struct select_missing *missing)
{
	for (size_t i = 0; i < build->observed->scope_count; i++) {
		const struct observed_scope *scope = &build->observed->scopes[i];

		if (scope->failure || observed_interface(scope, missing->id) ||
		    observed_instance(scope, missing->id))
			return true;
	}
	return false;
}

static void check_missing(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;
	struct names sources = {0}, collectors = {0};

	for (size_t i = 0; i < desired->missing_count; i++) {
		const struct select_missing *missing = &desired->missing[i];

		if (!exists_elsewhere(build, missing))
			add_name(missing->group ? &sources : &collectors, missing->id);
	}
	if (sources.count)
		plan_notice(build, false, "source-missing", "correct or remove them",
			    "sources that do not exist: %s", end_names(&sources));
	if (collectors.count)
		plan_notice(build, false, "collector-missing", "correct or remove them",
			    "collectors that do not exist: %s", end_names(&collectors));
}

/* Interfaces that get no session although they were selected. */

static const struct {
	enum select_reason reason;
	const char *code, *remedy, *text;
} left_out[] = {
	{SELECT_TARGET, "source-is-target", "exclude them, or use another target",
	 "selected as sources, but mirror targets themselves"},
	{SELECT_INSTANCE_TYPE, "instance-type",
	 "if AWS supports the type by now, name the interface or instance in the group",
	 "of instance types that the Traffic Mirroring guide does not list as supported"},
	{SELECT_FULL, "interface-full", "delete sessions of others, or drop a group",
	 "without room: three sessions are all that EC2 allows"},
	{SELECT_NUMBER_TAKEN, "number-taken", "give another session_number, or auto",
	 "where another session has the group's session number"},
};

static void check_left_out(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;

	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		struct names names = {0};

		for (size_t j = 0; j < desired->exclusion_count; j++) {
			const struct select_exclusion *exclusion = &desired->exclusions[j];

			if (exclusion->reason == left_out[i].reason)
				add_name(&names, exclusion->interface->network_interface_id);
		}
		if (names.count)
			plan_notice(build, false, left_out[i].code, left_out[i].remedy,
				    "interfaces %s: %s", left_out[i].text, end_names(&names));
	}
}

static void check_unsupported(struct plan_build *build)
{
	struct names names = {0};

	for (size_t i = 0; i < build->desired->unsupported_count; i++)
		add_name(&names, build->desired->unsupported[i]->network_interface_id);
	if (names.count)
		plan_notice(build, false, "instance-type",
			    "where EC2 answers NetworkInterfaceNotSupported, remove them",
			    "interfaces that are named, but of instance types that the Traffic "
			    "Mirroring guide does not list as supported: %s",
			    end_names(&names));
}

/* Numbers and VNIs. */

static void check_numbers(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;
	struct names names = {0};

	for (size_t i = 0; i < desired->session_count; i++) {
		if (desired->sessions[i].number_is_taken)
			add_name(&names, desired->sessions[i].session->traffic_mirror_session_id);
	}
	if (names.count)
		plan_notice(build, false, "number-kept", "give another session_number, or auto",
			    "sessions that keep their number, since the group's is another's: %s",
			    end_names(&names));
}

static void check_range(struct plan_build *build, const struct config_session *group)
{
	const struct desired_scope *desired = build->desired;
	const struct config_vni *range = &group->virtual_network_id;
	size_t without = 0;

	for (size_t i = 0; i < desired->session_count; i++)
		without += desired->sessions[i].group == group && desired->sessions[i].no_vni;
	for (size_t i = 0; i < desired->exclusion_count; i++)
		without += desired->exclusions[i].group == group &&
			   desired->exclusions[i].reason == SELECT_NO_VNI;
	if (without)
		plan_notice(build, false, "vni-range", "give a larger range",
			    "group %s: of the %" PRIu32 " VNIs %" PRIu32 " to %" PRIu32
			    " none is left for %zu sessions",
			    group->name, range->to - range->from + 1, range->from, range->to,
			    without);
}

static void check_unseen(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;
	struct names names = {0};

	for (size_t i = 0; i < desired->session_count; i++) {
		if (desired->sessions[i].vni_unseen)
			add_name(&names, desired->sessions[i].session->traffic_mirror_session_id);
	}
	for (size_t i = 0; i < desired->exclusion_count; i++) {
		if (desired->exclusions[i].reason == SELECT_VNI_UNSEEN)
			add_name(&names, desired->exclusions[i].interface->network_interface_id);
	}
	if (names.count)
		plan_notice(
			build, false, "vni-unseen",
			"plan again once each account and region can be described",
			"no new VNI of a range is given while those of another account or region "
			"cannot be seen: %s",
			end_names(&names));
}

/* A collector tells sessions apart by VNI and source address alone. */
static void check_same_vni(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;
	struct names names = {0};

	for (size_t i = 1; i < desired->session_count; i++) {
		const struct desired_session *one = &desired->sessions[i - 1], *other = one + 1;

		if (one->interface == other->interface && !one->left_out && !other->left_out &&
		    one->has_virtual_network_id && other->has_virtual_network_id &&
		    one->virtual_network_id == other->virtual_network_id)
			add_name(&names, one->interface->network_interface_id);
	}
	if (names.count)
		plan_notice(build, false, "vni-repeats", "give each group a VNI of its own",
			    "interfaces with two sessions of one VNI, which no collector can tell "
			    "apart: %s",
			    end_names(&names));
}

static void check_vnis(struct plan_build *build)
{
	for (size_t i = 0; i < build->config->session_count; i++) {
		if (build->config->sessions[i].virtual_network_id.kind == CONFIG_VNI_RANGE)
			check_range(build, &build->config->sessions[i]);
	}
	check_unseen(build);
	check_same_vni(build);
}

static void check_quota(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;
	size_t sessions = desired->scope->session_count;

	for (size_t i = 0; i < desired->session_count; i++)
		sessions += !desired->sessions[i].session && !desired->sessions[i].left_out;
	for (size_t i = 0; i < desired->surplus_count; i++)
		sessions -= desired->surplus[i].use == DESIRED_DELETED;
	if (sessions > SESSIONS_MAX)
		plan_notice(build, false, "session-quota", "select fewer sources",
			    "%zu sessions are more than EC2's quota of %d", sessions, SESSIONS_MAX);
}

void plan_notice_make(struct plan_build *build)
{
	static void (*const checks[])(struct plan_build *) = {
		check_arn,      check_target,      check_load_balancer, check_target_sources,
		check_lengths,  check_filter,      check_groups,        check_missing,
		check_left_out, check_unsupported, check_numbers,       check_vnis,
		check_quota,
	};

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](build);
}
