/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "provision/deploy/plan_build.h"

static bool counts(enum desired_use use, enum plan_users which)
{
	if (which == PLAN_USERS_OWNED)
		return use == DESIRED_USED || use == DESIRED_KEPT;
	return use == DESIRED_FOREIGN || use == DESIRED_KEPT;
}

size_t plan_users(const struct plan_build *build, enum change_resource resource, const char *id,
		  enum plan_users which)
{
	const struct observed_scope *scope = build->desired->scope;
	size_t count = 0;

	for (size_t i = 0; i < scope->session_count; i++) {
		const struct mirror_session *session = &scope->sessions[i];
		const char *used = resource == CHANGE_FILTER ? session->traffic_mirror_filter_id
							     : session->traffic_mirror_target_id;

		count += used && counts(build->desired->uses[i], which) && strcmp(used, id) == 0;
	}
	return count;
}

bool plan_delete_unused(struct plan_build *build, enum change_resource resource, const char *id)
{
	const size_t users = plan_users(build, resource, id, PLAN_USERS_REMAINING);
	const char *name = change_resource_text(resource);
	struct change_builder change = {
		.arena = build->arena,
		.change = {.kind = users ? CHANGE_UNCHANGED : CHANGE_DELETE,
			   .resource = resource,
			   .identity = arena_format(build->arena, "%s %s", name, id),
			   .id = id,
			   .reason = build->options->destroy ? "destroyed with the deployment"
							     : "no session has it any more"},
	};

	if (users) {
		change.change.reason =
			arena_format(build->arena, "not wanted, but %zu sessions have it", users);
		plan_notice(build, false,
			    resource == CHANGE_FILTER ? "filter-in-use" : "target-in-use",
			    "move or delete those sessions, then apply again",
			    "%s %s is not wanted, but stays: %zu sessions that are not to be "
			    "changed have it",
			    name, id, users);
	}
	change_input_text(
		&change,
		resource == CHANGE_FILTER ? "TrafficMirrorFilterId" : "TrafficMirrorTargetId", id);
	change_append(&change, &build->changes);
	return users == 0;
}
