/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "provision/deploy/plan_build.h"

/* Comparing. */

static const struct change_member description = {"Description", "description"};
static const struct change_member packet_length = {"PacketLength", "packet-length"};
static const struct change_member session_number = {"SessionNumber", NULL};
static const struct change_member virtual_network_id = {"VirtualNetworkId", NULL};

/*
 * Behind a load balancer EC2 answers with its default where none was given. A target that cannot be
 * described may have one: better to see no difference than one for ever.
 */
static bool has_default(const struct plan_build *build)
{
	const enum config_target_kind kind = plan_target_kind(build);

	return kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER || kind == CONFIG_TARGET_NONE;
}

static void compare_length(const struct plan_build *build, struct change_builder *change,
			   const struct mirror_session *from, const struct config_session *to)
{
	const uint32_t *given = from && from->has_packet_length ? &from->packet_length : NULL;
	const uint32_t *wanted = to->packet_length ? &to->packet_length : NULL;

	if (from && has_default(build) &&
	    (given ? *given : MIRROR_SESSION_DEFAULT_LENGTH) ==
		    (wanted ? *wanted : MIRROR_SESSION_DEFAULT_LENGTH))
		return;
	change_number(change, packet_length, given, wanted);
}

/* What the plan itself creates has no id yet. */
static void compare_targets(const struct plan_build *build, struct change_builder *change,
			    const struct mirror_session *from)
{
	const struct plan_scope *scope = build->scope;

	change->change.needs_target = !scope->target_id;
	change->change.needs_filter = !scope->filter_id;
	if (scope->target_id)
		change_text(change, (struct change_member){"TrafficMirrorTargetId", NULL},
			    from ? from->traffic_mirror_target_id : NULL, scope->target_id);
	else
		change_note(change, "TrafficMirrorTargetId",
			    from ? from->traffic_mirror_target_id : NULL, "(new)");
	if (scope->filter_id)
		change_text(change, (struct change_member){"TrafficMirrorFilterId", NULL},
			    from ? from->traffic_mirror_filter_id : NULL, scope->filter_id);
	else
		change_note(change, "TrafficMirrorFilterId",
			    from ? from->traffic_mirror_filter_id : NULL, "(new)");
}

static const char *group_tag(const struct mirror_session *session)
{
	return observed_tag(session->tags, session->tag_count, CONFIG_TAG_SESSION);
}

static void compare_group(struct plan_build *build, struct change_builder *change,
			  const struct desired_session *wanted)
{
	const char *group = group_tag(wanted->session);

	if (group && strcmp(group, wanted->group->name) == 0)
		return;
	change_note(change, CONFIG_TAG_SESSION, group, wanted->group->name);
	change->change.tags =
		json_pack("[{s:s,s:s}]", "Key", CONFIG_TAG_SESSION, "Value", wanted->group->name);
	if (!change->change.tags)
		build->arena->failed = true;
	change->change.reason =
		group ? arena_format(build->arena,
				     "taken over from group %s, which is not declared", group)
		      : "it belonged to no group";
}

static const char *identity(const struct plan_build *build, const char *group,
			    const char *interface)
{
	return arena_format(build->arena, "session %s %s", group ? group : "-",
			    interface ? interface : "-");
}

static struct change_builder start(const struct plan_build *build, enum change_kind kind,
				   const struct desired_session *wanted)
{
	const char *interface = wanted->interface->network_interface_id;

	return (struct change_builder){
		.arena = build->arena,
		.change = {.kind = kind,
			   .resource = CHANGE_SESSION,
			   .identity = identity(build, wanted->group->name, interface),
			   .group = wanted->group->name,
			   .network_interface_id = interface},
	};
}

