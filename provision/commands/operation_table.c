/* SPDX-License-Identifier: Apache-2.0 */
/* Which command calls which operation, and what of its answer is shown. */
#include "provision/commands/load_balancer_setup.h"
#include "provision/commands/operation_command.h"
#include "provision/commands/session_options.h"

_Static_assert((int)OPERATION_COMMAND_WARNING_BYTES >= (int)SESSION_OPTIONS_WARNING_BYTES,
	       "room for its warnings");

#define FILTERS_NOTE                                                                       \
	"A --filters' NAME is one of EC2's. Further filters may follow as words or with\n" \
	"--filters again: all must match, and one value of each. Tags: tag:KEY.\n"
#define TOKEN_NOTE "A repeated --client-token with the same options creates no second one.\n"

/* Columns. */

static const struct operation_column sessions[] = {
	{"SESSION", "TrafficMirrorSessionId"},
	{"INTERFACE", "NetworkInterfaceId"},
	{"TARGET", "TrafficMirrorTargetId"},
	{"FILTER", "TrafficMirrorFilterId"},
	{"NUMBER", "SessionNumber"},
	{"VNI", "VirtualNetworkId"},
	{"LENGTH", "PacketLength"},
	{"DESCRIPTION", "Description"},
	{0},
};

static const struct operation_column targets[] = {
	{"TARGET", "TrafficMirrorTargetId"},
	{"TYPE", "Type"},
	{"INTERFACE", "NetworkInterfaceId"},
	{"LOAD BALANCER", "NetworkLoadBalancerArn"},
	{"ENDPOINT", "GatewayLoadBalancerEndpointId"},
	{"DESCRIPTION", "Description"},
	{"TAGS", "Tags"},
	{0},
};

static const struct operation_column rules[] = {
	{"RULE", "TrafficMirrorFilterRuleId"},
	{"FILTER", "TrafficMirrorFilterId"},
	{"DIRECTION", "TrafficDirection"},
	{"NUMBER", "RuleNumber"},
	{"ACTION", "RuleAction"},
	{"PROTOCOL", "Protocol"},
	{"SOURCE", "SourceCidrBlock"},
	{"PORTS", "SourcePortRange"},
	{"DESTINATION", "DestinationCidrBlock"},
	{"PORTS", "DestinationPortRange"},
	{"DESCRIPTION", "Description"},
	{0},
};

/* Below its filter a rule needs no filter. */
static const struct operation_column rules_of_filter[] = {
	{"NUMBER", "RuleNumber"},          {"ACTION", "RuleAction"},
	{"PROTOCOL", "Protocol"},          {"SOURCE", "SourceCidrBlock"},
	{"PORTS", "SourcePortRange"},      {"DESTINATION", "DestinationCidrBlock"},
	{"PORTS", "DestinationPortRange"}, {"RULE", "TrafficMirrorFilterRuleId"},
	{"DESCRIPTION", "Description"},    {0},
};

static const struct operation_detail filter_details[] = {
	{"IngressFilterRules", rules_of_filter},
	{"EgressFilterRules", rules_of_filter},
	{0},
};

static const struct operation_column filters[] = {
	{"FILTER", "TrafficMirrorFilterId"},
	{"SERVICES", "NetworkServices"},
	{"DESCRIPTION", "Description"},
	{"TAGS", "Tags"},
	{0},
};

static const struct operation_column balancers[] = {
	{"NAME", "LoadBalancerName"},
	{"STATE", "State.Code"},
	{"TYPE", "Type"},
	{"SCHEME", "Scheme"},
	{"VPC", "VpcId"},
	{"ARN", "LoadBalancerArn"},
	{0},
};

static const struct operation_column groups[] = {
	{"NAME", "TargetGroupName"},
	{"PROTOCOL", "Protocol"},
	{"PORT", "Port"},
	{"TARGETS", "TargetType"},
	{"CHECK", "HealthCheckProtocol"},
	{"CHECK PORT", "HealthCheckPort"},
	{"VPC", "VpcId"},
	{"ARN", "TargetGroupArn"},
	{0},
};

static const struct operation_column listeners[] = {
	{"PROTOCOL", "Protocol"},
	{"PORT", "Port"},
	{"TARGET GROUP", "DefaultActions.TargetGroupArn"},
	{"ARN", "ListenerArn"},
	{0},
};

static const struct operation_column attributes[] = {{"KEY", "Key"}, {"VALUE", "Value"}, {0}};

static const struct operation_column health[] = {
	{"TARGET", "Target.Id"},
	{"PORT", "Target.Port"},
	{"ZONE", "Target.AvailabilityZone"},
	{"STATE", "TargetHealth.State"},
	{"REASON", "TargetHealth.Reason"},
	{"DESCRIPTION", "TargetHealth.Description"},
	{0},
};

/* Defaults: what a collector of mirrored packets needs. */

