/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that hold for any configuration in any world, in some hundred of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

enum { WORLDS = 600, GROUPS_MAX = 4, SOURCES = 14, RULES_MAX = 5 };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DEPLOYMENT   "soc"

struct random_world {
	uint64_t state;
	struct config config;
	struct config_account accounts[2];
	struct config_session groups[GROUPS_MAX];
	struct config_tag tags[GROUPS_MAX];
	struct config_rule rules[RULES_MAX];
	struct observed observed;
	struct plan_options options;
	size_t next_id;
};

static unsigned int pick(struct random_world *world, unsigned int count)
{
	world->state = world->state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned int)(world->state >> 33) % count;
}

static const char *roles[] = {"a", "b", "c", "a*", "?", "nobody"};
static const char *named[] = {"eni-s1", "eni-s2", "eni-gone", "eni-collector"};
static const char *instances[] = {"i-s3", "i-s4"};
static const char *vpcs[] = {"vpc-1"};
static const char *group_names[] = {"web", "db", "dns", "old"};

static void make_group(struct random_world *world, struct config_session *group, size_t index)
{
	static const uint32_t lengths[] = {0, 0, 128, 8500};
	static const uint32_t numbers[] = {0, 0, 1, 2};

	*group = (struct config_session){.name = group_names[index]};
	world->tags[index] = (struct config_tag){"Role", {&roles[pick(world, COUNT(roles))], 1}};
	if (pick(world, 4)) {
		group->sources.instance_tags = &world->tags[index];
		group->sources.instance_tag_count = 1;
	}
	if (pick(world, 3) == 0)
		group->sources.vpc_ids = (struct config_texts){vpcs, 1};
	if (pick(world, 3) == 0)
		group->sources.network_interface_ids =
			(struct config_texts){named, pick(world, COUNT(named)) + 1};
	if (pick(world, 3) == 0)
		group->sources.instance_ids = (struct config_texts){instances, COUNT(instances)};
	if (pick(world, 4) == 0)
		group->exclude.instance_ids = (struct config_texts){instances, 1};
	group->primary_only = pick(world, 2);
	group->packet_length = lengths[pick(world, COUNT(lengths))];
	group->session_number = numbers[pick(world, COUNT(numbers))];
	group->virtual_network_id.kind = (enum config_vni_kind)pick(world, 3);
	if (group->virtual_network_id.kind != CONFIG_VNI_AUTO)
		group->virtual_network_id.from = 1000 + 100 * (uint32_t)index;
	group->virtual_network_id.to = group->virtual_network_id.from;
	if (group->virtual_network_id.kind == CONFIG_VNI_RANGE)
		group->virtual_network_id.to += 1 + pick(world, 40);
	group->description = pick(world, 2) ? "mirrored" : NULL;
}

static void make_rules(struct random_world *world)
{
	static const char *const blocks[] = {"10.0.0.0/8", "0.0.0.0/0", "192.168.0.0/16"};

	world->config.filter.rules = world->rules;
	world->config.filter.rule_count = 1 + pick(world, 3);
	world->config.filter.reject_mirrored = false;
	for (size_t i = 0; i < RULES_MAX; i++) {
		struct config_rule *rule = &world->rules[i];

		*rule = (struct config_rule){.directions = 1 + pick(world, 3),
					     .accept = pick(world, 3) != 0,
					     .protocol = pick(world, 2) ? 6 : CONFIG_PROTOCOL_ANY,
					     .source = blocks[pick(world, COUNT(blocks))]};
		rule->destination = "0.0.0.0/0";
		if (rule->protocol == 6 && pick(world, 2))
			rule->destination_ports = (struct config_ports){true, 443, 443};
	}
	if (pick(world, 3) == 0) {
		/* The default. */
		world->rules[0] = (struct config_rule){
			.directions = 3, .accept = true, .protocol = CONFIG_PROTOCOL_ANY};
		world->config.filter.rule_count = 1;
		world->config.filter.reject_mirrored = true;
	}
}

