/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/deploy/config_yaml.h"

#define NLB \
	"arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/m/0123456789abcdef"
#define TMT "target: {traffic_mirror_target_id: tmt-0123456789abcdef0}\n"
#define ENI "eni-0123456789abcdef0"
#define WEB "sessions: [{name: web, sources: {vpc_ids: [vpc-01234567]}}]\n"
#define TOP "deployment: d\n" TMT
/* What precedes further keys of one session, and of one filter rule. */
#define SESSION TOP "sessions:\n- name: web\n  sources: {network_interface_ids: [" ENI "]}\n"
#define FILTER  TOP WEB "filter:\n"

enum { ALL_BYTES = 16384 };

/* All problems, one a line. */
static void parse(const char *text, size_t length, int expected, char *all)
{
	static struct config_report report;
	struct config config;
	size_t used = 0;

	assert_int_equal(config_yaml_parse("f", text, length, &config, &report), expected);
	all[0] = '\0';
	for (size_t i = 0; i < report.count; i++) {
		char line[1024];

		config_problem_format(&report.problems[i], "f", line, sizeof(line));
		used += (size_t)snprintf(all + used, ALL_BYTES - used, "%s\n", line);
	}
	if (expected)
		assert_true(report.count > 0);
	else
		config_fini(&config);
}

