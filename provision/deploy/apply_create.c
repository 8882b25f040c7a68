/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/api/operation.h"
#include "provision/deploy/apply_internal.h"
#include "provision/deploy/client_token.h"

enum {
	/* After that long, Describe knows whatever was created. */
	SETTLED_SECONDS = 30,
	ATTEMPTS = 6,
	PAUSE_MS = 1000,
};

/* The generation. */

static uint32_t choose_generation(const struct apply_work *work, const struct change *change,
				  const char *key)
{
	struct journal_entry entry;

	if (!journal_find(work->context->journal, key, &entry))
		return work->least_generation;
	if (entry.state != JOURNAL_CREATED)
		return entry.generation;
	if (change->replaces && strcmp(entry.id, change->replaces) == 0)
		return entry.generation + 1;
	/*
	 * What it returned is not there. If that is just not visible yet, the same token finds it
	 * again; if it was deleted by somebody else, the same token would return what is no more.
	 */
	return entry.time + SETTLED_SECONDS > time(NULL) ? entry.generation : entry.generation + 1;
}

/* The input. */

static int add_text(json_t *input, const char *name, const char *text)
{
	return text && !json_object_set_new(input, name, json_string(text)) ? 0 : -ENOMEM;
}

/* With the ids that this plan's own creates returned. NULL without memory. */
static json_t *make_input(const struct apply_work *work, const struct change *change)
{
	const char *filter = work->filter_id ? work->filter_id : work->scope->filter_id;
	const char *target = work->target_id ? work->target_id : work->scope->target_id;
	json_t *input = json_copy(change->input);

	if (input && ((change->needs_filter && add_text(input, "TrafficMirrorFilterId", filter)) ||
		      (change->needs_target && add_text(input, "TrafficMirrorTargetId", target)))) {
		json_decref(input);
		return NULL;
	}
	return input;
}

/* A session number that somebody else took since the plan was made. */

struct neighbours {
	const struct apply_work *work;
	const struct change *change;
	json_int_t numbers[CONFIG_INTERFACE_SESSIONS_MAX + 1];
	size_t count;
	char *own; /* the id of the session that was to be created, made by an earlier attempt */
};

static int take_neighbour(void *arg, json_t *session)
{
	struct neighbours *neighbours = arg;
	const char *group = neighbours->change->group;
	const char *id = json_string_value(json_object_get(session, "TrafficMirrorSessionId"));

	if (neighbours->count < CONFIG_INTERFACE_SESSIONS_MAX + 1)
		neighbours->numbers[neighbours->count++] =
			json_integer_value(json_object_get(session, "SessionNumber"));
	if (!id || !group || neighbours->own ||
	    !apply_has_tag(session, CONFIG_TAG_SESSION, group) ||
	    !apply_has_tag(session, CONFIG_TAG_DEPLOYMENT, neighbours->work->plan->deployment))
		return 0;
	neighbours->own = strdup(id);
	return neighbours->own ? 0 : -ENOMEM;
}

static int list_neighbours(const struct apply_work *work, const struct change *change,
			   struct neighbours *neighbours, struct failure *failure)
{
	json_t *input = json_pack("{s:[{s:s, s:[s]}]}", "Filters", "Name", "network-interface-id",
				  "Values", change->network_interface_id);
	int rc;

	*neighbours = (struct neighbours){.work = work, .change = change};
	if (!input)
		return failure_memory(failure);
	rc = operation_list(work->client, operation_find("DescribeTrafficMirrorSessions"), input,
			    take_neighbour, neighbours, failure);
	json_decref(input);
	return rc;
}

static bool taken(const struct neighbours *neighbours, json_int_t number)
{
	for (size_t i = 0; i < neighbours->count; i++) {
		if (neighbours->numbers[i] == number)
			return true;
	}
	return false;
}

static bool number_is_free_to_choose(const struct apply_work *work, const struct change *change)
{
	const struct config *config = work->context->config;

	for (size_t i = 0; i < config->session_count; i++) {
		if (change->group && strcmp(config->sessions[i].name, change->group) == 0)
			return !config->sessions[i].session_number;
	}
	return false;
}

/* True where the failure may come from the interface's other sessions. */
static bool neighbours_suspected(const struct change *change, const struct failure *failure)
{
	return change->resource == CHANGE_SESSION && failure->kind == FAILURE_SERVICE &&
	       failure->http_status < 500 &&
	       (strncmp(failure->code, "InvalidParameter", strlen("InvalidParameter")) == 0 ||
		strcmp(failure->code, "TrafficMirrorSessionsPerInterfaceLimitExceeded") == 0);
}