static void emit_create(struct plan_build *build, const struct desired_session *wanted)
{
	struct change_builder change = start(build, CHANGE_CREATE, wanted);

	change.change.reason = "no session of the group has this interface";
	change_input_text(&change, "NetworkInterfaceId", wanted->interface->network_interface_id);
	compare_targets(build, &change, NULL);
	change_number(&change, session_number, NULL, &wanted->session_number);
	compare_length(build, &change, NULL, wanted->group);
	if (wanted->has_virtual_network_id)
		change_number(&change, virtual_network_id, NULL, &wanted->virtual_network_id);
	change_text(&change, description, NULL, wanted->group->description);
	change_tag_specification(&change, "traffic-mirror-session", build->config->deployment,
				 wanted->group->name);
	change_append(&change, &build->changes);
}

/* number: the one that the session has by then. */
static void emit_update(struct plan_build *build, const struct desired_session *wanted,
			uint32_t number)
{
	const struct mirror_session *session = wanted->session;
	struct change_builder change = start(build, CHANGE_UPDATE, wanted);

	change.change.id = session->traffic_mirror_session_id;
	change_input_text(&change, "TrafficMirrorSessionId", session->traffic_mirror_session_id);
	compare_targets(build, &change, session);
	change_number(&change, session_number, &number, &wanted->session_number);
	compare_length(build, &change, session, wanted->group);
	if (wanted->has_virtual_network_id)
		change_number(&change, virtual_network_id,
			      session->has_virtual_network_id ? &session->virtual_network_id : NULL,
			      &wanted->virtual_network_id);
	change_text(&change, description, session->description, wanted->group->description);
	compare_group(build, &change, wanted);
	change_append(&change, &build->changes);
}

static void emit_delete(struct plan_build *build, const struct desired_surplus *surplus)
{
	const struct mirror_session *session = surplus->session;
	struct change_builder change = {
		.arena = build->arena,
		.change = {.kind = CHANGE_DELETE,
			   .resource = CHANGE_SESSION,
			   .identity = arena_format(
				   build->arena, "%s %s",
				   identity(build, surplus->group, session->network_interface_id),
				   session->traffic_mirror_session_id),
			   .id = session->traffic_mirror_session_id,
			   .group = surplus->group,
			   .network_interface_id = session->network_interface_id,
			   .reason = surplus->reason},
	};

	change_input_text(&change, "TrafficMirrorSessionId", session->traffic_mirror_session_id);
	change_append(&change, &build->changes);
}

/* Numbers of one interface's sessions, which EC2 wants unique at every moment. */

enum { SLICE_MAX = 16 };

struct slice {
	struct plan_build *build;
	/* Those that are there and stay; there are three at most, unless EC2's quota grows. */
	const struct desired_session *wanted[SLICE_MAX];
	uint32_t numbers[SLICE_MAX]; /* that they have by now */
	bool done[SLICE_MAX];
	size_t count;
};

static bool number_is_free(const struct slice *slice, uint32_t number, size_t but)
{
	for (size_t i = 0; i < slice->count; i++) {
		if (i != but && slice->numbers[i] == number)
			return false;
	}
	return true;
}

/* Updates all whose number is free. Returns how many. */
static size_t update_free(struct slice *slice)
{
	size_t updated = 0;

	for (size_t i = 0; i < slice->count; i++) {
		const struct desired_session *wanted = slice->wanted[i];

		if (slice->done[i] || !number_is_free(slice, wanted->session_number, i))
			continue;
		emit_update(slice->build, wanted, slice->numbers[i]);
		slice->numbers[i] = wanted->session_number;
		slice->done[i] = true;
		updated++;
	}
	return updated;
}

/* A number that no session of the interface has or shall have. */
static uint32_t spare_number(const struct plan_build *build, const struct desired_session *session)
{
	const char *id = session->interface->network_interface_id;
	size_t count, wanted_count;
	const struct mirror_session *sessions =
		observed_sessions_of(build->desired->scope, id, &count);
	const struct desired_session *wanted =
		desired_of(build->desired, session->interface, &wanted_count);
	uint32_t number = MIRROR_SESSION_MAX_NUMBER;

	for (bool again = true; again; number -= again) {
		again = false;
		for (size_t i = 0; i < count; i++)
			again |= sessions[i].session_number == number;
		for (size_t i = 0; i < wanted_count; i++)
			again |= wanted[i].session_number == number;
	}
	return number;
}