/* Each text has exactly one problem, and its line begins with what stands here. */
static const struct {
	const char *text, *problem;
} wrong[] = {
	/* Syntax. */
	{"", "f:1: is empty: "},
	{"# nothing\n", "f:1: is empty: "},
	{"a: [1, 2\nb: c\n",
	 "f:2: while parsing a flow sequence, did not find expected ',' or ']'"},
	{"deployment: d\n\tx: y\n", "f:2: "},
	{"deployment: \"d\n",
	 "f:2: while scanning a quoted scalar, found unexpected end of stream"},
	{"deployment: d\nx: \xff\n", "f:2: invalid leading UTF-8 octet: write the file as UTF-8"},
	{"a: &x 1\nb: *x\n", "f:2: an alias (*) is not supported: "},
	{"a: &x [*x]\n", "f:1: an alias (*) is not supported: "},
	{"deployment: !!str d\n", "f:1: a YAML tag (!) is not supported: "},
	{TOP WEB "---\na: b\n", "f:4: begins a second document: "},
	{"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	 "f:1: is nested too deeply: "},
	/* Kinds of nodes. */
	{"- deployment: d\n", "f:1: is not a mapping: "},
	{"deployment: [d]\n" TMT WEB, "f:1: deployment: is a list: give one value"},
	{"deployment: {d: e}\n" TMT WEB, "f:1: deployment: is a mapping: give one value"},
	{"deployment:\n" TMT WEB, "f:1: deployment: has no value: "},
	{"deployment: ~\n" TMT WEB, "f:1: deployment: has no value: "},
	{"deployment: ''\n" TMT WEB, "f:1: deployment: '' is not a name: give up to 64"},
	{"deployment: \"a\\0b\"\n" TMT WEB, "f:1: deployment: has a line break or control"},
	{"deployment: |\n  d\n  e\n" TMT WEB, "f:1: deployment: has a line break or control"},
	{TOP "sessions: web\n", "f:3: sessions: is not a list: "},
	{TOP "sessions: []\n", "f:3: sessions: is an empty list: "},
	{TOP "sessions: [web]\n", "f:3: sessions[0]: is not a mapping: "},
	/* Keys. */
	{TMT WEB, "f:1: deployment: is missing: "},
	{"deployment: d\n" TMT, "f:1: sessions: is missing: "},
	{TOP WEB "deployment: d\n", "f:4: deployment: is given twice: "},
	{TOP WEB "colectors: {}\n", "f:4: colectors: unknown key: did you mean 'collectors'?"},
	{TOP WEB "colour: {}\n", "f:4: colour: unknown key: mirrorcap.yaml(5)"},
	{TOP WEB "\"a\\eb\": {}\n", "f:4: has a line break or control character"},
	{TOP WEB "? [a]\n: b\n", "f:4: is a list: give one value"},
	{SESSION "  packet_lenght: 1\n",
	 "f:6: sessions[0].packet_lenght: unknown key: did you mean 'packet_length'?"},
	/* Accounts. */
	{TOP WEB "accounts: [{name: a}, {name: a, regions: [eu-west-1]}]\n",
	 "f:4: accounts[1].name: 'a' is the name of accounts[0], too"},
	{TOP WEB "accounts:\n- {name: a}\n- {name: b}\n",
	 "f:6: accounts[1]: is the same account as accounts[0]: "},
	{TOP WEB "accounts:\n- {name: a, regions: [eu-west-1]}\n"
		 "- {name: b, regions: [eu-west-1]}\n",
	 "f:6: accounts[1]: is the same account in region eu-west-1 as accounts[0]: "},
	{TOP WEB "accounts: [{role_arn: mirrorcap}]\n",
	 "f:4: accounts[0].role_arn: 'mirrorcap' is not a role's ARN: give one such as arn:aws:iam"},
	{TOP WEB "accounts:\n- name: a\n  external_id: abc\n",
	 "f:6: accounts[0].external_id: is of use only with a role: "},
	{TOP "sessions: [{name: web, sources: {vpc_ids: [vpc-01234567, vpc-01234567]}}]\n",
	 "f:3: sessions[0].sources.vpc_ids: 'vpc-01234567' is given twice: "},
	/* Targets. */
	{"deployment: d\n" WEB, "f:1: target: is missing, and account 'default' has none of its"},
	{"deployment: d\ntarget: {}\n" WEB, "f:2: target: names no target: "},
	{"deployment: d\ntarget:\n  network_interface_id: " ENI
	 "\n  traffic_mirror_target_id: tmt-01234567\n" WEB,
	 "f:4: target.traffic_mirror_target_id: is a second target: "},
	{"deployment: d\ntarget: {traffic_mirror_target_id: tmt-01234567, description: x}\n" WEB,
	 "f:2: target: has a description for a target that exists already"},
	{"deployment: d\ntarget: {network_load_balancer_arn: mirror}\n" WEB,
	 "f:2: target.network_load_balancer_arn: 'mirror' is not a Network Load Balancer's ARN"},
	{"deployment: d\ntarget: {network_load_balancer_arn: '" NLB "'}\n" WEB
	 "accounts: [{regions: [eu-central-1, eu-west-1]}]\n",
	 "f:2: target: is in region eu-central-1, account 'default' mirrors in eu-west-1: "},
	{"deployment: d\ntarget: {network_load_balancer_arn: '" NLB "'}\n" WEB
	 "accounts: [{}, {role_arn: 'arn:aws:iam::222233334444:role/m'}]\n",
	 "f:2: target: belongs to account 111122223333, '222233334444' is 222233334444: share"},
	{TOP WEB "accounts: [{regions: [eu-west-1, eu-west-2]}]\n",
	 "f:2: target: is in one region, account 'default' mirrors in 2: "},
	{"deployment: d\ntarget: {network_interface_id: " ENI "}\n" WEB
	 "accounts: [{}, {role_arn: 'arn:aws:iam::222233334444:role/m'}]\n",
	 "f:2: target: is in one account and region, 2 use it: "},
	/* The filter. */
	{FILTER "  rules: []\n", "f:5: filter.rules: is an empty list: "},
	{FILTER "  rules:\n  - {action: allow}\n",
	 "f:6: filter.rules[0].action: 'allow' is not known here: give reject or accept"},
	{FILTER "  rules:\n  - {protocol: tcp}\n", "f:6: filter.rules[0].action: is missing: "},
	{FILTER "  rules:\n  - {action: reject}\n", "f:5: filter.rules: no rule accepts, "},
	{FILTER "  rules: [{action: accept, direction: out}]\n",
	 "f:5: filter.rules[0].direction: 'out' is not known here: give ingress or egress or both"},
	{FILTER "  rules: [{action: accept, protocol: ipv4}]\n",
	 "f:5: filter.rules[0].protocol: 'ipv4' is not known here: give tcp or udp or icmp or "
	 "icmpv6 or any or 0 to 255"},
	{FILTER "  rules: [{action: accept, protocol: 256}]\n",
	 "f:5: filter.rules[0].protocol: '256' is not known here"},
	{FILTER "  rules: [{action: accept, source: 10.0.0.0}]\n",
	 "f:5: filter.rules[0].source: '10.0.0.0' is not a CIDR block"},
	{FILTER "  rules: [{action: accept, source: 10.0.0.1/8}]\n",
	 "f:5: filter.rules[0].source: '10.0.0.1/8' has bits behind its prefix: did you mean "
	 "10.0.0.0/8?"},
	{FILTER "  rules:\n  - action: accept\n    source: 10.0.0.0/8\n    destination: fd00::/8\n",
	 "f:8: filter.rules[0].destination: is of another address family than the source"},
	{FILTER "  rules: [{action: accept, source: 'fd00::/8', protocol: icmp}]\n",
	 "f:5: filter.rules[0].protocol: never occurs between these addresses: give icmpv6"},
	{FILTER "  rules: [{action: accept, source_ports: 1-2}]\n",
	 "f:5: filter.rules[0]: has ports without a protocol"},
	{FILTER "  rules: [{action: accept, protocol: tcp, source_ports: 2-1}]\n",
	 "f:5: filter.rules[0].source_ports: '2-1' is not a port or a range"},
	{FILTER "  rules: [{action: accept}, {action: reject, source: 10.0.0.0/8}]\n",
	 "f:5: filter.rules: 2 rules as declared become 6 by direction and address family, and 6 "
	 "reject mirrored packets: 12 in all, above max_rules 10: "},
	{FILTER "  max_rules: 9\n", "f:4: filter.rules: 1 rules as declared become 4 by"},
	{FILTER "  reject_mirrored: yes\n",
	 "f:5: filter.reject_mirrored: 'yes' is not known here: give false or true"},
	{FILTER "  network_services: [ntp]\n",
	 "f:5: filter.network_services[0]: 'ntp' is not a network service"},
	{FILTER "  traffic_mirror_filter_id: tmf-01234567\n  max_rules: 5\n",
	 "f:5: filter: has further keys beside traffic_mirror_filter_id"},
	{FILTER "  traffic_mirror_filter_id: tmf-01234567\n"
		"accounts: [{}, {role_arn: 'arn:aws:iam::222233334444:role/m'}]\n",
	 "f:5: filter.traffic_mirror_filter_id: is in one account, 2 are declared"},
	/* Sessions. */
	{TOP "sessions:\n- {name: web, sources: {vpc_ids: [vpc-01234567]}}\n"
	     "- {name: web, sources: {vpc_ids: [vpc-01234567]}}\n",
	 "f:5: sessions[1].name: 'web' is the name of sessions[0], too"},
	{TOP "sessions: [{name: web, sources: {}}]\n",
	 "f:3: sessions[0].sources: selects nothing: "},
	{TOP "sessions: [{name: web, sources: {interfaces: all}}]\n",
	 "f:3: sessions[0].sources: selects nothing: "},
	{TOP "sessions: [{name: web, sources: {network_interface_ids: eni-01234567}}]\n",
	 "f:3: sessions[0].sources.network_interface_ids: is not a list: "},
	{TOP "sessions: [{name: web, sources: {network_interface_ids: [i-01234567]}}]\n",
	 "f:3: sessions[0].sources.network_interface_ids[0]: 'i-01234567' is not a network "
	 "interface id: give one such as eni-0123456789abcdef0"},
	{TOP "sessions:\n- name: web\n  sources:\n    instance_tags: {}\n",
	 "f:6: sessions[0].sources.instance_tags: is not a mapping: "},
	{TOP "sessions:\n- name: web\n  sources:\n    instance_tags:\n      Role:\n",
	 "f:7: sessions[0].sources.instance_tags.Role: has no value"},
	{TOP "sessions:\n- name: web\n  sources:\n    instance_tags:\n      R: a\n      R: b\n",
	 "f:8: sessions[0].sources.instance_tags.R: is given twice"},
	{TOP "sessions:\n- name: web\n  sources:\n    instance_tags:\n      R: []\n",
	 "f:7: sessions[0].sources.instance_tags.R: is an empty list"},
	{SESSION "  accounts: [shop]\n",
	 "f:6: sessions[0].accounts: 'shop' is not the name of an account: "},
	{SESSION "  packet_length: 0\n",
	 "f:6: sessions[0].packet_length: '0' does not fit: give a number from 1 to 2147483647"},
	{"deployment: d\ntarget: {network_load_balancer_arn: '" NLB "'}\n"
	 "sessions:\n- name: web\n  sources: {network_interface_ids: [" ENI "]}\n"
	 "  packet_length: 8501\n",
	 "f:6: sessions[0].packet_length: 8501 is above 8500, the most that a Network Load"},
	{SESSION "  virtual_network_id: 16777216\n",
	 "f:6: sessions[0].virtual_network_id: '16777216' is not a VNI"},
	{SESSION "  virtual_network_id: {from: 2, to: 1}\n",
	 "f:6: sessions[0].virtual_network_id: from 2 is above to 1"},
	{SESSION "  virtual_network_id: {from: 2}\n",
	 "f:6: sessions[0].virtual_network_id.to: is missing"},
	{TOP "sessions:\n- name: web\n  sources: {network_interface_ids: [eni-01234567, "
	     "eni-01234568]}\n  virtual_network_id: {from: 7, to: 7}\n",
	 "f:6: sessions[0].virtual_network_id: 7 to 7 has room for 1 sessions, 2 interfaces are"},
	{SESSION "  virtual_network_id: {from: 5, to: 9}\n"
		 "- name: b\n  sources: {vpc_ids: [vpc-01234567]}\n  virtual_network_id: 9\n",
	 "f:9: sessions[1].virtual_network_id: overlaps that of sessions[0]: "},
	{SESSION "  session_number: 32767\n",
	 "f:6: sessions[0].session_number: '32767' does not fit: give a number from 1 to 32766, "
	 "or auto"},
	{SESSION "  session_number: 3\n- name: b\n  session_number: 3\n"
		 "  sources: {network_interface_ids: [" ENI "]}\n",
	 "f:9: sessions[1].sources.network_interface_ids[0]: " ENI " has session number 3 in "
	 "sessions[0], too"},
	{TOP "sessions:\n- &a {name: a, sources: {network_interface_ids: [" ENI "]}}\n"
	     "- {name: b, sources: {network_interface_ids: [" ENI "]}}\n"
	     "- {name: c, sources: {network_interface_ids: [" ENI "]}}\n"
	     "- {name: d, sources: {network_interface_ids: [" ENI "]}}\n",
	 "f:7: sessions[3].sources.network_interface_ids[0]: " ENI " is named by 4 groups: an "
	 "interface has at most 3 sessions"},
	{"collectors: {network_interface_ids: [" ENI "]}\n" SESSION,
	 "f:6: sessions[0].sources.network_interface_ids[0]: " ENI " is a collector's"},
	{SESSION "  exclude: {network_interface_ids: [" ENI "]}\n",
	 "f:5: sessions[0].sources.network_interface_ids[0]: " ENI " is excluded by the same"},
	{"deployment: d\ntarget: {network_interface_id: " ENI "}\n"
	 "sessions: [{name: web, sources: {network_interface_ids: [" ENI "]}}]\n",
	 "f:3: sessions[0].sources.network_interface_ids[0]: " ENI " is the mirror target"},
};

static void names_what_is_wrong(void **state)
{
	char all[ALL_BYTES];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		parse(wrong[i].text, strlen(wrong[i].text), -EINVAL, all);
		if (strncmp(all, wrong[i].problem, strlen(wrong[i].problem)) != 0 ||
		    strchr(all, '\n') != all + strlen(all) - 1)
			fail_msg("%s\nexpected: %s\ngot: %s", wrong[i].text, wrong[i].problem, all);
	}
}

