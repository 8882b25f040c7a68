/* SPDX-License-Identifier: Apache-2.0 */
/* What AWS's answers must not talk a plan into. */
#include "provision/deploy/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define OTHER_ACCOUNT "444455556666"

/* Two accounts with two web servers each; their sessions share a range of VNIs. */
struct fixture {
	struct config config;
	struct config_account accounts[2];
	struct config_session group;
	struct config_rule rule;
	struct observed observed;
	struct plan_options options;
};

static const char *web_value[] = {"web"};
static struct config_tag web_tag = {"Role", {web_value, 1}};

static struct plan *make(struct fixture *fixture)
{
	struct plan *plan = NULL;

	assert_int_equal(plan_make(&fixture->config, &fixture->observed, &fixture->options, &plan),
			 0);
	return plan;
}

static void apply(struct fixture *fixture)
{
	struct plan *plan = make(fixture);

	world_apply(&fixture->observed, plan, SIZE_MAX);
	plan_free(plan);
}

static void expect_nothing(struct fixture *fixture)
{
	struct plan *plan = make(fixture);

	assert_null(plan->refused);
	assert_true(plan_empty(plan));
	plan_free(plan);
}

static void found(struct fixture *fixture, size_t scopes)
{
	static const char *const ids[] = {WORLD_ACCOUNT, OTHER_ACCOUNT};
	char name[16];

	*fixture = (struct fixture){
		.accounts = {{.name = "main"}, {.name = "shop"}},
		.group = {.name = "web",
			  .sources = {.instance_tags = &web_tag, .instance_tag_count = 1},
			  .virtual_network_id = {CONFIG_VNI_RANGE, 1000, 1999}},
		.rule = {.directions = CONFIG_INGRESS | CONFIG_EGRESS,
			 .accept = true,
			 .protocol = CONFIG_PROTOCOL_ANY},
		.options = {.limit_is_percent = true, .limit = 10},
	};
	fixture->config = (struct config){
		.deployment = "soc",
		.accounts = fixture->accounts,
		.account_count = scopes,
		.target = {CONFIG_TARGET_NETWORK_LOAD_BALANCER, WORLD_NLB, NULL, 1},
		.filter = {.rules = &fixture->rule, .rule_count = 1, .max_rules = 10},
		.sessions = &fixture->group,
		.session_count = 1,
	};
	for (size_t i = 0; i < scopes; i++) {
		struct observed_scope *scope = world_scope(
			&fixture->observed, &fixture->accounts[i], ids[i], WORLD_REGION);

		for (int j = 1; j <= 2; j++) {
			snprintf(name, sizeof(name), "%s%d", fixture->accounts[i].name, j);
			world_source(scope, name, "Role=web");
		}
	}
}

static void settle(struct fixture *fixture, size_t scopes)
{
	found(fixture, scopes);
	apply(fixture);
	expect_nothing(fixture);
}

static const struct change *find(const struct plan *plan, const char *identity)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		for (size_t j = 0; j < plan->scopes[i].change_count; j++) {
			if (strcmp(plan->scopes[i].changes[j].identity, identity) == 0)
				return &plan->scopes[i].changes[j];
		}
	}
	return NULL;
}

static bool has_notice(const struct plan *plan, const char *code)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		for (size_t j = 0; j < plan->scopes[i].notice_count; j++) {
			if (strcmp(plan->scopes[i].notices[j].code, code) == 0)
				return true;
		}
	}
	return false;
}

/* number: what it had on the other page. */
static void repeat_session(struct observed_scope *scope, size_t index, uint32_t number)
{
	struct mirror_session *copy =
		world_session(scope, scope->sessions[index].traffic_mirror_session_id,
			      scope->sessions[index].network_interface_id, number, "soc", "web");
	const struct mirror_session *session = &scope->sessions[index];

	world_set(&copy->traffic_mirror_target_id, session->traffic_mirror_target_id);
	world_set(&copy->traffic_mirror_filter_id, session->traffic_mirror_filter_id);
	copy->virtual_network_id = session->virtual_network_id;
}

