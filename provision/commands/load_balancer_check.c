/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/load_balancer_check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Options. */

static bool is_instance(const char *target)
{
	return strncmp(target, "i-", 2) == 0;
}

static bool is_address(int family, const char *target)
{
	struct in6_addr address;

	return inet_pton(family, target, &address) == 1;
}

static bool is_ipv6(const char *target)
{
	return is_address(AF_INET6, target);
}

const char *load_balancer_check_target(const char *target)
{
	static const struct shape_member instance = {.name = "InstanceId", .prefix = "i-"};
	struct shape_problem problem;

	if (is_address(AF_INET, target) || is_address(AF_INET6, target) ||
	    shape_examine_text(&instance, target, &problem))
		return NULL;
	return "give an instance, such as i-0123456789abcdef0, or an IPv4 or IPv6 address";
}

static const char *first_target(const json_t *input)
{
	return json_string_value(json_array_get(json_object_get(input, "Targets"), 0));
}

const char *load_balancer_check_target_type(const json_t *input)
{
	const char *first = first_target(input);

	return first && !is_instance(first) ? "ip" : "instance";
}

const char *load_balancer_check_family(const json_t *input)
{
	const char *first = first_target(input);

	return first && is_ipv6(first) ? "ipv6" : "ipv4";
}

static const char *text_or(const json_t *part, const char *member, const char *otherwise)
{
	const char *text = load_balancer_parts_text(part, member);

	return text ? text : otherwise;
}

static bool by_http(const json_t *input)
{
	return strncmp(text_or(input, "HealthCheckProtocol", "TCP"), "HTTP", 4) == 0;
}

const char *load_balancer_check_options(const json_t *input)
{
	const json_t *targets = json_object_get(input, "Targets");
	const char *path = load_balancer_parts_text(input, "HealthCheckPath");
	const char *first = first_target(input), *target;

	for (size_t i = 1; i < json_array_size(targets); i++) {
		target = json_string_value(json_array_get(targets, i));
		if (is_instance(target) != is_instance(first))
			return "--targets has both instances and addresses: a target group takes "
			       "one kind";
		if (is_ipv6(target) != is_ipv6(first))
			return "--targets has both IPv4 and IPv6 addresses: a target group takes "
			       "one kind";
	}
	if (first && is_ipv6(first) &&
	    strcmp(text_or(input, "IpAddressType", "ipv4"), "dualstack") != 0)
		return "--targets with IPv6 addresses need --ip-address-type dualstack";
	if (path && !by_http(input))
		return "--health-check-path needs --health-check-protocol HTTP or HTTPS";
	if (path && path[0] != '/')
		return "--health-check-path begins with /";
	return NULL;
}

/* What was found. */

static bool in_subnet(const json_t *balancer, const char *subnet)
{
	json_t *zone;
	size_t i;

	json_array_foreach(json_object_get(balancer, "AvailabilityZones"), i, zone)
	{
		if (strcmp(text_or(zone, "SubnetId", ""), subnet) == 0)
			return true;
	}
	return false;
}

static bool same_subnets(const json_t *balancer, const json_t *input)
{
	const json_t *subnets = json_object_get(input, "Subnets");

	for (size_t i = 0; i < json_array_size(subnets); i++) {
		if (!in_subnet(balancer, json_string_value(json_array_get(subnets, i))))
			return false;
	}
	return json_array_size(subnets) ==
	       json_array_size(json_object_get(balancer, "AvailabilityZones"));
}

static int refuse(const struct load_balancer_parts *parts, const char *arn, const char *what,
		  const char *has)
{
	failure_set(parts->failure, FAILURE_SERVICE, "%s: %s%s", arn, what, has);
	failure_set_remedy(parts->failure,
			   "tear it down first (mirrorcap load-balancer teardown --name %s), or "
			   "give what it has",
			   parts->name);
	return -EEXIST;
}

static int check_balancer(const struct load_balancer_parts *parts, const json_t *input)
{
	const char *arn = text_or(parts->balancer, "LoadBalancerArn", "");
	const char *scheme = text_or(parts->balancer, "Scheme", "");
	const char *family = text_or(parts->balancer, "IpAddressType", "ipv4");

	if (strcmp(text_or(parts->balancer, "Type", ""), "network") != 0)
		return refuse(parts, arn, "is of type ", text_or(parts->balancer, "Type", ""));
	if (strcmp(scheme, text_or(input, "Scheme", "internal")) != 0)
		return refuse(parts, arn, "is ", scheme);
	if (strcmp(family, text_or(input, "IpAddressType", "ipv4")) != 0)
		return refuse(parts, arn, "has addresses of type ", family);
	if (!same_subnets(parts->balancer, input))
		return refuse(parts, arn, "is in other subnets than --subnets", "");
	return 0;
}

/* Targets that are not given again are no wish for another kind. */
static int check_targets(const struct load_balancer_parts *parts, const json_t *input,
			 const char *arn)
{
	const char *type = text_or(parts->group, "TargetType", "");
	const char *family = text_or(parts->group, "IpAddressType", "ipv4");

	if (!first_target(input))
		return 0;
	if (strcmp(type, load_balancer_check_target_type(input)) != 0)
		return refuse(parts, arn, "takes targets of type ", type);
	if (strcmp(family, load_balancer_check_family(input)) != 0)
		return refuse(parts, arn, "takes targets of ", family);
	return 0;
}

static int check_group(const struct load_balancer_parts *parts, const json_t *input)
{
	const char *arn = text_or(parts->group, "TargetGroupArn", "");
	const char *protocol = text_or(parts->group, "HealthCheckProtocol", "");
	const char *port = text_or(parts->group, "HealthCheckPort", "");
	const char *path = text_or(parts->group, "HealthCheckPath", "/");

	if (strcmp(text_or(parts->group, "Protocol", ""), "UDP") != 0 ||
	    json_integer_value(json_object_get(parts->group, "Port")) != 4789)
		return refuse(parts, arn, "not of UDP 4789", "");
	if (strcmp(protocol, text_or(input, "HealthCheckProtocol", "TCP")) != 0)
		return refuse(parts, arn, "is checked by ", protocol);
	if (strcmp(port, text_or(input, "HealthCheckPort", "")) != 0)
		return refuse(parts, arn, "is checked on port ", port);
	if (by_http(input) && strcmp(path, text_or(input, "HealthCheckPath", "/")) != 0)
		return refuse(parts, arn, "is checked at the path ", path);
	return check_targets(parts, input, arn);
}

/* Where the listener sends packets, or "". */
static const char *forwards_to(const json_t *listener)
{
	return text_or(json_array_get(json_object_get(listener, "DefaultActions"), 0),
		       "TargetGroupArn", "");
}

static int check_listener(const struct load_balancer_parts *parts)
{
	const char *arn = load_balancer_parts_text(parts->listener, "ListenerArn");

	if (strcmp(forwards_to(parts->listener), text_or(parts->group, "TargetGroupArn", "none")) ==
	    0)
		return 0;
	failure_set(parts->failure, FAILURE_SERVICE, "%s: sends to another target group", arn);
	failure_set_remedy(parts->failure, "delete it: mirrorcap listener delete --listener-arn %s",
			   arn);
	return -EEXIST;
}

int load_balancer_check_found(const struct load_balancer_parts *parts, const json_t *input)
{
	int rc = parts->balancer ? check_balancer(parts, input) : 0;

	if (!rc && parts->group)
		rc = check_group(parts, input);
	if (!rc && parts->listener)
		rc = check_listener(parts);
	return rc;
}