static void make_config(struct random_world *world)
{
	static const char *services[] = {"amazon-dns"};
	static const char *collectors[] = {"i-collector"};
	struct config *config = &world->config;

	config->deployment = DEPLOYMENT;
	config->accounts = world->accounts;
	config->account_count = 1 + (pick(world, 3) == 0);
	world->accounts[0] = (struct config_account){.name = "main"};
	world->accounts[1] = (struct config_account){.name = "other"};
	config->target = (struct config_target){CONFIG_TARGET_NETWORK_LOAD_BALANCER, WORLD_NLB,
						pick(world, 2) ? "collectors" : NULL, 1};
	if (pick(world, 3) == 0)
		config->target = (struct config_target){CONFIG_TARGET_NETWORK_INTERFACE,
							"eni-collector", NULL, 1};
	config->collectors.instance_ids = (struct config_texts){collectors, 1};
	make_rules(world);
	config->filter.max_rules = CONFIG_RULES_MAX;
	config->filter.description = pick(world, 3) ? NULL : "all of it";
	config->filter.network_services = (struct config_texts){services, pick(world, 2)};
	config->sessions = world->groups;
	config->session_count = 1 + pick(world, GROUPS_MAX - 1);
	for (size_t i = 0; i < config->session_count; i++)
		make_group(world, &world->groups[i], i);
	world->options = (struct plan_options){.limit_is_percent = true,
					       .limit = 100,
					       .allow_empty = pick(world, 2),
					       .delete_orphans = pick(world, 2)};
}

static void make_sources(struct random_world *world, struct observed_scope *scope)
{
	static const char *const tags[] = {"Role=a", "Role=b", "Role=c", "Role=ab", NULL};
	static const char *const states[] = {"running", "running", "running", "stopped"};
	static const char *const types[] = {"m5.large", "m5.large", "m5.large", "t2.micro"};
	char name[16], id[32];

	world_source(scope, "collector", NULL);
	for (int i = 0; i < SOURCES; i++) {
		struct instance *instance;

		snprintf(name, sizeof(name), "s%d", i);
		world_source(scope, name, tags[pick(world, COUNT(tags))]);
		instance = &scope->instances[scope->instance_count - 1];
		world_set(&instance->state, states[pick(world, COUNT(states))]);
		world_set(&instance->instance_type, types[pick(world, COUNT(types))]);
		if (pick(world, 4) == 0) {
			snprintf(id, sizeof(id), "eni-s%d-second", i);
			world_interface(scope, id, instance->instance_id)->device_index = 1;
		}
		if (pick(world, 8) == 0)
			world_set(&scope->interfaces[scope->interface_count - 1].instance_id, NULL);
		if (pick(world, 8) == 0)
			scope->interfaces[scope->interface_count - 1].requester_managed = true;
	}
}

static void make_sessions(struct random_world *world, struct observed_scope *scope)
{
	static const char *const filters[] = {"tmf-1", "tmf-2", "tmf-foreign"};
	static const char *const targets[] = {"tmt-1", "tmt-2", "tmt-foreign"};
	char id[32], interface[32];

	for (int i = -2; i < SOURCES; i++) {
		const unsigned int count = pick(world, 4);

		snprintf(interface, sizeof(interface), i < 0 ? "eni-vanished%d" : "eni-s%d", i);
		for (unsigned int j = 0; j < count; j++) {
			const bool owned = pick(world, 3) != 0;
			struct mirror_session *session;

			snprintf(id, sizeof(id), "tms-%zu", world->next_id++);
			session = world_session(
				scope, id, interface, j + 1 + pick(world, 2) * 10 + j,
				owned            ? DEPLOYMENT
				: pick(world, 2) ? "other"
						 : NULL,
				pick(world, 6) ? group_names[pick(world, COUNT(group_names))]
					       : NULL);
			world_set(&session->traffic_mirror_filter_id,
				  filters[owned ? pick(world, 3) : 2]);
			world_set(&session->traffic_mirror_target_id,
				  targets[owned ? pick(world, 3) : 2]);
			session->virtual_network_id = 1000 + pick(world, 400);
			session->has_packet_length = pick(world, 2);
			session->packet_length = pick(world, 2) ? 8500 : 128;
		}
	}
}

static void make_filters(struct random_world *world, struct observed_scope *scope)
{
	static const char *const ids[] = {"tmf-1", "tmf-2", "tmf-foreign"};
	char id[32];

	for (size_t i = 0; i < COUNT(ids); i++) {
		struct mirror_filter *filter =
			world_filter(scope, ids[i], i == 2 ? "other" : DEPLOYMENT);
		const unsigned int rules = pick(world, 6);

		world_set(&filter->description, pick(world, 3) ? NULL : "all of it");
		for (unsigned int j = 0; j < rules; j++) {
			struct mirror_rule *rule;

			snprintf(id, sizeof(id), "tmfr-%zu", world->next_id++);
			rule = world_rule(filter, id, pick(world, 2), 3 * j + 1 + pick(world, 3),
					  pick(world, 2));
			if (pick(world, 2))
				world_set(&rule->source, "10.0.0.0/8");
			rule->protocol = pick(world, 2) ? 6 : MIRROR_RULE_ANY_PROTOCOL;
		}
	}
	world_target(scope, "tmt-1", DEPLOYMENT);
	world_set(&world_target(scope, "tmt-2", DEPLOYMENT)->description, "collectors");
	world_target(scope, "tmt-foreign", NULL);
}

