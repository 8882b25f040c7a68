/* SPDX-License-Identifier: Apache-2.0 */
/* What Amazon EC2 tells about interfaces and instances, and tags; API 2016-11-15. */
#include "provision/api/operations.h"

#include <string.h>

const struct operation_service operations_ec2_service = {"ec2", "2016-11-15", SHAPE_EC2, "EC2"};

/* What EC2's calls share. */

static const struct shape_member tag_members[] = {
	{.name = "Key", .required = true},
	{.name = "Value"},
};
const struct shape operations_tag = {SHAPE_MEMBERS(tag_members)};

static const char *check_given(const char *text)
{
	return *text ? NULL : "a filter's name and values are not empty";
}

static const struct shape_member filter_members[] = {
	{.name = "Name", .required = true, .check = check_given},
	{.name = "Values",
	 .kind = SHAPE_TEXTS,
	 .query = "Value",
	 .required = true,
	 .check = check_given},
};
const struct shape operations_filter = {SHAPE_MEMBERS(filter_members)};

static const struct shape_member tag_specification_members[] = {
	{.name = "ResourceType", .required = true},
	{.name = "Tags",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &operations_tag,
	 .query = "Tag",
	 .required = true},
};
const struct shape operations_tag_specification = {SHAPE_MEMBERS(tag_specification_members)};

const char *operations_check_token(const char *text)
{
	size_t length = strlen(text);

	for (const char *c = text; *c; c++) {
		if (*c < 0x21 || *c > 0x7e)
			length = 0;
	}
	return !length || length > SHAPE_TOKEN_LENGTH ? "give 1 to 64 printable ASCII characters"
						      : NULL;
}

/* Interfaces. */

#define STRUCTURE(member, of)                                            \
	{                                                                \
		.name = (member), .kind = SHAPE_STRUCTURE, .shape = (of) \
	}
#define STRUCTURES(member, of, set)                                                         \
	{                                                                                   \
		.name = (member), .kind = SHAPE_STRUCTURES, .shape = (of), .element = (set) \
	}
#define NUMBER(member)                                 \
	{                                              \
		.name = (member), .kind = SHAPE_NUMBER \
	}
#define FLAG(member)                                 \
	{                                            \
		.name = (member), .kind = SHAPE_FLAG \
	}

static const struct shape_member association_members[] = {
	{.name = "AllocationId"},  {.name = "AssociationId"}, {.name = "IpOwnerId"},
	{.name = "PublicDnsName"}, {.name = "PublicIp"},      {.name = "CustomerOwnedIp"},
	{.name = "CarrierIp"},
};
static const struct shape association = {SHAPE_MEMBERS(association_members)};

static const struct shape_member srd_udp_members[] = {FLAG("EnaSrdUdpEnabled")};
static const struct shape srd_udp = {SHAPE_MEMBERS(srd_udp_members)};

static const struct shape_member srd_members[] = {
	FLAG("EnaSrdEnabled"),
	STRUCTURE("EnaSrdUdpSpecification", &srd_udp),
};
static const struct shape srd = {SHAPE_MEMBERS(srd_members)};

static const struct shape_member attachment_members[] = {
	{.name = "AttachTime"},
	{.name = "AttachmentId"},
	FLAG("DeleteOnTermination"),
	NUMBER("DeviceIndex"),
	NUMBER("NetworkCardIndex"),
	{.name = "InstanceId"},
	{.name = "InstanceOwnerId"},
	{.name = "Status"},
	STRUCTURE("EnaSrdSpecification", &srd),
	NUMBER("EnaQueueCount"),
};
static const struct shape attachment = {SHAPE_MEMBERS(attachment_members)};

static const struct shape_member tracking_members[] = {
	NUMBER("TcpEstablishedTimeout"),
	NUMBER("UdpStreamTimeout"),
	NUMBER("UdpTimeout"),
};
static const struct shape tracking = {SHAPE_MEMBERS(tracking_members)};

static const struct shape_member group_members[] = {{.name = "GroupId"}, {.name = "GroupName"}};
static const struct shape group = {SHAPE_MEMBERS(group_members)};

static const struct shape_member ipv6_members[] = {
	{.name = "Ipv6Address"},
	{.name = "PublicIpv6DnsName"},
	FLAG("IsPrimaryIpv6"),
};
static const struct shape ipv6 = {SHAPE_MEMBERS(ipv6_members)};

