/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/ec2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/api/operation.h"

enum {
	FIRST_WAIT_MS = 250,
	LONGEST_WAIT_MS = 2000,
};

static bool not_found(const struct failure *failure)
{
	return strcmp(failure->code, "InvalidTrafficMirrorSessionId.NotFound") == 0;
}

/* The answer's structs hold less than its JSON: numbers have their ranges. */
static int bad_answer(int rc, const char *action, struct failure *failure)
{
	if (rc == -ENOMEM)
		return failure_memory(failure);
	failure_set(failure, FAILURE_RESPONSE, "%s: the answer is not what EC2 documents", action);
	failure_set_remedy(failure, "check the endpoint URL");
	failure->unclear = true;
	return -EPROTO;
}

/* Sets a member of a request, unless it was not given; *failed where memory is short. */

static void set_value(json_t *input, const char *name, json_t *value, bool *failed)
{
	if (json_object_set_new(input, name, value))
		*failed = true;
}

static void set_text(json_t *input, const char *name, const char *text, bool *failed)
{
	if (text)
		set_value(input, name, json_string(text), failed);
}

static void set_number(json_t *input, const char *name, bool given, uint32_t number, bool *failed)
{
	if (given)
		set_value(input, name, json_integer(number), failed);
}

static void set_dry_run(json_t *input, bool dry_run, bool *failed)
{
	if (dry_run)
		set_value(input, "DryRun", json_true(), failed);
}

/* CreateTrafficMirrorSession. */

static void set_tags(json_t *input, const struct mirror_session_spec *spec, bool *failed)
{
	json_t *tags;

	if (!spec->tag_count)
		return;
	tags = json_array();
	for (size_t i = 0; i < spec->tag_count; i++) {
		if (json_array_append_new(tags, json_pack("{s:s,s:s}", "Key", spec->tags[i].key,
							  "Value", spec->tags[i].value)))
			*failed = true;
	}
	set_value(input, "TagSpecifications",
		  json_pack("[{s:s,s:o}]", "ResourceType", "traffic-mirror-session", "Tags", tags),
		  failed);
}

/* Owned by the caller; NULL where memory is short. */
static json_t *create_input(const struct ec2_create *create, const char *client_token)
{
	const struct mirror_session_spec *spec = &create->spec;
	json_t *input = json_object();
	bool failed = false;

	set_text(input, "NetworkInterfaceId", spec->network_interface_id, &failed);
	set_text(input, "TrafficMirrorTargetId", spec->traffic_mirror_target_id, &failed);
	set_text(input, "TrafficMirrorFilterId", spec->traffic_mirror_filter_id, &failed);
	set_number(input, "PacketLength", spec->packet_length > 0, spec->packet_length, &failed);
	set_number(input, "SessionNumber", true, spec->session_number, &failed);
	set_number(input, "VirtualNetworkId", spec->has_virtual_network_id,
		   spec->virtual_network_id, &failed);
	set_text(input, "Description", spec->description, &failed);
	set_tags(input, spec, &failed);
	set_dry_run(input, create->dry_run, &failed);
	set_text(input, "ClientToken", client_token, &failed);
	if (failed)
		json_decref(input);
	return failed ? NULL : input;
}

int ec2_create_session(struct client *client, const struct ec2_create *create,
		       struct ec2_created *created, struct failure *failure)
{
	static const char action[] = "CreateTrafficMirrorSession";
	json_t *input, *output = NULL;
	int rc;

	*created = (struct ec2_created){0};
	if (create->client_token)
		snprintf(created->client_token, sizeof(created->client_token), "%s",
			 create->client_token);
	else if (operation_token(created->client_token, failure))
		return -EIO;
	input = create_input(create, created->client_token);
	if (!input)
		return failure_memory(failure);
	rc = operation_call(client, operation_find(action), input, &output, failure);
	if (!rc && output) {
		rc = mirror_session_from_json(json_object_get(output, "TrafficMirrorSession"),
					      &created->session);
		if (rc)
			rc = bad_answer(rc, action, failure);
	}
	json_decref(output);
	json_decref(input);
	return rc;
}

void ec2_created_fini(struct ec2_created *created)
{
	mirror_session_fini(&created->session);
}

/* DescribeTrafficMirrorSessions. */

static json_t *texts(const char *const *list, size_t count, bool *failed)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		if (json_array_append_new(array, json_string(list[i])))
			*failed = true;
	}
	return array;
}

static void set_filters(json_t *input, const struct ec2_describe *describe, bool *failed)
{
	json_t *filters;

	if (!describe->filter_count)
		return;
	filters = json_array();
	for (size_t i = 0; i < describe->filter_count; i++) {
		const struct ec2_filter *filter = &describe->filters[i];
		json_t *values = texts(filter->values, filter->value_count, failed);

		if (json_array_append_new(filters, json_pack("{s:s,s:o}", "Name", filter->name,
							     "Values", values)))
			*failed = true;
	}
	set_value(input, "Filters", filters, failed);
}

