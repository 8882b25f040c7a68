/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Elastic Load Balancing v2, API 2015-12-01: Network Load Balancers in front of collectors. What
 * only Application Load Balancers have (certificates, authentication) is left out.
 */
#include "provision/api/operations.h"

#include <string.h>

static const struct operation_service elb = {"elasticloadbalancing", "2015-12-01", SHAPE_QUERY,
					     "Elastic Load Balancing"};

enum {
	LARGEST_PAGE = 400,
	LARGEST_PORT = 65535,
};

#define TEXT(member)             \
	{                        \
		.name = (member) \
	}
#define NUMBER(member)                                 \
	{                                              \
		.name = (member), .kind = SHAPE_NUMBER \
	}
#define FLAG(member)                                 \
	{                                            \
		.name = (member), .kind = SHAPE_FLAG \
	}
#define TEXTS(member)                                 \
	{                                             \
		.name = (member), .kind = SHAPE_TEXTS \
	}
#define STRUCTURE(member, of)                                            \
	{                                                                \
		.name = (member), .kind = SHAPE_STRUCTURE, .shape = (of) \
	}
#define STRUCTURES(member, of)                                            \
	{                                                                 \
		.name = (member), .kind = SHAPE_STRUCTURES, .shape = (of) \
	}

/* Checks. */

/* part: what follows the account in the ARN. */
static bool is_arn(const char *text, const char *part)
{
	return strncmp(text, "arn:", 4) == 0 && strstr(text, ":elasticloadbalancing:") &&
	       strstr(text, part);
}

const char *operations_check_load_balancer_arn(const char *text)
{
	return is_arn(text, ":loadbalancer/")
		       ? NULL
		       : "give a load balancer's ARN, arn:…:elasticloadbalancing:…:loadbalancer/…";
}

const char *operations_check_target_group_arn(const char *text)
{
	return is_arn(text, ":targetgroup/")
		       ? NULL
		       : "give a target group's ARN, arn:…:elasticloadbalancing:…:targetgroup/…";
}

const char *operations_check_listener_arn(const char *text)
{
	return is_arn(text, ":listener/")
		       ? NULL
		       : "give a listener's ARN, arn:…:elasticloadbalancing:…:listener/…";
}

/* As for load balancers and target groups alike: 32 letters, digits and hyphens. */
const char *operations_check_elb_name(const char *text)
{
	size_t length = strlen(text);
	size_t good =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	if (!length || length > 32 || good != length || text[0] == '-' || text[length - 1] == '-')
		return "give 1 to 32 letters, digits and hyphens, none of these at either end";
	return NULL;
}

/* "traffic-port" or a number. */
static const char *check_port(const char *text)
{
	int64_t number;

	if (strcmp(text, "traffic-port") == 0 ||
	    (shape_number(text, &number) && number >= 1 && number <= LARGEST_PORT))
		return NULL;
	return "give 1 to 65535 or traffic-port";
}

/* Values. */

static const char *const types[] = {"network", "application", "gateway", NULL};
static const char *const schemes[] = {"internal", "internet-facing", NULL};
static const char *const families[] = {"ipv4", "dualstack", "dualstack-without-public-ipv4", NULL};
static const char *const group_families[] = {"ipv4", "ipv6", NULL};
static const char *const protocols[] = {"UDP",   "TCP",    "TCP_UDP", "TLS",      "HTTP",
					"HTTPS", "GENEVE", "QUIC",    "TCP_QUIC", NULL};
static const char *const check_protocols[] = {"TCP", "HTTP", "HTTPS", NULL};
static const char *const target_types[] = {"instance", "ip", "lambda", "alb", NULL};
static const char *const switches[] = {"on", "off", NULL};
static const char *const inclusions[] = {"AnomalyDetection", "All", NULL};

/* What several have. */

#define ARN(member, checked, text)                                                         \
	{                                                                                  \
		.name = (member), .required = true, .check = (checked), .argument = "ARN", \
		.help = (text)                                                             \
	}
#define LOAD_BALANCER_ARN \
	ARN("LoadBalancerArn", operations_check_load_balancer_arn, "the load balancer")
#define TARGET_GROUP_ARN \
	ARN("TargetGroupArn", operations_check_target_group_arn, "the target group")