static const struct shape_member ipv4_members[] = {
	STRUCTURE("Association", &association),
	FLAG("Primary"),
	{.name = "PrivateDnsName"},
	{.name = "PrivateIpAddress"},
};
static const struct shape ipv4 = {SHAPE_MEMBERS(ipv4_members)};

static const struct shape_member dns_members[] = {
	{.name = "DnsHostnameType"},
	{.name = "PublicIpv4DnsName"},
	{.name = "PublicIpv6DnsName"},
	{.name = "PublicDualStackDnsName"},
};
static const struct shape dns = {SHAPE_MEMBERS(dns_members)};

static const struct shape_member ipv4_prefix_members[] = {{.name = "Ipv4Prefix"}};
static const struct shape ipv4_prefix = {SHAPE_MEMBERS(ipv4_prefix_members)};

static const struct shape_member ipv6_prefix_members[] = {{.name = "Ipv6Prefix"}};
static const struct shape ipv6_prefix = {SHAPE_MEMBERS(ipv6_prefix_members)};

static const struct shape_member operator_members[] = {
	FLAG("Managed"),
	{.name = "Principal"},
	FLAG("HiddenByDefault"),
};
static const struct shape operator_of = {SHAPE_MEMBERS(operator_members)};

static const struct shape_member interface_members[] = {
	STRUCTURE("Association", &association),
	STRUCTURE("Attachment", &attachment),
	{.name = "AvailabilityZone"},
	STRUCTURE("ConnectionTrackingConfiguration", &tracking),
	{.name = "Description"},
	STRUCTURES("Groups", &group, "groupSet"),
	{.name = "InterfaceType"},
	STRUCTURES("Ipv6Addresses", &ipv6, "ipv6AddressesSet"),
	{.name = "MacAddress"},
	{.name = "NetworkInterfaceId", .required = true},
	{.name = "OutpostArn"},
	{.name = "OwnerId"},
	{.name = "PrivateDnsName"},
	{.name = "PublicDnsName"},
	STRUCTURE("PublicIpDnsNameOptions", &dns),
	{.name = "PrivateIpAddress"},
	STRUCTURES("PrivateIpAddresses", &ipv4, "privateIpAddressesSet"),
	STRUCTURES("Ipv4Prefixes", &ipv4_prefix, "ipv4PrefixSet"),
	STRUCTURES("Ipv6Prefixes", &ipv6_prefix, "ipv6PrefixSet"),
	{.name = "RequesterId"},
	FLAG("RequesterManaged"),
	FLAG("SourceDestCheck"),
	{.name = "Status"},
	{.name = "SubnetId"},
	/* An interface's tags are not called Tags, in JSON either. */
	{.name = "TagSet", .kind = SHAPE_STRUCTURES, .shape = &operations_tag},
	{.name = "VpcId"},
	FLAG("DenyAllIgwTraffic"),
	FLAG("Ipv6Native"),
	{.name = "Ipv6Address"},
	STRUCTURE("Operator", &operator_of),
	{.name = "AssociatedSubnets", .kind = SHAPE_TEXTS, .element = "associatedSubnetSet"},
	{.name = "AvailabilityZoneId"},
};
static const struct shape interface = {SHAPE_MEMBERS(interface_members)};

static const struct shape_member describe_interfaces_members[] = {
	{.name = "NetworkInterfaceIds",
	 .kind = SHAPE_TEXTS,
	 .query = "NetworkInterfaceId",
	 .prefix = "eni-"},
	OPERATIONS_FILTERS,
	FLAG("IncludeManagedResources"),
	OPERATIONS_MAX_RESULTS,
	OPERATIONS_NEXT_TOKEN,
	OPERATIONS_DRY_RUN,
};
static const struct shape describe_interfaces = {SHAPE_MEMBERS(describe_interfaces_members)};

static const struct shape_member interfaces_members[] = {
	{.name = "NetworkInterfaces",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &interface,
	 .element = "networkInterfaceSet",
	 .required = true},
	OPERATIONS_NEXT_TOKEN,
};
static const struct shape interfaces = {SHAPE_MEMBERS(interfaces_members)};

/* Instances: of the many members those that tell whether and how one can be mirrored. */

static const struct shape_member state_members[] = {NUMBER("Code"), {.name = "Name"}};
static const struct shape state = {SHAPE_MEMBERS(state_members)};

static const struct shape_member placement_members[] = {
	{.name = "AvailabilityZone"},
	{.name = "AvailabilityZoneId"},
	{.name = "GroupName"},
	{.name = "Tenancy"},
};
static const struct shape placement = {SHAPE_MEMBERS(placement_members)};

