/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/observe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/operation.h"
#include "provision/deploy/observe_load_balancer.h"

enum { LINE_BYTES = 2048, FIRST_ROOM = 64 };

/* Room for one more; doubles, so that 10,000 items are moved a few times only. */
static void *make_room(void *array, size_t count, size_t size)
{
	if (count && (count < FIRST_ROOM || (count & (count - 1))))
		return array;
	return reallocarray(array, count ? 2 * count : FIRST_ROOM, size);
}

/* One taker for each kind: appends what the item says to the scope's array. */
#define TAKER(kind, array, counter)                                                          \
	static int take_##kind(void *arg, json_t *item)                                      \
	{                                                                                    \
		struct observed_scope *scope = arg;                                          \
		void *room = make_room(scope->array, scope->counter, sizeof(*scope->array)); \
		int rc;                                                                      \
                                                                                             \
		if (!room)                                                                   \
			return -ENOMEM;                                                      \
		scope->array = room;                                                         \
		rc = kind##_from_json(item, &scope->array[scope->counter]);                  \
		scope->counter += !rc;                                                       \
		return rc;                                                                   \
	}

TAKER(mirror_session, sessions, session_count)
TAKER(mirror_target, targets, target_count)
TAKER(mirror_filter, filters, filter_count)
TAKER(network_interface, interfaces, interface_count)
TAKER(instance, instances, instance_count)

/* Instances come in reservations. */
static int take_reservation(void *arg, json_t *item)
{
	json_t *instance;
	size_t i;
	int rc = 0;

	json_array_foreach(json_object_get(item, "Instances"), i, instance)
	{
		rc = take_instance(arg, instance);
		if (rc)
			break;
	}
	return rc;
}

static int describe(struct client *client, const char *name, const json_t *input,
		    int (*take)(void *arg, json_t *item), struct observed_scope *scope,
		    struct failure *failure)
{
	int rc;

	*failure = (struct failure){0};
	rc = operation_list(client, operation_find(name), input, take, scope, failure);
	/* What a taker refuses has no failure yet. */
	if (rc == -ENOMEM)
		return failure_memory(failure);
	if (rc && failure->kind == FAILURE_NONE) {
		failure_set(failure, FAILURE_RESPONSE, "%s: the answer is not what EC2 documents",
			    name);
		failure_set_remedy(failure, "check the endpoint URL");
	}
	return rc;
}

static bool has_target(const struct observed_scope *scope, const char *id)
{
	for (size_t i = 0; i < scope->target_count; i++) {
		if (strcmp(scope->targets[i].traffic_mirror_target_id, id) == 0)
			return true;
	}
	return false;
}

/* One that another account shares is listed only to those who name it, or not at all. */
static int describe_shared_target(struct client *client, const struct config_target *target,
				  struct observed_scope *scope, struct failure *failure)
{
	json_t *input;
	int rc;

	if (target->kind != CONFIG_TARGET_EXISTING || has_target(scope, target->id))
		return 0;
	input = json_pack("{s:[s]}", "TrafficMirrorTargetIds", target->id);
	if (!input)
		return failure_memory(failure);
	rc = describe(client, "DescribeTrafficMirrorTargets", input, take_mirror_target, scope,
		      failure);
	json_decref(input);
	if (rc == -EREMOTEIO && strcmp(failure->code, "InvalidTrafficMirrorTargetId.NotFound") == 0)
		return 0;
	return rc;
}

static int describe_scope(const struct config *config, struct client *client,
			  struct observed_scope *scope, struct failure *failure)
{
	static const struct {
		const char *operation;
		int (*take)(void *arg, json_t *item);
	} calls[] = {
		{"DescribeTrafficMirrorSessions", take_mirror_session},
		{"DescribeTrafficMirrorTargets", take_mirror_target},
		{"DescribeTrafficMirrorFilters", take_mirror_filter},
		{"DescribeNetworkInterfaces", take_network_interface},
		{"DescribeInstances", take_reservation},
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(calls) / sizeof(calls[0]); i++)
		rc = describe(client, calls[i].operation, NULL, calls[i].take, scope, failure);
	if (!rc)
		rc = describe_shared_target(client, config_target_of(config, scope->account), scope,
					    failure);
	return rc ? rc : observe_load_balancer(config, client, scope, failure);
}

/* An incomplete list must not be mistaken for a short one. */
static int give_up(struct observed_scope *scope, const struct failure *failure)
{
	const struct observed_scope failed = {
		.account = scope->account,
		.account_id = scope->account_id,
		.region = scope->region,
	};
	char line[LINE_BYTES];

	scope->account_id = scope->region = NULL;
	observed_scope_fini(scope);
	*scope = failed;
	failure_format(failure, line, sizeof(line));
	scope->failure = strdup(line);
	return scope->failure ? 0 : -ENOMEM;
}

static int observe_scope(const struct config *config, const struct scope *from,
			 struct observed_scope *scope, struct failure *failure)
{
	int rc;

	scope->account = from->account;
	if (from->account_id)
		scope->account_id = strdup(from->account_id);
	scope->region = strdup(from->region);
	if ((from->account_id && !scope->account_id) || !scope->region)
		return failure_memory(failure);
	if (from->failure) {
		scope->failure = strdup(from->failure);
		return scope->failure ? 0 : failure_memory(failure);
	}
	rc = describe_scope(config, from->client, scope, failure);
	if (!rc || rc == -ECANCELED || rc == -ENOMEM)
		return rc;
	rc = give_up(scope, failure);
	return rc ? failure_memory(failure) : 0;
}

int observe(const struct config *config, const struct scopes *scopes, struct observed *observed,
	    struct failure *failure)
{
	int rc = 0;

	*observed = (struct observed){.scopes = calloc(scopes->count, sizeof(*observed->scopes))};
	if (!observed->scopes)
		return failure_memory(failure);
	for (size_t i = 0; !rc && i < scopes->count; i++) {
		observed->scope_count++;
		rc = observe_scope(config, &scopes->scopes[i], &observed->scopes[i], failure);
	}
	if (rc)
		observed_fini(observed);
	return rc;
}