#define ARNS(member, checked)                                                  \
	{                                                                      \
		.name = (member), .kind = SHAPE_TEXTS, .check = (checked),     \
		.argument = "ARN[,ARN]", .help = "only these; may be repeated" \
	}
#define NAMES                                                                    \
	{                                                                        \
		.name = "Names", .kind = SHAPE_TEXTS, .argument = "NAME[,NAME]", \
		.help = "only those of these names; may be repeated"             \
	}
#define OF_LOAD_BALANCER                                                                \
	{                                                                               \
		.name = "LoadBalancerArn", .check = operations_check_load_balancer_arn, \
		.argument = "ARN", .help = "only this load balancer's"                  \
	}
#define PAGES                                                                           \
	{.name = "Marker"},                                                             \
	{                                                                               \
		.name = "PageSize", .kind = SHAPE_NUMBER, .min = 1, .max = LARGEST_PAGE \
	}
#define NEXT_MARKER                  \
	{                            \
		.name = "NextMarker" \
	}
#define NEEDED(member, of)                                                                  \
	{                                                                                   \
		.name = (member), .kind = SHAPE_STRUCTURES, .shape = (of), .required = true \
	}

static const struct shape nothing = {0};

static const struct shape_member attribute_members[] = {
	{.name = "Key", .required = true},
	TEXT("Value"),
};
static const struct shape attribute = {SHAPE_MEMBERS(attribute_members)};

static const struct shape_member attributes_members[] = {NEEDED("Attributes", &attribute)};
static const struct shape attributes = {SHAPE_MEMBERS(attributes_members)};

#define ATTRIBUTES                                                                   \
	{                                                                            \
		.name = "Attributes", .kind = SHAPE_STRUCTURES, .shape = &attribute, \
		.required = true, .argument = "Key=KEY,Value=VALUE",                 \
		.help = "an attribute; may be repeated"                              \
	}

/* Load balancers. */

static const struct shape_member pools_members[] = {TEXT("Ipv4IpamPoolId")};
static const struct shape pools = {SHAPE_MEMBERS(pools_members)};

static const struct shape_member mapping_members[] = {
	{.name = "SubnetId", .prefix = "subnet-", .required = true},
	{.name = "AllocationId", .prefix = "eipalloc-"},
	TEXT("PrivateIPv4Address"),
	TEXT("IPv6Address"),
	TEXT("SourceNatIpv6Prefix"),
};
static const struct shape mapping = {SHAPE_MEMBERS(mapping_members)};

static const struct shape_member create_balancer_members[] = {
	{.name = "Name",
	 .required = true,
	 .check = operations_check_elb_name,
	 .argument = "NAME",
	 .help = "its name, unique in account and region"},
	{.name = "Subnets",
	 .kind = SHAPE_TEXTS,
	 .prefix = "subnet-",
	 .argument = "SUBNET[,SUBNET]",
	 .help = "one for each zone"},
	{.name = "SubnetMappings",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &mapping,
	 .argument = "SubnetId=SUBNET[,PrivateIPv4Address=IP]",
	 .help = "or subnets with addresses; may be repeated"},
	{.name = "SecurityGroups",
	 .kind = SHAPE_TEXTS,
	 .prefix = "sg-",
	 .argument = "SG[,SG]",
	 .help = "security groups (default: none)"},
	{.name = "Scheme",
	 .values = schemes,
	 .argument = "internal|internet-facing",
	 .help = "where its addresses come from (here by default: internal)"},
	{.name = "Type",
	 .values = types,
	 .argument = "network|gateway",
	 .help = "its kind (here by default: network)"},
	{.name = "IpAddressType",
	 .values = families,
	 .argument = "ipv4|dualstack",
	 .help = "its addresses (default: ipv4)"},
	{.name = "CustomerOwnedIpv4Pool", .argument = "POOL", .help = "on Outposts"},
	{.name = "EnablePrefixForIpv6SourceNat",
	 .values = switches,
	 .argument = "on|off",
	 .help = "needed for UDP on dualstack"},
	{.name = "IpamPools",
	 .kind = SHAPE_STRUCTURE,
	 .shape = &pools,
	 .argument = "Ipv4IpamPoolId=POOL",
	 .help = "an IPAM pool"},
	STRUCTURES("Tags", &operations_tag),
};
static const struct shape create_balancer = {SHAPE_MEMBERS(create_balancer_members)};