/* Numbers that go round in a circle: one steps aside first. */
static void step_aside(struct slice *slice)
{
	const struct desired_session *wanted;
	struct change_builder change;
	uint32_t number;
	size_t i = 0;

	while (slice->done[i])
		i++;
	wanted = slice->wanted[i];
	number = spare_number(slice->build, wanted);
	change = start(slice->build, CHANGE_UPDATE, wanted);
	change.change.identity =
		arena_format(slice->build->arena, "%s (number)", change.change.identity);
	change.change.id = wanted->session->traffic_mirror_session_id;
	change.change.reason = "makes room: the interface's sessions change places";
	change_input_text(&change, "TrafficMirrorSessionId",
			  wanted->session->traffic_mirror_session_id);
	change_number(&change, session_number, &slice->numbers[i], &number);
	change_append(&change, &slice->build->changes);
	slice->numbers[i] = number;
}

static void update_slice(struct slice *slice)
{
	size_t left = slice->count;

	while (left) {
		const size_t updated = update_free(slice);

		if (!updated)
			step_aside(slice);
		left -= updated;
	}
}

static void update_all(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;

	for (size_t i = 0; i < desired->session_count;) {
		const struct network_interface *interface = desired->sessions[i].interface;
		struct slice slice = {.build = build};

		for (; i < desired->session_count && desired->sessions[i].interface == interface;
		     i++) {
			const struct desired_session *wanted = &desired->sessions[i];

			if (!wanted->session || slice.count == SLICE_MAX)
				continue;
			slice.numbers[slice.count] = wanted->session->session_number;
			slice.wanted[slice.count++] = wanted;
		}
		update_slice(&slice);
	}
}

/* Deletes. */

/* True where the session must go before others of its interface can come. */
static bool is_in_the_way(const struct plan_build *build, const struct mirror_session *session)
{
	size_t there, wanted_count;
	const struct desired_session *wanted =
		desired_of(build->desired,
			   observed_interface(build->desired->scope, session->network_interface_id),
			   &wanted_count);
	bool creates = false, in_the_way = false;

	observed_sessions_of(build->desired->scope, session->network_interface_id, &there);
	for (size_t i = 0; i < wanted_count; i++) {
		if (wanted[i].left_out)
			continue;
		there += !wanted[i].session;
		creates |= !wanted[i].session;
		in_the_way |= wanted[i].session_number == session->session_number;
	}
	return in_the_way || (creates && there > CONFIG_INTERFACE_SESSIONS_MAX);
}

static void delete_all(struct plan_build *build, bool in_the_way)
{
	const struct desired_scope *desired = build->desired;

	for (size_t i = 0; i < desired->surplus_count; i++) {
		const struct desired_surplus *surplus = &desired->surplus[i];

		if (surplus->use == DESIRED_DELETED &&
		    is_in_the_way(build, surplus->session) == in_the_way)
			emit_delete(build, surplus);
	}
}

/* What stays without being wanted. */
static void keep_all(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;
	struct plan_scope *scope = build->scope;

	scope->orphans =
		arena_alloc(build->arena, (desired->surplus_count + 1) * sizeof(*scope->orphans));
	for (size_t i = 0; scope->orphans && i < desired->surplus_count; i++) {
		const struct desired_surplus *surplus = &desired->surplus[i];

		if (surplus->orphan)
			scope->orphans[scope->orphan_count++] = (struct plan_orphan){
				surplus->session, surplus->group, surplus->reason};
		else if (surplus->use == DESIRED_KEPT)
			scope->counts.kept++;
	}
}

void plan_session_make(struct plan_build *build)
{
	const struct desired_scope *desired = build->desired;

	delete_all(build, true);
	update_all(build);
	for (size_t i = 0; i < desired->session_count; i++) {
		if (!desired->sessions[i].session && !desired->sessions[i].left_out)
			emit_create(build, &desired->sessions[i]);
	}
	delete_all(build, false);
	keep_all(build);
}
