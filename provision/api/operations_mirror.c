/* SPDX-License-Identifier: Apache-2.0 */
/* Amazon EC2's fifteen actions for Traffic Mirroring, API 2016-11-15. */
#include "provision/api/operations.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "capture/session_map.h"

enum {
	LARGEST_NUMBER = 32766, /* of a session and of a rule */
	LARGEST_PORT = 65535,
	LARGEST_PROTOCOL = 255,
	TCP = 6,
	UDP = 17,
};

/* Checks. */

/* -1 where it is none, else its family. */
static int cidr_family(const char *text)
{
	const char *slash = strchr(text, '/');
	unsigned char address[sizeof(struct in6_addr)];
	const int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	char host[INET6_ADDRSTRLEN];
	unsigned long length;
	char *end;

	if (!slash || (size_t)(slash - text) >= sizeof(host) || slash[1] < '0' || slash[1] > '9')
		return -1;
	memcpy(host, text, (size_t)(slash - text));
	host[slash - text] = '\0';
	length = strtoul(slash + 1, &end, 10);
	if (*end || length > (family == AF_INET6 ? 128 : 32) ||
	    inet_pton(family, host, address) != 1)
		return -1;
	return family;
}

const char *operations_check_cidr(const char *text)
{
	return cidr_family(text) < 0 ? "give an address and a prefix length, such as 10.0.0.0/8 or "
				       "::/0"
				     : NULL;
}

static int family_of(const json_t *rule, const char *member)
{
	const char *text = json_string_value(json_object_get(rule, member));

	return text ? cidr_family(text) : -1;
}

static const char *check_range(const json_t *range)
{
	json_int_t from = json_integer_value(json_object_get(range, "FromPort"));
	json_int_t to = json_integer_value(json_object_get(range, "ToPort"));

	return from > to ? "the first port is above the last" : NULL;
}

static const char *check_rule(const json_t *rule)
{
	const json_t *protocol = json_object_get(rule, "Protocol");
	int source = family_of(rule, "SourceCidrBlock");
	int destination = family_of(rule, "DestinationCidrBlock");

	if (source >= 0 && destination >= 0 && source != destination)
		return "the source's CIDR block and the destination's are of two address families";
	if (protocol && json_integer_value(protocol) != TCP &&
	    json_integer_value(protocol) != UDP &&
	    (json_object_get(rule, "SourcePortRange") ||
	     json_object_get(rule, "DestinationPortRange")))
		return "only TCP and UDP have ports: the protocol must be 6 or 17";
	return NULL;
}

/* Values. */

static const char *const directions[] = {"ingress", "egress", NULL};
static const char *const actions[] = {"accept", "reject", NULL};
static const char *const services[] = {"amazon-dns", NULL};
static const char *const session_fields[] = {"packet-length", "description", "virtual-network-id",
					     NULL};
static const char *const rule_fields[] = {"destination-port-range", "source-port-range", "protocol",
					  "description", NULL};

static const struct shape_member port_range_members[] = {
	{.name = "FromPort", .kind = SHAPE_NUMBER, .required = true, .max = LARGEST_PORT},
	{.name = "ToPort", .kind = SHAPE_NUMBER, .required = true, .max = LARGEST_PORT},
};
static const struct shape port_range = {SHAPE_MEMBERS(port_range_members), .check = check_range};

static const struct shape_member answered_range_members[] = {
	{.name = "FromPort", .kind = SHAPE_NUMBER},
	{.name = "ToPort", .kind = SHAPE_NUMBER},
};
static const struct shape answered_range = {SHAPE_MEMBERS(answered_range_members)};

/* What is mirrored where. */

static const struct shape_member session_members[] = {
	{.name = "TrafficMirrorSessionId", .required = true},
	{.name = "TrafficMirrorTargetId"},
	{.name = "TrafficMirrorFilterId"},
	{.name = "NetworkInterfaceId"},
	{.name = "OwnerId"},
	{.name = "PacketLength", .kind = SHAPE_NUMBER},
	{.name = "SessionNumber", .kind = SHAPE_NUMBER},
	{.name = "VirtualNetworkId", .kind = SHAPE_NUMBER},
	{.name = "Description"},
	OPERATIONS_TAG_SET,
};
static const struct shape session = {SHAPE_MEMBERS(session_members)};

