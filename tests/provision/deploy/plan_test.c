/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One account with three web servers, a database and a collector, all as declared. */
struct fixture {
	struct config config;
	struct config_account accounts[2];
	struct config_session groups[2];
	struct config_rule rule;
	struct observed observed;
	struct observed_scope *scope;
	struct plan_options options;
};

static const char *web_value[] = {"web"};
static const char *db_value[] = {"db"};
static const char *nobody_value[] = {"nobody"};
static const char *collector_ids[] = {"i-collector"};
static struct config_tag web_tag = {"Role", {web_value, 1}};
static struct config_tag db_tag = {"Role", {db_value, 1}};
static struct config_tag nobody_tag = {"Role", {nobody_value, 1}};

static struct plan *make(struct fixture *fixture)
{
	struct plan *plan = NULL;

	assert_int_equal(plan_make(&fixture->config, &fixture->observed, &fixture->options, &plan),
			 0);
	return plan;
}

static void declare(struct fixture *fixture)
{
	*fixture = (struct fixture){
		.accounts = {{.name = "main"}, {.name = "other"}},
		.groups = {{.name = "web",
			    .sources = {.instance_tags = &web_tag, .instance_tag_count = 1},
			    .packet_length = 128,
			    .virtual_network_id = {CONFIG_VNI_RANGE, 1000, 1999},
			    .description = "web servers"},
			   {.name = "db",
			    .sources = {.instance_tags = &db_tag, .instance_tag_count = 1}}},
		.rule = {.directions = CONFIG_INGRESS | CONFIG_EGRESS,
			 .accept = true,
			 .protocol = CONFIG_PROTOCOL_ANY},
		.options = {.limit_is_percent = true, .limit = 100},
	};
	fixture->config = (struct config){
		.deployment = "soc",
		.accounts = fixture->accounts,
		.account_count = 1,
		.target = {CONFIG_TARGET_NETWORK_LOAD_BALANCER, WORLD_NLB, NULL, 1},
		.collectors = {.instance_ids = {collector_ids, 1}},
		.filter = {.rules = &fixture->rule,
			   .rule_count = 1,
			   .reject_mirrored = true,
			   .max_rules = CONFIG_RULES_MAX},
		.sessions = fixture->groups,
		.session_count = 2,
	};
}

/* Before the first apply: a foreign session stands beside. */
static void found(struct fixture *fixture)
{
	struct observed_scope *scope;

	declare(fixture);
	scope = world_scope(&fixture->observed, &fixture->accounts[0], WORLD_ACCOUNT, WORLD_REGION);
	fixture->scope = scope;
	world_source(scope, "collector", "Role=web");
	world_source(scope, "w1", "Role=web");
	world_source(scope, "w2", "Role=web");
	world_source(scope, "w3", "Role=web");
	world_source(scope, "d1", "Role=db");
	world_session(scope, "tms-foreign", "eni-w1", 1, NULL, NULL);
	scope->load_balancer = (struct observed_load_balancer){
		.known = true, .exists = true, .cross_zone = true, .listens = true, .healthy = 1};
	scope->load_balancer.registered = calloc(1, sizeof(char *));
	scope->load_balancer.registered_count = 1;
	world_set(&scope->load_balancer.registered[0], "i-collector");
}

static void settle(struct fixture *fixture)
{
	struct plan *plan;

	found(fixture);
	plan = make(fixture);
	world_apply(&fixture->observed, plan, SIZE_MAX);
	plan_free(plan);
	plan = make(fixture);
	assert_true(plan_empty(plan));
	plan_free(plan);
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

static struct mirror_session *session_of(struct fixture *fixture, const char *interface)
{
	for (size_t i = 0; i < fixture->scope->session_count; i++) {
		struct mirror_session *session = &fixture->scope->sessions[i];

		if (strcmp(session->network_interface_id, interface) == 0 && session->tag_count)
			return session;
	}
	fail_msg("no session of %s", interface);
	return NULL;
}

static size_t changes_of(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < CHANGE_KINDS; i++)
		count += i == CHANGE_UNCHANGED ? 0 : plan->counts.kinds[i];
	return count;
}

/* Creates. */

