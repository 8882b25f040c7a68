/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "provision/api/operations.h"
#include "provision/commands/load_balancer_parts.h"
#include "provision/commands/load_balancer_setup.h"

#define PROTECTION "deletion_protection.enabled"

/* A target group stays in use for a moment after its listener is gone. */
enum {
	WAIT_MS = 1000,
	MAX_WAITS = 15,
};

static const struct shape_member members[] = {
	{.name = "Name",
	 .required = true,
	 .check = operations_check_elb_name,
	 .argument = "NAME",
	 .help = "as setup had it"},
};
const struct shape load_balancer_teardown_shape = {SHAPE_MEMBERS(members)};

/* A session whose target is gone mirrors nothing, and nobody is told. */
static int check_unused(const struct load_balancer_parts *parts)
{
	const char *arn = load_balancer_parts_text(parts->balancer, "LoadBalancerArn");
	json_t *targets, *input = json_pack("{s:[{s:s,s:[s]}]}", "Filters", "Name",
					    "network-load-balancer-arn", "Values", arn);
	int rc = input ? operation_list_all(parts->client,
					    operation_find("DescribeTrafficMirrorTargets"), input,
					    &targets, parts->failure)
		       : failure_memory(parts->failure);

	json_decref(input);
	if (rc)
		return rc;
	if (json_array_size(targets)) {
		const char *id = load_balancer_parts_text(json_array_get(targets, 0),
							  "TrafficMirrorTargetId");

		failure_set(parts->failure, FAILURE_SERVICE, "%s: the mirror target %s needs it",
			    arn, id);
		failure_set_remedy(parts->failure,
				   "delete that first: mirrorcap target delete "
				   "--traffic-mirror-target-id %s",
				   id);
		rc = -EBUSY;
	}
	json_decref(targets);
	return rc;
}

/* AWS would refuse to delete the load balancer when listener and target group are gone already. */
static int check_unprotected(const struct load_balancer_parts *parts)
{
	const char *arn = load_balancer_parts_text(parts->balancer, "LoadBalancerArn");
	json_t *output, *attribute;
	bool protected = false;
	size_t i;
	int rc = load_balancer_parts_call(parts, "DescribeLoadBalancerAttributes",
					  json_pack("{s:s}", "LoadBalancerArn", arn), &output);

	if (rc)
		return rc;
	json_array_foreach(json_object_get(output, "Attributes"), i, attribute)
	{
		const char *key = load_balancer_parts_text(attribute, "Key");
		const char *value = load_balancer_parts_text(attribute, "Value");

		protected |=
			key && value && strcmp(key, PROTECTION) == 0 && strcmp(value, "true") == 0;
	}
	json_decref(output);
	if (!protected)
		return 0;
	failure_set(parts->failure, FAILURE_SERVICE, "%s: is protected against deletion", arn);
	failure_set_remedy(parts->failure,
			   "first: mirrorcap load-balancer modify --load-balancer-arn %s "
			   "--attributes Key=" PROTECTION ",Value=false",
			   arn);
	return -EBUSY;
}

/* Deletes one part; waits while AWS still takes it for used. */
static int delete_part(const struct load_balancer_parts *parts, const char *operation,
		       const char *member, const json_t *part)
{
	const char *arn = load_balancer_parts_text(part, member);
	int rc, waits = 0;

	if (!arn)
		return 0;
	for (;;) {
		rc = load_balancer_parts_call(parts, operation, json_pack("{s:s}", member, arn),
					      NULL);
		if (rc != -EREMOTEIO || strcmp(parts->failure->code, "ResourceInUse") != 0 ||
		    waits++ == MAX_WAITS)
			break;
		rc = client_pause(parts->client, WAIT_MS, parts->failure);
		if (rc)
			return rc;
	}
	if (!rc)
		load_balancer_parts_say(parts, "deleted %s", arn);
	return rc;
}

static int delete_all(const struct load_balancer_parts *parts)
{
	int rc = delete_part(parts, "DeleteListener", "ListenerArn", parts->listener);

	if (!rc)
		rc = delete_part(parts, "DeleteTargetGroup", "TargetGroupArn", parts->group);
	if (!rc)
		rc = delete_part(parts, "DeleteLoadBalancer", "LoadBalancerArn", parts->balancer);
	return rc;
}

int load_balancer_teardown(struct client *client, const struct operation_options *options,
			   struct failure *failure)
{
	struct load_balancer_parts parts;
	int rc;

	load_balancer_parts_init(&parts, client, options, failure);
	rc = load_balancer_parts_find(&parts, 0);
	if (!rc && parts.balancer)
		rc = check_unused(&parts);
	if (!rc && parts.balancer)
		rc = check_unprotected(&parts);
	if (!rc && !parts.balancer && !parts.group)
		load_balancer_parts_say(&parts, "%s: there is nothing to delete", parts.name);
	if (!rc)
		rc = delete_all(&parts);
	load_balancer_parts_fini(&parts);
	return rc;
}
