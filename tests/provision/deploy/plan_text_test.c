/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/plan_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

static const char *web[] = {"web"}, *out[] = {"i-out"};
static struct config_tag role = {"Role", {web, 1}};
static struct config_account accounts[] = {{.name = "main"}, {.name = "shop"}};
static struct config_rule any = {.directions = CONFIG_INGRESS,
				 .accept = true,
				 .protocol = 6,
				 .source = "10.0.0.0/8",
				 .destination = "0.0.0.0/0",
				 .destination_ports = {true, 443, 444},
				 .description = "HTTPS"};
static struct config_session group = {
	.name = "web",
	.sources = {.instance_tags = &role, .instance_tag_count = 1},
	.exclude = {.instance_ids = {out, 1}},
	.packet_length = 128,
};
static struct config config = {
	.deployment = "soc",
	.accounts = accounts,
	.account_count = 2,
	.target = {CONFIG_TARGET_NETWORK_LOAD_BALANCER, WORLD_NLB, NULL, 1},
	.filter = {.rules = &any, .rule_count = 1, .max_rules = 10},
	.sessions = &group,
	.session_count = 1,
};

/* One of each kind. */
static void build(struct observed *observed)
{
	struct observed_scope *scope;

	*observed = (struct observed){0};
	scope = world_scope(observed, &accounts[0], WORLD_ACCOUNT, WORLD_REGION);
	world_source(scope, "1", "Role=web");
	world_set(&scope->interfaces[0].private_ip_address, "10.0.0.1");
	world_source(scope, "2", "Role=web");
	world_source(scope, "out", "Role=web");
	world_source(scope, "3", "Role=db");
	world_target(scope, "tmt-1", "soc");
	world_session(scope, "tms-2", "eni-2", 1, "soc", "web");
	world_set(&scope->sessions[0].description, "evil \033[31m\n name");
	world_session(scope, "tms-3", "eni-3", 1, "soc", "web");
	world_session(scope, "tms-gone", "eni-gone", 1, "soc", "web");
	scope->load_balancer = (struct observed_load_balancer){
		.known = true, .exists = true, .listens = true, .cross_zone = false};
	scope->load_balancer.registered = calloc(1, sizeof(char *));
	scope->load_balancer.registered_count = 1;
	world_set(&scope->load_balancer.registered[0], "10.99.0.1");
	scope = world_scope(observed, &accounts[1], "444455556666", WORLD_REGION);
	world_set(&scope->failure, "DescribeInstances: timed out");
}

static const char expected[] =
	"main: account 111122223333, eu-central-1\n"
	"  +   filter\n"
	"  +   rule ingress 10: accept tcp 10.0.0.0/8 to 0.0.0.0/0 port 443-444, HTTPS\n"
	"  ~   session web eni-2 (tms-2) of i-2\n"
	"        TrafficMirrorFilterId: tmf-1 -> (new)\n"
	"        PacketLength: none -> 128\n"
	"        Description: evil ?[31m? name -> none\n"
	"  +   session web eni-1 of i-1, 10.0.0.1: SessionNumber 1, PacketLength 128\n"
	"  -   session web eni-3 tms-3 of i-3: its interface is no longer selected\n"
	"  selected, but left out: 1 (--verbose lists them)\n"
	"         1  is excluded by the configuration\n"
	"  sessions without a source, billed all the same: 1 (--delete-orphans deletes them)\n"
	"      tms-gone of web, eni-gone: its interface is gone\n"
	"  warning: the load balancer's cross-zone balancing is off: copies from a zone without a "
	"collector are lost silently\n"
	"      set load_balancing.cross_zone.enabled, or keep a collector in every zone\n"
	"\n"
	"shop: account 444455556666, eu-central-1\n"
	"  not planned, since not all could be described: DescribeInstances: timed out\n"
	"\n"
	"soc: 3 to create, 1 to update in place, 0 to replace, 1 to delete, 1 unchanged; 1 of 2 "
	"accounts and regions not planned\n"
	"refused: 1 of 3 owned sessions would be deleted, and --max-delete allows 0: check the "
	"selectors; if it is meant, give --max-delete 1\n";

static struct plan *make(struct observed *observed)
{
	const struct plan_options options = {.limit = 0};
	struct plan *plan;

	assert_int_equal(plan_make(&config, observed, &options, &plan), 0);
	return plan;
}

static void tells_people(void **state)
{
	struct observed observed;
	struct buffer text = {0};
	struct plan *plan;

	build(&observed);
	plan = make(&observed);
	plan_text(plan, false, &text);
	assert_string_equal(buffer_string(&text), expected);
	buffer_truncate(&text, 0);
	plan_text(plan, true, &text);
	assert_non_null(strstr(buffer_string(&text), "\n  =   target (tmt-1)\n"));
	assert_non_null(strstr(buffer_string(&text), "\n      web eni-out of i-out: is excluded"));
	buffer_truncate(&text, 0);
	plan_text_change(&plan->scopes[0].changes[1], &text);
	assert_string_equal(buffer_string(&text), "+ rule ingress 10");
	buffer_fini(&text);
	plan_free(plan);
	observed_fini(&observed);
}