static const struct shape_member target_members[] = {
	{.name = "TrafficMirrorTargetId", .required = true},
	{.name = "NetworkInterfaceId"},
	{.name = "NetworkLoadBalancerArn"},
	{.name = "Type"},
	{.name = "Description"},
	{.name = "OwnerId"},
	OPERATIONS_TAG_SET,
	{.name = "GatewayLoadBalancerEndpointId"},
};
static const struct shape target = {SHAPE_MEMBERS(target_members)};

static const struct shape_member rule_members[] = {
	{.name = "TrafficMirrorFilterRuleId", .required = true},
	{.name = "TrafficMirrorFilterId"},
	{.name = "TrafficDirection"},
	{.name = "RuleNumber", .kind = SHAPE_NUMBER},
	{.name = "RuleAction"},
	{.name = "Protocol", .kind = SHAPE_NUMBER},
	{.name = "DestinationPortRange", .kind = SHAPE_STRUCTURE, .shape = &answered_range},
	{.name = "SourcePortRange", .kind = SHAPE_STRUCTURE, .shape = &answered_range},
	{.name = "DestinationCidrBlock"},
	{.name = "SourceCidrBlock"},
	{.name = "Description"},
	OPERATIONS_TAG_SET,
};
static const struct shape rule = {SHAPE_MEMBERS(rule_members)};

static const struct shape_member filter_members[] = {
	{.name = "TrafficMirrorFilterId", .required = true},
	{.name = "IngressFilterRules",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &rule,
	 .element = "ingressFilterRuleSet"},
	{.name = "EgressFilterRules",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &rule,
	 .element = "egressFilterRuleSet"},
	{.name = "NetworkServices", .kind = SHAPE_TEXTS, .element = "networkServiceSet"},
	{.name = "Description"},
	OPERATIONS_TAG_SET,
};
static const struct shape filter = {SHAPE_MEMBERS(filter_members)};

/* Ids. */

#define SESSION_ID \
	.name = "TrafficMirrorSessionId", .prefix = "tms-", .argument = "TMS", .help = "the session"
#define TARGET_ID .name = "TrafficMirrorTargetId", .prefix = "tmt-", .argument = "TMT"
#define FILTER_ID .name = "TrafficMirrorFilterId", .prefix = "tmf-", .argument = "TMF"
#define RULE_ID                                                                     \
	.name = "TrafficMirrorFilterRuleId", .prefix = "tmfr-", .argument = "TMFR", \
	.help = "the rule"
#define IDS(list, id, start, place)                                                    \
	{                                                                              \
		.name = (list), .kind = SHAPE_TEXTS, .query = (id), .prefix = (start), \
		.argument = (place), .help = "only these; may be repeated"             \
	}

#define DESCRIBE(list, id, start, place)                                         \
	IDS(list, id, start, place), OPERATIONS_FILTERS, OPERATIONS_MAX_RESULTS, \
		OPERATIONS_NEXT_TOKEN, OPERATIONS_DRY_RUN

#define LISTED(list, item, set)    \
	{.name = (list),           \
	 .kind = SHAPE_STRUCTURES, \
	 .shape = (item),          \
	 .element = (set),         \
	 .required = true},        \
		OPERATIONS_NEXT_TOKEN

#define ANSWERED(member, item)                                                               \
	{                                                                                    \
		.name = (member), .kind = SHAPE_STRUCTURE, .shape = (item), .required = true \
	}

/* Sessions. */

#define PACKET_LENGTH                                                                       \
	{                                                                                   \
		.name = "PacketLength", .kind = SHAPE_NUMBER, .min = 1, .max = INT32_MAX,   \
		.argument = "BYTES",                                                        \
		.help = "cut copies to this length after the VXLAN header (default: whole)" \
	}