static void creates_all_in_order(void **state)
{
	static const enum change_resource order[] = {
		CHANGE_FILTER,      CHANGE_FILTER_RULE, CHANGE_FILTER_RULE, CHANGE_FILTER_RULE,
		CHANGE_FILTER_RULE, CHANGE_FILTER_RULE, CHANGE_FILTER_RULE, CHANGE_FILTER_RULE,
		CHANGE_FILTER_RULE, CHANGE_FILTER_RULE, CHANGE_FILTER_RULE, CHANGE_TARGET,
		CHANGE_SESSION,     CHANGE_SESSION,     CHANGE_SESSION,     CHANGE_SESSION,
	};
	struct fixture fixture;
	struct plan *plan;
	const struct change *change;
	char *text;

	found(&fixture);
	plan = make(&fixture);
	assert_int_equal(plan->scopes[0].change_count, COUNT(order));
	for (size_t i = 0; i < COUNT(order); i++) {
		change = &plan->scopes[0].changes[i];
		assert_int_equal(change->kind, CHANGE_CREATE);
		assert_int_equal(change->resource, order[i]);
	}
	assert_null(plan->scopes[0].filter_id);
	assert_null(plan->scopes[0].target_id);
	/* Number 1 is a foreign session's. */
	change = find(plan, "session web eni-w1");
	assert_true(change->needs_filter && change->needs_target);
	assert_string_equal(change_operation(change), "CreateTrafficMirrorSession");
	text = json_dumps(change->input, JSON_SORT_KEYS | JSON_COMPACT);
	assert_string_equal(text,
			    "{\"Description\":\"web servers\",\"NetworkInterfaceId\":\"eni-w1\","
			    "\"PacketLength\":128,\"SessionNumber\":2,\"TagSpecifications\":["
			    "{\"ResourceType\":\"traffic-mirror-session\",\"Tags\":["
			    "{\"Key\":\"mirrorcap:deployment\",\"Value\":\"soc\"},"
			    "{\"Key\":\"mirrorcap:session\",\"Value\":\"web\"}]}],"
			    "\"VirtualNetworkId\":1000}");
	free(text);
	change = find(plan, "session db eni-d1");
	assert_null(json_object_get(change->input, "PacketLength"));
	assert_null(json_object_get(change->input, "VirtualNetworkId"));
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* Drift: found, and mended. */

static struct mirror_rule *rule_of(struct fixture *fixture, bool egress, uint32_t number)
{
	for (size_t i = 0; i < fixture->scope->filters[0].rule_count; i++) {
		struct mirror_rule *rule = &fixture->scope->filters[0].rules[i];

		if (rule->egress == egress && rule->number == number)
			return rule;
	}
	fail_msg("no rule %u", number);
	return NULL;
}

static void lose_session(struct fixture *fixture)
{
	struct mirror_session *session = session_of(fixture, "eni-w2");

	mirror_session_fini(session);
	*session = fixture->scope->sessions[--fixture->scope->session_count];
}

static void change_length(struct fixture *fixture)
{
	session_of(fixture, "eni-w2")->packet_length = 64;
}

static void add_length(struct fixture *fixture)
{
	session_of(fixture, "eni-d1")->packet_length = 64;
}

static void change_vni(struct fixture *fixture)
{
	session_of(fixture, "eni-w2")->virtual_network_id = 77;
}

static void repeat_vni(struct fixture *fixture)
{
	session_of(fixture, "eni-w2")->virtual_network_id =
		session_of(fixture, "eni-w1")->virtual_network_id;
}

static void change_description(struct fixture *fixture)
{
	world_set(&session_of(fixture, "eni-w2")->description, "mine");
}

static void add_description(struct fixture *fixture)
{
	world_set(&session_of(fixture, "eni-d1")->description, "mine");
}

static void change_filter(struct fixture *fixture)
{
	world_filter(fixture->scope, "tmf-foreign", "other");
	world_set(&session_of(fixture, "eni-w2")->traffic_mirror_filter_id, "tmf-foreign");
}

static void change_target(struct fixture *fixture)
{
	world_target(fixture->scope, "tmt-foreign", NULL);
	world_set(&session_of(fixture, "eni-w2")->traffic_mirror_target_id, "tmt-foreign");
}

static void change_group(struct fixture *fixture)
{
	world_set(&session_of(fixture, "eni-w2")->tags[1].value, "www");
}

static void lose_group(struct fixture *fixture)
{
	struct mirror_session *session = session_of(fixture, "eni-w2");

	free(session->tags[1].key);
	free(session->tags[1].value);
	session->tag_count = 1;
}

static void copy_session(struct fixture *fixture)
{
	struct mirror_session *session =
		world_session(fixture->scope, "tms-copy", "eni-w2", 7, "soc", "web");

	world_set(&session->traffic_mirror_target_id,
		  fixture->scope->targets[0].traffic_mirror_target_id);
}

static void strange_session(struct fixture *fixture)
{
	world_session(fixture->scope, "tms-old", "eni-w2", 7, "soc", "removed");
}

static void lose_rule(struct fixture *fixture)
{
	struct mirror_filter *filter = &fixture->scope->filters[0];
	struct mirror_rule *rule = rule_of(fixture, false, 20);

	free(rule->traffic_mirror_filter_rule_id);
	free(rule->source);
	free(rule->destination);
	free(rule->description);
	*rule = filter->rules[--filter->rule_count];
}

static void turn_rule(struct fixture *fixture)
{
	rule_of(fixture, true, 10)->accept = true;
}

static void narrow_rule(struct fixture *fixture)
{
	struct mirror_rule *rule = rule_of(fixture, false, 50);

	rule->protocol = 6;
	rule->source_ports = (struct mirror_rule_ports){true, 1, 2};
}

static void name_rule(struct fixture *fixture)
{
	world_set(&rule_of(fixture, false, 50)->description, "all");
}

static void add_service(struct fixture *fixture)
{
	struct mirror_filter *filter = &fixture->scope->filters[0];

	filter->network_services = calloc(1, sizeof(char *));
	filter->network_service_count = 1;
	world_set(&filter->network_services[0], "amazon-dns");
}

static void add_target(struct fixture *fixture)
{
	world_target(fixture->scope, "tmt-old", "soc");
}

static void add_filter(struct fixture *fixture)
{
	world_rule(world_filter(fixture->scope, "tmf-old", "soc"), "tmfr-old", false, 1, true);
}

static void add_source(struct fixture *fixture)
{
	world_source(fixture->scope, "w4", "Role=web");
}

static void retag_source(struct fixture *fixture)
{
	world_set(&fixture->scope->instances[2].tags[0].value, "mail");
	assert_string_equal(fixture->scope->instances[2].instance_id, "i-w1");
}

static const struct drift {
	void (*cause)(struct fixture *);
	enum change_kind kind;
	const char *identity, *field, *from, *to;
	const char *reason;
} drifts[] = {
	{lose_session, CHANGE_CREATE, "session web eni-w2", "VirtualNetworkId", NULL, "1001",
	 "no session of the group has this interface"},
	{change_length, CHANGE_UPDATE, "session web eni-w2", "PacketLength", "64", "128", NULL},
	{add_length, CHANGE_UPDATE, "session db eni-d1", "PacketLength", "64", NULL, NULL},
	{change_vni, CHANGE_UPDATE, "session web eni-w2", "VirtualNetworkId", "77", "1001", NULL},
	{repeat_vni, CHANGE_UPDATE, "session web eni-w2", "VirtualNetworkId", "1000", "1001", NULL},
	{change_description, CHANGE_UPDATE, "session web eni-w2", "Description", "mine",
	 "web servers", NULL},
	{add_description, CHANGE_UPDATE, "session db eni-d1", "Description", "mine", NULL, NULL},
	{change_filter, CHANGE_UPDATE, "session web eni-w2", "TrafficMirrorFilterId", "tmf-foreign",
	 "*", NULL},
	{change_target, CHANGE_UPDATE, "session web eni-w2", "TrafficMirrorTargetId", "tmt-foreign",
	 "*", NULL},
	{change_group, CHANGE_UPDATE, "session web eni-w2", "mirrorcap:session", "www", "web",
	 "taken over from group www, which is not declared"},
	{lose_group, CHANGE_UPDATE, "session web eni-w2", "mirrorcap:session", NULL, "web",
	 "it belonged to no group"},
	{copy_session, CHANGE_DELETE, "session web eni-w2 tms-copy", NULL, NULL, NULL,
	 "duplicate of"},
	{strange_session, CHANGE_DELETE, "session removed eni-w2 tms-old", NULL, NULL, NULL,
	 "no group removed is declared here"},
	{lose_rule, CHANGE_CREATE, "rule ingress 20", "SourceCidrBlock", NULL, "::/0", NULL},
	{turn_rule, CHANGE_UPDATE, "rule egress 10", "RuleAction", "accept", "reject", NULL},
	{narrow_rule, CHANGE_UPDATE, "rule ingress 50", "Protocol", "6", NULL, NULL},
	{name_rule, CHANGE_UPDATE, "rule ingress 50", "Description", "all", NULL, NULL},
	{add_service, CHANGE_UPDATE, "network services", "amazon-dns", "mirrored", NULL, NULL},
	{add_target, CHANGE_DELETE, "target tmt-old", NULL, NULL, NULL,
	 "no session has it any more"},
	{add_filter, CHANGE_DELETE, "filter tmf-old", NULL, NULL, NULL,
	 "no session has it any more"},
	{add_source, CHANGE_CREATE, "session web eni-w4", "SessionNumber", NULL, "1", NULL},
	{retag_source, CHANGE_DELETE, "*", NULL, NULL, NULL, "its interface is no longer selected"},
};

static bool same(const char *a, const char *b)
{
	return !a || !b ? a == b : strcmp(a, "*") == 0 || strcmp(a, b) == 0;
}

static bool has_field(const struct change *change, const struct drift *drift)
{
	bool has = !drift->field;

	for (size_t i = 0; i < change->field_count; i++)
		has |= drift->field && strcmp(change->fields[i].name, drift->field) == 0 &&
		       same(drift->from, change->fields[i].from) &&
		       same(drift->to, change->fields[i].to);
	return has;
}

static bool is_told(const struct plan *plan, const struct drift *drift)
{
	bool told = false;

	for (size_t i = 0; i < plan->scopes[0].change_count; i++) {
		const struct change *change = &plan->scopes[0].changes[i];

		told |= change->kind == drift->kind && same(drift->identity, change->identity) &&
			has_field(change, drift) &&
			(!drift->reason || (change->reason && strncmp(change->reason, drift->reason,
								      strlen(drift->reason)) == 0));
	}
	return told;
}

static void finds_and_mends_drift(void **state)
{
	for (size_t i = 0; i < COUNT(drifts); i++) {
		struct fixture fixture;
		struct plan *plan;

		settle(&fixture);
		drifts[i].cause(&fixture);
		plan = make(&fixture);
		if (!is_told(plan, &drifts[i]))
			fail_msg("%s is not told", drifts[i].identity);
		/* The extra filter goes with its rule. */
		assert_int_equal(changes_of(plan), drifts[i].cause == add_filter ? 2 : 1);
		world_apply(&fixture.observed, plan, SIZE_MAX);
		plan_free(plan);
		plan = make(&fixture);
		assert_true(plan_empty(plan));
		plan_free(plan);
		observed_fini(&fixture.observed);
	}
}

/* No drift. */

static void unset_length_is_the_default(struct fixture *fixture)
{
	session_of(fixture, "eni-d1")->has_packet_length = false;
}

static void any_vni_will_do(struct fixture *fixture)
{
	session_of(fixture, "eni-d1")->virtual_network_id = 99;
}

static void any_number_will_do(struct fixture *fixture)
{
	session_of(fixture, "eni-d1")->session_number = 99;
}

static void foreign_vni(struct fixture *fixture)
{
	fixture->scope->sessions[0].virtual_network_id =
		session_of(fixture, "eni-w2")->virtual_network_id;
}

static void foreign_things(struct fixture *fixture)
{
	world_filter(fixture->scope, "tmf-foreign", "other");
	world_target(fixture->scope, "tmt-foreign", NULL);
	world_session(fixture->scope, "tms-other", "eni-w2", 9, "other", "web");
}

static void rule_number_will_do(struct fixture *fixture)
{
	rule_of(fixture, false, 50)->number = 55;
}

static void orphan_gone(struct fixture *fixture)
{
	world_session(fixture->scope, "tms-orphan", "eni-gone", 1, "soc", "web");
}

static void orphan_stopped(struct fixture *fixture)
{
	world_set(&fixture->scope->instances[2].state, "stopped");
}

static void orphan_detached(struct fixture *fixture)
{
	struct network_interface *interface = &fixture->scope->interfaces[2];

	world_set(&interface->instance_id, NULL);
	world_set(&interface->attachment_status, NULL);
}

static void empty_group(struct fixture *fixture)
{
	fixture->groups[0].sources.instance_tags = &nobody_tag;
}

static const struct {
	void (*cause)(struct fixture *);
	size_t orphans, kept;
	/* Deleted where that is asked for. */
	bool delete_orphans, allow_empty;
	size_t deletes;
} calm[] = {
	{unset_length_is_the_default, 0, 0, true, true, 0},
	{any_vni_will_do, 0, 0, true, true, 0},
	{any_number_will_do, 0, 0, true, true, 0},
	{foreign_vni, 0, 0, true, true, 0},
	{foreign_things, 0, 0, true, true, 0},
	{rule_number_will_do, 0, 0, true, true, 0},
	{orphan_gone, 1, 0, true, false, 1},
	{orphan_gone, 1, 0, false, true, 0},
	{orphan_stopped, 1, 0, true, false, 1},
	{orphan_stopped, 1, 0, false, true, 0},
	{orphan_detached, 1, 0, true, false, 1},
	{empty_group, 0, 3, true, false, 0},
	{empty_group, 0, 3, false, true, 3},
};

static void leaves_what_may_differ(void **state)
{
	for (size_t i = 0; i < COUNT(calm); i++) {
		struct fixture fixture;
		struct plan *plan;

		settle(&fixture);
		calm[i].cause(&fixture);
		plan = make(&fixture);
		assert_true(plan_empty(plan));
		assert_int_equal(plan->scopes[0].orphan_count, calm[i].orphans);
		assert_int_equal(plan->counts.kept, calm[i].kept);
		plan_free(plan);
		fixture.options.delete_orphans = calm[i].delete_orphans;
		fixture.options.allow_empty = calm[i].allow_empty;
		plan = make(&fixture);
		assert_int_equal(plan->counts.session_deletes, calm[i].deletes);
		assert_int_equal(changes_of(plan), calm[i].deletes);
		plan_free(plan);
		observed_fini(&fixture.observed);
	}
}

/* Numbers. */

/* Of two groups on one interface the numbers are swapped: no step may have one twice. */
static void swaps_numbers(void **state)
{
	struct fixture fixture;
	struct plan *plan;

	found(&fixture);
	fixture.groups[0].session_number = 5;
	fixture.groups[1].session_number = 6;
	fixture.groups[1].sources.instance_tags = &web_tag;
	plan = make(&fixture);
	world_apply(&fixture.observed, plan, SIZE_MAX);
	plan_free(plan);
	fixture.groups[0].session_number = 6;
	fixture.groups[1].session_number = 5;
	plan = make(&fixture);
	assert_int_equal(plan->counts.kinds[CHANGE_UPDATE], 9);
	world_apply(&fixture.observed, plan, SIZE_MAX);
	plan_free(plan);
	plan = make(&fixture);
	assert_true(plan_empty(plan));
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* A rule in the middle takes a number between, and the others keep theirs. */
static void inserts_a_rule(void **state)
{
	struct config_rule rules[] = {
		{.directions = CONFIG_INGRESS,
		 .accept = false,
		 .protocol = 6,
		 .source = "10.0.0.0/8",
		 .destination = "0.0.0.0/0"},
		{0},
	};
	struct fixture fixture;
	const struct change *change;
	struct plan *plan;

	found(&fixture);
	fixture.config.filter.max_rules = 20;
	fixture.config.filter.reject_mirrored = false;
	plan = make(&fixture);
	world_apply(&fixture.observed, plan, SIZE_MAX);
	plan_free(plan);
	rules[1] = fixture.rule;
	fixture.config.filter.rules = rules;
	fixture.config.filter.rule_count = 2;
	plan = make(&fixture);
	assert_int_equal(changes_of(plan), 1);
	change = find(plan, "rule ingress 5");
	assert_non_null(change);
	assert_int_equal(change->kind, CHANGE_CREATE);
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* Where there is no room between two numbers, all rules of the direction get new ones. */
static void renumbers_rules_without_room(void **state)
{
	struct fixture fixture;
	struct plan *plan;

	settle(&fixture);
	lose_rule(&fixture);
	rule_of(&fixture, false, 30)->number = 11;
	plan = make(&fixture);
	assert_int_equal(plan->counts.kinds[CHANGE_CREATE], 1);
	assert_int_equal(plan->counts.kinds[CHANGE_UPDATE], 5);
	world_apply(&fixture.observed, plan, SIZE_MAX);
	plan_free(plan);
	plan = make(&fixture);
	assert_true(plan_empty(plan));
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* Replacing: the new one first, then the sessions, then the old one goes. */
static void replaces_a_target(void **state)
{
	struct fixture fixture;
	const struct change *change;
	struct plan *plan;
	size_t last;

	settle(&fixture);
	fixture.config.target =
		(struct config_target){CONFIG_TARGET_NETWORK_INTERFACE, "eni-collector", NULL, 1};
	plan = make(&fixture);
	assert_int_equal(plan->counts.kinds[CHANGE_REPLACE], 1);
	assert_int_equal(plan->counts.kinds[CHANGE_UPDATE], 4);
	assert_int_equal(plan->counts.kinds[CHANGE_DELETE], 1);
	assert_int_equal(plan->counts.session_deletes, 0);
	last = plan->scopes[0].change_count - 1;
	assert_int_equal(plan->scopes[0].changes[last].kind, CHANGE_DELETE);
	change = find(plan, "target");
	assert_string_equal(change->replaces, plan->scopes[0].changes[last].id);
	assert_true(find(plan, "session db eni-d1")->needs_target);
	world_apply(&fixture.observed, plan, SIZE_MAX);
	plan_free(plan);
	plan = make(&fixture);
	assert_true(plan_empty(plan));
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* Limits and faults. */

static void refuses_too_many_deletes(void **state)
{
	static const struct {
		bool percent;
		uint32_t limit;
		bool refused;
	} table[] = {
		{true, 0, true},  {true, 1, false},  {true, 25, false}, {true, 100, false},
		{false, 0, true}, {false, 1, false}, {false, 9, false},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct fixture fixture;
		struct plan *plan;

		settle(&fixture);
		retag_source(&fixture);
		fixture.options.limit_is_percent = table[i].percent;
		fixture.options.limit = table[i].limit;
		plan = make(&fixture);
		assert_int_equal(plan->counts.sessions, 4);
		assert_int_equal(plan->refused != NULL, table[i].refused);
		plan_free(plan);
		observed_fini(&fixture.observed);
	}
}

/* What could not be described is not absent. */
static void leaves_a_failed_scope_alone(void **state)
{
	struct fixture fixture;
	struct plan *plan;

	settle(&fixture);
	for (size_t i = 0; i < fixture.scope->interface_count; i++)
		network_interface_fini(&fixture.scope->interfaces[i]);
	fixture.scope->interface_count = 0;
	world_set(&fixture.scope->failure, "DescribeNetworkInterfaces: page 2: timed out");
	fixture.options.delete_orphans = true;
	fixture.options.allow_empty = true;
	plan = make(&fixture);
	assert_true(plan_empty(plan));
	assert_true(plan_failed(plan));
	assert_int_equal(plan->scopes[0].change_count, 0);
	plan_free(plan);
	fixture.options.destroy = true;
	plan = make(&fixture);
	assert_true(plan_empty(plan));
	plan_free(plan);
	observed_fini(&fixture.observed);
}

static void leaves_a_repeated_scope_alone(void **state)
{
	struct fixture fixture;
	struct plan *plan;

	settle(&fixture);
	fixture.config.account_count = 2;
	world_scope(&fixture.observed, &fixture.accounts[1], WORLD_ACCOUNT, WORLD_REGION);
	plan = make(&fixture);
	assert_true(plan_failed(plan));
	assert_int_equal(plan->scopes[1].change_count, 0);
	assert_string_equal(plan->scopes[1].notices[0].code, "scope-repeats");
	plan_free(plan);
	observed_fini(&fixture.observed);
}

/* Foreign sessions count. */
static void gives_no_fourth_session(void **state)
{
	struct fixture fixture;
	struct plan *plan;

	settle(&fixture);
	world_session(fixture.scope, "tms-x", "eni-w3", 8, NULL, NULL);
	world_session(fixture.scope, "tms-y", "eni-w3", 9, NULL, NULL);
	fixture.groups[1].sources.instance_tags = &web_tag;
	plan = make(&fixture);
	assert_null(find(plan, "session db eni-w3"));
	assert_non_null(find(plan, "session db eni-w2"));
	world_apply(&fixture.observed, plan, SIZE_MAX);
	plan_free(plan);
	observed_fini(&fixture.observed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_all_in_order),
		cmocka_unit_test(finds_and_mends_drift),
		cmocka_unit_test(leaves_what_may_differ),
		cmocka_unit_test(swaps_numbers),
		cmocka_unit_test(inserts_a_rule),
		cmocka_unit_test(renumbers_rules_without_room),
		cmocka_unit_test(replaces_a_target),
		cmocka_unit_test(refuses_too_many_deletes),
		cmocka_unit_test(leaves_a_failed_scope_alone),
		cmocka_unit_test(leaves_a_repeated_scope_alone),
		cmocka_unit_test(gives_no_fourth_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
