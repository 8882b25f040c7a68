/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/operation_options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_WORDS = 24 };

#define CREATE                                                                         \
	"--network-interface-id eni-0a1b2c3d --traffic-mirror-target-id tmt-0a1b2c3d " \
	"--traffic-mirror-filter-id tmf-0a1b2c3d --session-number 1"
#define RULE                                                                   \
	"--traffic-mirror-filter-id tmf-0a1b2c3d --traffic-direction ingress " \
	"--rule-number 1 --rule-action accept --source-cidr-block ::/0 "       \
	"--destination-cidr-block 2001:db8::/32"
#define SETUP "--name a --subnets subnet-0a1b2c3d --health-check-port 80"
#define ARN   "arn:aws:elasticloadbalancing:r:1:targetgroup/n/1"

/* line: words with blanks between, '_' within. */
static int parse(const char *noun, const char *verb, char *line, struct operation_options *options,
		 struct failure *failure)
{
	const struct operation_command *row = operation_table;
	char *argv[MAX_WORDS + 2] = {(char *)verb}, *rest = line;
	int argc = 1;

	while (row->noun && (strcmp(row->noun, noun) != 0 || strcmp(row->verb, verb) != 0))
		row++;
	assert_non_null(row->noun);
	while (rest && *rest) {
		assert_in_range(argc, 1, MAX_WORDS);
		argv[argc++] = strsep(&rest, " ");
	}
	for (int i = 1; i < argc; i++) {
		for (char *c = argv[i]; *c; c++)
			*c = *c == '_' ? ' ' : *c;
	}
	return operation_options_parse(row, argc, argv, options, failure);
}

