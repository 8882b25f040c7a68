/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/load_balancer_setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "provision/api/operations.h"
#include "provision/commands/load_balancer_check.h"

#define PORT "4789"
/* Long enough for a collector that restarts to be registered again. */
#define DELAY_SECONDS "10"

/* Options. */

static const char *const schemes[] = {"internal", "internet-facing", NULL};
static const char *const families[] = {"ipv4", "dualstack", NULL};
static const char *const check_protocols[] = {"TCP", "HTTP", "HTTPS", NULL};

static const char *check_port(const char *text)
{
	int64_t number;

	if (strcmp(text, PORT) == 0)
		return "give another port than " PORT ": collectors answer no TCP there";
	return shape_number(text, &number) && number >= 1 && number <= 65535
		       ? NULL
		       : "give a whole number from 1 to 65535";
}

#define NAME                                                                            \
	{                                                                               \
		.name = "Name", .required = true, .check = operations_check_elb_name,   \
		.argument = "NAME", .help = "of the load balancer and its target group" \
	}

static const struct shape_member setup_members[] = {
	NAME,
	{.name = "Subnets",
	 .kind = SHAPE_TEXTS,
	 .required = true,
	 .prefix = "subnet-",
	 .argument = "SUBNET[,SUBNET]",
	 .help = "one for each zone with collectors"},
	{.name = "HealthCheckPort",
	 .required = true,
	 .check = check_port,
	 .argument = "PORT",
	 .help = "a TCP port that each collector answers while it captures"},
	{.name = "HealthCheckProtocol",
	 .values = check_protocols,
	 .argument = "TCP|HTTP|HTTPS",
	 .help = "how (default: TCP)"},
	{.name = "HealthCheckPath", .argument = "PATH", .help = "of HTTP (default: /)"},
	{.name = "Targets",
	 .kind = SHAPE_TEXTS,
	 .check = load_balancer_check_target,
	 .argument = "ID[,ID]",
	 .help = "collectors: instances, or addresses; may be repeated"},
	{.name = "Scheme",
	 .values = schemes,
	 .argument = "internal|internet-facing",
	 .help = "default: internal"},
	{.name = "IpAddressType",
	 .values = families,
	 .argument = "ipv4|dualstack",
	 .help = "default: ipv4"},
	{.name = "Tags", .kind = SHAPE_STRUCTURES, .shape = &operations_tag},
};
const struct shape load_balancer_setup_shape = {SHAPE_MEMBERS(setup_members),
						.check = load_balancer_check_options};

/* Steps. */

static const char *text_or(const json_t *input, const char *member, const char *otherwise)
{
	const char *text = load_balancer_parts_text(input, member);

	return text ? text : otherwise;
}

/* Ours, and what --tag asks for: owned by the caller. */
static json_t *make_tags(const struct load_balancer_parts *parts, const json_t *input)
{
	json_t *tags = json_pack("[{s:s,s:s}]", "Key", LOAD_BALANCER_TAG, "Value", parts->name);
	const json_t *more = json_object_get(input, "Tags");

	if (tags && more && json_array_extend(tags, (json_t *)more)) {
		json_decref(tags);
		return NULL;
	}
	return tags;
}

/* Creates one and takes it out of the answer's list. */
static int create(const struct load_balancer_parts *parts, const char *operation, const char *list,
		  json_t *input, json_t **part)
{
	json_t *output = NULL;
	int rc = load_balancer_parts_call(parts, operation, input, &output);

	if (rc)
		return rc;
	*part = json_incref(json_array_get(json_object_get(output, list), 0));
	json_decref(output);
	if (*part)
		return 0;
	failure_set(parts->failure, FAILURE_RESPONSE, "%s: the answer names nothing", operation);
	return -EPROTO;
}

static int set_attributes(const struct load_balancer_parts *parts, const char *operation,
			  const char *member, const char *arn, json_t *attributes)
{
	return load_balancer_parts_call(
		parts, operation, json_pack("{s:s,s:o}", member, arn, "Attributes", attributes),
		NULL);
}

/* A dualstack load balancer takes UDP only with a prefix for IPv6 source NAT. */
static json_t *balancer_input(const struct load_balancer_parts *parts, const json_t *input)
{
	const char *family = text_or(input, "IpAddressType", "ipv4");
	const char *prefix = strcmp(family, "dualstack") == 0 ? "on" : NULL;

	return json_pack("{s:s,s:O,s:s,s:s,s:s,s:s*,s:o}", "Name", parts->name, "Subnets",
			 json_object_get(input, "Subnets"), "Scheme",
			 text_or(input, "Scheme", "internal"), "Type", "network", "IpAddressType",
			 family, "EnablePrefixForIpv6SourceNat", prefix, "Tags",
			 make_tags(parts, input));
}

static int step_balancer(struct load_balancer_parts *parts, const json_t *input)
{
	const char *arn;
	int rc = 0;

	if (!parts->balancer) {
		rc = create(parts, "CreateLoadBalancer", "LoadBalancers",
			    balancer_input(parts, input), &parts->balancer);
		if (rc)
			return rc;
		load_balancer_parts_say(parts, "created the load balancer");
	}
	arn = load_balancer_parts_text(parts->balancer, "LoadBalancerArn");
	load_balancer_parts_say(parts, "load balancer %s", arn);
	rc = set_attributes(parts, "ModifyLoadBalancerAttributes", "LoadBalancerArn", arn,
			    json_pack("[{s:s,s:s}]", "Key", "load_balancing.cross_zone.enabled",
				      "Value", "true"));
	if (!rc)
		load_balancer_parts_say(parts, "cross-zone balancing is on");
	return rc;
}