static void reports_all_in_the_files_order(void **state)
{
	static const char text[] = "deployment: a b\n"
				   "targt: {}\n"
				   "accounts:\n"
				   "- external_id: abc\n"
				   "sessions:\n"
				   "- name: web\n"
				   "  sources: {vpc_ids: [vpc-1]}\n"
				   "- name: web\n"
				   "  sources: {vpc_ids: [vpc-01234567]}\n"
				   "  packet_length: x\n";
	static const char *const lines[] = {"f:1: deployment: 'a b'",
					    "f:1: target: is missing",
					    "f:2: targt: unknown key",
					    "f:4: accounts[0].external_id: ",
					    "f:7: sessions[0].sources.vpc_ids[0]: 'vpc-1'",
					    "f:8: sessions[1].name: ",
					    "f:10: sessions[1].packet_length: 'x'"};
	char all[ALL_BYTES], *line = all;

	parse(text, strlen(text), -EINVAL, all);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (strncmp(line, lines[i], strlen(lines[i])) != 0)
			fail_msg("expected: %s\ngot: %s", lines[i], all);
		line = strchr(line, '\n') + 1;
	}
	assert_string_equal(line, "");
}

static void counts_what_does_not_fit(void **state)
{
	struct config_report report;
	struct config config;
	char text[1024] = "deployment: d\n" TMT WEB;
	size_t length = strlen(text);

	for (int i = 0; i < 25; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "zz%d: 1\n", i);
	assert_int_equal(config_yaml_parse("f", text, length, &config, &report), -EINVAL);
	assert_int_equal(report.count, CONFIG_PROBLEMS_MAX);
	assert_int_equal(report.left_out, 5);
}