static const struct shape_member state_members[] = {TEXT("Code"), TEXT("Reason")};
static const struct shape state = {SHAPE_MEMBERS(state_members)};

static const struct shape_member address_members[] = {
	TEXT("IpAddress"),
	TEXT("AllocationId"),
	TEXT("PrivateIPv4Address"),
	TEXT("IPv6Address"),
};
static const struct shape address = {SHAPE_MEMBERS(address_members)};

static const struct shape_member zone_members[] = {
	TEXT("ZoneName"),
	TEXT("SubnetId"),
	TEXT("OutpostId"),
	STRUCTURES("LoadBalancerAddresses", &address),
	TEXTS("SourceNatIpv6Prefixes"),
};
static const struct shape zone = {SHAPE_MEMBERS(zone_members)};

static const struct shape_member balancer_members[] = {
	{.name = "LoadBalancerArn", .required = true},
	TEXT("DNSName"),
	TEXT("CanonicalHostedZoneId"),
	TEXT("CreatedTime"),
	TEXT("LoadBalancerName"),
	TEXT("Scheme"),
	TEXT("VpcId"),
	STRUCTURE("State", &state),
	TEXT("Type"),
	STRUCTURES("AvailabilityZones", &zone),
	TEXTS("SecurityGroups"),
	TEXT("IpAddressType"),
	TEXT("CustomerOwnedIpv4Pool"),
	TEXT("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"),
	TEXT("EnablePrefixForIpv6SourceNat"),
	STRUCTURE("IpamPools", &pools),
};
static const struct shape balancer = {SHAPE_MEMBERS(balancer_members)};

static const struct shape_member balancers_members[] = {
	NEEDED("LoadBalancers", &balancer),
	NEXT_MARKER,
};
static const struct shape balancers = {SHAPE_MEMBERS(balancers_members)};

static const struct shape_member created_balancers_members[] = {
	NEEDED("LoadBalancers", &balancer),
};
static const struct shape created_balancers = {SHAPE_MEMBERS(created_balancers_members)};

static const struct shape_member describe_balancers_members[] = {
	ARNS("LoadBalancerArns", operations_check_load_balancer_arn),
	NAMES,
	PAGES,
};
static const struct shape describe_balancers = {SHAPE_MEMBERS(describe_balancers_members)};

static const struct shape_member one_balancer_members[] = {LOAD_BALANCER_ARN};
static const struct shape one_balancer = {SHAPE_MEMBERS(one_balancer_members)};

static const struct shape_member modify_balancer_members[] = {LOAD_BALANCER_ARN, ATTRIBUTES};
static const struct shape modify_balancer = {SHAPE_MEMBERS(modify_balancer_members)};

/* Target groups. */

static const struct shape_member matcher_members[] = {TEXT("HttpCode"), TEXT("GrpcCode")};
static const struct shape matcher = {SHAPE_MEMBERS(matcher_members)};

