/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Building. */

static char *copy(const char *text)
{
	char *memory = text ? strdup(text) : NULL;

	assert_true(!text || memory);
	return memory;
}

void world_set(char **text, const char *value)
{
	free(*text);
	*text = copy(value);
}

/* One more element at the end of an array, zeroed. */
#define ADD(array, count) (*(typeof(array))add((void **)&(array), &(count), sizeof(*(array))))

static void *add(void **array, size_t *count, size_t size)
{
	char *memory = realloc(*array, (*count + 1) * size);

	assert_non_null(memory);
	*array = memory;
	memory += *count * size;
	memset(memory, 0, size);
	++*count;
	return memory;
}

struct observed_scope *world_scope(struct observed *observed, const struct config_account *account,
				   const char *account_id, const char *region)
{
	struct observed_scope *scope;

	/* Scopes are long borrowed: they do not move. */
	if (!observed->scopes)
		observed->scopes = calloc(WORLD_SCOPES_MAX, sizeof(*observed->scopes));
	assert_non_null(observed->scopes);
	assert_true(observed->scope_count < WORLD_SCOPES_MAX);
	scope = &observed->scopes[observed->scope_count++];
	scope->account = account;
	scope->account_id = copy(account_id);
	scope->region = copy(region);
	return scope;
}

struct network_interface *world_interface(struct observed_scope *scope, const char *id,
					  const char *instance_id)
{
	struct network_interface *interface = &ADD(scope->interfaces, scope->interface_count);

	interface->network_interface_id = copy(id);
	interface->interface_type = copy("interface");
	interface->vpc_id = copy("vpc-1");
	interface->subnet_id = copy("subnet-1");
	interface->instance_id = copy(instance_id);
	interface->attachment_status = copy(instance_id ? "attached" : NULL);
	interface->has_device_index = instance_id;
	return interface;
}

static void add_tag(struct mirror_session_tag **tags, size_t *count, const char *key,
		    const char *value)
{
	struct mirror_session_tag *tag = &ADD(*tags, *count);

	tag->key = copy(key);
	tag->value = copy(value);
}

struct instance *world_instance(struct observed_scope *scope, const char *id, const char *tag)
{
	struct instance *instance = &ADD(scope->instances, scope->instance_count);

	instance->instance_id = copy(id);
	instance->instance_type = copy("m5.large");
	instance->state = copy("running");
	if (tag) {
		char *key = copy(tag), *value = strchr(key, '=');

		*value++ = '\0';
		add_tag(&instance->tags, &instance->tag_count, key, value);
		free(key);
	}
	return instance;
}

void world_source(struct observed_scope *scope, const char *name, const char *tag)
{
	char instance[64], interface[64];

	snprintf(instance, sizeof(instance), "i-%s", name);
	snprintf(interface, sizeof(interface), "eni-%s", name);
	world_instance(scope, instance, tag);
	world_interface(scope, interface, instance);
}

struct mirror_session *world_session(struct observed_scope *scope, const char *id,
				     const char *network_interface_id, uint32_t number,
				     const char *deployment, const char *group)
{
	struct mirror_session *session = &ADD(scope->sessions, scope->session_count);

	session->traffic_mirror_session_id = copy(id);
	session->network_interface_id = copy(network_interface_id);
	session->traffic_mirror_target_id = copy("tmt-1");
	session->traffic_mirror_filter_id = copy("tmf-1");
	session->session_number = number;
	session->has_virtual_network_id = true;
	session->virtual_network_id = 0x500000 + (uint32_t)scope->session_count;
	if (deployment)
		add_tag(&session->tags, &session->tag_count, CONFIG_TAG_DEPLOYMENT, deployment);
	if (group)
		add_tag(&session->tags, &session->tag_count, CONFIG_TAG_SESSION, group);
	return session;
}