/* The family is AWS's default but for IPv6. */
static json_t *group_input(const struct load_balancer_parts *parts, const json_t *input)
{
	const char *family = load_balancer_check_family(input);
	const char *path = load_balancer_parts_text(input, "HealthCheckPath");

	return json_pack("{s:s,s:s,s:i,s:s,s:s,s:s,s:s*,s:s,s:s*,s:o}", "Name", parts->name,
			 "Protocol", "UDP", "Port", 4789, "VpcId",
			 load_balancer_parts_text(parts->balancer, "VpcId"), "HealthCheckProtocol",
			 text_or(input, "HealthCheckProtocol", "TCP"), "HealthCheckPort",
			 load_balancer_parts_text(input, "HealthCheckPort"), "HealthCheckPath",
			 path, "TargetType", load_balancer_check_target_type(input),
			 "IpAddressType", strcmp(family, "ipv6") == 0 ? family : NULL, "Tags",
			 make_tags(parts, input));
}

static int step_group(struct load_balancer_parts *parts, const json_t *input)
{
	const char *arn;
	int rc = 0;

	if (!parts->group) {
		rc = create(parts, "CreateTargetGroup", "TargetGroups", group_input(parts, input),
			    &parts->group);
		if (!rc)
			load_balancer_parts_say(parts, "created the target group");
	}
	if (rc)
		return rc;
	arn = load_balancer_parts_text(parts->group, "TargetGroupArn");
	load_balancer_parts_say(parts, "target group %s", arn);
	rc = set_attributes(
		parts, "ModifyTargetGroupAttributes", "TargetGroupArn", arn,
		json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "Key",
			  "deregistration_delay.timeout_seconds", "Value", DELAY_SECONDS, "Key",
			  "deregistration_delay.connection_termination.enabled", "Value", "true",
			  "Key", "proxy_protocol_v2.enabled", "Value", "false"));
	if (!rc)
		load_balancer_parts_say(parts,
					"flows of a target that leaves end after " DELAY_SECONDS
					" s; proxy protocol is off");
	return rc;
}

static int step_listener(struct load_balancer_parts *parts, const json_t *input)
{
	const char *group = load_balancer_parts_text(parts->group, "TargetGroupArn");
	int rc = 0;

	if (!parts->listener) {
		rc = create(parts, "CreateListener", "Listeners",
			    json_pack("{s:s,s:s,s:i,s:[{s:s,s:s}],s:o}", "LoadBalancerArn",
				      load_balancer_parts_text(parts->balancer, "LoadBalancerArn"),
				      "Protocol", "UDP", "Port", 4789, "DefaultActions", "Type",
				      "forward", "TargetGroupArn", group, "Tags",
				      make_tags(parts, input)),
			    &parts->listener);
		if (!rc)
			load_balancer_parts_say(parts, "created the listener");
	}
	if (!rc)
		load_balancer_parts_say(parts, "listener %s",
					load_balancer_parts_text(parts->listener, "ListenerArn"));
	return rc;
}

static int step_targets(struct load_balancer_parts *parts, const json_t *input)
{
	const json_t *ids = json_object_get(input, "Targets");
	json_t *targets = json_array();
	int rc = targets ? 0 : failure_memory(parts->failure);

	for (size_t i = 0; !rc && i < json_array_size(ids); i++) {
		if (json_array_append_new(targets,
					  json_pack("{s:O}", "Id", json_array_get(ids, i))))
			rc = failure_memory(parts->failure);
	}
	if (rc || !json_array_size(ids)) {
		json_decref(targets);
		return rc;
	}
	rc = load_balancer_parts_call(
		parts, "RegisterTargets",
		json_pack("{s:s,s:o}", "TargetGroupArn",
			  load_balancer_parts_text(parts->group, "TargetGroupArn"), "Targets",
			  targets),
		NULL);
	if (!rc)
		load_balancer_parts_say(parts, "targets registered: %zu", json_array_size(ids));
	return rc;
}

static int print_parts(const struct load_balancer_parts *parts,
		       const struct operation_options *options)
{
	json_t *result = json_pack(
		"{s:s,s:s,s:s}", "LoadBalancerArn",
		load_balancer_parts_text(parts->balancer, "LoadBalancerArn"), "TargetGroupArn",
		load_balancer_parts_text(parts->group, "TargetGroupArn"), "ListenerArn",
		load_balancer_parts_text(parts->listener, "ListenerArn"));
	int rc = result ? operation_output(stdout, options->form, options->command, result)
			: -ENOMEM;

	json_decref(result);
	if (rc)
		failure_set(parts->failure, FAILURE_OUTPUT, "stdout: cannot write: %s",
			    strerror(-rc));
	return rc;
}

int load_balancer_setup(struct client *client, const struct operation_options *options,
			struct failure *failure)
{
	static int (*const steps[])(struct load_balancer_parts *, const json_t *) = {
		step_balancer, step_group, step_listener, step_targets};
	struct load_balancer_parts parts;
	int rc;

	load_balancer_parts_init(&parts, client, options, failure);
	rc = load_balancer_parts_find(&parts, 4789);
	if (!rc)
		rc = load_balancer_check_found(&parts, options->input);
	for (size_t i = 0; !rc && i < sizeof(steps) / sizeof(steps[0]); i++)
		rc = steps[i](&parts, options->input);
	if (!rc)
		rc = print_parts(&parts, options);
	load_balancer_parts_fini(&parts);
	return rc;
}