static size_t count_of(const char *text, const char *part)
{
	size_t count = 0;

	for (text = strstr(text, part); text; text = strstr(text + 1, part))
		count++;
	return count;
}

static void counts_what_would_be_too_long(void **state)
{
	struct observed observed;
	struct buffer text = {0};
	struct plan *plan;
	char name[16];

	build(&observed);
	for (int i = 100; i < 150; i++) {
		snprintf(name, sizeof(name), "%d", i);
		world_source(&observed.scopes[0], name, "Role=web");
	}
	plan = make(&observed);
	plan_text(plan, false, &text);
	assert_int_equal(count_of(buffer_string(&text), "+   session web"), 20);
	assert_non_null(strstr(buffer_string(&text),
			       "  +   31 more sessions of web (--verbose lists them)\n"));
	buffer_truncate(&text, 0);
	plan_text(plan, true, &text);
	assert_int_equal(count_of(buffer_string(&text), "+   session web"), 51);
	buffer_fini(&text);
	plan_free(plan);
	observed_fini(&observed);
}

static void says_when_there_is_nothing(void **state)
{
	const struct plan_options all = {.limit_is_percent = true, .limit = 100};
	struct observed observed;
	struct buffer text = {0};
	struct plan *plan;

	build(&observed);
	assert_int_equal(plan_make(&config, &observed, &all, &plan), 0);
	world_apply(&observed, plan, SIZE_MAX);
	plan_free(plan);
	plan = make(&observed);
	plan_text(plan, false, &text);
	assert_non_null(strstr(buffer_string(&text), "  nothing to change: 5 unchanged\n"));
	assert_non_null(strstr(buffer_string(&text), "\nsoc: nothing to change, 5 unchanged; "));
	buffer_fini(&text);
	plan_free(plan);
	observed_fini(&observed);
}

/* Where nothing could be described, nothing is known to be unchanged. */
static void says_when_it_knows_nothing(void **state)
{
	struct observed observed;
	struct buffer text = {0};
	struct plan *plan;

	build(&observed);
	world_set(&observed.scopes[0].failure, "DescribeInstances: timed out");
	world_set(&observed.scopes[1].account_id, NULL);
	plan = make(&observed);
	plan_text(plan, false, &text);
	assert_non_null(strstr(buffer_string(&text), "\nshop: eu-central-1\n"));
	assert_non_null(strstr(buffer_string(&text), "\nsoc: not planned\n"));
	assert_null(strstr(buffer_string(&text), "unchanged"));
	buffer_fini(&text);
	plan_free(plan);
	observed_fini(&observed);
}

static json_t *at(json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	assert_non_null(value);
	return value;
}

static void tells_programs(void **state)
{
	struct observed observed;
	struct plan *plan;
	json_t *document, *scope, *change;

	build(&observed);
	plan = make(&observed);
	document = plan_text_json(plan, false);
	assert_non_null(document);
	assert_int_equal(json_integer_value(at(document, "version")), 1);
	assert_string_equal(json_string_value(at(document, "deployment")), "soc");
	assert_true(json_is_string(at(document, "refused")));
	assert_int_equal(json_integer_value(at(at(document, "summary"), "delete")), 1);
	assert_int_equal(json_array_size(at(document, "scopes")), 2);
	scope = json_array_get(at(document, "scopes"), 0);
	assert_true(json_is_null(at(scope, "failure")));
	assert_int_equal(json_array_size(at(scope, "changes")), 5);
	change = json_array_get(at(scope, "changes"), 2);
	assert_string_equal(json_string_value(at(change, "action")), "update");
	assert_string_equal(json_string_value(at(change, "operation")),
			    "ModifyTrafficMirrorSession");
	assert_string_equal(json_string_value(at(at(change, "input"), "TrafficMirrorSessionId")),
			    "tms-2");
	assert_int_equal(json_array_size(at(change, "fields")), 3);
	change = json_array_get(at(scope, "excluded"), 0);
	assert_string_equal(json_string_value(at(change, "reason")), "excluded");
	change = json_array_get(at(scope, "orphans"), 0);
	assert_string_equal(json_string_value(at(change, "traffic_mirror_session_id")), "tms-gone");
	change = json_array_get(at(scope, "notices"), 0);
	assert_string_equal(json_string_value(at(change, "code")), "cross-zone-off");
	assert_string_equal(json_string_value(at(change, "level")), "warning");
	scope = json_array_get(at(document, "scopes"), 1);
	assert_true(json_is_string(at(scope, "failure")));
	json_decref(document);
	document = plan_text_json(plan, true);
	scope = json_array_get(at(document, "scopes"), 0);
	assert_int_equal(json_array_size(at(scope, "changes")), 6);
	json_decref(document);
	plan_free(plan);
	observed_fini(&observed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_people),
		cmocka_unit_test(counts_what_would_be_too_long),
		cmocka_unit_test(says_when_there_is_nothing),
		cmocka_unit_test(says_when_it_knows_nothing),
		cmocka_unit_test(tells_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
