/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "provision/deploy/config_filter.h"

enum { BOTH = CONFIG_INGRESS | CONFIG_EGRESS, TEXT_BYTES = 2048 };

/* The rules as lines: "i 10 - udp 0.0.0.0/0 0.0.0.0/0 :4789-4789". */
static void print(const struct config_filter_rules *rules, char *text)
{
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < rules->count; i++) {
		const struct config_filter_rule *rule = &rules->rules[i];

		length += (size_t)snprintf(
			text + length, TEXT_BYTES - length, "%c %u %c %d %s %s %d-%d:%d-%d\n",
			rule->direction == CONFIG_INGRESS ? 'i' : 'e', rule->number,
			rule->accept ? '+' : '-', rule->protocol, rule->source, rule->destination,
			rule->source_ports.from, rule->source_ports.to,
			rule->destination_ports.from, rule->destination_ports.to);
	}
}

static struct config_rule any = {
	.directions = BOTH, .accept = true, .protocol = CONFIG_PROTOCOL_ANY};

static struct config_rule web_in = {
	.directions = CONFIG_INGRESS,
	.accept = true,
	.protocol = IPPROTO_TCP,
	.destination = "10.0.0.0/8",
	.source_ports = {true, 1024, 65535},
	.destination_ports = {true, 443, 443},
	.description = "web",
};

static struct config_rule no_dns[] = {
	{.directions = CONFIG_EGRESS,
	 .protocol = IPPROTO_UDP,
	 .source = "fd00::/8",
	 .destination_ports = {true, 53, 53}},
	{.directions = CONFIG_EGRESS, .accept = true, .protocol = IPPROTO_ICMPV6},
	{.directions = CONFIG_INGRESS, .accept = true, .protocol = IPPROTO_ICMP},
};

/* Exactly the quota's ten. */
static const char default_rules[] = "i 10 - 17 0.0.0.0/0 0.0.0.0/0 0-0:4789-4789\n"
				    "i 20 - 17 ::/0 ::/0 0-0:4789-4789\n"
				    "i 30 - 17 0.0.0.0/0 0.0.0.0/0 0-0:6081-6081\n"
				    "i 40 - 17 ::/0 ::/0 0-0:6081-6081\n"
				    "i 50 + -1 0.0.0.0/0 0.0.0.0/0 0-0:0-0\n"
				    "i 60 + -1 ::/0 ::/0 0-0:0-0\n"
				    "e 10 - 17 0.0.0.0/0 0.0.0.0/0 0-0:4789-4789\n"
				    "e 20 - 17 ::/0 ::/0 0-0:4789-4789\n"
				    "e 30 + -1 0.0.0.0/0 0.0.0.0/0 0-0:0-0\n"
				    "e 40 + -1 ::/0 ::/0 0-0:0-0\n";

static const struct {
	struct config_filter filter;
	const char *rules;
} cases[] = {
	{{.traffic_mirror_filter_id = "tmf-0123456789abcdef0"}, ""},
	{{.rules = &any, .rule_count = 1, .reject_mirrored = true}, default_rules},
	{{.rules = &any, .rule_count = 1},
	 "i 10 + -1 0.0.0.0/0 0.0.0.0/0 0-0:0-0\n"
	 "i 20 + -1 ::/0 ::/0 0-0:0-0\n"
	 "e 10 + -1 0.0.0.0/0 0.0.0.0/0 0-0:0-0\n"
	 "e 20 + -1 ::/0 ::/0 0-0:0-0\n"},
	/* What accepts no IPv6, and nothing outgoing, needs no rejections there. */
	{{.rules = &web_in, .rule_count = 1, .reject_mirrored = true},
	 "i 10 - 17 0.0.0.0/0 0.0.0.0/0 0-0:4789-4789\n"
	 "i 20 - 17 0.0.0.0/0 0.0.0.0/0 0-0:6081-6081\n"
	 "i 30 + 6 0.0.0.0/0 10.0.0.0/8 1024-65535:443-443\n"},
	{{.rules = no_dns, .rule_count = 3, .reject_mirrored = true},
	 "i 10 - 17 0.0.0.0/0 0.0.0.0/0 0-0:4789-4789\n"
	 "i 20 - 17 0.0.0.0/0 0.0.0.0/0 0-0:6081-6081\n"
	 "i 30 + 1 0.0.0.0/0 0.0.0.0/0 0-0:0-0\n"
	 "e 10 - 17 ::/0 ::/0 0-0:4789-4789\n"
	 "e 20 - 17 fd00::/8 ::/0 0-0:53-53\n"
	 "e 30 + 58 ::/0 ::/0 0-0:0-0\n"},
};

static void makes_rules_for_each_direction_and_family(void **state)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_filter_rules rules;
		char text[TEXT_BYTES];

		assert_int_equal(config_filter_expand(&cases[i].filter, &rules), 0);
		print(&rules, text);
		assert_string_equal(text, cases[i].rules);
		config_filter_fini(&rules);
	}
}

static void keeps_descriptions(void **state)
{
	const struct config_filter filter = {
		.rules = &web_in, .rule_count = 1, .reject_mirrored = true};
	struct config_filter_rules rules;

	assert_int_equal(config_filter_expand(&filter, &rules), 0);
	assert_string_equal(rules.rules[0].description, "mirrored packets (VXLAN)");
	assert_string_equal(rules.rules[1].description, "mirrored packets (GENEVE)");
	assert_string_equal(rules.rules[2].description, "web");
	config_filter_fini(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_rules_for_each_direction_and_family),
		cmocka_unit_test(keeps_descriptions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
