/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/observe_load_balancer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/operation.h"
#include "provision/deploy/config_filter.h"

/* ELBv2's calls as this file needs them: one member of input, all items of the answer. */
static int ask(struct client *client, const char *operation, const char *member, const char *value,
	       json_t **items, struct failure *failure)
{
	json_t *input = json_pack("{s:s}", member, value);
	int rc;

	if (!input)
		return failure_memory(failure);
	rc = operation_list_all(client, operation_find(operation), input, items, failure);
	json_decref(input);
	return rc;
}

static const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

/* The load balancer of the scope's target, or NULL. Borrowed. */
static const char *find_arn(const struct config *config, const struct observed_scope *scope)
{
	const struct config_target *target = config_target_of(config, scope->account);

	if (target->kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER)
		return target->id;
	if (target->kind != CONFIG_TARGET_EXISTING)
		return NULL;
	for (size_t i = 0; i < scope->target_count; i++) {
		if (strcmp(scope->targets[i].traffic_mirror_target_id, target->id) == 0)
			return scope->targets[i].network_load_balancer_arn;
	}
	return NULL;
}

/* arn:PARTITION:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/… */
static bool arn_is_ours(const char *arn, const char *account_id)
{
	size_t length = strlen(account_id);

	for (int colons = 0; colons < 4; colons++) {
		arn = strchr(arn, ':');
		if (!arn)
			return false;
		arn++;
	}
	return strncmp(arn, account_id, length) == 0 && arn[length] == ':';
}

static int read_balancer(struct client *client, const char *arn,
			 struct observed_load_balancer *balancer, struct failure *failure)
{
	json_t *input = json_pack("{s:[s]}", "LoadBalancerArns", arn), *items;
	const char *vpc_id;
	int rc;

	if (!input)
		return failure_memory(failure);
	rc = operation_list_all(client, operation_find("DescribeLoadBalancers"), input, &items,
				failure);
	json_decref(input);
	if (rc)
		return rc;
	balancer->exists = json_array_size(items);
	vpc_id = text_of(json_array_get(items, 0), "VpcId");
	if (*vpc_id) {
		balancer->vpc_id = strdup(vpc_id);
		rc = balancer->vpc_id ? 0 : failure_memory(failure);
	}
	json_decref(items);
	return rc;
}

static int read_attributes(struct client *client, const char *arn,
			   struct observed_load_balancer *balancer, struct failure *failure)
{
	json_t *input = json_pack("{s:s}", "LoadBalancerArn", arn), *output = NULL, *attribute;
	size_t i;
	int rc;

	if (!input)
		return failure_memory(failure);
	rc = operation_call(client, operation_find("DescribeLoadBalancerAttributes"), input,
			    &output, failure);
	json_decref(input);
	if (rc)
		return rc;
	json_array_foreach(json_object_get(output, "Attributes"), i, attribute)
	{
		if (strcmp(text_of(attribute, "Key"), "load_balancing.cross_zone.enabled") == 0)
			balancer->cross_zone = strcmp(text_of(attribute, "Value"), "true") == 0;
	}
	json_decref(output);
	return 0;
}

static int add_registered(struct observed_load_balancer *balancer, const json_t *description)
{
	const json_t *target = json_object_get(description, "Target");
	const json_t *health = json_object_get(description, "TargetHealth");
	char **list =
		reallocarray(balancer->registered, balancer->registered_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	balancer->registered = list;
	list[balancer->registered_count] = strdup(text_of(target, "Id"));
	if (!list[balancer->registered_count])
		return -ENOMEM;
	balancer->registered_count++;
	balancer->healthy += strcmp(text_of(health, "State"), "healthy") == 0;
	return 0;
}

static int read_group(struct client *client, const char *arn,
		      struct observed_load_balancer *balancer, struct failure *failure)
{
	json_t *items, *description;
	size_t i;
	int rc = ask(client, "DescribeTargetHealth", "TargetGroupArn", arn, &items, failure);

	if (rc)
		return rc;
	json_array_foreach(items, i, description)
	{
		rc = add_registered(balancer, description);
		if (rc) {
			failure_memory(failure);
			break;
		}
	}
	json_decref(items);
	return rc;
}

static int read_groups(struct client *client, const char *arn,
		       struct observed_load_balancer *balancer, struct failure *failure)
{
	json_t *items, *group;
	size_t i;
	int rc = ask(client, "DescribeTargetGroups", "LoadBalancerArn", arn, &items, failure);

	if (rc)
		return rc;
	json_array_foreach(items, i, group)
	{
		rc = read_group(client, text_of(group, "TargetGroupArn"), balancer, failure);
		if (rc)
			break;
	}
	json_decref(items);
	return rc;
}

static int read_listeners(struct client *client, const char *arn,
			  struct observed_load_balancer *balancer, struct failure *failure)
{
	json_t *items, *listener;
	size_t i;
	int rc = ask(client, "DescribeListeners", "LoadBalancerArn", arn, &items, failure);

	if (rc)
		return rc;
	json_array_foreach(items, i, listener)
	{
		const char *protocol = text_of(listener, "Protocol");
		json_int_t port = json_integer_value(json_object_get(listener, "Port"));

		if (port == CONFIG_VXLAN_PORT &&
		    (strcmp(protocol, "UDP") == 0 || strcmp(protocol, "TCP_UDP") == 0))
			balancer->listens = true;
	}
	json_decref(items);
	return 0;
}

int observe_load_balancer(const struct config *config, struct client *client,
			  struct observed_scope *scope, struct failure *failure)
{
	struct observed_load_balancer *balancer = &scope->load_balancer;
	const char *arn = find_arn(config, scope);
	int rc;

	if (!arn || !arn_is_ours(arn, scope->account_id))
		return 0;
	rc = read_balancer(client, arn, balancer, failure);
	if (rc == -EREMOTEIO && strcmp(failure->code, "LoadBalancerNotFound") == 0)
		rc = 0;
	if (!rc && balancer->exists)
		rc = read_attributes(client, arn, balancer, failure);
	if (!rc && balancer->exists)
		rc = read_listeners(client, arn, balancer, failure);
	if (!rc && balancer->exists)
		rc = read_groups(client, arn, balancer, failure);
	balancer->known = !rc;
	return rc;
}
