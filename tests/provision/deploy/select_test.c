/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void matches_wildcards(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} table[] = {
		{"", "", true},          {"", "a", false},      {"a", "", false},
		{"web", "web", true},    {"web", "Web", false}, {"web", "web1", false},
		{"*", "", true},         {"*", "any", true},    {"we?", "web", true},
		{"we?", "we", false},    {"w*b", "wb", true},   {"w*b", "wxxb", true},
		{"w*b", "wxxbx", false}, {"*a*a", "aba", true}, {"*a*a", "ab", false},
		{"\\*", "*", true},      {"\\*", "x", false},   {"a\\?", "a?", true},
		{"a\\?", "ab", false},   {"\\", "\\", true},    {"**", "x", true},
		{"[a]", "a", false},
	};

	for (size_t i = 0; i < COUNT(table); i++) {
		if (select_wildcard(table[i].pattern, table[i].text) != table[i].match)
			fail_msg("'%s' and '%s'", table[i].pattern, table[i].text);
	}
}

/* What a selector makes of one small world, as "eni-a eni-b | eni-c:reason | missing-id". */

static const char *web[] = {"web"}, *db[] = {"db"}, *we[] = {"w*", "x"};
static const char *enis[] = {"eni-db", "eni-nothere"}, *instances[] = {"i-web", "i-nothere"};
static const char *old[] = {"i-old"}, *vpc2[] = {"vpc-2"}, *subnet1[] = {"subnet-1"};
static const char *vpc1[] = {"vpc-1"}, *web_eni[] = {"eni-web"}, *second[] = {"eni-second"};
static const char *free_eni[] = {"eni-free"};
static struct config_tag tag_web = {"Role", {web, 1}};
static struct config_tag tag_we = {"Role", {we, 2}};
static struct config_tag tag_both[] = {{"Role", {web, 1}}, {"Role", {db, 1}}};

static const struct {
	struct config_session group;
	const char *result;
} cases[] = {
	{{.sources = {.instance_tags = &tag_web, .instance_tag_count = 1}},
	 "eni-second eni-web | eni-collector:collector eni-lb:interface-type "
	 "eni-managed:requester-managed eni-old:instance-type eni-registered:registered "
	 "eni-stopped:not-running eni-target:target | "},
	{{.sources = {.instance_tags = &tag_we, .instance_tag_count = 1, .vpc_ids = {vpc2, 1}}},
	 "eni-second | | "},
	{{.sources = {.instance_tags = tag_both, .instance_tag_count = 2}}, "| | "},
	{{.sources = {.network_interface_ids = {enis, 2}}}, "eni-db | | eni-nothere"},
	{{.sources = {.instance_ids = {instances, 2}}}, "eni-second eni-web | | i-nothere"},
	{{.sources = {.instance_ids = {instances, 1}}, .primary_only = true},
	 "eni-web | eni-second:secondary | "},
	/* A named one need not be the primary. */
	{{.sources = {.network_interface_ids = {second, 1}}, .primary_only = true},
	 "eni-second | | "},
	/* A named one is tried whatever AWS's list says. */
	{{.sources = {.instance_ids = {old, 1}}}, "eni-old! | | "},
	{{.sources = {.network_interface_ids = {free_eni, 1}}}, "| eni-free:unattached | "},
	/* Named ones are added to what the others describe together. */
	{{.sources = {.instance_tags = &tag_web,
		      .instance_tag_count = 1,
		      .vpc_ids = {vpc2, 1},
		      .network_interface_ids = {enis, 1}}},
	 "eni-db eni-second | | "},
	{{.sources = {.vpc_ids = {vpc1, 1}, .subnet_ids = {subnet1, 1}},
	  .exclude = {.network_interface_ids = {web_eni, 1}, .instance_ids = {old, 1}}},
	 "eni-db | eni-collector:collector eni-free:unattached eni-lb:interface-type "
	 "eni-managed:requester-managed eni-old:excluded eni-registered:registered "
	 "eni-stopped:not-running eni-target:target eni-web:excluded | "},
	{{.sources = {.instance_ids = {instances, 1}}, .exclude = {.vpc_ids = {vpc2, 1}}},
	 "eni-web | eni-second:excluded | "},
	{{.sources = {.instance_ids = {instances, 1}},
	  .exclude = {.instance_tags = &tag_web, .instance_tag_count = 1}},
	 "| eni-second:excluded eni-web:excluded | "},
	{{.sources = {{0}}}, "| | "},
};

static void build(struct observed *observed, const struct config_account *account)
{
	struct observed_scope *scope = world_scope(observed, account, WORLD_ACCOUNT, WORLD_REGION);
	struct network_interface *interface;

	world_source(scope, "web", "Role=web");
	interface = world_interface(scope, "eni-second", "i-web");
	interface->device_index = 1;
	world_set(&interface->vpc_id, "vpc-2");
	world_source(scope, "db", "Role=db");
	world_source(scope, "collector", "Role=web");
	world_source(scope, "target", "Role=web");
	world_source(scope, "registered", "Role=web");
	world_set(&scope->interfaces[scope->interface_count - 1].private_ip_address, "10.0.0.9");
	world_source(scope, "stopped", "Role=web");
	world_set(&scope->instances[scope->instance_count - 1].state, "stopped");
	world_source(scope, "old", "Role=web");
	world_set(&scope->instances[scope->instance_count - 1].instance_type, "t2.micro");
	world_source(scope, "managed", "Role=web");
	scope->interfaces[scope->interface_count - 1].requester_managed = true;
	world_source(scope, "lb", "Role=web");
	world_set(&scope->interfaces[scope->interface_count - 1].interface_type,
		  "network_load_balancer");
	world_interface(scope, "eni-free", NULL);
	/* The same address in another VPC is another interface. */
	interface = &scope->interfaces[1];
	world_set(&interface->private_ip_address, "10.0.0.9");
	scope->load_balancer.registered = calloc(1, sizeof(char *));
	scope->load_balancer.registered_count = 1;
	world_set(&scope->load_balancer.registered[0], "10.0.0.9");
	world_set(&scope->load_balancer.vpc_id, "vpc-1");
	observed_sort(observed);
}

