/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/ec2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define VERSION "2016-11-15"
#define SERVICE "ec2"

enum {
	FIRST_WAIT_MS = 250,
	LONGEST_WAIT_MS = 2000,
	/* EC2 has no account with that many sessions: the tokens must be going round. */
	MAX_PAGES = 10000,
};

static const char *flag(bool set)
{
	return set ? "true" : NULL;
}

/* Failures that calls share. */

static bool dry_run_passed(const struct failure *failure)
{
	return strcmp(failure->code, "DryRunOperation") == 0;
}

static bool not_found(const struct failure *failure)
{
	return strcmp(failure->code, "InvalidTrafficMirrorSessionId.NotFound") == 0;
}

static void name_permission(struct failure *failure, const char *permission)
{
	if (strcmp(failure->code, "UnauthorizedOperation") == 0)
		failure_set_remedy(failure, "allow %s to these credentials (IAM policy)",
				   permission);
}

static int bad_answer(int rc, const char *action, struct failure *failure)
{
	if (rc == -ENOMEM)
		return failure_memory(failure);
	failure_set(failure, FAILURE_RESPONSE, "%s: the answer is not what EC2 documents", action);
	failure_set_remedy(failure, "check the endpoint URL");
	failure->unclear = true;
	return -EPROTO;
}

/* CreateTrafficMirrorSession. */

/* RFC 4122 section 4.4, version 4. */
static int make_token(char token[EC2_TOKEN_BYTES], struct failure *failure)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b)) {
		failure_set(failure, FAILURE_SYSTEM, "client token: no random number: %s",
			    strerror(errno));
		failure_set_remedy(failure, "give --client-token");
		return -EIO;
	}
	b[6] = (b[6] & 0x0f) | 0x40;
	b[8] = (b[8] & 0x3f) | 0x80;
	snprintf(token, EC2_TOKEN_BYTES,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
	return 0;
}

static void encode_tags(struct query *query, const struct mirror_session_spec *spec)
{
	if (!spec->tag_count)
		return;
	query_add(query, "traffic-mirror-session", "TagSpecification.1.ResourceType");
	for (size_t i = 0; i < spec->tag_count; i++) {
		query_add(query, spec->tags[i].key, "TagSpecification.1.Tag.%zu.Key", i + 1);
		query_add(query, spec->tags[i].value, "TagSpecification.1.Tag.%zu.Value", i + 1);
	}
}

void ec2_encode_create(struct query *query, const struct ec2_create *create,
		       const char *client_token)
{
	const struct mirror_session_spec *spec = &create->spec;

	query_init(query, "CreateTrafficMirrorSession", VERSION);
	query_add(query, spec->network_interface_id, "NetworkInterfaceId");
	query_add(query, spec->traffic_mirror_target_id, "TrafficMirrorTargetId");
	query_add(query, spec->traffic_mirror_filter_id, "TrafficMirrorFilterId");
	if (spec->packet_length)
		query_add_number(query, "PacketLength", spec->packet_length);
	query_add_number(query, "SessionNumber", spec->session_number);
	if (spec->has_virtual_network_id)
		query_add_number(query, "VirtualNetworkId", spec->virtual_network_id);
	query_add(query, spec->description, "Description");
	encode_tags(query, spec);
	query_add(query, flag(create->dry_run), "DryRun");
	query_add(query, client_token, "ClientToken");
}

/* No answer is not the same as no effect. */
static void explain_create(const struct ec2_create *create, const char *token,
			   struct failure *failure)
{
	name_permission(failure,
			create->spec.tag_count
				? "ec2:CreateTrafficMirrorSession on the network-interface, "
				  "traffic-mirror-target, traffic-mirror-filter and "
				  "traffic-mirror-session, and ec2:CreateTags on the "
				  "traffic-mirror-session (for --tag)"
				: "ec2:CreateTrafficMirrorSession on the network-interface, "
				  "traffic-mirror-target, traffic-mirror-filter and "
				  "traffic-mirror-session");
	if (failure->unclear && !create->dry_run)
		failure_set_remedy(failure,
				   "it may exist now: look with `mirrorcap session list`, or "
				   "repeat this command with --client-token %s, which creates no "
				   "second one",
				   token);
}

static int decode_created(const struct xml_element *root, struct mirror_session *session)
{
	if (!xml_is(root, "CreateTrafficMirrorSessionResponse"))
		return -EBADMSG;
	return mirror_session_decode(xml_child(root, "trafficMirrorSession"), session);
}

int ec2_create_session(struct client *client, const struct ec2_create *create,
		       struct ec2_created *created, struct failure *failure)
{
	struct xml_document *document = NULL;
	struct query query;
	int rc;