struct mirror_target *world_target(struct observed_scope *scope, const char *id,
				   const char *deployment)
{
	struct mirror_target *target = &ADD(scope->targets, scope->target_count);

	target->traffic_mirror_target_id = copy(id);
	target->network_load_balancer_arn = copy(WORLD_NLB);
	if (deployment)
		add_tag(&target->tags, &target->tag_count, CONFIG_TAG_DEPLOYMENT, deployment);
	return target;
}

struct mirror_filter *world_filter(struct observed_scope *scope, const char *id,
				   const char *deployment)
{
	struct mirror_filter *filter = &ADD(scope->filters, scope->filter_count);

	filter->traffic_mirror_filter_id = copy(id);
	if (deployment)
		add_tag(&filter->tags, &filter->tag_count, CONFIG_TAG_DEPLOYMENT, deployment);
	return filter;
}

struct mirror_rule *world_rule(struct mirror_filter *filter, const char *id, bool egress,
			       uint32_t number, bool accept)
{
	struct mirror_rule *rule = &ADD(filter->rules, filter->rule_count);

	rule->traffic_mirror_filter_rule_id = copy(id);
	rule->egress = egress;
	rule->number = number;
	rule->accept = accept;
	rule->protocol = MIRROR_RULE_ANY_PROTOCOL;
	rule->source = copy("0.0.0.0/0");
	rule->destination = copy("0.0.0.0/0");
	return rule;
}

/* Carrying out. */

struct run {
	struct observed_scope *scope;
	const char *target_id, *filter_id; /* for what needs them */
	char ids[2][32];                   /* of those that this run made */
};

static unsigned int made;

static const char *text_of(const json_t *input, const char *name)
{
	return json_string_value(json_object_get(input, name));
}

static void set_text(const json_t *input, const char *name, char **text)
{
	if (json_object_get(input, name))
		world_set(text, text_of(input, name));
}

static bool removes(const json_t *input, const char *word)
{
	const json_t *list = json_object_get(input, "RemoveFields");
	bool found = false;

	for (size_t i = 0; i < json_array_size(list); i++)
		found |= strcmp(json_string_value(json_array_get(list, i)), word) == 0;
	return found;
}

static void copy_tags(const json_t *list, struct mirror_session_tag **tags, size_t *count)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *tag = json_array_get(list, i);
		const char *key = text_of(tag, "Key");
		bool found = false;

		for (size_t j = 0; j < *count; j++) {
			if (strcmp((*tags)[j].key, key) != 0)
				continue;
			world_set(&(*tags)[j].value, text_of(tag, "Value"));
			found = true;
		}
		if (!found)
			add_tag(tags, count, key, text_of(tag, "Value"));
	}
}

static void copy_specification(const json_t *input, struct mirror_session_tag **tags, size_t *count)
{
	const json_t *list = json_object_get(input, "TagSpecifications");

	assert_int_equal(json_array_size(list), 1);
	copy_tags(json_object_get(json_array_get(list, 0), "Tags"), tags, count);
}

#define FIND(array, count, member, id)                             \
	({                                                         \
		typeof(array) found_ = NULL;                       \
		for (size_t i_ = 0; i_ < (count); i_++) {          \
			if (strcmp((array)[i_].member, (id)) == 0) \
				found_ = &(array)[i_];             \
		}                                                  \
		assert_non_null(found_);                           \
		found_;                                            \
	})

/* Takes the element out; what it owned was freed before. */
#define REMOVE(array, count, element)                                             \
	(memmove((element), (element) + 1,                                        \
		 (size_t)((array) + (count) - (element)-1) * sizeof(*(element))), \
	 (count)--)

static bool behind_load_balancer(const struct run *run, const char *target_id)
{
	for (size_t i = 0; i < run->scope->target_count; i++) {
		const struct mirror_target *target = &run->scope->targets[i];

		if (strcmp(target->traffic_mirror_target_id, target_id) == 0)
			return target->network_load_balancer_arn;
	}
	return false;
}

