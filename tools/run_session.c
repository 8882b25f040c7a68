/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run_session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "tools/run_stop.h"
#include "tools/run_target.h"

enum { LINE_BYTES = 2048 };

/* Behind a load balancer every session has a length, 8500 where none was given. Before an interface one
 * that has it cuts what shall be whole. */
static int check_whole(struct client *client, const struct mirror_session *found,
		       struct failure *failure)
{
	enum run_target target;
	int rc = run_target_ask(client, found->traffic_mirror_target_id, &target, failure);

	if (rc || target != RUN_TARGET_INTERFACE)
		return rc;
	failure_set(failure, FAILURE_SERVICE, "session %s cuts packets at %" PRIu32 " bytes",
		    found->traffic_mirror_session_id, found->packet_length);
	failure_set_remedy(failure,
			   "give --packet-length %" PRIu32 ", or `mirrorcap session modify "
			   "--traffic-mirror-session-id %s --remove-fields packet-length`",
			   found->packet_length, found->traffic_mirror_session_id);
	return -EINVAL;
}

/* As ec2_find_session(), but tells "there is none" (-ENOENT) from other failures of that number. */
static int find(struct client *client, const struct mirror_session_spec *spec,
		struct mirror_session *found, struct failure *failure)
{
	int rc;

	*failure = (struct failure){0};
	rc = ec2_find_session(client, spec, found, failure);
	if (!rc && !spec->packet_length && found->has_packet_length) {
		rc = check_whole(client, found, failure);
		if (rc)
			mirror_session_fini(found);
	}
	return rc == -ENOENT && failure->kind != FAILURE_NONE ? -EIO : rc;
}

/* The VNI. */

static bool vni_used(const struct mirror_session_list *list, uint32_t vni)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->sessions[i].has_virtual_network_id &&
		    list->sessions[i].virtual_network_id == vni)
			return true;
	}
	return false;
}

/* AWS does not enforce it, but two sessions of one VNI could not be told apart at the target. */
static int choose_free(struct client *client, struct mirror_session_spec *spec,
		       struct failure *failure)
{
	const struct ec2_filter filter = {
		.name = "traffic-mirror-target-id",
		.values = &spec->traffic_mirror_target_id,
		.value_count = 1,
	};
	const struct ec2_describe describe = {.filters = &filter, .filter_count = 1};
	struct mirror_session_list list;
	uint32_t random;
	int rc = ec2_describe_sessions(client, &describe, &list, failure);

	if (rc)
		return rc;
	do {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random)) {
			failure_set(failure, FAILURE_SYSTEM, "VNI: no random number: %s",
				    strerror(errno));
			rc = -EIO;
		}
		spec->virtual_network_id = 1 + random % SESSION_MAX_VNI;
	} while (!rc && vni_used(&list, spec->virtual_network_id));
	spec->has_virtual_network_id = true;
	mirror_session_list_fini(&list);
	return rc;
}

int run_session_choose_vni(struct client *client, struct mirror_session_spec *spec,
			   struct failure *failure)
{
	struct mirror_session found;
	int rc;

	if (spec->has_virtual_network_id)
		return 0;
	rc = find(client, spec, &found, failure);
	if (rc == -ENOENT)
		return choose_free(client, spec, failure);
	if (rc)
		return rc;
	spec->has_virtual_network_id = found.has_virtual_network_id;
	spec->virtual_network_id = found.virtual_network_id;
	if (found.has_packet_length)
		spec->packet_length = found.packet_length;
	mirror_session_fini(&found);
	if (spec->has_virtual_network_id)
		return 0;
	failure_set(failure, FAILURE_RESPONSE, "the matching session has no VirtualNetworkId");
	failure_set_remedy(failure, "give --virtual-network-id");
	return -EPROTO;
}

/* The beginning. */

static void describe(const struct mirror_session *found, const char *verb, const char *note)
{
	fprintf(stderr, "mirrorcap: run: %s session %s: VNI %" PRIu32, verb,
		found->traffic_mirror_session_id, found->virtual_network_id);
	if (found->has_packet_length)
		fprintf(stderr, ", packet length %" PRIu32, found->packet_length);
	fprintf(stderr, ", %s to %s%s\n", found->network_interface_id,
		found->traffic_mirror_target_id, note);
}

/* Moves the id out of found, which is freed. */
static void take_id(struct run_session *session, struct mirror_session *found)
{
	session->id = found->traffic_mirror_session_id;
	found->traffic_mirror_session_id = NULL;
	mirror_session_fini(found);
}

