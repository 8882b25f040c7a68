/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/select.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { NO_INSTANCE = -1 };

#define NOT_EXCLUDED SELECT_REASON_COUNT

struct select_scope {
	const struct config *config;
	const struct observed_scope *scope;
	/* Of each interface, by its place: its instance's place, and why no group may have it. */
	int32_t *instances;
	uint8_t *reasons;
	struct select_missing *missing; /* collectors */
	size_t missing_count;
};

static const struct {
	const char *code, *text;
} reasons[] = {
#define REASON(name, code, text) {code, text},
	SELECT_REASONS(REASON)
#undef REASON
};

const char *select_reason_code(enum select_reason reason)
{
	return reasons[reason].code;
}

const char *select_reason_text(enum select_reason reason)
{
	return reasons[reason].text;
}

/* Matching. */

bool select_wildcard(const char *pattern, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		const bool quoted = *pattern == '\\' && pattern[1];

		if (*pattern == '*') {
			star = ++pattern;
			resume = text;
		} else if (*pattern && (*pattern == '?' || pattern[quoted] == *text)) {
			pattern += 1 + quoted;
			text++;
		} else if (star) {
			/* The star takes one more character, and the rest is tried again. */
			pattern = star;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

static bool contains(const struct config_texts *texts, const char *text)
{
	for (size_t i = 0; text && i < texts->count; i++) {
		if (strcmp(texts->texts[i], text) == 0)
			return true;
	}
	return false;
}

static bool has_tag(const struct instance *instance, const struct config_tag *tag)
{
	const char *value = observed_tag(instance->tags, instance->tag_count, tag->key);

	for (size_t i = 0; value && i < tag->values.count; i++) {
		if (select_wildcard(tag->values.texts[i], value))
			return true;
	}
	return false;
}

static bool has_tags(const struct instance *instance, const struct config_selector *selector)
{
	for (size_t i = 0; i < selector->instance_tag_count; i++) {
		if (!has_tag(instance, &selector->instance_tags[i]))
			return false;
	}
	return true;
}

/* A selector, worked out for each interface and instance of the scope: named there by id, or
 * described by the selector's other parts. */
enum { NAMED = 1 << 0, TAGGED = 1 << 1 };

struct marks {
	uint8_t *interfaces; /* NAMED */
	uint8_t *instances;  /* NAMED, TAGGED */
};

static void marks_fini(struct marks *marks)
{
	free(marks->interfaces);
	free(marks->instances);
}

struct missing_list {
	const struct config_session *group;
	struct select_missing *items; /* owned */
	size_t count;
};

/* The list has room for all the ids there are. */
static void add_missing(struct missing_list *missing, const char *id)
{
	if (missing)
		missing->items[missing->count++] = (struct select_missing){missing->group, id};
}

/* missing: NULL where nobody asks. */
static void mark_named(const struct observed_scope *scope, const struct config_selector *selector,
		       const struct marks *marks, struct missing_list *missing)
{
	const struct config_texts *ids = &selector->network_interface_ids;

	for (size_t i = 0; i < ids->count; i++) {
		const struct network_interface *interface =
			observed_interface(scope, ids->texts[i]);

		if (interface)
			marks->interfaces[interface - scope->interfaces] |= NAMED;
		else
			add_missing(missing, ids->texts[i]);
	}
	ids = &selector->instance_ids;
	for (size_t i = 0; i < ids->count; i++) {
		const struct instance *instance = observed_instance(scope, ids->texts[i]);

		if (instance)
			marks->instances[instance - scope->instances] |= NAMED;
		else
			add_missing(missing, ids->texts[i]);
	}
}

/* marks: needs no initialisation; marks_fini() in any case. */
static int mark(const struct observed_scope *scope, const struct config_selector *selector,
		struct marks *marks, struct missing_list *missing)
{
	const size_t ids = selector->network_interface_ids.count + selector->instance_ids.count;

	marks->interfaces = calloc(scope->interface_count + 1, 1);
	marks->instances = calloc(scope->instance_count + 1, 1);
	if (missing)
		missing->items = calloc(ids + 1, sizeof(*missing->items));
	if (!marks->interfaces || !marks->instances || (missing && !missing->items))
		return -ENOMEM;
	mark_named(scope, selector, marks, missing);
	for (size_t i = 0; selector->instance_tag_count && i < scope->instance_count; i++) {
		if (has_tags(&scope->instances[i], selector))
			marks->instances[i] |= TAGGED;
	}
	return 0;
}

static uint8_t instance_mark(const struct select_scope *select, const struct marks *marks,
			     size_t interface)
{
	const int32_t instance = select->instances[interface];

	return instance == NO_INSTANCE ? 0 : marks->instances[instance];
}

static bool named(const struct select_scope *select, const struct marks *marks, size_t interface)
{
	return (marks->interfaces[interface] | instance_mark(select, marks, interface)) & NAMED;
}

/* Sources: what is named, and what all other parts of the selector describe. */
static bool selected(const struct select_scope *select, const struct config_selector *selector,
		     const struct marks *marks, size_t index)
{
	const struct network_interface *interface = &select->scope->interfaces[index];

	if (named(select, marks, index))
		return true;
	if (!selector->instance_tag_count && !selector->vpc_ids.count &&
	    !selector->subnet_ids.count)
		return false;
	if (selector->instance_tag_count && !(instance_mark(select, marks, index) & TAGGED))
		return false;
	if (selector->vpc_ids.count && !contains(&selector->vpc_ids, interface->vpc_id))
		return false;
	return !selector->subnet_ids.count || contains(&selector->subnet_ids, interface->subnet_id);
}

/* Exclusions and collectors: what any part describes. */
static bool touched(const struct select_scope *select, const struct config_selector *selector,
		    const struct marks *marks, size_t index)
{
	const struct network_interface *interface = &select->scope->interfaces[index];

	return named(select, marks, index) || (instance_mark(select, marks, index) & TAGGED) != 0 ||
	       contains(&selector->vpc_ids, interface->vpc_id) ||
	       contains(&selector->subnet_ids, interface->subnet_id);
}

/* What holds for all groups. */

/* The first reason stands. */
static void exclude(struct select_scope *select, size_t interface, enum select_reason reason)
{
	if (select->reasons[interface] > reason)
		select->reasons[interface] = reason;
}

static void exclude_target(struct select_scope *select, const char *network_interface_id)
{
	const struct network_interface *interface =
		observed_interface(select->scope, network_interface_id);

	if (interface)
		exclude(select, (size_t)(interface - select->scope->interfaces), SELECT_TARGET);
}

/* EC2 takes no interface as a source that any target is made of, the configured one or not. */
static void exclude_targets(struct select_scope *select)
{
	const struct config_target *target =
		config_target_of(select->config, select->scope->account);

	if (target->kind == CONFIG_TARGET_NETWORK_INTERFACE)
		exclude_target(select, target->id);
	for (size_t i = 0; i < select->scope->target_count; i++)
		exclude_target(select, select->scope->targets[i].network_interface_id);
}

static void exclude_kinds(struct select_scope *select)
{
	for (size_t i = 0; i < select->scope->interface_count; i++) {
		const struct network_interface *interface = &select->scope->interfaces[i];

		if (interface->interface_type &&
		    strcmp(interface->interface_type, "interface") != 0)
			exclude(select, i, SELECT_TYPE);
		if (interface->requester_managed)
			exclude(select, i, SELECT_REQUESTER_MANAGED);
	}
}

static int exclude_collectors(struct select_scope *select)
{
	const struct config_selector *collectors = &select->config->collectors;
	struct missing_list missing = {0};
	struct marks marks;
	int rc = mark(select->scope, collectors, &marks, &missing);

	for (size_t i = 0; !rc && i < select->scope->interface_count; i++) {
		if (touched(select, collectors, &marks, i))
			exclude(select, i, SELECT_COLLECTOR);
	}
	select->missing = missing.items;
	select->missing_count = missing.count;
	marks_fini(&marks);
	return rc;
}

static bool has_address(const struct network_interface *interface, const char *address)
{
	if (interface->private_ip_address && strcmp(interface->private_ip_address, address) == 0)
		return true;
	for (size_t i = 0; i < interface->private_ip_address_count; i++) {
		if (strcmp(interface->private_ip_addresses[i], address) == 0)
			return true;
	}
	for (size_t i = 0; i < interface->ipv6_address_count; i++) {
		if (strcmp(interface->ipv6_addresses[i], address) == 0)
			return true;
	}
	return false;
}

/* vpc_id: NULL for any. Returns whether there is one. */
static bool exclude_address(struct select_scope *select, const char *address, const char *vpc_id)
{
	bool found = false;

	for (size_t i = 0; i < select->scope->interface_count; i++) {
		const struct network_interface *interface = &select->scope->interfaces[i];

		if (vpc_id && (!interface->vpc_id || strcmp(interface->vpc_id, vpc_id) != 0))
			continue;
		if (!has_address(interface, address))
			continue;
		exclude(select, i, SELECT_REGISTERED);
		found = true;
	}
	return found;
}

static void exclude_instance(struct select_scope *select, const struct instance *instance)
{
	for (size_t i = 0; i < select->scope->interface_count; i++) {
		if (select->instances[i] == instance - select->scope->instances)
			exclude(select, i, SELECT_REGISTERED);
	}
}

/* A load balancer has some tens of targets, so that a scan for each is cheap. */
static void exclude_registered(struct select_scope *select)
{
	const struct observed_load_balancer *balancer = &select->scope->load_balancer;

	for (size_t i = 0; i < balancer->registered_count; i++) {
		const char *target = balancer->registered[i];
		const struct instance *instance = observed_instance(select->scope, target);

		if (instance)
			exclude_instance(select, instance);
		/* Addresses repeat in other VPCs: those of its own come first. */
		else if (!balancer->vpc_id || !exclude_address(select, target, balancer->vpc_id))
			exclude_address(select, target, NULL);
	}
}

struct select_scope *select_scope_new(const struct config *config,
				      const struct observed_scope *scope)
{
	struct select_scope *select = calloc(1, sizeof(*select));

	if (!select)
		return NULL;
	select->config = config;
	select->scope = scope;
	select->instances = calloc(scope->interface_count + 1, sizeof(*select->instances));
	select->reasons = malloc(scope->interface_count + 1);
	if (!select->instances || !select->reasons)
		goto fail;
	memset(select->reasons, NOT_EXCLUDED, scope->interface_count + 1);
	for (size_t i = 0; i < scope->interface_count; i++) {
		const struct instance *instance =
			observed_instance_of(scope, &scope->interfaces[i]);

		select->instances[i] =
			instance ? (int32_t)(instance - scope->instances) : NO_INSTANCE;
	}
	exclude_targets(select);
	exclude_kinds(select);
	exclude_registered(select);
	if (exclude_collectors(select))
		goto fail;
	return select;
fail:
	select_scope_free(select);
	return NULL;
}

void select_scope_free(struct select_scope *select)
{
	if (!select)
		return;
	free(select->instances);
	free(select->reasons);
	free(select->missing);
	free(select);
}

const struct select_missing *select_scope_missing(const struct select_scope *select, size_t *count)
{
	*count = select->missing_count;
	return select->missing;
}

/* Groups. */

static bool attached(const struct network_interface *interface)
{
	const char *status = interface->attachment_status;

	return interface->instance_id &&
	       (!status || strcmp(status, "attached") == 0 || strcmp(status, "attaching") == 0);
}

static bool primary(const struct network_interface *interface)
{
	return interface->has_device_index && interface->device_index == 0;
}

struct group {
	const struct select_scope *select;
	const struct config_session *group;
	struct marks sources, exclude;
};

static bool is_of_group(const struct group *group, const struct mirror_session *session)
{
	const char *name = observed_tag(session->tags, session->tag_count, CONFIG_TAG_SESSION);

	return name && strcmp(name, group->group->name) == 0 &&
	       observed_owned(session->tags, session->tag_count, group->select->config->deployment);
}

/*
 * What EC2 has let the group mirror it need not give up, whatever the list of types says. Others'
 * sessions are no reason to begin: of a session that this plan creates the next would learn that
 * there is more to do.
 */
static bool mirrors(const struct group *group, size_t index)
{
	const struct observed_scope *scope = group->select->scope;
	const struct network_interface *interface = &scope->interfaces[index];
	const struct instance *instance = observed_instance_of(scope, interface);
	const struct mirror_session *sessions;
	bool known = !instance || !instance->instance_type ||
		     instance_type_mirrors(instance->instance_type);
	size_t count;

	sessions = observed_sessions_of(scope, interface->network_interface_id, &count);
	for (size_t i = 0; !known && i < count; i++)
		known = is_of_group(group, &sessions[i]);
	return known;
}

/* Why a selected interface is left out, or NOT_EXCLUDED. */
static enum select_reason judge(const struct group *group, size_t index)
{
	const struct select_scope *select = group->select;
	const struct network_interface *interface = &select->scope->interfaces[index];
	const struct instance *instance = observed_instance_of(select->scope, interface);

	if (select->reasons[index] != NOT_EXCLUDED)
		return select->reasons[index];
	if (touched(select, &group->group->exclude, &group->exclude, index))
		return SELECT_EXCLUDED;
	if (group->group->primary_only && !primary(interface) && interface->instance_id &&
	    !group->sources.interfaces[index])
		return SELECT_SECONDARY;
	if (!attached(interface))
		return SELECT_UNATTACHED;
	if (instance && !instance_runs(instance))
		return SELECT_NOT_RUNNING;
	if (!mirrors(group, index) && !named(select, &group->sources, index))
		return SELECT_INSTANCE_TYPE;
	return NOT_EXCLUDED;
}

static void take(const struct group *group, size_t index, struct select_result *result)
{
	const struct network_interface *interface = &group->select->scope->interfaces[index];
	const enum select_reason reason = judge(group, index);

	if (reason != NOT_EXCLUDED) {
		result->exclusions[result->exclusion_count++] =
			(struct select_exclusion){interface, group->group, reason};
		return;
	}
	result->interfaces[result->interface_count++] = interface;
	if (!mirrors(group, index))
		result->unsupported[result->unsupported_count++] = interface;
}

static int result_init(struct select_result *result, size_t interfaces)
{
	*result = (struct select_result){0};
	result->interfaces = calloc(interfaces + 1, sizeof(void *));
	result->exclusions = calloc(interfaces + 1, sizeof(*result->exclusions));
	result->unsupported = calloc(interfaces + 1, sizeof(void *));
	return result->interfaces && result->exclusions && result->unsupported ? 0 : -ENOMEM;
}

int select_group(const struct select_scope *select, const struct config_session *session,
		 struct select_result *result)
{
	const struct observed_scope *scope = select->scope;
	struct group group = {.select = select, .group = session};
	struct missing_list missing = {.group = session};
	int rc = result_init(result, scope->interface_count);

	if (!rc)
		rc = mark(scope, &session->sources, &group.sources, &missing);
	result->missing = missing.items;
	result->missing_count = missing.count;
	if (!rc)
		rc = mark(scope, &session->exclude, &group.exclude, NULL);
	for (size_t i = 0; !rc && i < scope->interface_count; i++) {
		if (selected(select, &session->sources, &group.sources, i))
			take(&group, i, result);
	}
	marks_fini(&group.sources);
	marks_fini(&group.exclude);
	if (rc)
		select_fini(result);
	return rc;
}

void select_fini(struct select_result *result)
{
	free(result->interfaces);
	free(result->exclusions);
	free(result->missing);
	free(result->unsupported);
	*result = (struct select_result){0};
}