static const struct shape_member create_group_members[] = {
	{.name = "Name",
	 .required = true,
	 .check = operations_check_elb_name,
	 .argument = "NAME",
	 .help = "its name, unique in account and region"},
	{.name = "Protocol",
	 .values = protocols,
	 .argument = "UDP",
	 .help = "(here by default: UDP)"},
	{.name = "ProtocolVersion", .argument = "VERSION", .help = "of HTTP"},
	{.name = "Port",
	 .kind = SHAPE_NUMBER,
	 .min = 1,
	 .max = LARGEST_PORT,
	 .argument = "PORT",
	 .help = "(here by default: 4789, VXLAN)"},
	{.name = "VpcId", .prefix = "vpc-", .argument = "VPC", .help = "the targets' VPC"},
	{.name = "HealthCheckProtocol",
	 .values = check_protocols,
	 .argument = "TCP|HTTP|HTTPS",
	 .help = "UDP cannot be checked by UDP (here by default: TCP)"},
	{.name = "HealthCheckPort",
	 .check = check_port,
	 .argument = "PORT",
	 .help = "a port of the collector's own for it, not the traffic's"},
	{.name = "HealthCheckEnabled",
	 .kind = SHAPE_FLAG,
	 .help = "check the targets' health (the default)"},
	{.name = "HealthCheckPath", .argument = "PATH", .help = "of HTTP"},
	{.name = "HealthCheckIntervalSeconds",
	 .kind = SHAPE_NUMBER,
	 .min = 5,
	 .max = 300,
	 .argument = "SECONDS",
	 .help = "5 to 300"},
	{.name = "HealthCheckTimeoutSeconds",
	 .kind = SHAPE_NUMBER,
	 .min = 2,
	 .max = 120,
	 .argument = "SECONDS",
	 .help = "2 to 120"},
	{.name = "HealthyThresholdCount",
	 .kind = SHAPE_NUMBER,
	 .min = 2,
	 .max = 10,
	 .argument = "N",
	 .help = "successes in a row that make a target healthy: 2 to 10"},
	{.name = "UnhealthyThresholdCount",
	 .kind = SHAPE_NUMBER,
	 .min = 2,
	 .max = 10,
	 .argument = "N",
	 .help = "failures in a row that make it unhealthy: 2 to 10"},
	{.name = "Matcher",
	 .kind = SHAPE_STRUCTURE,
	 .shape = &matcher,
	 .argument = "HttpCode=200-399",
	 .help = "of HTTP: what counts as success"},
	{.name = "TargetType",
	 .values = target_types,
	 .argument = "instance|ip",
	 .help = "how targets are named (default: instance)"},
	STRUCTURES("Tags", &operations_tag),
	{.name = "IpAddressType",
	 .values = group_families,
	 .argument = "ipv4|ipv6",
	 .help = "the targets' addresses (default: ipv4)"},
	{.name = "TargetControlPort",
	 .kind = SHAPE_NUMBER,
	 .min = 1,
	 .max = LARGEST_PORT,
	 .argument = "PORT",
	 .help = "of HTTP"},
};
static const struct shape create_group = {SHAPE_MEMBERS(create_group_members)};

static const struct shape_member group_members[] = {
	{.name = "TargetGroupArn", .required = true},
	TEXT("TargetGroupName"),
	TEXT("Protocol"),
	NUMBER("Port"),
	TEXT("VpcId"),
	TEXT("HealthCheckProtocol"),
	TEXT("HealthCheckPort"),
	FLAG("HealthCheckEnabled"),
	NUMBER("HealthCheckIntervalSeconds"),
	NUMBER("HealthCheckTimeoutSeconds"),
	NUMBER("HealthyThresholdCount"),
	NUMBER("UnhealthyThresholdCount"),
	TEXT("HealthCheckPath"),
	STRUCTURE("Matcher", &matcher),
	TEXTS("LoadBalancerArns"),
	TEXT("TargetType"),
	TEXT("ProtocolVersion"),
	TEXT("IpAddressType"),
	NUMBER("TargetControlPort"),
};
static const struct shape group = {SHAPE_MEMBERS(group_members)};

static const struct shape_member groups_members[] = {NEEDED("TargetGroups", &group), NEXT_MARKER};
static const struct shape groups = {SHAPE_MEMBERS(groups_members)};

static const struct shape_member created_groups_members[] = {NEEDED("TargetGroups", &group)};
static const struct shape created_groups = {SHAPE_MEMBERS(created_groups_members)};

static const struct shape_member describe_groups_members[] = {
	OF_LOAD_BALANCER,
	ARNS("TargetGroupArns", operations_check_target_group_arn),
	NAMES,
	PAGES,
};
static const struct shape describe_groups = {SHAPE_MEMBERS(describe_groups_members)};

static const struct shape_member one_group_members[] = {TARGET_GROUP_ARN};
static const struct shape one_group = {SHAPE_MEMBERS(one_group_members)};

static const struct shape_member modify_group_members[] = {TARGET_GROUP_ARN, ATTRIBUTES};
static const struct shape modify_group = {SHAPE_MEMBERS(modify_group_members)};

/* Listeners. */

static const struct shape_member weighted_members[] = {
	{.name = "TargetGroupArn", .check = operations_check_target_group_arn},
	NUMBER("Weight"),
};
static const struct shape weighted = {SHAPE_MEMBERS(weighted_members)};

static const struct shape_member stickiness_members[] = {
	FLAG("Enabled"),
	NUMBER("DurationSeconds"),
};
static const struct shape stickiness = {SHAPE_MEMBERS(stickiness_members)};

static const struct shape_member forward_members[] = {
	STRUCTURES("TargetGroups", &weighted),
	STRUCTURE("TargetGroupStickinessConfig", &stickiness),
};
static const struct shape forward = {SHAPE_MEMBERS(forward_members)};

