/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/map_fetch.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "provision/api/operation.h"
#include "provision/deploy/config.h"

enum { FILTER_VALUES_MAX = 200 }; /* EC2's, per filter */

struct take {
	const struct map_query *query;
	struct map_facts *facts;
	size_t first; /* of this call's sessions */
};

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static bool has_tag(const json_t *item, const char *key, const char *value)
{
	const json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(item, "Tags"), i, tag)
	{
		const char *found_key = text_of(tag, "Key"), *found = text_of(tag, "Value");

		if (found_key && found && strcmp(found_key, key) == 0 && strcmp(found, value) == 0)
			return true;
	}
	return false;
}

static int take_session(void *arg, json_t *item)
{
	const struct take *take = arg;

	/* DescribeTrafficMirrorSessions documents no filter by tag. */
	if (take->query->deployment &&
	    !has_tag(item, CONFIG_TAG_DEPLOYMENT, take->query->deployment))
		return 0;
	return json_array_append(take->facts->sessions, item) ? -ENOMEM : 0;
}

/* The address that its mirrored packets come from. */
static const char *primary_address(const json_t *interface)
{
	const char *address = text_of(interface, "PrivateIpAddress");

	if (address && *address)
		return address;
	return text_of(json_array_get(json_object_get(interface, "Ipv6Addresses"), 0),
		       "Ipv6Address");
}

static int take_interface(void *arg, json_t *item)
{
	const struct take *take = arg;
	const char *id = text_of(item, "NetworkInterfaceId"), *address = primary_address(item);

	if (!id || !address)
		return 0;
	return json_object_set_new(take->facts->addresses, id, json_string(address)) ? -ENOMEM : 0;
}

/* values: given up. Calls each for what has one of the values; NULL for all there is. */
static int list(struct client *client, const char *operation, const char *name, json_t *values,
		int (*each)(void *arg, json_t *item), struct take *take, struct failure *failure)
{
	/* Without the filter all of the account's would be taken. */
	json_t *input =
		values ? json_pack("{s:[{s:s, s:o}]}", "Filters", "Name", name, "Values", values)
		       : json_object();
	int rc;

	if (!input)
		return failure_memory(failure);
	rc = operation_list(client, operation_find(operation), input, each, take, failure);
	json_decref(input);
	return rc == -ENOMEM ? failure_memory(failure) : rc;
}

/* The interface ids of sessions from *index on, as many as a filter takes; NULL without memory. */
static json_t *next_ids(const json_t *sessions, size_t *index)
{
	json_t *ids = json_array();
	int rc = ids ? 0 : -1;

	for (; !rc && *index < json_array_size(sessions); (*index)++) {
		json_t *id =
			json_object_get(json_array_get(sessions, *index), "NetworkInterfaceId");

		if (json_array_size(ids) == FILTER_VALUES_MAX)
			return ids;
		if (id)
			rc = json_array_append(ids, id);
	}
	if (!rc)
		return ids;
	json_decref(ids);
	return NULL;
}

/* The sessions' interfaces; a filter instead of ids, since an id that is gone is an error. */
static int list_interfaces(struct client *client, struct take *take, struct failure *failure)
{
	size_t i = take->first;
	int rc = 0;

	while (!rc && i < json_array_size(take->facts->sessions)) {
		json_t *ids = next_ids(take->facts->sessions, &i);

		if (!ids)
			return failure_memory(failure);
		rc = list(client, "DescribeNetworkInterfaces", "network-interface-id", ids,
			  take_interface, take, failure);
	}
	return rc;
}

int map_fetch(struct client *client, const struct map_query *query, struct map_facts *facts,
	      struct failure *failure)
{
	struct take take = {.query = query, .facts = facts};
	json_t *target = NULL;
	int rc;

	if (!facts->sessions)
		facts->sessions = json_array();
	if (!facts->addresses)
		facts->addresses = json_object();
	if (!facts->sessions || !facts->addresses)
		return failure_memory(failure);
	take.first = json_array_size(facts->sessions);
	if (query->traffic_mirror_target_id) {
		target = json_pack("[s]", query->traffic_mirror_target_id);
		if (!target)
			return failure_memory(failure);
	}
	rc = list(client, "DescribeTrafficMirrorSessions", "traffic-mirror-target-id", target,
		  take_session, &take, failure);
	return rc ? rc : list_interfaces(client, &take, failure);
}

void map_facts_fini(struct map_facts *facts)
{
	json_decref(facts->sessions);
	json_decref(facts->addresses);
	*facts = (struct map_facts){0};
}