#define VIRTUAL_NETWORK_ID                                                                \
	{                                                                                 \
		.name = "VirtualNetworkId", .kind = SHAPE_NUMBER, .max = SESSION_MAX_VNI, \
		.argument = "VNI", .help = "0 to 16777215 (default: AWS chooses)"         \
	}
#define SESSION_NUMBER                                                                  \
	.name = "SessionNumber", .kind = SHAPE_NUMBER, .min = 1, .max = LARGEST_NUMBER, \
	.argument = "N",                                                                \
	.help = "1 to 32766; the interface's lowest matching session mirrors a packet"

static const struct shape_member create_session_members[] = {
	{.name = "NetworkInterfaceId",
	 .required = true,
	 .prefix = "eni-",
	 .argument = "ENI",
	 .help = "the source: the interface to mirror"},
	{TARGET_ID, .required = true, .help = "where the copies go"},
	{FILTER_ID, .required = true, .help = "which packets are copied"},
	PACKET_LENGTH,
	{SESSION_NUMBER, .required = true},
	VIRTUAL_NETWORK_ID,
	OPERATIONS_DESCRIPTION,
	OPERATIONS_TAG_SPECIFICATIONS,
	OPERATIONS_DRY_RUN,
	OPERATIONS_CLIENT_TOKEN,
};
static const struct shape create_session = {SHAPE_MEMBERS(create_session_members)};

static const struct shape_member modify_session_members[] = {
	{SESSION_ID, .required = true},
	{TARGET_ID, .help = "where the copies go"},
	{FILTER_ID, .help = "which packets are copied"},
	PACKET_LENGTH,
	{SESSION_NUMBER},
	VIRTUAL_NETWORK_ID,
	OPERATIONS_DESCRIPTION,
	{.name = "RemoveFields",
	 .kind = SHAPE_TEXTS,
	 .query = "RemoveField",
	 .values = session_fields,
	 .argument = "FIELD[,FIELD]",
	 .help = "back to the default: packet-length, description, virtual-network-id"},
	OPERATIONS_DRY_RUN,
};
static const struct shape modify_session = {SHAPE_MEMBERS(modify_session_members)};

static const struct shape_member delete_session_members[] = {
	{SESSION_ID, .required = true},
	OPERATIONS_DRY_RUN,
};
static const struct shape delete_session = {SHAPE_MEMBERS(delete_session_members)};

static const struct shape_member describe_sessions_members[] = {
	DESCRIBE("TrafficMirrorSessionIds", "TrafficMirrorSessionId", "tms-", "TMS[,TMS]"),
};
static const struct shape describe_sessions = {SHAPE_MEMBERS(describe_sessions_members)};

static const struct shape_member created_session_members[] = {
	ANSWERED("TrafficMirrorSession", &session),
	{.name = "ClientToken"},
};
static const struct shape created_session = {SHAPE_MEMBERS(created_session_members)};

static const struct shape_member modified_session_members[] = {
	ANSWERED("TrafficMirrorSession", &session),
};
static const struct shape modified_session = {SHAPE_MEMBERS(modified_session_members)};

static const struct shape_member deleted_session_members[] = {{.name = "TrafficMirrorSessionId"}};
static const struct shape deleted_session = {SHAPE_MEMBERS(deleted_session_members)};

static const struct shape_member sessions_members[] = {
	LISTED("TrafficMirrorSessions", &session, "trafficMirrorSessionSet"),
};
static const struct shape sessions = {SHAPE_MEMBERS(sessions_members)};

/* Targets. */

static const char *const target_kinds[] = {"NetworkInterfaceId", "NetworkLoadBalancerArn",
					   "GatewayLoadBalancerEndpointId", NULL};