static void make_world(struct random_world *world, unsigned int seed)
{
	*world = (struct random_world){.state = seed};
	make_config(world);
	for (size_t i = 0; i < world->config.account_count; i++) {
		struct observed_scope *scope =
			world_scope(&world->observed, &world->accounts[i],
				    i ? "444455556666" : WORLD_ACCOUNT, WORLD_REGION);

		make_sources(world, scope);
		if (pick(world, 4))
			make_filters(world, scope);
		make_sessions(world, scope);
	}
	if (pick(world, 10) == 0)
		world_set(&world->observed.scopes[0].failure, "DescribeInstances timed out");
}

static struct plan *make_plan(struct random_world *world)
{
	struct plan *plan = NULL;

	assert_int_equal(plan_make(&world->config, &world->observed, &world->options, &plan), 0);
	return plan;
}

/* Rules. */

static bool owns_session(const struct observed_scope *scope, const char *id)
{
	for (size_t i = 0; i < scope->session_count; i++) {
		const struct mirror_session *session = &scope->sessions[i];

		if (strcmp(session->traffic_mirror_session_id, id) == 0)
			return observed_owned(session->tags, session->tag_count, DEPLOYMENT);
	}
	return false;
}

static bool owns_rule(const struct observed_scope *scope, const char *id)
{
	for (size_t i = 0; i < scope->filter_count; i++) {
		const struct mirror_filter *filter = &scope->filters[i];

		if (!observed_owned(filter->tags, filter->tag_count, DEPLOYMENT))
			continue;
		for (size_t j = 0; j < filter->rule_count; j++) {
			if (strcmp(filter->rules[j].traffic_mirror_filter_rule_id, id) == 0)
				return true;
		}
	}
	return false;
}

static bool owns(const struct observed_scope *scope, const struct change *change)
{
	const struct mirror_filter *filter;
	const struct mirror_target *target;

	switch (change->resource) {
	case CHANGE_SESSION:
		return owns_session(scope, change->id);
	case CHANGE_FILTER_RULE:
		return owns_rule(scope, change->id);
	case CHANGE_TARGET:
		target = observed_target(scope, change->id);
		return target && observed_owned(target->tags, target->tag_count, DEPLOYMENT);
	default:
		filter = observed_filter(scope, change->id);
		return filter && observed_owned(filter->tags, filter->tag_count, DEPLOYMENT);
	}
}

static void touches_only_its_own(const struct plan *plan)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];

		if (scope->failure)
			assert_int_equal(scope->change_count, 0);
		for (size_t j = 0; j < scope->change_count; j++) {
			const struct change *change = &scope->changes[j];

			assert_true(change->kind == CHANGE_UNCHANGED || change_operation(change));
			if (change->kind == CHANGE_CREATE || change->kind == CHANGE_REPLACE)
				assert_null(change->id);
			else if (change->id)
				assert_true(owns(scope->observed, change));
		}
	}
}

static void has_unique_identities(const struct plan *plan)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];

		for (size_t j = 0; j < scope->change_count; j++) {
			for (size_t k = 0; k < j; k++)
				assert_string_not_equal(scope->changes[j].identity,
							scope->changes[k].identity);
		}
	}
}

/* Where all is done, sessions of the deployment have the one filter and target. */
static void is_what_was_wanted(const struct random_world *world, const struct plan *plan)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];
		const struct observed_scope *observed = scope->observed;

		if (scope->failure || !world->options.allow_empty || !world->options.delete_orphans)
			continue;
		for (size_t j = 0; j < observed->session_count; j++) {
			const struct mirror_session *session = &observed->sessions[j];
			const struct network_interface *interface;

			if (!observed_owned(session->tags, session->tag_count, DEPLOYMENT))
				continue;
			interface = observed_interface(observed, session->network_interface_id);
			assert_non_null(interface);
			assert_non_null(interface->instance_id);
			assert_false(interface->requester_managed);
			assert_string_not_equal(interface->instance_id, "i-collector");
			assert_true(instance_runs(observed_instance_of(observed, interface)));
			assert_string_equal(session->traffic_mirror_filter_id, scope->filter_id);
			assert_string_equal(session->traffic_mirror_target_id, scope->target_id);
		}
	}
}