static void set_session(struct run *run, const struct change *change,
			struct mirror_session *session)
{
	const json_t *input = change->input, *value;

	set_text(input, "TrafficMirrorTargetId", &session->traffic_mirror_target_id);
	set_text(input, "TrafficMirrorFilterId", &session->traffic_mirror_filter_id);
	set_text(input, "Description", &session->description);
	if (change->needs_target)
		world_set(&session->traffic_mirror_target_id, run->target_id);
	if (change->needs_filter)
		world_set(&session->traffic_mirror_filter_id, run->filter_id);
	if (removes(input, "description"))
		world_set(&session->description, NULL);
	value = json_object_get(input, "SessionNumber");
	if (value)
		session->session_number = (uint32_t)json_integer_value(value);
	value = json_object_get(input, "VirtualNetworkId");
	if (value) {
		session->has_virtual_network_id = true;
		session->virtual_network_id = (uint32_t)json_integer_value(value);
	}
	value = json_object_get(input, "PacketLength");
	if (value) {
		session->has_packet_length = true;
		session->packet_length = (uint32_t)json_integer_value(value);
	} else if (removes(input, "packet-length")) {
		session->has_packet_length = false;
	}
	if (!session->has_packet_length &&
	    behind_load_balancer(run, session->traffic_mirror_target_id)) {
		session->has_packet_length = true;
		session->packet_length = MIRROR_SESSION_DEFAULT_LENGTH;
	}
}

/* EC2's limits on an interface's sessions. */
static void check_interface(const struct observed_scope *scope, const char *interface)
{
	size_t count = 0;

	for (size_t i = 0; i < scope->session_count; i++) {
		const struct mirror_session *one = &scope->sessions[i];

		if (strcmp(one->network_interface_id, interface) != 0)
			continue;
		count++;
		assert_in_range(one->session_number, MIRROR_SESSION_MIN_NUMBER,
				MIRROR_SESSION_MAX_NUMBER);
		for (size_t j = 0; j < i; j++) {
			const struct mirror_session *other = &scope->sessions[j];

			assert_false(strcmp(other->network_interface_id, interface) == 0 &&
				     other->session_number == one->session_number);
		}
	}
	assert_in_range(count, 0, CONFIG_INTERFACE_SESSIONS_MAX);
}

static void run_session(struct run *run, const struct change *change)
{
	struct observed_scope *scope = run->scope;
	struct mirror_session *session;
	char id[32], interface[64];

	if (change->kind == CHANGE_CREATE) {
		snprintf(id, sizeof(id), "tms-new%u", ++made);
		session = &ADD(scope->sessions, scope->session_count);
		session->traffic_mirror_session_id = copy(id);
		session->network_interface_id = copy(text_of(change->input, "NetworkInterfaceId"));
		session->has_virtual_network_id = true;
		session->virtual_network_id = 0x900000 + made;
		copy_specification(change->input, &session->tags, &session->tag_count);
	} else {
		session = FIND(scope->sessions, scope->session_count, traffic_mirror_session_id,
			       text_of(change->input, "TrafficMirrorSessionId"));
		assert_string_equal(session->traffic_mirror_session_id, change->id);
	}
	snprintf(interface, sizeof(interface), "%s", session->network_interface_id);
	if (change->kind == CHANGE_DELETE) {
		mirror_session_fini(session);
		REMOVE(scope->sessions, scope->session_count, session);
		return;
	}
	copy_tags(change->tags, &session->tags, &session->tag_count);
	set_session(run, change, session);
	check_interface(scope, interface);
}

static size_t users(const struct observed_scope *scope, const char *id)
{
	size_t count = 0;

	for (size_t i = 0; i < scope->session_count; i++)
		count += strcmp(scope->sessions[i].traffic_mirror_filter_id, id) == 0 ||
			 strcmp(scope->sessions[i].traffic_mirror_target_id, id) == 0;
	return count;
}

