/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct fixture {
	struct config config;
	struct config_account account;
	struct config_session groups[2];
	struct config_rule rule;
	struct observed observed;
	struct observed_scope *scope;
};

static const char *web[] = {"web"}, *nobody[] = {"nobody"}, *gone[] = {"eni-gone"};
static const char *named[] = {"i-1"};
static struct config_tag role = {"Role", {web, 1}}, no_role = {"Role", {nobody, 1}};

/* Nothing to warn of. */
static void build(struct fixture *fixture)
{
	struct observed_scope *scope;

	*fixture = (struct fixture){
		.account = {.name = "main"},
		.groups = {{.name = "web",
			    .sources = {.instance_tags = &role, .instance_tag_count = 1},
			    .packet_length = 128},
			   {.name = "also",
			    .sources = {.instance_tags = &role, .instance_tag_count = 1},
			    .packet_length = 128}},
		.rule = {.directions = 3, .accept = true, .protocol = CONFIG_PROTOCOL_ANY},
	};
	fixture->config = (struct config){
		.deployment = "soc",
		.accounts = &fixture->account,
		.account_count = 1,
		.target = {CONFIG_TARGET_NETWORK_LOAD_BALANCER, WORLD_NLB, NULL, 1},
		.filter = {.rules = &fixture->rule, .rule_count = 1, .max_rules = 10},
		.sessions = fixture->groups,
		.session_count = 1,
	};
	scope = world_scope(&fixture->observed, &fixture->account, WORLD_ACCOUNT, WORLD_REGION);
	fixture->scope = scope;
	for (char name[] = "1"; name[0] <= '4'; name[0]++)
		world_source(scope, name, "Role=web");
	scope->load_balancer = (struct observed_load_balancer){
		.known = true, .exists = true, .cross_zone = true, .listens = true};
	scope->load_balancer.registered = calloc(1, sizeof(char *));
	scope->load_balancer.registered_count = 1;
	world_set(&scope->load_balancer.registered[0], "10.99.0.1");
}

static void nothing(struct fixture *fixture)
{
}

static void other_region(struct fixture *fixture)
{
	world_set(&fixture->scope->region, "us-east-1");
}

static void other_account(struct fixture *fixture)
{
	world_set(&fixture->scope->account_id, "444455556666");
}

static void no_balancer(struct fixture *fixture)
{
	fixture->scope->load_balancer.exists = false;
}

static void unknown_balancer(struct fixture *fixture)
{
	fixture->scope->load_balancer.known = false;
	fixture->scope->load_balancer.exists = false;
}

static void zones(struct fixture *fixture)
{
	fixture->scope->load_balancer.cross_zone = false;
}

static void deaf(struct fixture *fixture)
{
	fixture->scope->load_balancer.listens = false;
}

static void lonely(struct fixture *fixture)
{
	free(fixture->scope->load_balancer.registered[0]);
	fixture->scope->load_balancer.registered_count = 0;
}

static void existing_target(struct fixture *fixture)
{
	fixture->config.target =
		(struct config_target){CONFIG_TARGET_EXISTING, "tmt-shared", NULL, 1};
}

static void lost_interface(struct fixture *fixture)
{
	fixture->config.target =
		(struct config_target){CONFIG_TARGET_NETWORK_INTERFACE, "eni-gone", NULL, 1};
}

static void own_target(struct fixture *fixture)
{
	fixture->config.target =
		(struct config_target){CONFIG_TARGET_NETWORK_INTERFACE, "eni-1", NULL, 1};
}

static void many_sources(struct fixture *fixture)
{
	char name[16];

	world_source(fixture->scope, "collector", NULL);
	fixture->config.target =
		(struct config_target){CONFIG_TARGET_NETWORK_INTERFACE, "eni-collector", NULL, 1};
	for (int i = 10; i < 17; i++) {
		snprintf(name, sizeof(name), "%d", i);
		world_source(fixture->scope, name, "Role=web");
	}
}

static void long_packets(struct fixture *fixture)
{
	fixture->groups[0].packet_length = 0;
}

static void default_packets(struct fixture *fixture)
{
	fixture->groups[0].packet_length = 8500;
}

static void too_long(struct fixture *fixture)
{
	fixture->groups[0].packet_length = 8501;
}

static void endpoint_cuts(struct fixture *fixture)
{
	fixture->groups[0].packet_length = 8447;
	fixture->config.target = (struct config_target){
		CONFIG_TARGET_GATEWAY_LOAD_BALANCER_ENDPOINT, "vpce-1", NULL, 1};
}

static void endpoint_passes(struct fixture *fixture)
{
	endpoint_cuts(fixture);
	fixture->groups[0].packet_length = 8446;
}

static void short_packets(struct fixture *fixture)
{
	fixture->groups[0].packet_length = 34;
}

static void short_for_ipv6(struct fixture *fixture)
{
	fixture->groups[0].packet_length = 54;
}

static void no_filter(struct fixture *fixture)
{
	fixture->config.filter = (struct config_filter){.traffic_mirror_filter_id = "tmf-none"};
}

static void bare_filter(struct fixture *fixture)
{
	fixture->config.filter = (struct config_filter){.traffic_mirror_filter_id = "tmf-bare"};
	world_filter(fixture->scope, "tmf-bare", NULL);
}

static void rejects_all(struct fixture *fixture)
{
	fixture->rule.accept = false;
}

static void empty_group(struct fixture *fixture)
{
	fixture->groups[0].sources.instance_tags = &no_role;
}

static void emptied_group(struct fixture *fixture)
{
	empty_group(fixture);
	world_session(fixture->scope, "tms-1", "eni-1", 1, "soc", "web");
}