/* Owned by the caller; NULL where memory is short. */
static json_t *describe_input(const struct ec2_describe *describe)
{
	json_t *input = json_object();
	bool failed = false;

	if (describe->id_count)
		set_value(input, "TrafficMirrorSessionIds",
			  texts(describe->ids, describe->id_count, &failed), &failed);
	set_filters(input, describe, &failed);
	set_dry_run(input, describe->dry_run, &failed);
	if (failed)
		json_decref(input);
	return failed ? NULL : input;
}

struct lister {
	struct mirror_session_list *list;
	struct failure *failure;
};

static int append(void *arg, json_t *item)
{
	struct lister *lister = arg;
	int rc = mirror_session_list_append(lister->list, item);

	return rc ? bad_answer(rc, "DescribeTrafficMirrorSessions", lister->failure) : 0;
}

int ec2_describe_sessions(struct client *client, const struct ec2_describe *describe,
			  struct mirror_session_list *list, struct failure *failure)
{
	struct lister lister = {list, failure};
	json_t *input = describe_input(describe);
	int rc;

	*list = (struct mirror_session_list){0};
	if (!input)
		return failure_memory(failure);
	rc = operation_list(client, operation_find("DescribeTrafficMirrorSessions"), input, append,
			    &lister, failure);
	json_decref(input);
	if (rc)
		mirror_session_list_fini(list);
	return rc;
}

static const struct mirror_session *best_match(const struct mirror_session_list *list,
					       const struct mirror_session_spec *spec)
{
	const struct mirror_session *best = NULL, *session = list->sessions;

	for (size_t i = 0; i < list->count; i++, session++) {
		if (mirror_session_matches(session, spec) &&
		    (!best || session->session_number < best->session_number))
			best = session;
	}
	return best;
}

/* Moves one session out of the list. */
static void take_session(struct mirror_session_list *list, const struct mirror_session *found,
			 struct mirror_session *session)
{
	struct mirror_session *slot = &list->sessions[found - list->sessions];

	*session = *slot;
	*slot = (struct mirror_session){0};
}

int ec2_find_session(struct client *client, const struct mirror_session_spec *spec,
		     struct mirror_session *session, struct failure *failure)
{
	/* An interface has three sessions at most: the rest is compared here. */
	const struct ec2_filter filter = {
		.name = "network-interface-id",
		.values = &spec->network_interface_id,
		.value_count = 1,
	};
	const struct ec2_describe describe = {.filters = &filter, .filter_count = 1};
	const struct mirror_session *found;
	struct mirror_session_list list;
	int rc = ec2_describe_sessions(client, &describe, &list, failure);

	if (rc)
		return rc;
	found = best_match(&list, spec);
	if (found)
		take_session(&list, found, session);
	mirror_session_list_fini(&list);
	return found ? 0 : -ENOENT;
}

static int describe_one(struct client *client, const char *id, struct mirror_session *session,
			struct failure *failure)
{
	const struct ec2_describe describe = {.ids = &id, .id_count = 1};
	struct mirror_session_list list;
	int rc = ec2_describe_sessions(client, &describe, &list, failure);

	if (rc)
		return rc;
	if (list.count) {
		take_session(&list, &list.sessions[0], session);
	} else {
		failure_set(failure, FAILURE_SERVICE, "EC2 lists no session %s", id);
		snprintf(failure->code, sizeof(failure->code), "%s",
			 "InvalidTrafficMirrorSessionId.NotFound");
		rc = -EREMOTEIO;
	}
	mirror_session_list_fini(&list);
	return rc;
}

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int ec2_wait_session(struct client *client, const char *id, unsigned int timeout_ms,
		     struct mirror_session *session, struct failure *failure)
{
	const uint64_t deadline = monotonic_ms() + timeout_ms;
	unsigned int wait = FIRST_WAIT_MS;
	struct failure stopped;
	int rc;

	for (;;) {
		rc = describe_one(client, id, session, failure);
		if (rc != -EREMOTEIO || !not_found(failure) || monotonic_ms() + wait > deadline)
			return rc;
		rc = client_pause(client, wait, &stopped);
		if (rc) {
			*failure = stopped;
			return rc;
		}
		wait = wait < LONGEST_WAIT_MS ? wait * 2 : wait;
	}
}

/* DeleteTrafficMirrorSession. */

int ec2_delete_session(struct client *client, const char *id, bool dry_run, struct failure *failure)
{
	json_t *input = json_object();
	bool failed = false;
	int rc;

	set_text(input, "TrafficMirrorSessionId", id, &failed);
	set_dry_run(input, dry_run, &failed);
	if (failed)
		rc = failure_memory(failure);
	else
		rc = operation_call(client, operation_find("DeleteTrafficMirrorSession"), input,
				    NULL, failure);
	json_decref(input);
	return rc;
}