	*created = (struct ec2_created){0};
	if (create->client_token)
		snprintf(created->client_token, sizeof(created->client_token), "%s",
			 create->client_token);
	else if (make_token(created->client_token, failure))
		return -EIO;
	ec2_encode_create(&query, create, created->client_token);
	rc = client_call(client, SERVICE, &query, &document, failure);
	query_fini(&query);
	if (rc && create->dry_run && dry_run_passed(failure))
		return 0;
	if (!rc) {
		rc = decode_created(xml_root(document), &created->session);
		if (rc)
			rc = bad_answer(rc, "CreateTrafficMirrorSession", failure);
	}
	xml_free(document);
	if (rc)
		explain_create(create, created->client_token, failure);
	return rc;
}

void ec2_created_fini(struct ec2_created *created)
{
	mirror_session_fini(&created->session);
}

/* DescribeTrafficMirrorSessions. */

void ec2_encode_describe(struct query *query, const struct ec2_describe *describe,
			 const char *next_token)
{
	query_init(query, "DescribeTrafficMirrorSessions", VERSION);
	for (size_t i = 0; i < describe->id_count; i++)
		query_add(query, describe->ids[i], "TrafficMirrorSessionId.%zu", i + 1);
	for (size_t i = 0; i < describe->filter_count; i++) {
		const struct ec2_filter *filter = &describe->filters[i];

		query_add(query, filter->name, "Filter.%zu.Name", i + 1);
		for (size_t j = 0; j < filter->value_count; j++)
			query_add(query, filter->values[j], "Filter.%zu.Value.%zu", i + 1, j + 1);
	}
	/* EC2's calls refuse a page size beside ids. */
	if (!describe->id_count && !describe->dry_run)
		query_add_number(query, "MaxResults", EC2_PAGE_SESSIONS);
	query_add(query, next_token, "NextToken");
	query_add(query, flag(describe->dry_run), "DryRun");
}

int ec2_decode_page(const struct xml_document *document, struct mirror_session_list *list,
		    const char **next_token)
{
	const struct xml_element *root = xml_root(document);
	const char *token = xml_text(root, "nextToken");

	/* A document of another kind must not pass for an empty list. */
	if (!xml_is(root, "DescribeTrafficMirrorSessionsResponse"))
		return -EBADMSG;
	*next_token = token && *token ? token : NULL;
	return mirror_session_decode_set(xml_child(root, "trafficMirrorSessionSet"), list);
}

/* token: owned, replaced by the next page's; NULL after the last. */
static int describe_page(struct client *client, const struct ec2_describe *describe, char **token,
			 struct mirror_session_list *list, struct failure *failure)
{
	struct xml_document *document = NULL;
	const char *next = NULL;
	struct query query;
	int rc;

	ec2_encode_describe(&query, describe, *token);
	rc = client_call(client, SERVICE, &query, &document, failure);
	query_fini(&query);
	if (rc)
		return rc;
	rc = ec2_decode_page(document, list, &next);
	free(*token);
	*token = next ? strdup(next) : NULL;
	if (!rc && next && !*token)
		rc = -ENOMEM;
	xml_free(document);
	return rc ? bad_answer(rc, "DescribeTrafficMirrorSessions", failure) : 0;
}

int ec2_describe_sessions(struct client *client, const struct ec2_describe *describe,
			  struct mirror_session_list *list, struct failure *failure)
{
	unsigned int pages = 0;
	char *token = NULL;
	int rc;

	*list = (struct mirror_session_list){0};
	do {
		if (++pages > MAX_PAGES)
			rc = bad_answer(-EBADMSG, "DescribeTrafficMirrorSessions", failure);
		else
			rc = describe_page(client, describe, &token, list, failure);
	} while (!rc && token);
	free(token);
	if (rc)
		mirror_session_list_fini(list);
	if (rc && describe->dry_run && dry_run_passed(failure))
		return 0;
	if (rc)
		name_permission(failure, "ec2:DescribeTrafficMirrorSessions on \"*\"");
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
		failure->http_status = 200;
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

/* EC2 names the session; "return" is what its older actions answer. */
static bool deleted(const struct xml_element *root, const char *id)
{
	const char *named = xml_text(root, "trafficMirrorSessionId");
	const char *done = xml_text(root, "return");

	if (!xml_is(root, "DeleteTrafficMirrorSessionResponse"))
		return false;
	return named ? strcmp(named, id) == 0 : done && strcmp(done, "true") == 0;
}

int ec2_delete_session(struct client *client, const char *id, bool dry_run, struct failure *failure)
{
	struct xml_document *document = NULL;
	struct query query;
	int rc;

	query_init(&query, "DeleteTrafficMirrorSession", VERSION);
	query_add(&query, id, "TrafficMirrorSessionId");
	query_add(&query, flag(dry_run), "DryRun");
	rc = client_call(client, SERVICE, &query, &document, failure);
	query_fini(&query);
	if (!rc && !deleted(xml_root(document), id))
		rc = bad_answer(-EBADMSG, "DeleteTrafficMirrorSession", failure);
	xml_free(document);
	if (rc && dry_run && dry_run_passed(failure))
		return 0;
	if (rc && not_found(failure) && client_attempts(client) > 1)
		return 0;
	if (rc)
		name_permission(failure,
				"ec2:DeleteTrafficMirrorSession on the traffic-mirror-session");
	return rc;
}