static void missing_source(struct fixture *fixture)
{
	fixture->groups[0].sources.network_interface_ids = (struct config_texts){gone, 1};
}

static void missing_collector(struct fixture *fixture)
{
	fixture->config.collectors.network_interface_ids = (struct config_texts){gone, 1};
}

static void old_type(struct fixture *fixture)
{
	world_set(&fixture->scope->instances[0].instance_type, "t2.micro");
}

static void named_old_type(struct fixture *fixture)
{
	old_type(fixture);
	fixture->groups[0].sources.instance_ids = (struct config_texts){named, 1};
}

static void full(struct fixture *fixture)
{
	for (char id[] = "tms-1"; id[4] <= '3'; id[4]++)
		world_session(fixture->scope, id, "eni-1", (uint32_t)(id[4] - '0'), NULL, NULL);
}

static void taken_number(struct fixture *fixture)
{
	world_session(fixture->scope, "tms-1", "eni-1", 7, NULL, NULL);
	fixture->groups[0].session_number = 7;
}

static void kept_number(struct fixture *fixture)
{
	taken_number(fixture);
	world_session(fixture->scope, "tms-2", "eni-1", 8, "soc", "web");
}

static void small_range(struct fixture *fixture)
{
	fixture->groups[0].virtual_network_id = (struct config_vni){CONFIG_VNI_RANGE, 10, 12};
}

static void same_vni(struct fixture *fixture)
{
	fixture->config.session_count = 2;
	for (size_t i = 0; i < 2; i++)
		fixture->groups[i].virtual_network_id = (struct config_vni){CONFIG_VNI_FIXED, 5, 5};
}

static void used_target(struct fixture *fixture)
{
	struct mirror_target *target = world_target(fixture->scope, "tmt-old", "soc");

	world_set(&target->network_load_balancer_arn, "arn:old");
	world_set(&world_session(fixture->scope, "tms-1", "eni-1", 1, NULL, NULL)
			   ->traffic_mirror_target_id,
		  "tmt-old");
}

static void described_target(struct fixture *fixture)
{
	world_set(&world_target(fixture->scope, "tmt-1", "soc")->description, "other words");
}

static const struct {
	void (*cause)(struct fixture *);
	const char *code; /* NULL: none */
	bool error;
	const char *part; /* of the text */
} cases[] = {
	{nothing, NULL, false, NULL},
	{unknown_balancer, NULL, false, NULL},
	{endpoint_passes, NULL, false, NULL},
	{other_region, "target-region", true, "is not in us-east-1"},
	{other_account, "target-account", false, "444455556666"},
	{no_balancer, "target-missing", true, "load balancer"},
	{zones, "cross-zone-off", false, "cross-zone"},
	{deaf, "no-listener", false, "4789"},
	{lonely, "no-collectors", false, "nothing is registered"},
	{existing_target, "target-unknown", false, "tmt-shared"},
	{lost_interface, "target-missing", true, "eni-gone"},
	{own_target, "source-is-target", false, "eni-1"},
	{many_sources, "target-sources", false, "11 sources"},
	{long_packets, "packet-length-cut", false, "group web: a load balancer gets 8500"},
	{default_packets, "packet-length-cut", false, "8500"},
	{too_long, "packet-length-refused", true, "8501"},
	{endpoint_cuts, "packet-length-cut", false, "8446"},
	{short_packets, "packet-length-short", false, "IPv4 (35)"},
	{short_for_ipv6, "packet-length-short", false, "IPv6 (55)"},
	{no_filter, "filter-missing", true, "tmf-none"},
	{bare_filter, "filter-empty", false, "tmf-bare"},
	{rejects_all, "filter-empty", false, "accepts anything"},
	{empty_group, "group-empty", false, "group web"},
	{emptied_group, "group-empty-kept", false, "1 sessions are kept"},
	{missing_source, "source-missing", false, "eni-gone"},
	{missing_collector, "collector-missing", false, "eni-gone"},
	{old_type, "instance-type", false, "eni-1"},
	{named_old_type, "instance-type", false, "that are named"},
	{full, "interface-full", false, "eni-1"},
	{taken_number, "number-taken", false, "eni-1"},
	{kept_number, "number-kept", false, "tms-2"},
	{small_range, "vni-range", false, "of the 3 VNIs 10 to 12 none is left for 1 sessions"},
	{same_vni, "vni-repeats", false, "eni-1, eni-2, eni-3 and 1 more"},
	{used_target, "target-in-use", false, "1 sessions"},
	{described_target, "target-description", false, "tmt-1"},
};

/* Exactly the one notice, and no other. */
static void warns(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct plan_options options = PLAN_OPTIONS_DEFAULT;
		const struct plan_scope *scope;
		struct fixture fixture;
		struct plan *plan;

		build(&fixture);
		cases[i].cause(&fixture);
		assert_int_equal(plan_make(&fixture.config, &fixture.observed, &options, &plan), 0);
		scope = &plan->scopes[0];
		for (size_t j = 0; j < scope->notice_count; j++) {
			if (!cases[i].code || strcmp(scope->notices[j].code, cases[i].code) != 0)
				fail_msg("case %zu: %s", i, scope->notices[j].text);
		}
		if (cases[i].code) {
			assert_int_equal(scope->notice_count, 1);
			assert_non_null(strstr(scope->notices[0].text, cases[i].part));
			assert_int_equal(scope->notices[0].error, cases[i].error);
			assert_true(*scope->notices[0].remedy);
		}
		assert_int_equal(scope->has_errors, cases[i].error);
		assert_int_equal(plan_failed(plan), cases[i].error);
		plan_free(plan);
		observed_fini(&fixture.observed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(warns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