/* A number that any difference in what is not the deployment's changes. */
static uint64_t foreign_sum(const struct observed *observed)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < observed->scope_count; i++) {
		for (size_t j = 0; j < observed->scopes[i].session_count; j++) {
			const struct mirror_session *session = &observed->scopes[i].sessions[j];
			uint64_t hash = session->session_number + session->virtual_network_id;

			if (observed_owned(session->tags, session->tag_count, DEPLOYMENT))
				continue;
			for (const char *c = session->traffic_mirror_session_id; *c; c++)
				hash = hash * 31 + (unsigned char)*c;
			sum += hash * 0x9e3779b97f4a7c15U + session->packet_length;
		}
	}
	return sum;
}

static size_t changes_of(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < CHANGE_KINDS; i++)
		count += i == CHANGE_UNCHANGED ? 0 : plan->counts.kinds[i];
	return count;
}

static void explain(const struct plan *plan)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		for (size_t j = 0; j < plan->scopes[i].change_count; j++) {
			const struct change *change = &plan->scopes[i].changes[j];

			if (change->kind == CHANGE_UNCHANGED)
				continue;
			print_error("%s %s %s: %s\n", change_kind_text(change->kind),
				    change->identity, change->id ? change->id : "",
				    change->reason ? change->reason : "");
			for (size_t k = 0; k < change->field_count; k++)
				print_error("    %s: %s -> %s\n", change->fields[k].name,
					    change->fields[k].from, change->fields[k].to);
		}
	}
}

/* Carried out, with a crash somewhere on the way, there is nothing left to do. */
static void converges(struct random_world *world, unsigned int seed)
{
	const uint64_t foreign = foreign_sum(&world->observed);
	struct plan *plan = make_plan(world);
	size_t changes = changes_of(plan);

	touches_only_its_own(plan);
	has_unique_identities(plan);
	world_apply(&world->observed, plan, pick(world, (unsigned int)changes + 1));
	plan_free(plan);
	plan = make_plan(world);
	touches_only_its_own(plan);
	world_apply(&world->observed, plan, SIZE_MAX);
	plan_free(plan);
	plan = make_plan(world);
	if (!plan_empty(plan)) {
		explain(plan);
		fail_msg("world %u does not converge", seed);
	}
	is_what_was_wanted(world, plan);
	plan_free(plan);
	assert_true(foreign == foreign_sum(&world->observed));
}

static void converges_in_any_world(void **state)
{
	struct random_world world;

	for (unsigned int seed = 0; seed < WORLDS; seed++) {
		make_world(&world, seed);
		converges(&world, seed);
		observed_fini(&world.observed);
	}
}

/* Deletes are never more than allowed, or nothing may be done at all. */
static void keeps_the_limit(void **state)
{
	struct random_world world;
	size_t refused = 0;

	for (unsigned int seed = 0; seed < WORLDS; seed++) {
		struct plan *plan;
		size_t deletes = 0;

		make_world(&world, seed);
		world.options.limit_is_percent = pick(&world, 2);
		world.options.limit = pick(&world, 20);
		plan = make_plan(&world);
		for (size_t i = 0; i < plan->scope_count; i++) {
			for (size_t j = 0; j < plan->scopes[i].change_count; j++)
				deletes += plan->scopes[i].changes[j].kind == CHANGE_DELETE &&
					   plan->scopes[i].changes[j].resource == CHANGE_SESSION;
		}
		assert_int_equal(deletes, plan->counts.session_deletes);
		assert_int_equal(plan->refused != NULL, deletes > plan->delete_limit);
		refused += plan->refused != NULL;
		plan_free(plan);
		observed_fini(&world.observed);
	}
	assert_in_range(refused, WORLDS / 10, WORLDS - WORLDS / 10);
}

/* What is owned is gone, what is not stays, and what a foreign session needs stays too. */
static void destroys_what_it_owns(void **state)
{
	struct random_world world;

	for (unsigned int seed = 0; seed < WORLDS; seed++) {
		uint64_t foreign;
		struct plan *plan;

		make_world(&world, seed);
		foreign = foreign_sum(&world.observed);
		world.options = (struct plan_options){.destroy = true};
		plan = make_plan(&world);
		assert_null(plan->refused);
		touches_only_its_own(plan);
		world_apply(&world.observed, plan, SIZE_MAX);
		plan_free(plan);
		plan = make_plan(&world);
		assert_true(plan_empty(plan));
		assert_int_equal(plan->counts.sessions, 0);
		plan_free(plan);
		assert_true(foreign == foreign_sum(&world.observed));
		observed_fini(&world.observed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(converges_in_any_world),
		cmocka_unit_test(keeps_the_limit),
		cmocka_unit_test(destroys_what_it_owns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