static const struct shape_member create_target_members[] = {
	{.name = "NetworkInterfaceId",
	 .prefix = "eni-",
	 .argument = "ENI",
	 .help = "a collector's interface"},
	{.name = "NetworkLoadBalancerArn",
	 .check = operations_check_load_balancer_arn,
	 .argument = "ARN",
	 .help = "or a Network Load Balancer before several"},
	{.name = "GatewayLoadBalancerEndpointId",
	 .prefix = "vpce-",
	 .argument = "VPCE",
	 .help = "or a Gateway Load Balancer endpoint (GENEVE outside)"},
	OPERATIONS_DESCRIPTION,
	OPERATIONS_TAG_SPECIFICATIONS,
	OPERATIONS_DRY_RUN,
	OPERATIONS_CLIENT_TOKEN,
};
static const struct shape create_target = {SHAPE_MEMBERS(create_target_members),
					   .one_of = target_kinds};

static const struct shape_member delete_target_members[] = {
	{TARGET_ID, .required = true, .help = "the target"},
	OPERATIONS_DRY_RUN,
};
static const struct shape delete_target = {SHAPE_MEMBERS(delete_target_members)};

static const struct shape_member describe_targets_members[] = {
	DESCRIBE("TrafficMirrorTargetIds", "TrafficMirrorTargetId", "tmt-", "TMT[,TMT]"),
};
static const struct shape describe_targets = {SHAPE_MEMBERS(describe_targets_members)};

static const struct shape_member created_target_members[] = {
	ANSWERED("TrafficMirrorTarget", &target),
	{.name = "ClientToken"},
};
static const struct shape created_target = {SHAPE_MEMBERS(created_target_members)};

static const struct shape_member deleted_target_members[] = {{.name = "TrafficMirrorTargetId"}};
static const struct shape deleted_target = {SHAPE_MEMBERS(deleted_target_members)};

static const struct shape_member targets_members[] = {
	LISTED("TrafficMirrorTargets", &target, "trafficMirrorTargetSet"),
};
static const struct shape targets = {SHAPE_MEMBERS(targets_members)};

/* Filters. */

static const struct shape_member create_filter_members[] = {
	OPERATIONS_DESCRIPTION,
	OPERATIONS_TAG_SPECIFICATIONS,
	OPERATIONS_DRY_RUN,
	OPERATIONS_CLIENT_TOKEN,
};
static const struct shape create_filter = {SHAPE_MEMBERS(create_filter_members)};

static const struct shape_member modify_services_members[] = {
	{FILTER_ID, .required = true, .help = "the filter"},
	{.name = "AddNetworkServices",
	 .kind = SHAPE_TEXTS,
	 .query = "AddNetworkService",
	 .values = services,
	 .argument = "SERVICE",
	 .help = "mirror its traffic too: amazon-dns"},
	{.name = "RemoveNetworkServices",
	 .kind = SHAPE_TEXTS,
	 .query = "RemoveNetworkService",
	 .values = services,
	 .argument = "SERVICE",
	 .help = "mirror its traffic no longer: amazon-dns"},
	OPERATIONS_DRY_RUN,
};
static const struct shape modify_services = {SHAPE_MEMBERS(modify_services_members)};

static const struct shape_member delete_filter_members[] = {
	{FILTER_ID, .required = true, .help = "the filter"},
	OPERATIONS_DRY_RUN,
};
static const struct shape delete_filter = {SHAPE_MEMBERS(delete_filter_members)};

static const struct shape_member describe_filters_members[] = {
	DESCRIBE("TrafficMirrorFilterIds", "TrafficMirrorFilterId", "tmf-", "TMF[,TMF]"),
};
static const struct shape describe_filters = {SHAPE_MEMBERS(describe_filters_members)};

static const struct shape_member created_filter_members[] = {
	ANSWERED("TrafficMirrorFilter", &filter),
	{.name = "ClientToken"},
};
static const struct shape created_filter = {SHAPE_MEMBERS(created_filter_members)};

static const struct shape_member modified_filter_members[] = {
	ANSWERED("TrafficMirrorFilter", &filter),
};
static const struct shape modified_filter = {SHAPE_MEMBERS(modified_filter_members)};

static const struct shape_member deleted_filter_members[] = {{.name = "TrafficMirrorFilterId"}};
static const struct shape deleted_filter = {SHAPE_MEMBERS(deleted_filter_members)};

static const struct shape_member filters_members[] = {
	LISTED("TrafficMirrorFilters", &filter, "trafficMirrorFilterSet"),
};
static const struct shape filters = {SHAPE_MEMBERS(filters_members)};