static const struct shape_member action_members[] = {
	{.name = "Type", .required = true},
	{.name = "TargetGroupArn", .check = operations_check_target_group_arn},
	NUMBER("Order"),
	STRUCTURE("ForwardConfig", &forward),
};
static const struct shape action = {SHAPE_MEMBERS(action_members)};

static const struct shape_member create_listener_members[] = {
	LOAD_BALANCER_ARN,
	{.name = "Protocol",
	 .values = protocols,
	 .argument = "UDP",
	 .help = "(here by default: UDP)"},
	{.name = "Port",
	 .kind = SHAPE_NUMBER,
	 .min = 1,
	 .max = LARGEST_PORT,
	 .argument = "PORT",
	 .help = "(here by default: 4789, VXLAN)"},
	{.name = "DefaultActions",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &action,
	 .required = true,
	 .argument = "Type=forward,TargetGroupArn=ARN",
	 .help = "where packets go"},
	STRUCTURES("Tags", &operations_tag),
};
static const struct shape create_listener = {SHAPE_MEMBERS(create_listener_members)};

static const struct shape_member certificate_members[] = {TEXT("CertificateArn"),
							  FLAG("IsDefault")};
static const struct shape certificate = {SHAPE_MEMBERS(certificate_members)};

static const struct shape_member listener_members[] = {
	{.name = "ListenerArn", .required = true},
	TEXT("LoadBalancerArn"),
	NUMBER("Port"),
	TEXT("Protocol"),
	STRUCTURES("Certificates", &certificate),
	TEXT("SslPolicy"),
	STRUCTURES("DefaultActions", &action),
	TEXTS("AlpnPolicy"),
};
static const struct shape listener = {SHAPE_MEMBERS(listener_members)};

static const struct shape_member listeners_members[] = {
	NEEDED("Listeners", &listener),
	NEXT_MARKER,
};
static const struct shape listeners = {SHAPE_MEMBERS(listeners_members)};

static const struct shape_member created_listeners_members[] = {NEEDED("Listeners", &listener)};
static const struct shape created_listeners = {SHAPE_MEMBERS(created_listeners_members)};

static const struct shape_member describe_listeners_members[] = {
	OF_LOAD_BALANCER,
	ARNS("ListenerArns", operations_check_listener_arn),
	PAGES,
};
static const struct shape describe_listeners = {SHAPE_MEMBERS(describe_listeners_members)};

static const struct shape_member one_listener_members[] = {
	ARN("ListenerArn", operations_check_listener_arn, "the listener"),
};
static const struct shape one_listener = {SHAPE_MEMBERS(one_listener_members)};

/* Targets. */

static const struct shape_member target_members[] = {
	{.name = "Id", .required = true},
	{.name = "Port", .kind = SHAPE_NUMBER, .min = 1, .max = LARGEST_PORT},
	TEXT("AvailabilityZone"),
	TEXT("QuicServerId"),
};
static const struct shape target = {SHAPE_MEMBERS(target_members)};

#define TARGETS_ARGUMENT .argument = "Id=ID[,Port=PORT]"

static const struct shape_member register_members[] = {
	TARGET_GROUP_ARN,
	{.name = "Targets",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &target,
	 .required = true,
	 TARGETS_ARGUMENT,
	 .help = "a target: an instance's id, or an address; may be repeated"},
};
static const struct shape register_targets = {SHAPE_MEMBERS(register_members)};

static const struct shape_member health_members[] = {
	TEXT("State"),
	TEXT("Reason"),
	TEXT("Description"),
};
static const struct shape health = {SHAPE_MEMBERS(health_members)};

static const struct shape_member anomaly_members[] = {TEXT("Result"), TEXT("MitigationInEffect")};
static const struct shape anomaly = {SHAPE_MEMBERS(anomaly_members)};

static const struct shape_member target_health_members[] = {
	STRUCTURE("Target", &target),
	TEXT("HealthCheckPort"),
	STRUCTURE("TargetHealth", &health),
	STRUCTURE("AnomalyDetection", &anomaly),
	STRUCTURE("AdministrativeOverride", &health),
};
static const struct shape target_health = {SHAPE_MEMBERS(target_health_members)};

