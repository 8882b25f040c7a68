/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/shape.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "provision/api/near_match.h"
#include "provision/api/operation.h"

#define RULE                                                                       \
	"'TrafficMirrorFilterId':'tmf-0a1b2c3d','TrafficDirection':'ingress',"     \
	"'RuleNumber':1,'RuleAction':'accept','DestinationCidrBlock':'0.0.0.0/0'," \
	"'SourceCidrBlock':'10.0.0.0/8'"
#define ARN "arn:aws:elasticloadbalancing:r:1:loadbalancer/net/n/1"

/* message and remedy: parts; NULL: it is good. */
static void checks_requests(void **state)
{
	static const struct {
		const char *operation, *input, *message, *remedy;
	} table[] = {
		{"CreateTrafficMirrorSession", "[]", "not an object", ""},
		{"CreateTrafficMirrorSession", "{}", "NetworkInterfaceId: missing", ""},
		{"CreateTrafficMirrorSession", "{'SessionNumbr':1}", "SessionNumbr: no such member",
		 "did you mean SessionNumber?"},
		{"CreateTrafficMirrorSession", "{'Colour':1}", "Colour: no such member", ""},
		{"DeleteTrafficMirrorSession", "{'TrafficMirrorSessionId':null}",
		 "TrafficMirrorSessionId: missing", ""},
		{"DeleteTrafficMirrorSession", "{'TrafficMirrorSessionId':7}",
		 "TrafficMirrorSessionId: not a text", ""},
		{"DeleteTrafficMirrorSession", "{'TrafficMirrorSessionId':'tmt-0a1b2c3d'}",
		 "TrafficMirrorSessionId 'tmt-0a1b2c3d': not an id",
		 "give one such as tms-0123456789abcdef0"},
		{"DeleteTrafficMirrorSession", "{'TrafficMirrorSessionId':'tms-../../x'}",
		 "not an id", ""},
		{"DeleteTrafficMirrorSession",
		 "{'TrafficMirrorSessionId':'tms-0a1b2c3d','DryRun':'yes'}",
		 "DryRun: neither true nor false", ""},
		{"DeleteTrafficMirrorSession",
		 "{'TrafficMirrorSessionId':'tms-0a1b2c3d','DryRun':true}", NULL, NULL},
		{"ModifyTrafficMirrorSession",
		 "{'TrafficMirrorSessionId':'tms-0a1b2c3d','VirtualNetworkId':16777216}",
		 "VirtualNetworkId '16777216': not in its range",
		 "give a whole number from 0 to 16777215"},
		{"ModifyTrafficMirrorSession",
		 "{'TrafficMirrorSessionId':'tms-0a1b2c3d','VirtualNetworkId':0}", NULL, NULL},
		{"ModifyTrafficMirrorSession",
		 "{'TrafficMirrorSessionId':'tms-0a1b2c3d','RemoveFields':['packet-lenght']}",
		 "RemoveFields[0] 'packet-lenght': not a value",
		 "give packet-length, description or virtual-network-id"},
		{"DescribeTrafficMirrorSessions",
		 "{'Filters':[{'Name':'a','Values':['b']},{'Name':"
		 "'c','Values':[7]}]}",
		 "Filters[1].Values[0]: not a text", ""},
		{"DescribeTrafficMirrorSessions", "{'Filters':[{'Values':['b']}]}",
		 "Filters[0].Name: missing", ""},
		{"DescribeTrafficMirrorSessions", "{'Filters':[{'Name':'a','Values':[]}]}",
		 "Filters[0].Values: empty", ""},
		{"DescribeTrafficMirrorSessions", "{'Filters':{}}", "Filters: not a list", ""},
		{"CreateTrafficMirrorTarget", "{}", "none of several",
		 "give one of NetworkInterfaceId, NetworkLoadBalancerArn, "
		 "GatewayLoadBalancerEndpointId"},
		{"CreateTrafficMirrorTarget",
		 "{'NetworkInterfaceId':'eni-0a1b2c3d','NetworkLoadBalancerArn':'" ARN "'}",
		 "more than one of several", "give one of"},
		{"CreateTrafficMirrorTarget", "{'NetworkLoadBalancerArn':'arn:aws:s3:::b'}",
		 "not in its form", "ARN"},
		{"CreateTrafficMirrorTarget", "{'NetworkLoadBalancerArn':'" ARN "'}", NULL, NULL},
		{"CreateTrafficMirrorTarget",
		 "{'NetworkInterfaceId':'eni-0a1b2c3d','ClientToken':''}", "ClientToken",
		 "1 to 64"},
		{"CreateTrafficMirrorFilterRule", "{" RULE "}", NULL, NULL},
		{"CreateTrafficMirrorFilterRule", "{" RULE ",'SourceCidrBlock':'10.0.0.0'}",
		 "SourceCidrBlock '10.0.0.0'", "prefix length"},
		{"CreateTrafficMirrorFilterRule", "{" RULE ",'SourceCidrBlock':'10.0.0.0/33'}",
		 "SourceCidrBlock '10.0.0.0/33'", ""},
		{"CreateTrafficMirrorFilterRule", "{" RULE ",'SourceCidrBlock':'::/129'}",
		 "SourceCidrBlock '::/129'", ""},
		{"CreateTrafficMirrorFilterRule", "{" RULE ",'SourceCidrBlock':'/8'}",
		 "SourceCidrBlock '/8'", ""},
		{"CreateTrafficMirrorFilterRule", "{" RULE ",'SourceCidrBlock':'::/0'}",
		 "two address families", ""},
		{"CreateTrafficMirrorFilterRule",
		 "{" RULE ",'SourcePortRange':{'FromPort':1,'ToPort':2},'Protocol':1}",
		 "only TCP and UDP have ports", ""},
		{"CreateTrafficMirrorFilterRule",
		 "{" RULE ",'SourcePortRange':{'FromPort':3,'ToPort':2},'Protocol':6}",
		 "SourcePortRange: the first port is above the last", ""},
		{"CreateTrafficMirrorFilterRule",
		 "{" RULE ",'SourcePortRange':{'FromPort':1,'ToPort':65536},'Protocol':6}",
		 "SourcePortRange.ToPort '65536': not in its range", ""},
		{"CreateTrafficMirrorFilterRule",
		 "{" RULE ",'SourcePortRange':{'FromPort':2,'ToPort':2},'Protocol':17}", NULL,
		 NULL},
		{"CreateTargetGroup", "{'Name':'-a'}", "Name '-a'", "hyphens"},
		{"CreateTargetGroup", "{'Name':'a','HealthCheckPort':'0'}", "HealthCheckPort '0'",
		 "traffic-port"},
		{"CreateTargetGroup", "{'Name':'a','HealthCheckPort':'8080'}", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct failure failure = {0};
		char text[1024];
		json_t *input;
		int rc;

		snprintf(text, sizeof(text), "%s", table[i].input);
		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		print_message("# %s %s\n", table[i].operation, text);
		input = json_loads(text, 0, NULL);
		assert_non_null(input);
		rc = shape_check(operation_find(table[i].operation)->input, input, &failure);
		assert_int_equal(rc, table[i].message ? -EINVAL : 0);
		if (rc) {
			print_message("# %s: %s\n", failure.message, failure.remedy);
			assert_int_equal(failure.kind, FAILURE_USAGE);
			assert_non_null(strstr(failure.message, table[i].message));
			assert_non_null(strstr(failure.remedy, table[i].remedy));
		}
		json_decref(input);
	}
}

static void reads_numbers(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t number;
	} table[] = {
		{"", false, 0},
		{"-", false, 0},
		{" 1", false, 0},
		{"+1", false, 0},
		{"1 ", false, 0},
		{"0x1", false, 0},
		{"1e3", false, 0},
		{"--1", false, 0},
		{"9223372036854775808", false, 0},
		{"0", true, 0},
		{"007", true, 7},
		{"-1", true, -1},
		{"9223372036854775807", true, INT64_MAX},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int64_t number = 0;

		assert_int_equal(shape_number(table[i].text, &number), table[i].good);
		assert_int_equal(number, table[i].number);
	}
}

static void guesses_names(void **state)
{
	static const char *const names[] = {"create", "modify", "delete", "list", "show"};
	static const struct {
		const char *word, *name;
	} table[] = {
		{"", NULL},
		{"x", NULL},
		{"creat", "create"},
		{"craete", "create"},
		{"del", "delete"},
		{"lists", "list"},
		{"delete", "delete"},
		{"describe", NULL},
		{"a-word-much-longer-than-any-name-that-there-is-in-any-table-of-ours-at-all",
		 NULL},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct near_match near = {.word = table[i].word};

		for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++)
			near_match_offer(&near, names[j]);
		if (table[i].name)
			assert_string_equal(near.name, table[i].name);
		else
			assert_null(near.name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_requests),
		cmocka_unit_test(reads_numbers),
		cmocka_unit_test(guesses_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
