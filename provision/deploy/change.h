/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a plan's changes: member by member, what is there is compared with what is wanted; what
 * differs goes into the operation's input and into the list of fields that people read. A create is
 * a comparison with nothing.
 */
#ifndef PROVISION_CHANGE_H
#define PROVISION_CHANGE_H

#include "provision/deploy/plan.h"

enum { CHANGE_FIELDS_MAX = 16 };

struct change_list {
	struct change *changes; /* owned; their inputs and tags too */
	size_t count, capacity;
};

/* One change in the making. Zeroed, with the arena and the change's first members set. */
struct change_builder {
	struct arena *arena;
	struct change change;
	struct change_field fields[CHANGE_FIELDS_MAX];
};

/* The API's member for what is at hand; remove: RemoveFields' word for it, NULL: none. */
struct change_member {
	const char *name;
	const char *remove;
};

/* NULL and "" are the same: nothing. */
void change_text(struct change_builder *builder, struct change_member member, const char *from,
		 const char *to);

void change_number(struct change_builder *builder, struct change_member member,
		   const uint32_t *from, const uint32_t *to);

/* As FromPort and ToPort of a structure. */
void change_ports(struct change_builder *builder, struct change_member member,
		  struct config_ports from, struct config_ports to);

/* What people read without the input having it. */
void change_note(struct change_builder *builder, const char *name, const char *from,
		 const char *to);

/* A member of the input that is no difference: an id that names what is changed. */
void change_input_text(struct change_builder *builder, const char *name, const char *value);

/* Takes value. */
void change_input(struct change_builder *builder, const char *name, json_t *value);

/* The tags that make it owned. type: "traffic-mirror-session"; group: NULL except of sessions. */
void change_tag_specification(struct change_builder *builder, const char *type,
			      const char *deployment, const char *group);

/*
 * Appends it, and takes its input and tags. An update without a difference becomes unchanged, and
 * loses its input; other kinds have one in any case. Without memory arena->failed is set.
 */
void change_append(struct change_builder *builder, struct change_list *list);

void change_list_fini(struct change_list *list);

#endif