static const struct operation_default balancer_defaults[] = {
	{"Type", "network"},
	{"Scheme", "internal"},
	{0},
};
static const struct operation_default group_defaults[] = {
	{"Protocol", "UDP"},
	{"Port", "4789"},
	{"HealthCheckProtocol", "TCP"},
	{0},
};
static const struct operation_default listener_defaults[] = {
	{"Protocol", "UDP"},
	{"Port", "4789"},
	{0},
};

/* Warnings. */

static void warn_length(const json_t *input, char *warning)
{
	session_options_warn_length(
		(uint32_t)json_integer_value(json_object_get(input, "PacketLength")), warning);
}

/* The table. */

#define SESSIONS(word, action)  .noun = "session", .verb = (word), .operation = (action)
#define TARGETS(word, action)   .noun = "target", .verb = (word), .operation = (action)
#define FILTERS(word, action)   .noun = "filter", .verb = (word), .operation = (action)
#define RULES(word, action)     .noun = "filter-rule", .verb = (word), .operation = (action)
#define BALANCERS(word, action) .noun = "load-balancer", .verb = (word), .operation = (action)
#define GROUPS(word, action)    .noun = "target-group", .verb = (word), .operation = (action)
#define LISTENERS(word, action) .noun = "listener", .verb = (word), .operation = (action)

#define SESSION_COLUMNS  .item = "TrafficMirrorSessions", .columns = sessions
#define TARGET_COLUMNS   .item = "TrafficMirrorTargets", .columns = targets
#define FILTER_COLUMNS   .item = "TrafficMirrorFilters", .columns = filters
#define RULE_COLUMNS     .item = "TrafficMirrorFilterRules", .columns = rules
#define BALANCER_COLUMNS .item = "LoadBalancers", .columns = balancers
#define GROUP_COLUMNS    .item = "TargetGroups", .columns = groups
#define LISTENER_COLUMNS .item = "Listeners", .columns = listeners
#define ATTRIBUTES       .item = "Attributes", .columns = attributes