static void refuses(void **state)
{
	static const struct {
		const char *noun, *verb, *line;
		const char *message, *remedy; /* parts */
	} table[] = {
		{"session", "create", "", "--network-interface-id ENI, --traffic-mirror-target-id",
		 "--help"},
		{"session", "create", "--session-number", "needs a value", ""},
		{"session", "create", CREATE " --description --dry-run",
		 "--description: needs a value, and --dry-run is an option",
		 "--description=--dry-run"},
		{"session", "create", CREATE " --desc --region=r",
		 "--desc: needs a value, and --region=r is an option", "--desc=--region=r"},
		{"session", "create", "--description --help",
		 "--description: needs a value, and --help is an option", ""},
		{"session", "create", "--dry-run=x", "--dry-run: takes no value", ""},
		{"session", "create", "--", "--: no such option", ""},
		{"session", "create", "--=x", "--: no such option", ""},
		{"session", "create", "- --dry-run", "'-': not an option", ""},
		{"session", "create", "x", "'x': not an option", "session create --help"},
		{"session", "create", "--tags a=b", "--tags: no such option", "--tag?"},
		{"session", "create", "--netwrok-interface-id x", "no such option",
		 "did you mean --network-interface-id?"},
		{"session", "create", "--traffic-mirror x", "could be several", ""},
		{"session", "create", "--next-token x", "no such option", ""},
		{"session", "create", "--session-number 32767", "--session-number '32767'",
		 "1 to 32766"},
		{"session", "create", "--session-number 01x", "'01x'", ""},
		{"session", "create", "--tag x", "--tag 'x': not a tag", "KEY=VALUE"},
		{"session", "create", "--tag =x", "--tag '=x': not a tag", ""},
		{"session", "create", "--description \xff", "not UTF-8", ""},
		{"session", "create", "--tag a=\xff", "not UTF-8", ""},
		{"session", "create", "--output yaml", "--output 'yaml'", "json, text or table"},
		{"session", "create", "--profile=", "--profile '': is empty", ""},
		{"session", "show", "--traffic-mirror-session-id tms-0a1b2c3d,tms-0a1b2c3e",
		 "not an id", ""},
		{"session", "show", "", "missing --traffic-mirror-session-id TMS", ""},
		{"session", "show", "--filters Name=a,Values=b", "no such option", ""},
		{"session", "modify", "--traffic-mirror-session-id tms-0a1b2c3d --dry-run",
		 "nothing to change", ""},
		{"session", "modify",
		 "--traffic-mirror-session-id tms-0a1b2c3d --packet-length 1 --remove-fields "
		 "description,packet-length",
		 "--packet-length 'packet-length': both set and removed", "--remove-fields"},
		{"session", "modify",
		 "--traffic-mirror-session-id tms-0a1b2c3d --remove-fields description,x",
		 "--remove-fields 'x'", "packet-length, description or virtual-network-id"},
		{"session", "list", "--filters team=soc", "--filters 'team=soc': not in its form",
		 "Name=NAME,Values=V"},
		{"session", "list", "--filters Name=a", "Values missing", ""},
		{"session", "list", "--filters Name=a,Values=b,Name=c", "not in its form", ""},
		{"session", "list", "--filters {", "not in its form", ""},
		{"session", "list", "--filters {\"Name\":\"a\",\"Values\":[7]}",
		 "Values[0] not a text", ""},
		{"session", "list", "Name=a,Values=b", "not an option", ""},
		{"target", "create", "--description x", "missing one of several",
		 "--network-interface-id, --network-load-balancer-arn"},
		{"target", "create",
		 "--network-interface-id eni-0a1b2c3d --gateway-load-balancer-endpoint-id "
		 "vpce-0a1b2c3d",
		 "more than one of several", ""},
		{"filter", "network-services", "--traffic-mirror-filter-id tmf-0a1b2c3d",
		 "nothing to change", ""},
		{"filter", "network-services",
		 "--traffic-mirror-filter-id tmf-0a1b2c3d --add-network-services dns", "'dns'",
		 "give amazon-dns"},
		{"filter-rule", "create", RULE " --source-cidr-block 10.0.0.0/8",
		 "two address families", ""},
		{"filter-rule", "create", RULE " --source-port-range FromPort=1,ToPort=70000",
		 "ToPort 70000: not in its range", ""},
		{"filter-rule", "create", RULE " --source-port-range FromPort=1", "ToPort missing",
		 ""},
		{"filter-rule", "create", RULE " --source-port-range 1-2", "not in its form",
		 "FromPort=N,ToPort=N"},
		{"filter-rule", "create", RULE " --source-port-range FromPort=9,ToPort=1",
		 "the first port is above the last", ""},
		{"filter-rule", "create",
		 RULE " --protocol 58 --source-port-range FromPort=1,ToPort=1",
		 "only TCP and UDP have ports", ""},
		{"target-group", "create", "--name a", "missing --health-check-port", ""},
		{"target-group", "register", "--target-group-arn " ARN " --targets Port=1",
		 "Id missing", ""},
		{"listener", "list", "", "missing --load-balancer-arn", ""},
		{"load-balancer", "setup",
		 "--name a --subnets subnet-0a1b2c3d --health-check-port 4789",
		 "--health-check-port '4789'", "another port"},
		{"load-balancer", "setup",
		 "--name a --subnets subnet-0a1b2c3d --health-check-port 80 --targets "
		 "i-0a1b2c3d,10.0.0.1",
		 "both instances and addresses", ""},
		{"load-balancer", "setup", SETUP " --targets hello", "--targets 'hello'",
		 "an instance, such as i-"},
		{"load-balancer", "setup", SETUP " --targets i-0a1b", "--targets 'i-0a1b'", ""},
		{"load-balancer", "setup", SETUP " --targets 10.0.0.1,10.0.0", "--targets '10.0.0'",
		 "IPv4 or IPv6 address"},
		{"load-balancer", "setup", SETUP " --targets 10.0.0.1/32", "'10.0.0.1/32'", ""},
		{"load-balancer", "setup", SETUP " --targets ::1%lo", "'::1%lo'", ""},
		{"load-balancer", "setup",
		 SETUP " --ip-address-type dualstack --targets 2001:db8::1,10.0.0.1",
		 "both IPv4 and IPv6", ""},
		{"load-balancer", "setup", SETUP " --targets 2001:db8::1",
		 "need --ip-address-type dualstack", ""},
		{"load-balancer", "setup", SETUP " --health-check-path /x",
		 "needs --health-check-protocol HTTP", ""},
		{"load-balancer", "setup",
		 SETUP " --health-check-protocol TCP --health-check-path /x",
		 "needs --health-check-protocol HTTP", ""},
		{"load-balancer", "setup",
		 SETUP " --health-check-protocol HTTP --health-check-path x", "begins with /", ""},
		{"load-balancer", "teardown", "--name a_b", "--name 'a b'", "hyphens"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct operation_options options;
		struct failure failure = {0};
		char line[512];

		snprintf(line, sizeof(line), "%s", table[i].line);
		print_message("# %s %s %s\n", table[i].noun, table[i].verb, table[i].line);
		assert_int_equal(parse(table[i].noun, table[i].verb, line, &options, &failure),
				 -EINVAL);
		operation_options_fini(&options);
		print_message("# %s: %s\n", failure.message, failure.remedy);
		assert_int_equal(failure.kind, FAILURE_USAGE);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_non_null(strstr(failure.remedy, table[i].remedy));
	}
}

static void reads(void **state)
{
	static const struct {
		const char *noun, *verb, *line, *input;
	} table[] = {
		{"session", "create", CREATE,
		 "{'NetworkInterfaceId': 'eni-0a1b2c3d', 'SessionNumber': 1, "
		 "'TrafficMirrorFilterId': 'tmf-0a1b2c3d', 'TrafficMirrorTargetId': "
		 "'tmt-0a1b2c3d'}"},
		{"session", "create",
		 CREATE " --session-number=007 --tag team=a=b --dry-run --tag note= --virtual 0",
		 "{'DryRun': true, 'NetworkInterfaceId': 'eni-0a1b2c3d', 'SessionNumber': 7, "
		 "'TagSpecifications': [{'ResourceType': 'traffic-mirror-session', 'Tags': "
		 "[{'Key': 'team', 'Value': 'a=b'}, {'Key': 'note', 'Value': ''}]}], "
		 "'TrafficMirrorFilterId': 'tmf-0a1b2c3d', 'TrafficMirrorTargetId': "
		 "'tmt-0a1b2c3d', 'VirtualNetworkId': 0}"},
		{"session", "show",
		 "--traffic-mirror-session-id tms-0a1b2c3d --traffic-mirror-session-id "
		 "tms-0a1b2c3e",
		 "{'TrafficMirrorSessionIds': ['tms-0a1b2c3e']}"},
		{"session", "list",
		 "--filters Name=tag:team,Values=soc,noc Name=owner-id,Values=a=b --filters "
		 "{\"Name\":\"x\",\"Values\":[\"y,z\"]}",
		 "{'Filters': [{'Name': 'tag:team', 'Values': ['soc', 'noc']}, {'Name': "
		 "'owner-id', 'Values': ['a=b']}, {'Name': 'x', 'Values': ['y,z']}]}"},
		{"session", "modify",
		 "--traffic-mirror-session-id tms-0a1b2c3d --remove-fields description "
		 "packet-length",
		 "{'RemoveFields': ['description', 'packet-length'], 'TrafficMirrorSessionId': "
		 "'tms-0a1b2c3d'}"},
		{"filter-rule", "create",
		 RULE " --protocol 17 --destination-port-range FromPort=1,ToPort=2",
		 "{'DestinationCidrBlock': '2001:db8::/32', 'DestinationPortRange': {'FromPort': "
		 "1, 'ToPort': 2}, 'Protocol': 17, 'RuleAction': 'accept', 'RuleNumber': 1, "
		 "'SourceCidrBlock': '::/0', 'TrafficDirection': 'ingress', "
		 "'TrafficMirrorFilterId': 'tmf-0a1b2c3d'}"},
		{"target-group", "create",
		 "--name a --health-check-port 8080 --no-health-check-enabled --tag a=b",
		 "{'HealthCheckEnabled': false, 'HealthCheckPort': '8080', "
		 "'HealthCheckProtocol': 'TCP', 'Name': 'a', 'Port': 4789, 'Protocol': 'UDP', "
		 "'Tags': [{'Key': 'a', 'Value': 'b'}]}"},
		{"target-group", "register",
		 "--target-group-arn " ARN " --targets Id=i-1 Id=10.0.0.1,Port=1",
		 "{'TargetGroupArn': '" ARN "', 'Targets': [{'Id': 'i-1'}, {'Id': '10.0.0.1', "
		 "'Port': 1}]}"},
		/* What only begins like an option is a value, and so is one behind '='. */
		{"target", "create",
		 "--network-interface-id eni-0a1b2c3d --description --dry --dry-run",
		 "{'Description': '--dry', 'DryRun': true, 'NetworkInterfaceId': 'eni-0a1b2c3d'}"},
		{"target", "create", "--network-interface-id eni-0a1b2c3d --description=--dry-run",
		 "{'Description': '--dry-run', 'NetworkInterfaceId': 'eni-0a1b2c3d'}"},
		{"load-balancer", "setup",
		 SETUP " --health-check-protocol HTTPS --health-check-path /up --ip-address-type "
		       "dualstack --targets 2001:db8::1,2001:db8::2",
		 "{'HealthCheckPath': '/up', 'HealthCheckPort': '80', 'HealthCheckProtocol': "
		 "'HTTPS', 'IpAddressType': 'dualstack', 'Name': 'a', 'Subnets': "
		 "['subnet-0a1b2c3d'], 'Targets': ['2001:db8::1', '2001:db8::2']}"},
		{"load-balancer", "create", "--name a --scheme internet-facing",
		 "{'Name': 'a', 'Scheme': 'internet-facing', 'Type': 'network'}"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct operation_options options;
		struct failure failure = {0};
		char line[512], *text;

		snprintf(line, sizeof(line), "%s", table[i].line);
		print_message("# %s %s %s\n", table[i].noun, table[i].verb, table[i].line);
		assert_int_equal(parse(table[i].noun, table[i].verb, line, &options, &failure), 0);
		text = json_dumps(options.input, JSON_SORT_KEYS);
		for (char *c = text; *c; c++)
			*c = *c == '"' ? '\'' : *c;
		assert_string_equal(text, table[i].input);
		free(text);
		operation_options_fini(&options);
	}
}

static void reads_what_all_commands_have(void **state)
{
	char line[] = "--region r --profile p --endpoint-url u --output table";
	char help[] = "--help --colour";
	struct operation_options options;
	struct failure failure = {0};

	assert_int_equal(parse("session", "list", line, &options, &failure), 0);
	assert_string_equal(options.client.region, "r");
	assert_string_equal(options.client.profile, "p");
	assert_string_equal(options.client.endpoint_url, "u");
	assert_int_equal(options.form, OPERATION_TABLE);
	operation_options_fini(&options);
	assert_int_equal(parse("session", "create", help, &options, &failure), 0);
	assert_true(options.help);
	operation_options_fini(&options);
}

/* Every option of every command is listed, and fits where options are kept. */
static void every_command_has_help(void **state)
{
	for (const struct operation_command *row = operation_table; row->noun; row++) {
		const struct shape *shape = operation_command_shape(row);
		struct buffer text = {0};

		operation_options_help(row, &text);
		assert_non_null(strstr(buffer_string(&text), "--help"));
		for (size_t i = 0; i < shape->count; i++) {
			const struct shape_member *member = &shape->members[i];

			/* What people must give they must be able to give. */
			assert_true(member->help || !member->required);
			assert_true(!member->help || member->argument ||
				    member->kind == SHAPE_FLAG);
		}
		for (const struct operation_default *d = row->defaults; d && d->member; d++)
			assert_non_null(shape_find(shape, d->member));
		if (row->one)
			assert_non_null(shape_find(shape, row->one));
		if (row->item)
			assert_non_null(
				shape_find(operation_find(row->operation)->output, row->item));
		buffer_fini(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(reads),
		cmocka_unit_test(reads_what_all_commands_have),
		cmocka_unit_test(every_command_has_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
