/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/change.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *text;
	const char *operations[CHANGE_KINDS];
} resources[CHANGE_RESOURCES] = {
	[CHANGE_FILTER] = {"filter",
			   {[CHANGE_CREATE] = "CreateTrafficMirrorFilter",
			    [CHANGE_REPLACE] = "CreateTrafficMirrorFilter",
			    [CHANGE_DELETE] = "DeleteTrafficMirrorFilter"}},
	[CHANGE_FILTER_RULE] = {"rule",
				{[CHANGE_CREATE] = "CreateTrafficMirrorFilterRule",
				 [CHANGE_UPDATE] = "ModifyTrafficMirrorFilterRule",
				 [CHANGE_DELETE] = "DeleteTrafficMirrorFilterRule"}},
	[CHANGE_NETWORK_SERVICES] = {"network services",
				     {[CHANGE_UPDATE] =
					      "ModifyTrafficMirrorFilterNetworkServices"}},
	[CHANGE_TARGET] = {"target",
			   {[CHANGE_CREATE] = "CreateTrafficMirrorTarget",
			    [CHANGE_REPLACE] = "CreateTrafficMirrorTarget",
			    [CHANGE_DELETE] = "DeleteTrafficMirrorTarget"}},
	[CHANGE_SESSION] = {"session",
			    {[CHANGE_CREATE] = "CreateTrafficMirrorSession",
			     [CHANGE_UPDATE] = "ModifyTrafficMirrorSession",
			     [CHANGE_DELETE] = "DeleteTrafficMirrorSession"}},
};

const char *change_kind_text(enum change_kind kind)
{
	static const char *const texts[CHANGE_KINDS] = {
		[CHANGE_CREATE] = "create",       [CHANGE_UPDATE] = "update",
		[CHANGE_REPLACE] = "replace",     [CHANGE_DELETE] = "delete",
		[CHANGE_UNCHANGED] = "unchanged",
	};

	return texts[kind];
}

const char *change_resource_text(enum change_resource resource)
{
	return resources[resource].text;
}

const char *change_operation(const struct change *change)
{
	return resources[change->resource].operations[change->kind];
}

bool change_needs_call(const struct change *change)
{
	if (change->kind == CHANGE_UNCHANGED)
		return false;
	/* Beside the id, something must be asked for. */
	return change->kind != CHANGE_UPDATE || change->needs_filter || change->needs_target ||
	       json_object_size(change->input) > 1;
}

/* Building. */

void change_input(struct change_builder *builder, const char *name, json_t *value)
{
	struct change *change = &builder->change;

	if (!change->input)
		change->input = json_object();
	if (json_object_set_new(change->input, name, value))
		builder->arena->failed = true;
}

void change_input_text(struct change_builder *builder, const char *name, const char *value)
{
	change_input(builder, name, json_string(value));
}

static void remove_field(struct change_builder *builder, const char *word)
{
	json_t *list = json_object_get(builder->change.input, "RemoveFields");

	if (!list) {
		list = json_array();
		change_input(builder, "RemoveFields", list);
	}
	if (json_array_append_new(list, json_string(word)))
		builder->arena->failed = true;
}

void change_note(struct change_builder *builder, const char *name, const char *from, const char *to)
{
	struct change *change = &builder->change;

	if (change->field_count < CHANGE_FIELDS_MAX)
		builder->fields[change->field_count++] = (struct change_field){name, from, to};
}

void change_text(struct change_builder *builder, struct change_member member, const char *from,
		 const char *to)
{
	from = from && *from ? from : NULL;
	to = to && *to ? to : NULL;
	if (from == to || (from && to && strcmp(from, to) == 0))
		return;
	change_note(builder, member.name, from, to);
	if (to)
		change_input_text(builder, member.name, to);
	else if (member.remove)
		remove_field(builder, member.remove);
}

static const char *number_text(struct arena *arena, const uint32_t *number)
{
	return number ? arena_format(arena, "%" PRIu32, *number) : NULL;
}

void change_number(struct change_builder *builder, struct change_member member,
		   const uint32_t *from, const uint32_t *to)
{
	if (from == to || (from && to && *from == *to))
		return;
	change_note(builder, member.name, number_text(builder->arena, from),
		    number_text(builder->arena, to));
	if (to)
		change_input(builder, member.name, json_integer(*to));
	else if (member.remove)
		remove_field(builder, member.remove);
}

static const char *ports_text(struct arena *arena, struct config_ports ports)
{
	if (!ports.given)
		return NULL;
	return ports.from == ports.to ? arena_format(arena, "%u", ports.from)
				      : arena_format(arena, "%u-%u", ports.from, ports.to);
}

void change_ports(struct change_builder *builder, struct change_member member,
		  struct config_ports from, struct config_ports to)
{
	if (from.given == to.given && (!from.given || (from.from == to.from && from.to == to.to)))
		return;
	change_note(builder, member.name, ports_text(builder->arena, from),
		    ports_text(builder->arena, to));
	if (to.given)
		change_input(builder, member.name,
			     json_pack("{s:i,s:i}", "FromPort", to.from, "ToPort", to.to));
	else if (member.remove)
		remove_field(builder, member.remove);
}

void change_tag_specification(struct change_builder *builder, const char *type,
			      const char *deployment, const char *group)
{
	json_t *tags = json_pack("[{s:s,s:s}]", "Key", CONFIG_TAG_DEPLOYMENT, "Value", deployment);

	if (group && json_array_append_new(tags, json_pack("{s:s,s:s}", "Key", CONFIG_TAG_SESSION,
							   "Value", group)))
		builder->arena->failed = true;
	change_input(builder, "TagSpecifications",
		     json_pack("[{s:s,s:o}]", "ResourceType", type, "Tags", tags));
}

static void settle(struct change_builder *builder)
{
	struct change *change = &builder->change;
	const size_t bytes = change->field_count * sizeof(*change->fields);
	struct change_field *fields;

	if (change->kind == CHANGE_UPDATE && !change->field_count)
		change->kind = CHANGE_UNCHANGED;
	if (change->kind == CHANGE_UNCHANGED) {
		json_decref(change->input);
		change->input = NULL;
	} else if (!change->input) {
		change->input = json_object();
		builder->arena->failed |= !change->input;
	}
	if (!bytes)
		return;
	fields = arena_alloc(builder->arena, bytes);
	if (fields)
		memcpy(fields, builder->fields, bytes);
	change->fields = fields;
	change->field_count = fields ? change->field_count : 0;
}

void change_append(struct change_builder *builder, struct change_list *list)
{
	settle(builder);
	if (list->count == list->capacity) {
		const size_t capacity = list->capacity ? 2 * list->capacity : 64;
		struct change *changes = reallocarray(list->changes, capacity, sizeof(*changes));

		if (!changes) {
			json_decref(builder->change.input);
			json_decref(builder->change.tags);
			builder->arena->failed = true;
			return;
		}
		list->changes = changes;
		list->capacity = capacity;
	}
	list->changes[list->count++] = builder->change;
}

void change_list_fini(struct change_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		json_decref(list->changes[i].input);
		json_decref(list->changes[i].tags);
	}
	free(list->changes);
	*list = (struct change_list){0};
}