/*
 * A create without a clear answer may have had its effect. Where a session like it is there, the
 * same create with the same token tells whose it is: it returns that session if it is ours, and
 * fails if it is not, since the session number is taken.
 */
static void undo_unclear(struct client *client, const struct ec2_create *create, const char *token,
			 struct failure *failure)
{
	struct ec2_create again = *create;
	struct mirror_session found;
	struct ec2_created created;
	struct failure ignored;

	client_set_stop(client, &run_stop_hurried);
	if (find(client, &create->spec, &found, &ignored))
		return;
	mirror_session_fini(&found);
	again.client_token = token;
	if (ec2_create_session(client, &again, &created, &ignored))
		return;
	if (!ec2_delete_session(client, created.session.traffic_mirror_session_id, false, &ignored))
		failure_set_remedy(failure,
				   "the session that it had created all the same, %s, was "
				   "deleted",
				   created.session.traffic_mirror_session_id);
	ec2_created_fini(&created);
}

/* Why a session that was just created will not be deleted, or NULL. */
static const char *reason_to_stay(struct client *client, const struct run_options *options)
{
	const char *id = options->session.create.spec.traffic_mirror_target_id;
	enum run_target target = RUN_TARGET_UNKNOWN;
	struct failure failure = {0};
	char line[LINE_BYTES];

	if (!options->delete_on_exit)
		return "--delete-on-exit was not given";
	if (options->delete_shared)
		return NULL;
	if (run_target_ask(client, id, &target, &failure)) {
		failure_format(&failure, line, sizeof(line));
		fprintf(stderr, "mirrorcap: run: %s: %s\n", id, line);
	}
	if (target == RUN_TARGET_INTERFACE)
		return NULL;
	if (target == RUN_TARGET_SHARED)
		return "its target is a load balancer, so others may receive it: --delete-shared "
		       "would delete it all the same";
	return "it is not known whether others receive it too: --delete-shared would delete it all "
	       "the same";
}

static int create(struct run_session *session, struct failure *failure)
{
	const struct run_options *options = session->options;
	const struct ec2_create *wanted = &options->session.create;
	struct ec2_created created;
	int rc = ec2_create_session(session->client, wanted, &created, failure);

	if (rc && failure->unclear)
		undo_unclear(session->client, wanted, created.client_token, failure);
	if (rc)
		return rc;
	describe(&created.session, "created", "");
	take_id(session, &created.session);
	session->stays = reason_to_stay(session->client, options);
	if (session->stays && options->delete_on_exit)
		fprintf(stderr, "mirrorcap: run: session %s will stay: %s\n", session->id,
			session->stays);
	return 0;
}

int run_session_begin(struct run_session *session, struct client *client,
		      const struct run_options *options, struct failure *failure)
{
	struct mirror_session found;
	int rc = find(client, &options->session.create.spec, &found, failure);

	*session = (struct run_session){.client = client, .options = options};
	if (rc == -ENOENT)
		return create(session, failure);
	if (rc)
		return rc;
	describe(&found, "adopted", ": it was there before, and stays");
	take_id(session, &found);
	session->stays = "it was there before";
	return 0;
}

/* The end. */

static void print_delete_command(const struct run_session *session)
{
	const char *url = session->options->session.client.endpoint_url;

	fprintf(stderr,
		"mirrorcap: run: to delete it: mirrorcap session delete --region %s%s%s "
		"--traffic-mirror-session-id %s\n",
		client_region(session->client), url ? " --endpoint-url " : "", url ? url : "",
		session->id);
}

static int delete_session(struct run_session *session, struct failure *failure)
{
	int rc = ec2_delete_session(session->client, session->id, false, failure);

	session->deleted = !rc;
	if (!rc) {
		fprintf(stderr, "mirrorcap: run: deleted session %s\n", session->id);
	} else if (strcmp(failure->code, "InvalidTrafficMirrorSessionId.NotFound") == 0) {
		fprintf(stderr, "mirrorcap: run: session %s is gone already\n", session->id);
		rc = 0;
	} else {
		print_delete_command(session);
	}
	return rc;
}

int run_session_end(struct run_session *session, struct failure *failure)
{
	int rc = 0;

	/* One signal has come, perhaps, and is being answered; a second one would end this too. */
	client_set_stop(session->client, &run_stop_hurried);
	if (!session->stays) {
		rc = delete_session(session, failure);
	} else {
		fprintf(stderr, "mirrorcap: run: session %s stays: %s\n", session->id,
			session->stays);
		print_delete_command(session);
	}
	free(session->id);
	session->id = NULL;
	return rc;
}