static const struct shape_member instance_interface_members[] = {
	STRUCTURE("Attachment", &attachment),
	{.name = "Description"},
	STRUCTURES("Ipv6Addresses", &ipv6, "ipv6AddressesSet"),
	{.name = "MacAddress"},
	{.name = "NetworkInterfaceId", .required = true},
	{.name = "OwnerId"},
	{.name = "PrivateIpAddress"},
	STRUCTURES("PrivateIpAddresses", &ipv4, "privateIpAddressesSet"),
	{.name = "Status"},
	{.name = "SubnetId"},
	{.name = "VpcId"},
	{.name = "InterfaceType"},
	STRUCTURE("Operator", &operator_of),
};
static const struct shape instance_interface = {SHAPE_MEMBERS(instance_interface_members)};

static const struct shape_member instance_members[] = {
	{.name = "InstanceId", .required = true},
	{.name = "InstanceType"},
	{.name = "State", .kind = SHAPE_STRUCTURE, .shape = &state, .element = "instanceState"},
	{.name = "ImageId"},
	{.name = "LaunchTime"},
	{.name = "Hypervisor"},
	{.name = "Architecture"},
	{.name = "PlatformDetails"},
	STRUCTURE("Placement", &placement),
	{.name = "SubnetId"},
	{.name = "VpcId"},
	{.name = "PrivateIpAddress"},
	STRUCTURES("NetworkInterfaces", &instance_interface, "networkInterfaceSet"),
	OPERATIONS_TAG_SET,
};

static const struct shape instance = {SHAPE_MEMBERS(instance_members)};

static const struct shape_member reservation_members[] = {
	{.name = "ReservationId"},
	{.name = "OwnerId"},
	{.name = "RequesterId"},
	{.name = "Instances",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &instance,
	 .element = "instancesSet",
	 .required = true},
};
static const struct shape reservation = {SHAPE_MEMBERS(reservation_members)};

static const struct shape_member describe_instances_members[] = {
	{.name = "InstanceIds", .kind = SHAPE_TEXTS, .query = "InstanceId", .prefix = "i-"},
	OPERATIONS_FILTERS,
	FLAG("IncludeManagedResources"),
	OPERATIONS_MAX_RESULTS,
	OPERATIONS_NEXT_TOKEN,
	OPERATIONS_DRY_RUN,
};
static const struct shape describe_instances = {SHAPE_MEMBERS(describe_instances_members)};

static const struct shape_member reservations_members[] = {
	{.name = "Reservations",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &reservation,
	 .element = "reservationSet",
	 .required = true},
	OPERATIONS_NEXT_TOKEN,
};
static const struct shape reservations = {SHAPE_MEMBERS(reservations_members)};

/* Tags. */

static const struct shape_member create_tags_members[] = {
	{.name = "Resources", .kind = SHAPE_TEXTS, .query = "ResourceId", .required = true},
	{.name = "Tags",
	 .kind = SHAPE_STRUCTURES,
	 .shape = &operations_tag,
	 .query = "Tag",
	 .required = true},
	OPERATIONS_DRY_RUN,
};
static const struct shape create_tags = {SHAPE_MEMBERS(create_tags_members)};

static const struct shape_member delete_tags_members[] = {
	{.name = "Resources", .kind = SHAPE_TEXTS, .query = "ResourceId", .required = true},
	{.name = "Tags", .kind = SHAPE_STRUCTURES, .shape = &operations_tag, .query = "Tag"},
	OPERATIONS_DRY_RUN,
};
static const struct shape delete_tags = {SHAPE_MEMBERS(delete_tags_members)};

/* The table. */

#define CALL(action, in) .name = (action), .service = &operations_ec2_service, .input = &(in)

const struct operation operations_ec2[] = {
	{CALL("DescribeNetworkInterfaces", describe_interfaces), .output = &interfaces,
	 OPERATIONS_EC2_PAGES("NetworkInterfaces", 500), .ids = "NetworkInterfaceIds"},
	{CALL("DescribeInstances", describe_instances), .output = &reservations,
	 OPERATIONS_EC2_PAGES("Reservations", 200), .ids = "InstanceIds"},
	{CALL("CreateTags", create_tags), .on = "the resources"},
	{CALL("DeleteTags", delete_tags), .on = "the resources"},
	{0},
};