/* Rules. */

#define DIRECTION                                                                       \
	.name = "TrafficDirection", .values = directions, .argument = "ingress|egress", \
	.help = "as seen from the source"
#define RULE_NUMBER                                                                  \
	.name = "RuleNumber", .kind = SHAPE_NUMBER, .min = 1, .max = LARGEST_NUMBER, \
	.argument = "N", .help = "1 to 32766; the lowest that matches decides"
#define RULE_ACTION                                                           \
	.name = "RuleAction", .values = actions, .argument = "accept|reject", \
	.help = "copy what matches, or do not"
#define DESTINATION                                                                         \
	.name = "DestinationCidrBlock", .check = operations_check_cidr, .argument = "CIDR", \
	.help = "of the packet's destination"
#define SOURCE                                                                         \
	.name = "SourceCidrBlock", .check = operations_check_cidr, .argument = "CIDR", \
	.help = "of the packet's source"
#define MATCHES                                                                          \
	{.name = "DestinationPortRange",                                                 \
	 .kind = SHAPE_STRUCTURE,                                                        \
	 .shape = &port_range,                                                           \
	 .argument = "FromPort=N,ToPort=N",                                              \
	 .help = "of TCP or UDP (default: any)"},                                        \
		{.name = "SourcePortRange",                                              \
		 .kind = SHAPE_STRUCTURE,                                                \
		 .shape = &port_range,                                                   \
		 .argument = "FromPort=N,ToPort=N",                                      \
		 .help = "of TCP or UDP (default: any)"},                                \
	{                                                                                \
		.name = "Protocol", .kind = SHAPE_NUMBER, .max = LARGEST_PROTOCOL,       \
		.argument = "N", .help = "its IANA number: 6 TCP, 17 UDP (default: any)" \
	}

static const struct shape_member create_rule_members[] = {
	{FILTER_ID, .required = true, .help = "the filter"},
	{DIRECTION, .required = true},
	{RULE_NUMBER, .required = true},
	{RULE_ACTION, .required = true},
	MATCHES,
	{DESTINATION, .required = true},
	{SOURCE, .required = true},
	OPERATIONS_DESCRIPTION,
	OPERATIONS_DRY_RUN,
	OPERATIONS_CLIENT_TOKEN,
	OPERATIONS_TAG_SPECIFICATIONS,
};
static const struct shape create_rule = {SHAPE_MEMBERS(create_rule_members), .check = check_rule};

static const struct shape_member modify_rule_members[] = {
	{RULE_ID, .required = true},
	{DIRECTION},
	{RULE_NUMBER},
	{RULE_ACTION},
	MATCHES,
	{DESTINATION},
	{SOURCE},
	OPERATIONS_DESCRIPTION,
	{.name = "RemoveFields",
	 .kind = SHAPE_TEXTS,
	 .query = "RemoveField",
	 .values = rule_fields,
	 .argument = "FIELD[,FIELD]",
	 .help = "destination-port-range, source-port-range, protocol, description"},
	OPERATIONS_DRY_RUN,
};
static const struct shape modify_rule = {SHAPE_MEMBERS(modify_rule_members), .check = check_rule};

static const struct shape_member delete_rule_members[] = {
	{RULE_ID, .required = true},
	OPERATIONS_DRY_RUN,
};
static const struct shape delete_rule = {SHAPE_MEMBERS(delete_rule_members)};

static const struct shape_member describe_rules_members[] = {
	DESCRIBE("TrafficMirrorFilterRuleIds", "TrafficMirrorFilterRuleId", "tmfr-", "TMFR[,TMFR]"),
	{FILTER_ID, .help = "only this filter's"},
};
static const struct shape describe_rules = {SHAPE_MEMBERS(describe_rules_members)};

static const struct shape_member created_rule_members[] = {
	ANSWERED("TrafficMirrorFilterRule", &rule),
	{.name = "ClientToken"},
};
static const struct shape created_rule = {SHAPE_MEMBERS(created_rule_members)};