static void says_why_a_file_cannot_be_read(void **state)
{
	static const struct {
		const char *path;
		int rc;
		const char *line;
	} cases[] = {
		{"/nonexistent/x.yaml", -ENOENT,
		 "/nonexistent/x.yaml: cannot be read: No such file or directory: give --config"},
		{"/", -EISDIR, "/: cannot be read: Is a directory: "},
		{"/dev/zero", -EINVAL, "/dev/zero: is larger than 4 MiB: "},
		{"/dev/null", -EINVAL, "/dev/null:1: is empty: "},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_report report;
		struct config config;
		char line[1024];

		assert_int_equal(config_yaml_read(cases[i].path, &config, &report), cases[i].rc);
		assert_int_equal(report.count, 1);
		config_problem_format(&report.problems[0], cases[i].path, line, sizeof(line));
		assert_memory_equal(line, cases[i].line, strlen(cases[i].line));
	}
}

static void bounds_hostile_files(void **state)
{
	const size_t length = 1 << 20;
	char all[ALL_BYTES], *text = malloc(length);

	assert_non_null(text);
	memset(text, '[', length);
	parse(text, length, -EINVAL, all);
	assert_non_null(strstr(all, "nested too deeply"));
	memset(text, '-', length);
	parse(text, length, -EINVAL, all);
	memset(text, ' ', length);
	parse(text, length, -EINVAL, all);
	memset(text, '{', length);
	parse(text, length, -EINVAL, all);
	memset(text, 'a', length);
	parse(text, length, -EINVAL, all);
	assert_non_null(strstr(all, "is not a mapping"));
	free(text);
}