const struct operation_command operation_table[] = {
	{SESSIONS("create", "CreateTrafficMirrorSession"),
	 .summary = "create a session: AWS starts to mirror at once", .notes = TOKEN_NOTE,
	 .item = "TrafficMirrorSession", .columns = sessions, .warn = warn_length},
	{SESSIONS("modify", "ModifyTrafficMirrorSession"), .summary = "change a session in place",
	 .item = "TrafficMirrorSession", .columns = sessions, .changes = true, .warn = warn_length},
	{SESSIONS("list", "DescribeTrafficMirrorSessions"), .summary = "list the region's sessions",
	 .notes = FILTERS_NOTE
	 "Names: description, network-interface-id, owner-id, packet-length, session-number,\n"
	 "traffic-mirror-filter-id, traffic-mirror-session-id, traffic-mirror-target-id,\n"
	 "virtual-network-id.\n",
	 SESSION_COLUMNS},
	{SESSIONS("show", "DescribeTrafficMirrorSessions"), .summary = "show one session",
	 .one = "TrafficMirrorSessionIds", SESSION_COLUMNS},
	{SESSIONS("delete", "DeleteTrafficMirrorSession"),
	 .summary = "delete a session: AWS stops to mirror at once", .columns = sessions},

	{TARGETS("create", "CreateTrafficMirrorTarget"),
	 .summary = "create a target: a place that sessions send copies to", .notes = TOKEN_NOTE,
	 .item = "TrafficMirrorTarget", .columns = targets},
	{TARGETS("list", "DescribeTrafficMirrorTargets"), .summary = "list the region's targets",
	 .notes = FILTERS_NOTE
	 "Names: description, network-interface-id, network-load-balancer-arn, owner-id,\n"
	 "traffic-mirror-target-id.\n",
	 TARGET_COLUMNS},
	{TARGETS("show", "DescribeTrafficMirrorTargets"), .summary = "show one target",
	 .one = "TrafficMirrorTargetIds", TARGET_COLUMNS},
	{TARGETS("delete", "DeleteTrafficMirrorTarget"),
	 .summary = "delete a target that no session uses", .columns = targets},

	{FILTERS("create", "CreateTrafficMirrorFilter"),
	 .summary = "create a filter: without rules it mirrors nothing", .notes = TOKEN_NOTE,
	 .item = "TrafficMirrorFilter", .columns = filters, .details = filter_details},
	{FILTERS("network-services", "ModifyTrafficMirrorFilterNetworkServices"),
	 .summary = "mirror the traffic of AWS's own services, or no longer",
	 .item = "TrafficMirrorFilter", .columns = filters, .details = filter_details,
	 .changes = true},
	{FILTERS("list", "DescribeTrafficMirrorFilters"), .summary = "list the region's filters",
	 .notes = FILTERS_NOTE "Names: description, traffic-mirror-filter-id.\n", FILTER_COLUMNS},
	{FILTERS("show", "DescribeTrafficMirrorFilters"),
	 .summary = "show one filter and its rules", .one = "TrafficMirrorFilterIds",
	 FILTER_COLUMNS, .details = filter_details},
	{FILTERS("delete", "DeleteTrafficMirrorFilter"),
	 .summary = "delete a filter that no session uses, and its rules", .columns = filters},

	{RULES("create", "CreateTrafficMirrorFilterRule"), .summary = "add a rule to a filter",
	 .notes = "IPv6 needs rules of its own: ::/0 is not in 0.0.0.0/0.\n" TOKEN_NOTE,
	 .item = "TrafficMirrorFilterRule", .columns = rules},
	{RULES("modify", "ModifyTrafficMirrorFilterRule"), .summary = "change a rule in place",
	 .item = "TrafficMirrorFilterRule", .columns = rules, .changes = true},
	{RULES("list", "DescribeTrafficMirrorFilterRules"), .summary = "list rules",
	 .notes = FILTERS_NOTE
	 "Names: traffic-mirror-filter-rule-id, traffic-mirror-filter-id, rule-number,\n"
	 "rule-action, traffic-direction, protocol, source-cidr-block,\n"
	 "destination-cidr-block, description.\n",
	 RULE_COLUMNS},
	{RULES("show", "DescribeTrafficMirrorFilterRules"), .summary = "show one rule",
	 .one = "TrafficMirrorFilterRuleIds", RULE_COLUMNS},
	{RULES("delete", "DeleteTrafficMirrorFilterRule"), .summary = "delete a rule",
	 .columns = rules},

	{.noun = "load-balancer",
	 .verb = "setup",
	 .act = load_balancer_setup,
	 .input = &load_balancer_setup_shape,
	 .summary = "create a Network Load Balancer before collectors, whole and ready",
	 .notes = LOAD_BALANCER_SETUP_NOTES},
	{.noun = "load-balancer",
	 .verb = "teardown",
	 .act = load_balancer_teardown,
	 .input = &load_balancer_teardown_shape,
	 .summary = "delete what setup created",
	 .notes = LOAD_BALANCER_TEARDOWN_NOTES},
	{BALANCERS("create", "CreateLoadBalancer"), .summary = "create a load balancer alone",
	 .defaults = balancer_defaults, BALANCER_COLUMNS},
	{BALANCERS("modify", "ModifyLoadBalancerAttributes"),
	 .summary = "set attributes, such as load_balancing.cross_zone.enabled", ATTRIBUTES},
	{BALANCERS("attributes", "DescribeLoadBalancerAttributes"), .summary = "list attributes",
	 ATTRIBUTES},
	{BALANCERS("list", "DescribeLoadBalancers"), .summary = "list the region's load balancers",
	 BALANCER_COLUMNS},
	{BALANCERS("show", "DescribeLoadBalancers"), .summary = "show one load balancer",
	 .one = "LoadBalancerArns", BALANCER_COLUMNS},
	{BALANCERS("delete", "DeleteLoadBalancer"),
	 .summary = "delete a load balancer and its listeners"},

	{GROUPS("create", "CreateTargetGroup"),
	 .summary = "create a target group for mirrored packets",
	 .notes = "A UDP target group is checked by TCP or HTTP only, and a collector answers\n"
		  "neither on port 4789: hence a port of its own.\n",
	 .defaults = group_defaults, .needed = "HealthCheckPort", GROUP_COLUMNS},
	{GROUPS("modify", "ModifyTargetGroupAttributes"),
	 .summary = "set attributes, such as deregistration_delay.timeout_seconds", ATTRIBUTES},
	{GROUPS("attributes", "DescribeTargetGroupAttributes"), .summary = "list attributes",
	 ATTRIBUTES},
	{GROUPS("list", "DescribeTargetGroups"), .summary = "list the region's target groups",
	 GROUP_COLUMNS},
	{GROUPS("show", "DescribeTargetGroups"), .summary = "show one target group",
	 .one = "TargetGroupArns", GROUP_COLUMNS},
	{GROUPS("register", "RegisterTargets"), .summary = "add targets: collectors"},
	{GROUPS("deregister", "DeregisterTargets"), .summary = "take targets out"},
	{GROUPS("health", "DescribeTargetHealth"), .summary = "list targets and their health",
	 .item = "TargetHealthDescriptions", .columns = health},
	{GROUPS("delete", "DeleteTargetGroup"),
	 .summary = "delete a target group that no listener uses"},

	{LISTENERS("create", "CreateListener"),
	 .summary = "let a load balancer hand packets to a target group",
	 .defaults = listener_defaults, LISTENER_COLUMNS},
	{LISTENERS("list", "DescribeListeners"), .summary = "list a load balancer's listeners",
	 .needed = "LoadBalancerArn", LISTENER_COLUMNS},
	{LISTENERS("show", "DescribeListeners"), .summary = "show one listener",
	 .one = "ListenerArns", LISTENER_COLUMNS},
	{LISTENERS("delete", "DeleteListener"), .summary = "delete a listener"},
	{0},
};