/* Pages overlap while sessions come and go. A session is no duplicate of itself. */
static void takes_what_is_listed_twice_once(void **state)
{
	struct fixture fixture;
	struct observed_scope *scope;
	struct plan *plan;

	settle(&fixture, 1);
	scope = fixture.observed.scopes;
	repeat_session(scope, 0, scope->sessions[0].session_number);
	repeat_session(scope, 1, scope->sessions[1].session_number);
	world_source(scope, "main1", "Role=web");
	world_source(scope, "main2", "Role=web");
	world_target(scope, scope->targets[0].traffic_mirror_target_id, "soc");
	expect_nothing(&fixture);
	assert_int_equal(scope->session_count, 2);
	assert_int_equal(scope->interface_count, 2);
	assert_int_equal(scope->instance_count, 2);
	assert_int_equal(scope->target_count, 1);
	/* Also one that changed its number, and its place in the order, in between. */
	repeat_session(scope, 0, 7);
	plan = make(&fixture);
	assert_int_equal(plan->counts.sessions, 2);
	assert_int_equal(plan->counts.kinds[CHANGE_DELETE], 0);
	assert_int_equal(plan->counts.kinds[CHANGE_CREATE], 0);
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* A new filter listed twice must not be deleted as one too many. */
static void takes_a_filter_listed_twice_once(void **state)
{
	struct fixture fixture;
	struct observed_scope *scope;
	struct plan *plan;

	found(&fixture, 1);
	scope = fixture.observed.scopes;
	world_filter(scope, "tmf-1", "soc");
	world_filter(scope, "tmf-1", "soc");
	plan = make(&fixture);
	assert_int_equal(scope->filter_count, 1);
	assert_int_equal(plan->counts.kinds[CHANGE_DELETE], 0);
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* As observe() leaves a scope that it could not describe. */
static struct observed_scope hide(struct observed_scope *scope)
{
	struct observed_scope whole = *scope;

	*scope = (struct observed_scope){.account = whole.account};
	world_set(&scope->account_id, whole.account_id);
	world_set(&scope->region, whole.region);
	world_set(&scope->failure, "DescribeTrafficMirrorSessions: timed out");
	return whole;
}

/* Its VNIs are in use all the same: collectors could not tell the two sessions apart. */
static void gives_no_vni_that_may_be_taken(void **state)
{
	struct fixture fixture;
	struct observed_scope whole;
	const struct change *change;
	struct plan *plan;

	settle(&fixture, 2);
	whole = hide(&fixture.observed.scopes[1]);
	world_source(&fixture.observed.scopes[0], "new", "Role=web");
	plan = make(&fixture);
	assert_true(plan_empty(plan));
	assert_int_equal(plan->scopes[0].exclusion_count, 1);
	assert_int_equal(plan->scopes[0].exclusions[0].reason, SELECT_VNI_UNSEEN);
	assert_true(has_notice(plan, "vni-unseen"));
	plan_free(plan);
	/* What has a VNI keeps it, though it is of another range. */
	fixture.group.virtual_network_id = (struct config_vni){CONFIG_VNI_RANGE, 3000, 3999};
	plan = make(&fixture);
	assert_true(plan_empty(plan));
	assert_true(has_notice(plan, "vni-unseen"));
	plan_free(plan);
	fixture.group.virtual_network_id = (struct config_vni){CONFIG_VNI_RANGE, 1000, 1999};
	/* Seen again. */
	observed_scope_fini(&fixture.observed.scopes[1]);
	fixture.observed.scopes[1] = whole;
	plan = make(&fixture);
	change = find(plan, "session web eni-new");
	assert_non_null(change);
	assert_int_equal(json_integer_value(json_object_get(change->input, "VirtualNetworkId")),
			 1004);
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* Whoever shares a target may have a deployment of the same name. */
static void owns_nothing_of_another_account(void **state)
{
	struct fixture fixture;
	struct observed_scope *scope;
	struct mirror_target *target;
	struct mirror_session *session;
	const struct change *change;
	struct plan *plan;

	settle(&fixture, 1);
	scope = fixture.observed.scopes;
	target = world_target(scope, "tmt-shared", "soc");
	world_set(&target->owner_id, OTHER_ACCOUNT);
	session = world_session(scope, "tms-shared", "eni-elsewhere", 1, "soc", "web");
	world_set(&session->owner_id, OTHER_ACCOUNT);
	expect_nothing(&fixture);
	fixture.options.destroy = true;
	plan = make(&fixture);
	assert_null(find(plan, "target tmt-shared"));
	assert_int_equal(plan->counts.session_deletes, 2);
	plan_free(plan);
	observed_fini(&fixture.observed);
	/* Nor is it used for want of an own one. */
	fixture.options.destroy = false;
	found(&fixture, 1);
	target = world_target(fixture.observed.scopes, "tmt-shared", "soc");
	world_set(&target->owner_id, OTHER_ACCOUNT);
	plan = make(&fixture);
	change = find(plan, "target");
	assert_int_equal(change->kind, CHANGE_CREATE);
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* Too many sources went at once: what came instead is mirrored, and nothing is taken away. */
static void withholds_deletes_alone(void **state)
{
	struct fixture fixture;
	struct observed_scope *scope;
	struct plan *plan;

	settle(&fixture, 1);
	scope = fixture.observed.scopes;
	world_source(scope, "main3", "Role=web");
	for (size_t i = 0; i < scope->instance_count; i++) {
		if (strcmp(scope->instances[i].instance_id, "i-main3") != 0)
			world_set(&scope->instances[i].tags[0].value, "db");
	}
	plan = make(&fixture);
	assert_int_equal(plan->counts.session_deletes, 2);
	assert_int_equal(plan->delete_limit, 1);
	assert_non_null(plan->refused);
	plan_free(plan);
	fixture.options.withhold_deletes = true;
	plan = make(&fixture);
	assert_null(plan->refused);
	assert_int_equal(plan->counts.kinds[CHANGE_DELETE], 0);
	assert_int_equal(plan->counts.kinds[CHANGE_CREATE], 1);
	assert_int_equal(plan->counts.kept, 2);
	assert_int_equal(find(plan, "session web eni-main3")->kind, CHANGE_CREATE);
	/* Not one that a session has which stays. */
	assert_int_equal(json_integer_value(json_object_get(
				 find(plan, "session web eni-main3")->input, "VirtualNetworkId")),
			 1002);
	world_apply(&fixture.observed, plan, SIZE_MAX);
	plan_free(plan);
	expect_nothing(&fixture);
	observed_fini(&fixture.observed);
}

/* EC2 may write a block in another way than it was given. */
static void compares_blocks_by_value(void **state)
{
	struct fixture fixture;
	struct mirror_filter *filter;
	struct plan *plan;

	found(&fixture, 1);
	fixture.rule.source = "::ffff:1.2.3.0/120";
	fixture.rule.destination = "2001:db8::/32";
	apply(&fixture);
	filter = fixture.observed.scopes[0].filters;
	assert_int_equal(filter->rule_count, 2);
	for (size_t i = 0; i < filter->rule_count; i++) {
		world_set(&filter->rules[i].source, "::ffff:102:300/120");
		world_set(&filter->rules[i].destination, "2001:0DB8:0:0::/32");
	}
	expect_nothing(&fixture);
	world_set(&filter->rules[0].source, "::ffff:102:400/120");
	plan = make(&fixture);
	assert_false(plan_empty(plan));
	plan_free(plan);
	observed_fini(&fixture.observed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_listed_twice_once),
		cmocka_unit_test(takes_a_filter_listed_twice_once),
		cmocka_unit_test(gives_no_vni_that_may_be_taken),
		cmocka_unit_test(owns_nothing_of_another_account),
		cmocka_unit_test(withholds_deletes_alone),
		cmocka_unit_test(compares_blocks_by_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
