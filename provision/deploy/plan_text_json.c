/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/plan_text.h"

/* Appends to a list; an element that could not be made makes the list NULL. */
static void append(json_t **list, json_t *element)
{
	if (*list && json_array_append_new(*list, element)) {
		json_decref(*list);
		*list = NULL;
	}
}

static json_t *fields_json(const struct change *change)
{
	json_t *list = json_array();

	for (size_t i = 0; i < change->field_count; i++) {
		const struct change_field *field = &change->fields[i];

		append(&list, json_pack("{s:s,s:s?,s:s?}", "name", field->name, "from", field->from,
					"to", field->to));
	}
	return list;
}

/* Borrowed values stay valid: json_pack() with O takes references of its own. */
json_t *plan_text_change_json(const struct change *change)
{
	return json_pack(
		"{s:s,s:s,s:s,s:s?,s:s?,s:s?,s:s?,s:s?,s:o,s:s?,s:O?,s:b,s:b,s:O?}", "action",
		change_kind_text(change->kind), "resource", change_resource_text(change->resource),
		"identity", change->identity, "id", change->id, "replaces", change->replaces,
		"session", change->group, "network_interface_id", change->network_interface_id,
		"reason", change->reason, "fields", fields_json(change), "operation",
		change_operation(change), "input", change->input, "needs_filter",
		change->needs_filter, "needs_target", change->needs_target, "tags", change->tags);
}

static json_t *changes_json(const struct plan_scope *scope, bool verbose)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scope->change_count; i++) {
		if (verbose || scope->changes[i].kind != CHANGE_UNCHANGED)
			append(&list, plan_text_change_json(&scope->changes[i]));
	}
	return list;
}

static json_t *exclusions_json(const struct plan_scope *scope)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scope->exclusion_count; i++) {
		const struct select_exclusion *exclusion = &scope->exclusions[i];

		append(&list, json_pack("{s:s,s:s?,s:s,s:s}", "network_interface_id",
					exclusion->interface->network_interface_id, "instance_id",
					exclusion->interface->instance_id, "session",
					exclusion->group->name, "reason",
					select_reason_code(exclusion->reason)));
	}
	return list;
}

static json_t *orphans_json(const struct plan_scope *scope)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scope->orphan_count; i++) {
		const struct plan_orphan *orphan = &scope->orphans[i];

		append(&list,
		       json_pack("{s:s,s:s?,s:s?,s:s}", "traffic_mirror_session_id",
				 orphan->session->traffic_mirror_session_id, "network_interface_id",
				 orphan->session->network_interface_id, "session", orphan->group,
				 "reason", orphan->reason));
	}
	return list;
}

static json_t *notices_json(const struct plan_scope *scope)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scope->notice_count; i++) {
		const struct plan_notice *notice = &scope->notices[i];

		append(&list, json_pack("{s:s,s:s,s:s,s:s}", "level",
					notice->error ? "error" : "warning", "code", notice->code,
					"text", notice->text, "remedy", notice->remedy));
	}
	return list;
}

static json_t *counts_json(const struct plan_counts *counts)
{
	json_t *object = json_pack("{s:I,s:I,s:I}", "owned_sessions", (json_int_t)counts->sessions,
				   "session_deletes", (json_int_t)counts->session_deletes, "kept",
				   (json_int_t)counts->kept);

	for (size_t i = 0; i < CHANGE_KINDS; i++) {
		if (json_object_set_new(object, change_kind_text((enum change_kind)i),
					json_integer((json_int_t)counts->kinds[i]))) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static json_t *scope_json(const struct plan_scope *scope, bool verbose)
{
	return json_pack("{s:s,s:s?,s:s?,s:s?,s:s?,s:s?,s:o,s:o,s:o,s:o,s:o}", "account",
			 scope->account, "account_id", scope->account_id, "region", scope->region,
			 "failure", scope->failure, "traffic_mirror_filter_id", scope->filter_id,
			 "traffic_mirror_target_id", scope->target_id, "changes",
			 changes_json(scope, verbose), "excluded", exclusions_json(scope),
			 "orphans", orphans_json(scope), "notices", notices_json(scope), "summary",
			 counts_json(&scope->counts));
}

json_t *plan_text_json(const struct plan *plan, bool verbose)
{
	json_t *scopes = json_array();

	for (size_t i = 0; i < plan->scope_count; i++)
		append(&scopes, scope_json(&plan->scopes[i], verbose));
	return json_pack("{s:i,s:s,s:o,s:o,s:I,s:s?}", "version", 1, "deployment", plan->deployment,
			 "scopes", scopes, "summary", counts_json(&plan->counts), "delete_limit",
			 (json_int_t)plan->delete_limit, "refused", plan->refused);
}
