/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/load_balancer_parts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LINE_BYTES = 2048 };

void load_balancer_parts_init(struct load_balancer_parts *parts, struct client *client,
			      const struct operation_options *options, struct failure *failure)
{
	*parts = (struct load_balancer_parts){
		.client = client,
		.failure = failure,
		.verb = options->command->verb,
		.name = load_balancer_parts_text(options->input, "Name"),
	};
}

void load_balancer_parts_fini(struct load_balancer_parts *parts)
{
	json_decref(parts->balancer);
	json_decref(parts->group);
	json_decref(parts->listener);
}

const char *load_balancer_parts_text(const json_t *part, const char *member)
{
	return json_string_value(json_object_get(part, member));
}

void load_balancer_parts_say(const struct load_balancer_parts *parts, const char *format, ...)
{
	struct failure said = {0};
	char line[LINE_BYTES];
	va_list list;

	va_start(list, format);
	vsnprintf(said.message, sizeof(said.message), format, list);
	va_end(list);
	/* Names and states came from elsewhere. */
	failure_format(&said, line, sizeof(line));
	fprintf(stderr, "mirrorcap: load-balancer %s: %s\n", parts->verb, line);
}

int load_balancer_parts_call(const struct load_balancer_parts *parts, const char *operation,
			     json_t *input, json_t **output)
{
	int rc;

	if (!input)
		return failure_memory(parts->failure);
	rc = operation_call(parts->client, operation_find(operation), input, output,
			    parts->failure);
	json_decref(input);
	return rc;
}

/* Whose it is. */

static bool has_tag(const json_t *tags, const char *name)
{
	size_t i;
	json_t *tag;

	json_array_foreach((json_t *)tags, i, tag)
	{
		const char *key = load_balancer_parts_text(tag, "Key");
		const char *value = load_balancer_parts_text(tag, "Value");

		if (key && value && strcmp(key, LOAD_BALANCER_TAG) == 0 && strcmp(value, name) == 0)
			return true;
	}
	return false;
}

/* what: for the message. Returns 0, -EEXIST where it lacks the tag. */
static int check_owned(const struct load_balancer_parts *parts, const char *what, const char *arn)
{
	json_t *output, *described;
	bool owned;
	int rc = load_balancer_parts_call(parts, "DescribeTags",
					  json_pack("{s:[s]}", "ResourceArns", arn), &output);

	if (rc)
		return rc;
	described = json_array_get(json_object_get(output, "TagDescriptions"), 0);
	owned = has_tag(json_object_get(described, "Tags"), parts->name);
	json_decref(output);
	if (owned)
		return 0;
	failure_set(parts->failure, FAILURE_SERVICE,
		    "%s: a %s that setup did not create (it lacks the tag %s=%s)", arn, what,
		    LOAD_BALANCER_TAG, parts->name);
	failure_set_remedy(parts->failure, "choose another --name, or remove it yourself");
	return -EEXIST;
}

/* Finding. */

/* item: owned by the caller, NULL where there is none of that name. */
static int find_named(const struct load_balancer_parts *parts, const char *operation,
		      const char *not_found, json_t **item)
{
	json_t *output;
	int rc = load_balancer_parts_call(parts, operation,
					  json_pack("{s:[s]}", "Names", parts->name), &output);

	*item = NULL;
	if (rc == -EREMOTEIO && strcmp(parts->failure->code, not_found) == 0)
		return 0;
	if (rc)
		return rc;
	*item = json_incref(
		json_array_get(json_object_get(output, operation_find(operation)->items), 0));
	json_decref(output);
	return 0;
}

static int find_balancer(struct load_balancer_parts *parts)
{
	int rc = find_named(parts, "DescribeLoadBalancers", "LoadBalancerNotFound",
			    &parts->balancer);

	if (rc || !parts->balancer)
		return rc;
	return check_owned(parts, "load balancer",
			   load_balancer_parts_text(parts->balancer, "LoadBalancerArn"));
}

static int find_group(struct load_balancer_parts *parts)
{
	int rc = find_named(parts, "DescribeTargetGroups", "TargetGroupNotFound", &parts->group);

	if (rc || !parts->group)
		return rc;
	return check_owned(parts, "target group",
			   load_balancer_parts_text(parts->group, "TargetGroupArn"));
}

static int each_listener(void *arg, json_t *item)
{
	return json_array_append(arg, item);
}

/* port 0: any. All must be ours: they go with the load balancer. */
static int find_listener(struct load_balancer_parts *parts, int port)
{
	const char *arn = load_balancer_parts_text(parts->balancer, "LoadBalancerArn");
	json_t *input = json_pack("{s:s}", "LoadBalancerArn", arn), *listeners = json_array();
	json_t *listener;
	size_t i;
	int rc = input && listeners
			 ? operation_list(parts->client, operation_find("DescribeListeners"), input,
					  each_listener, listeners, parts->failure)
			 : failure_memory(parts->failure);

	json_decref(input);
	for (i = 0; !rc && i < json_array_size(listeners); i++) {
		listener = json_array_get(listeners, i);
		if (port && json_integer_value(json_object_get(listener, "Port")) != port)
			continue;
		rc = check_owned(parts, "listener",
				 load_balancer_parts_text(listener, "ListenerArn"));
		if (!rc && !parts->listener)
			parts->listener = json_incref(listener);
	}
	json_decref(listeners);
	return rc;
}

int load_balancer_parts_find(struct load_balancer_parts *parts, int port)
{
	int rc = find_balancer(parts);

	if (!rc)
		rc = find_group(parts);
	if (!rc && parts->balancer)
		rc = find_listener(parts, port);
	return rc;
}