static void fills_in_defaults(void **state)
{
	static const char text[] = TOP WEB "capture: {anything: [at, all]}\n";
	struct config_report report;
	struct config config;
	const struct config_rule *rule;

	assert_int_equal(config_yaml_parse("f", text, strlen(text), &config, &report), 0);
	assert_string_equal(config.path, "f");
	assert_int_equal(config.account_count, 1);
	assert_string_equal(config.accounts[0].name, CONFIG_ACCOUNT_DEFAULT);
	assert_null(config.accounts[0].role_arn);
	assert_int_equal(config.accounts[0].regions.count, 0);
	assert_ptr_equal(config_target_of(&config, &config.accounts[0]), &config.target);
	assert_true(config.filter.reject_mirrored);
	assert_int_equal(config.filter.max_rules, CONFIG_RULES_MAX);
	assert_int_equal(config.filter.rule_count, 1);
	rule = &config.filter.rules[0];
	assert_true(rule->accept);
	assert_int_equal(rule->directions, CONFIG_INGRESS | CONFIG_EGRESS);
	assert_int_equal(rule->protocol, CONFIG_PROTOCOL_ANY);
	assert_null(rule->source);
	assert_false(rule->source_ports.given);
	assert_false(config.sessions[0].primary_only);
	assert_int_equal(config.sessions[0].packet_length, 0);
	assert_int_equal(config.sessions[0].session_number, 0);
	assert_int_equal(config.sessions[0].virtual_network_id.kind, CONFIG_VNI_AUTO);
	assert_true(config_session_in_account(&config.sessions[0], &config.accounts[0]));
	config_fini(&config);
}

static void check_example_accounts(const struct config *config)
{
	const struct config_account *shop = &config->accounts[1];

	assert_int_equal(config->account_count, 2);
	assert_string_equal(config->accounts[0].name, "main");
	assert_string_equal(config->accounts[0].regions.texts[0], "eu-central-1");
	assert_string_equal(shop->role_arn, "arn:aws:iam::222233334444:role/mirrorcap");
	assert_string_equal(shop->external_id, "soc-prod-7f3a");
	assert_int_equal(config_target_of(config, shop)->kind, CONFIG_TARGET_EXISTING);
	assert_string_equal(config_target_of(config, shop)->id, "tmt-0123456789abcdef0");
	assert_int_equal(config->target.kind, CONFIG_TARGET_NETWORK_LOAD_BALANCER);
	assert_string_equal(config->target.description, "collectors of the SOC");
	assert_int_equal(config->collectors.instance_tag_count, 1);
	assert_true(config_session_in_account(&config->sessions[0], shop));
	assert_false(config_session_in_account(&config->sessions[1], shop));
}