static const struct shape_member modified_rule_members[] = {
	ANSWERED("TrafficMirrorFilterRule", &rule),
};
static const struct shape modified_rule = {SHAPE_MEMBERS(modified_rule_members)};

static const struct shape_member deleted_rule_members[] = {{.name = "TrafficMirrorFilterRuleId"}};
static const struct shape deleted_rule = {SHAPE_MEMBERS(deleted_rule_members)};

static const struct shape_member rules_members[] = {
	LISTED("TrafficMirrorFilterRules", &rule, "trafficMirrorFilterRuleSet"),
};
static const struct shape rules = {SHAPE_MEMBERS(rules_members)};

/* The table. */

#define CALL(action, in, out) \
	.name = (action), .service = &operations_ec2_service, .input = &(in), .output = &(out)

const struct operation operations_mirror[] = {
	{CALL("CreateTrafficMirrorSession", create_session, created_session),
	 .on = "the network-interface, traffic-mirror-target, traffic-mirror-filter and "
	       "traffic-mirror-session",
	 .tagging = "traffic-mirror-session"},
	{CALL("ModifyTrafficMirrorSession", modify_session, modified_session),
	 .id = "TrafficMirrorSessionId",
	 .on = "the traffic-mirror-session, and the new target and filter"},
	{CALL("DeleteTrafficMirrorSession", delete_session, deleted_session),
	 .id = "TrafficMirrorSessionId", .on = "the traffic-mirror-session"},
	{CALL("DescribeTrafficMirrorSessions", describe_sessions, sessions),
	 OPERATIONS_EC2_PAGES("TrafficMirrorSessions", 1000), .ids = "TrafficMirrorSessionIds"},
	{CALL("CreateTrafficMirrorTarget", create_target, created_target),
	 .on = "the traffic-mirror-target, and its network-interface or vpc-endpoint",
	 .tagging = "traffic-mirror-target"},
	{CALL("DeleteTrafficMirrorTarget", delete_target, deleted_target),
	 .id = "TrafficMirrorTargetId", .on = "the traffic-mirror-target"},
	{CALL("DescribeTrafficMirrorTargets", describe_targets, targets),
	 OPERATIONS_EC2_PAGES("TrafficMirrorTargets", 1000), .ids = "TrafficMirrorTargetIds"},
	{CALL("CreateTrafficMirrorFilter", create_filter, created_filter),
	 .on = "the traffic-mirror-filter", .tagging = "traffic-mirror-filter"},
	{CALL("ModifyTrafficMirrorFilterNetworkServices", modify_services, modified_filter),
	 .id = "TrafficMirrorFilterId", .on = "the traffic-mirror-filter"},
	{CALL("DeleteTrafficMirrorFilter", delete_filter, deleted_filter),
	 .id = "TrafficMirrorFilterId", .on = "the traffic-mirror-filter"},
	{CALL("DescribeTrafficMirrorFilters", describe_filters, filters),
	 OPERATIONS_EC2_PAGES("TrafficMirrorFilters", 100), .ids = "TrafficMirrorFilterIds"},
	{CALL("CreateTrafficMirrorFilterRule", create_rule, created_rule),
	 .on = "the traffic-mirror-filter and traffic-mirror-filter-rule",
	 .tagging = "traffic-mirror-filter-rule"},
	{CALL("ModifyTrafficMirrorFilterRule", modify_rule, modified_rule),
	 .id = "TrafficMirrorFilterRuleId",
	 .on = "the traffic-mirror-filter-rule and its traffic-mirror-filter"},
	{CALL("DeleteTrafficMirrorFilterRule", delete_rule, deleted_rule),
	 .id = "TrafficMirrorFilterRuleId",
	 .on = "the traffic-mirror-filter-rule and its traffic-mirror-filter"},
	{CALL("DescribeTrafficMirrorFilterRules", describe_rules, rules),
	 OPERATIONS_EC2_PAGES("TrafficMirrorFilterRules", 1000),
	 .ids = "TrafficMirrorFilterRuleIds"},
	{0},
};