/*
 * Deletes of this run may not be visible everywhere yet. Where waiting has not helped, what keeps
 * the next create is something else, too.
 */
static int wait_for_deletes(struct apply_work *work, int rc, struct failure *failure)
{
	if (!work->sessions_deleted || work->pauses >= ATTEMPTS - 1)
		return rc;
	work->pauses++;
	return client_pause(work->client, PAUSE_MS, failure) ? -ECANCELED : 0;
}

/*
 * Changes the input so that another attempt may succeed, or finds that an earlier one has.
 * own: set to its id, owned by the caller, in that case.
 * Returns 0 where it is worth an attempt, else the failure's rc.
 */
static int make_way(struct apply_work *work, const struct change *change, json_t *input, int rc,
		    struct failure *failure, char **own)
{
	json_int_t number = json_integer_value(json_object_get(input, "SessionNumber")), other = 1;
	struct neighbours neighbours;
	struct failure unasked;

	if (list_neighbours(work, change, &neighbours, &unasked)) {
		free(neighbours.own);
		return rc;
	}
	*own = neighbours.own;
	if (*own)
		return 0;
	if (neighbours.count >= CONFIG_INTERFACE_SESSIONS_MAX || !taken(&neighbours, number) ||
	    !number_is_free_to_choose(work, change))
		return wait_for_deletes(work, rc, failure);
	while (taken(&neighbours, other))
		other++;
	if (json_object_set_new(input, "SessionNumber", json_integer(other)))
		return failure_memory(failure);
	return 0;
}

/* Sending. */

static char *created_id(const struct change *change, const json_t *output)
{
	const struct apply_resource *resource = apply_resource_of(change);
	const json_t *object = json_object_get(output, resource->object);
	const char *id = json_string_value(json_object_get(object, resource->id));

	return id ? strdup(id) : NULL;
}

/* One attempt. id: owned by the caller, set on 0. */
static int send_create(struct apply_work *work, const struct change *change, json_t *input,
		       const char *key, uint32_t generation, char **id, struct failure *failure)
{
	char token[CLIENT_TOKEN_BYTES];
	json_t *output = NULL;
	int rc;

	json_object_del(input, "ClientToken");
	rc = client_token_make(work->plan->deployment, work->scope->account_id, work->scope->region,
			       change->identity, input, generation, token);
	if (rc || add_text(input, "ClientToken", token))
		return failure_memory(failure);
	apply_journal_result(work, journal_intend(work->context->journal, key, generation, token));
	rc = operation_call(work->client, operation_find(change_operation(change)), input, &output,
			    failure);
	if (rc)
		return rc;
	*id = created_id(change, output);
	json_decref(output);
	return *id ? 0 : failure_memory(failure);
}

/* Again and again, while there is something to be changed that may help. */
static int try_create(struct apply_work *work, const struct change *change, json_t *input,
		      const char *key, uint32_t *generation, char **id, struct failure *failure)
{
	int rc = 0;

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		rc = send_create(work, change, input, key, *generation, id, failure);
		if (!rc)
			work->pauses = 0;
		if (rc != -EREMOTEIO)
			return rc;
		if (strcmp(failure->code, "IdempotentParameterMismatch") == 0)
			(*generation)++;
		else if (!neighbours_suspected(change, failure) ||
			 make_way(work, change, input, rc, failure, id))
			return rc;
		else if (*id)
			return 0;
	}
	return rc;
}

static int remember(char **place, const char *id)
{
	free(*place);
	*place = strdup(id);
	return *place ? 0 : -ENOMEM;
}

/* What later changes of the plan refer to. */
static int remember_id(struct apply_work *work, const struct change *change, const char *id)
{
	if (change->resource == CHANGE_FILTER)
		return remember(&work->filter_id, id);
	if (change->resource == CHANGE_TARGET)
		return remember(&work->target_id, id);
	return 0;
}

int apply_create(struct apply_work *work, const struct change *change, uint32_t generation,
		 struct failure *failure)
{
	json_t *input = make_input(work, change);
	char *key = apply_key(work, change), *id = NULL;
	int rc = -ENOMEM;

	if (!input || !key) {
		failure_memory(failure);
		goto out;
	}
	if (!generation)
		generation = choose_generation(work, change, key);
	rc = try_create(work, change, input, key, &generation, &id, failure);
	if (rc)
		goto out;
	apply_journal_result(work, journal_created(work->context->journal, key, id));
	rc = remember_id(work, change, id);
	if (rc) {
		failure_memory(failure);
		goto out;
	}
	work->pending[work->pending_count++] =
		(struct apply_pending){.change = change, .id = id, .generation = generation};
	id = NULL;
out:
	json_decref(input);
	free(key);
	free(id);
	return rc;
}