static void check_example_filter(const struct config_filter *filter)
{
	assert_string_equal(filter->description, "web and DNS");
	assert_string_equal(filter->network_services.texts[0], "amazon-dns");
	assert_true(filter->reject_mirrored);
	assert_int_equal(filter->max_rules, 20);
	assert_int_equal(filter->rule_count, 3);
	assert_false(filter->rules[0].accept);
	assert_int_equal(filter->rules[0].directions, CONFIG_EGRESS);
	assert_int_equal(filter->rules[0].protocol, IPPROTO_TCP);
	assert_string_equal(filter->rules[0].destination, "10.20.0.0/16");
	assert_int_equal(filter->rules[0].destination_ports.from, 873);
	assert_int_equal(filter->rules[1].source_ports.to, 65535);
	assert_string_equal(filter->rules[1].description, "HTTPS");
	assert_int_equal(filter->rules[2].protocol, IPPROTO_UDP);
}

static void check_example_sessions(const struct config_session *sessions)
{
	const struct config_selector *sources = &sessions[0].sources;

	assert_string_equal(sessions[0].name, "web");
	assert_true(sessions[0].primary_only);
	assert_int_equal(sources->instance_tag_count, 2);
	assert_string_equal(sources->instance_tags[1].key, "Env");
	assert_int_equal(sources->instance_tags[1].values.count, 2);
	assert_string_equal(sources->instance_tags[1].values.texts[1], "stag*");
	assert_string_equal(sources->vpc_ids.texts[0], "vpc-0123456789abcdef0");
	assert_string_equal(sessions[0].exclude.instance_ids.texts[0], "i-0123456789abcdef0");
	assert_int_equal(sessions[0].exclude.subnet_ids.count, 1);
	assert_int_equal(sessions[0].packet_length, 128);
	assert_int_equal(sessions[0].virtual_network_id.kind, CONFIG_VNI_RANGE);
	assert_int_equal(sessions[0].virtual_network_id.from, 1000);
	assert_int_equal(sessions[0].virtual_network_id.to, 1999);
	assert_string_equal(sessions[0].description, "web servers");
	assert_int_equal(sessions[1].virtual_network_id.kind, CONFIG_VNI_FIXED);
	assert_int_equal(sessions[1].virtual_network_id.from, 4242);
	assert_int_equal(sessions[1].session_number, 1);
	assert_string_equal(sessions[1].sources.network_interface_ids.texts[0], ENI);
}

static void reads_the_example(void **state)
{
	struct config_report report;
	struct config config;
	char line[1024] = "";
	int rc = config_yaml_read(EXAMPLE_CONFIG, &config, &report);

	if (report.count)
		config_problem_format(&report.problems[0], EXAMPLE_CONFIG, line, sizeof(line));
	assert_string_equal(line, "");
	assert_int_equal(rc, 0);
	assert_string_equal(config.deployment, "soc-prod");
	check_example_accounts(&config);
	check_example_filter(&config.filter);
	assert_int_equal(config.session_count, 2);
	check_example_sessions(config.sessions);
	config_fini(&config);
}

/* The quota's 10,000 sessions, each interface by its id. */
static void reads_many(void **state)
{
	const size_t room = 1 << 20;
	char *text = malloc(room);
	struct config_report report;
	struct config config;
	size_t length;

	assert_non_null(text);
	length = (size_t)snprintf(text, room, "%s",
				  TOP "sessions:\n- name: web\n  sources:\n"
				      "    network_interface_ids:\n");
	for (int i = 0; i < 10000; i++)
		length += (size_t)snprintf(text + length, room - length, "    - eni-%017d\n", i);
	assert_int_equal(config_yaml_parse("f", text, length, &config, &report), 0);
	assert_int_equal(config.sessions[0].sources.network_interface_ids.count, 10000);
	config_fini(&config);
	length += (size_t)snprintf(text + length, room - length, "    - eni-%017d\n", 10000);
	assert_int_equal(config_yaml_parse("f", text, length, &config, &report), -EINVAL);
	assert_int_equal(report.count, 1);
	assert_non_null(strstr(report.problems[0].text, "has 10001 elements, above the 10000"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(reports_all_in_the_files_order),
		cmocka_unit_test(counts_what_does_not_fit),
		cmocka_unit_test(says_why_a_file_cannot_be_read),
		cmocka_unit_test(bounds_hostile_files),
		cmocka_unit_test(fills_in_defaults),
		cmocka_unit_test(reads_the_example),
		cmocka_unit_test(reads_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