static void run_target(struct run *run, const struct change *change)
{
	struct observed_scope *scope = run->scope;
	struct mirror_target *target;

	if (change->kind == CHANGE_DELETE) {
		assert_int_equal(users(scope, change->id), 0);
		target = FIND(scope->targets, scope->target_count, traffic_mirror_target_id,
			      change->id);
		mirror_target_fini(target);
		REMOVE(scope->targets, scope->target_count, target);
		return;
	}
	snprintf(run->ids[0], sizeof(run->ids[0]), "tmt-new%u", ++made);
	run->target_id = run->ids[0];
	target = &ADD(scope->targets, scope->target_count);
	target->traffic_mirror_target_id = copy(run->target_id);
	set_text(change->input, "NetworkLoadBalancerArn", &target->network_load_balancer_arn);
	set_text(change->input, "NetworkInterfaceId", &target->network_interface_id);
	set_text(change->input, "GatewayLoadBalancerEndpointId",
		 &target->gateway_load_balancer_endpoint_id);
	set_text(change->input, "Description", &target->description);
	copy_specification(change->input, &target->tags, &target->tag_count);
}

static void run_filter(struct run *run, const struct change *change)
{
	struct observed_scope *scope = run->scope;
	struct mirror_filter *filter;

	if (change->kind == CHANGE_DELETE) {
		assert_int_equal(users(scope, change->id), 0);
		filter = FIND(scope->filters, scope->filter_count, traffic_mirror_filter_id,
			      change->id);
		assert_int_equal(filter->rule_count, 0);
		mirror_filter_fini(filter);
		REMOVE(scope->filters, scope->filter_count, filter);
		return;
	}
	snprintf(run->ids[1], sizeof(run->ids[1]), "tmf-new%u", ++made);
	run->filter_id = run->ids[1];
	filter = &ADD(scope->filters, scope->filter_count);
	filter->traffic_mirror_filter_id = copy(run->filter_id);
	set_text(change->input, "Description", &filter->description);
	copy_specification(change->input, &filter->tags, &filter->tag_count);
}

static struct mirror_filter *filter_of(const struct run *run, const struct change *change)
{
	const char *id = change->needs_filter ? run->filter_id
					      : text_of(change->input, "TrafficMirrorFilterId");

	return FIND(run->scope->filters, run->scope->filter_count, traffic_mirror_filter_id, id);
}

static void set_ports(const json_t *input, const char *name, const char *word,
		      struct mirror_rule_ports *ports)
{
	const json_t *range = json_object_get(input, name);

	if (removes(input, word))
		*ports = (struct mirror_rule_ports){0};
	if (!range)
		return;
	ports->given = true;
	ports->from = (uint16_t)json_integer_value(json_object_get(range, "FromPort"));
	ports->to = (uint16_t)json_integer_value(json_object_get(range, "ToPort"));
}

static void set_rule(const json_t *input, struct mirror_rule *rule)
{
	const json_t *number = json_object_get(input, "RuleNumber");
	const json_t *protocol = json_object_get(input, "Protocol");

	if (number)
		rule->number = (uint32_t)json_integer_value(number);
	if (text_of(input, "RuleAction"))
		rule->accept = strcmp(text_of(input, "RuleAction"), "accept") == 0;
	if (protocol)
		rule->protocol = (int32_t)json_integer_value(protocol);
	else if (removes(input, "protocol"))
		rule->protocol = MIRROR_RULE_ANY_PROTOCOL;
	set_text(input, "SourceCidrBlock", &rule->source);
	set_text(input, "DestinationCidrBlock", &rule->destination);
	set_text(input, "Description", &rule->description);
	if (removes(input, "description"))
		world_set(&rule->description, NULL);
	set_ports(input, "SourcePortRange", "source-port-range", &rule->source_ports);
	set_ports(input, "DestinationPortRange", "destination-port-range",
		  &rule->destination_ports);
	assert_in_range(rule->number, MIRROR_RULE_MIN_NUMBER, MIRROR_RULE_MAX_NUMBER);
}