enum { TEXT_BYTES = 1024 };

static void print(const struct select_result *result, char *text)
{
	size_t length = 0;

	for (size_t i = 0; i < result->interface_count; i++) {
		bool unsupported = false;

		for (size_t j = 0; j < result->unsupported_count; j++)
			unsupported |= result->unsupported[j] == result->interfaces[i];
		length += (size_t)snprintf(text + length, TEXT_BYTES - length, "%s%s ",
					   result->interfaces[i]->network_interface_id,
					   unsupported ? "!" : "");
	}
	length += (size_t)snprintf(text + length, TEXT_BYTES - length, "| ");
	for (size_t i = 0; i < result->exclusion_count; i++)
		length += (size_t)snprintf(text + length, TEXT_BYTES - length, "%s:%s ",
					   result->exclusions[i].interface->network_interface_id,
					   select_reason_code(result->exclusions[i].reason));
	length += (size_t)snprintf(text + length, TEXT_BYTES - length, "| ");
	for (size_t i = 0; i < result->missing_count; i++)
		length += (size_t)snprintf(text + length, TEXT_BYTES - length, "%s",
					   result->missing[i].id);
}

static void selects(void **state)
{
	static const char *collectors[] = {"i-collector"};
	struct config_account account = {.name = "main"};
	struct config config = {
		.deployment = "soc",
		.accounts = &account,
		.account_count = 1,
		.target = {CONFIG_TARGET_NETWORK_INTERFACE, "eni-target", NULL, 1},
		.collectors = {.instance_ids = {collectors, 1}},
	};
	struct observed observed = {0};
	struct select_scope *select;
	char text[TEXT_BYTES];

	build(&observed, &account);
	select = select_scope_new(&config, &observed.scopes[0]);
	assert_non_null(select);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct select_result result;

		assert_int_equal(select_group(select, &cases[i].group, &result), 0);
		print(&result, text);
		assert_string_equal(text, cases[i].result);
		select_fini(&result);
	}
	select_scope_free(select);
	observed_fini(&observed);
}

/* Whatever it is that tells them: a mirror of the mirror would never end. */
static void leaves_collectors_out(void **state)
{
	static const struct {
		struct config_selector collectors;
		const char *left_out;
	} table[] = {
		{{{0}}, ""},
		{{.network_interface_ids = {enis, 1}}, "eni-db "},
		{{.instance_ids = {instances, 1}}, "eni-second eni-web "},
		{{.instance_tags = &tag_both[1], .instance_tag_count = 1}, "eni-db "},
		{{.instance_ids = {instances, 1},
		  .instance_tags = &tag_both[1],
		  .instance_tag_count = 1},
		 "eni-db eni-second eni-web "},
	};
	struct config_account account = {.name = "main"};
	struct config config = {.deployment = "soc", .accounts = &account, .account_count = 1};
	const struct config_session group = {
		.name = "all",
		.sources = {.instance_ids = {instances, 1}, .network_interface_ids = {enis, 1}}};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct observed observed = {0};
		struct select_scope *select;
		struct select_result result;
		char text[TEXT_BYTES] = "";

		build(&observed, &account);
		config.collectors = table[i].collectors;
		select = select_scope_new(&config, &observed.scopes[0]);
		assert_int_equal(select_group(select, &group, &result), 0);
		for (size_t j = 0, length = 0; j < result.exclusion_count; j++) {
			assert_int_equal(result.exclusions[j].reason, SELECT_COLLECTOR);
			length += (size_t)snprintf(
				text + length, TEXT_BYTES - length, "%s ",
				result.exclusions[j].interface->network_interface_id);
		}
		assert_string_equal(text, table[i].left_out);
		select_fini(&result);
		select_scope_free(select);
		observed_fini(&observed);
	}
}

/* EC2 has let the group mirror it: the list of types is out of date. */
static void keeps_what_it_mirrors(void **state)
{
	static const struct {
		const char *deployment, *group;
		bool believed;
	} table[] = {
		{NULL, NULL, false},     {"soc", NULL, false}, {"soc", "db", false},
		{"other", "web", false}, {"soc", "web", true},
	};
	struct config_account account = {.name = "main"};
	struct config config = {.deployment = "soc", .accounts = &account, .account_count = 1};
	const struct config_session group = {
		.name = "web", .sources = {.instance_tags = &tag_web, .instance_tag_count = 1}};

	for (size_t i = 0; i < COUNT(table); i++) {
		struct observed observed = {0};
		struct select_scope *select;
		struct select_result result;
		bool left_out = false;

		build(&observed, &account);
		world_session(&observed.scopes[0], "tms-1", "eni-old", 1, table[i].deployment,
			      table[i].group);
		observed_sort(&observed);
		select = select_scope_new(&config, &observed.scopes[0]);
		assert_int_equal(select_group(select, &group, &result), 0);
		for (size_t j = 0; j < result.exclusion_count; j++)
			left_out |= result.exclusions[j].reason == SELECT_INSTANCE_TYPE;
		assert_int_equal(left_out, !table[i].believed);
		assert_int_equal(result.unsupported_count, 0);
		select_fini(&result);
		select_scope_free(select);
		observed_fini(&observed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_wildcards),
		cmocka_unit_test(selects),
		cmocka_unit_test(leaves_collectors_out),
		cmocka_unit_test(keeps_what_it_mirrors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