static const struct shape_member describe_health_members[] = {
	TARGET_GROUP_ARN,
	{.name = "Targets",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &target,
	 TARGETS_ARGUMENT,
	 .help = "only this target; may be repeated"},
	{.name = "Include",
	 .kind = SHAPE_TEXTS,
	 .values = inclusions,
	 .argument = "AnomalyDetection|All",
	 .help = "more about each target"},
};
static const struct shape describe_health = {SHAPE_MEMBERS(describe_health_members)};

static const struct shape_member healths_members[] = {
	NEEDED("TargetHealthDescriptions", &target_health),
};
static const struct shape healths = {SHAPE_MEMBERS(healths_members)};

/* Tags. */

static const struct shape_member add_tags_members[] = {
	{.name = "ResourceArns", .kind = SHAPE_TEXTS, .required = true},
	{.name = "Tags", .kind = SHAPE_STRUCTURES, .shape = &operations_tag, .required = true},
};
static const struct shape add_tags = {SHAPE_MEMBERS(add_tags_members)};

static const struct shape_member describe_tags_members[] = {
	{.name = "ResourceArns", .kind = SHAPE_TEXTS, .required = true},
};
static const struct shape describe_tags = {SHAPE_MEMBERS(describe_tags_members)};

static const struct shape_member tag_description_members[] = {
	TEXT("ResourceArn"),
	STRUCTURES("Tags", &operations_tag),
};
static const struct shape tag_description = {SHAPE_MEMBERS(tag_description_members)};

static const struct shape_member tag_descriptions_members[] = {
	NEEDED("TagDescriptions", &tag_description),
};
static const struct shape tag_descriptions = {SHAPE_MEMBERS(tag_descriptions_members)};

/* The table. */

#define CALL(action, in, out) .name = (action), .service = &elb, .input = &(in), .output = &(out)
/* Without a page size: the largest, of 400, is what AWS gives where none is asked for. */
#define MARKED(list) .items = (list), .token = "Marker", .next_token = "NextMarker"

const struct operation operations_elb[] = {
	{CALL("CreateLoadBalancer", create_balancer, created_balancers), .on = "the loadbalancer"},
	{CALL("DescribeLoadBalancers", describe_balancers, balancers), MARKED("LoadBalancers"),
	 .ids = "LoadBalancerArns"},
	{CALL("DeleteLoadBalancer", one_balancer, nothing), .id = "LoadBalancerArn",
	 .on = "the loadbalancer"},
	{CALL("ModifyLoadBalancerAttributes", modify_balancer, attributes), .id = "LoadBalancerArn",
	 .on = "the loadbalancer"},
	{CALL("DescribeLoadBalancerAttributes", one_balancer, attributes), .id = "LoadBalancerArn"},
	{CALL("CreateTargetGroup", create_group, created_groups), .on = "the targetgroup"},
	{CALL("DescribeTargetGroups", describe_groups, groups), MARKED("TargetGroups"),
	 .ids = "TargetGroupArns"},
	{CALL("DeleteTargetGroup", one_group, nothing), .id = "TargetGroupArn",
	 .on = "the targetgroup"},
	{CALL("ModifyTargetGroupAttributes", modify_group, attributes), .id = "TargetGroupArn",
	 .on = "the targetgroup"},
	{CALL("DescribeTargetGroupAttributes", one_group, attributes), .id = "TargetGroupArn"},
	{CALL("CreateListener", create_listener, created_listeners),
	 .on = "the loadbalancer and the listener"},
	{CALL("DescribeListeners", describe_listeners, listeners), MARKED("Listeners"),
	 .ids = "ListenerArns"},
	{CALL("DeleteListener", one_listener, nothing), .id = "ListenerArn", .on = "the listener"},
	{CALL("RegisterTargets", register_targets, nothing), .id = "TargetGroupArn",
	 .on = "the targetgroup"},
	{CALL("DeregisterTargets", register_targets, nothing), .id = "TargetGroupArn",
	 .on = "the targetgroup"},
	{CALL("DescribeTargetHealth", describe_health, healths),
	 .items = "TargetHealthDescriptions", .id = "TargetGroupArn"},
	{CALL("AddTags", add_tags, nothing), .on = "the resources"},
	{CALL("DescribeTags", describe_tags, tag_descriptions), .items = "TagDescriptions"},
	{0},
};