static void free_rule(struct mirror_rule *rule)
{
	free(rule->traffic_mirror_filter_rule_id);
	free(rule->source);
	free(rule->destination);
	free(rule->description);
}

/* The filter that has the rule, and the rule. */
static struct mirror_filter *find_rule(struct observed_scope *scope, const char *id,
				       struct mirror_rule **rule)
{
	for (size_t i = 0; i < scope->filter_count; i++) {
		for (size_t j = 0; j < scope->filters[i].rule_count; j++) {
			*rule = &scope->filters[i].rules[j];
			if (strcmp((*rule)->traffic_mirror_filter_rule_id, id) == 0)
				return &scope->filters[i];
		}
	}
	fail_msg("no rule %s", id);
	return NULL;
}

static void check_rules(const struct mirror_filter *filter)
{
	for (size_t i = 0; i < filter->rule_count; i++) {
		for (size_t j = 0; j < i; j++)
			assert_false(filter->rules[i].egress == filter->rules[j].egress &&
				     filter->rules[i].number == filter->rules[j].number);
	}
	assert_in_range(filter->rule_count, 0, CONFIG_RULES_MAX);
}

static void run_rule(struct run *run, const struct change *change)
{
	struct mirror_filter *filter;
	struct mirror_rule *rule = NULL;
	char id[32];

	if (change->kind == CHANGE_CREATE) {
		snprintf(id, sizeof(id), "tmfr-new%u", ++made);
		filter = filter_of(run, change);
		rule = &ADD(filter->rules, filter->rule_count);
		rule->traffic_mirror_filter_rule_id = copy(id);
		rule->protocol = MIRROR_RULE_ANY_PROTOCOL;
		rule->egress = strcmp(text_of(change->input, "TrafficDirection"), "egress") == 0;
	} else {
		filter = find_rule(run->scope, text_of(change->input, "TrafficMirrorFilterRuleId"),
				   &rule);
	}
	if (change->kind == CHANGE_DELETE) {
		free_rule(rule);
		REMOVE(filter->rules, filter->rule_count, rule);
		return;
	}
	set_rule(change->input, rule);
	check_rules(filter);
}

static void run_services(struct run *run, const struct change *change)
{
	struct mirror_filter *filter = filter_of(run, change);
	const json_t *list = json_object_get(change->input, "AddNetworkServices");

	for (size_t i = 0; i < json_array_size(list); i++)
		ADD(filter->network_services, filter->network_service_count) =
			copy(json_string_value(json_array_get(list, i)));
	list = json_object_get(change->input, "RemoveNetworkServices");
	for (size_t i = 0; i < json_array_size(list); i++) {
		char **service = filter->network_services;

		while (strcmp(*service, json_string_value(json_array_get(list, i))) != 0)
			service++;
		free(*service);
		REMOVE(filter->network_services, filter->network_service_count, service);
	}
}

void world_apply(struct observed *observed, const struct plan *plan, size_t limit)
{
	static void (*const runs[])(struct run *, const struct change *) = {
		[CHANGE_FILTER] = run_filter,
		[CHANGE_FILTER_RULE] = run_rule,
		[CHANGE_TARGET] = run_target,
		[CHANGE_SESSION] = run_session,
		[CHANGE_NETWORK_SERVICES] = run_services,
	};

	assert_null(plan->refused);
	for (size_t i = 0; i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];
		struct run run = {.scope = &observed->scopes[i],
				  .target_id = scope->target_id,
				  .filter_id = scope->filter_id};

		for (size_t j = 0; j < scope->change_count && limit; j++) {
			if (scope->changes[j].kind == CHANGE_UNCHANGED)
				continue;
			runs[scope->changes[j].resource](&run, &scope->changes[j]);
			limit--;
		}
	}
}
