/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/operation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "provision/api/operations.h"

enum {
	/* No account has that many: the tokens must be going round. */
	MAX_PAGES = 100000,
	ELEMENT_BYTES = 96,
	PERMISSION_BYTES = 64,
};

static const struct operation *const tables[] = {operations_mirror, operations_ec2, operations_elb};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

const struct operation *operation_at(size_t index)
{
	for (size_t i = 0; i < TABLES; i++) {
		for (const struct operation *row = tables[i]; row->name; row++) {
			if (!index--)
				return row;
		}
	}
	return NULL;
}

const struct operation *operation_find(const char *name)
{
	for (size_t i = 0; i < TABLES; i++) {
		for (const struct operation *row = tables[i]; row->name; row++) {
			if (strcmp(row->name, name) == 0)
				return row;
		}
	}
	return NULL;
}

/* RFC 4122 section 4.4, version 4. */
int operation_token(char token[OPERATION_TOKEN_BYTES], struct failure *failure)
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
	snprintf(token, OPERATION_TOKEN_BYTES,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
		 b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		 b[15]);
	return 0;
}

/* The two pure halves. */

void operation_encode(const struct operation *operation, const json_t *input, struct query *query)
{
	query_init(query, operation->name, operation->service->version);
	shape_encode(operation->input, operation->service->dialect, input, query);
}

/* Where the output's members are: ELB wraps them once more. */
static const struct xml_element *result_of(const struct operation *operation,
					   const struct xml_element *root)
{
	char name[ELEMENT_BYTES];

	snprintf(name, sizeof(name), "%sResponse", operation->name);
	if (!xml_is(root, name))
		return NULL;
	if (operation->service->dialect == SHAPE_EC2)
		return root;
	snprintf(name, sizeof(name), "%sResult", operation->name);
	return xml_child(root, name);
}

int operation_decode(const struct operation *operation, const struct xml_document *document,
		     json_t **output)
{
	const struct xml_element *result = result_of(operation, xml_root(document));
	const char *done = xml_text(result, "return");

	/* Some of EC2's actions answer so, and once all did. */
	if (!result || (done && strcmp(done, "true") != 0))
		return -EBADMSG;
	*output = NULL;
	if (!operation->output)
		return done ? 0 : -EBADMSG;
	return shape_decode(operation->output, operation->service->dialect, result, output);
}

/* Failures. */

static const char *text_of(const json_t *value, const char *name)
{
	return name ? json_string_value(json_object_get(value, name)) : NULL;
}

static bool dry_run(const json_t *input)
{
	return json_is_true(json_object_get(input, "DryRun"));
}

static bool ends_in(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

/* An earlier attempt's answer was lost: what it deleted is gone at the next. This answer itself is
 * clear: an unclear failure is of an attempt before it. ELB's codes have no dot ("ListenerNotFound"). */
static bool already_deleted(const struct operation *operation, const struct failure *failure)
{
	return strncmp(operation->name, "Delete", strlen("Delete")) == 0 &&
	       failure->http_status < 500 && ends_in(failure->code, "NotFound") && failure->unclear;
}

static int bad_answer(int rc, const struct operation *operation, struct failure *failure)
{
	if (rc == -ENOMEM)
		return failure_memory(failure);
	failure_set(failure, FAILURE_RESPONSE, "%s: the answer is not what %s documents",
		    operation->name, operation->service->title);
	failure_set_remedy(failure, "check the endpoint URL");
	failure->unclear = true;
	return -EPROTO;
}

static bool refused(const struct failure *failure)
{
	static const char *const codes[] = {"UnauthorizedOperation", "AccessDenied",
					    "AccessDeniedException"};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strcmp(failure->code, codes[i]) == 0)
			return true;
	}
	return false;
}

static void name_permission(const struct operation *operation, const json_t *input,
			    struct failure *failure)
{
	const char *service = operation->service->name;
	bool tags = operation->tagging && json_object_get(input, "TagSpecifications");

	failure_set_remedy(failure, "allow %s:%s on %s%s%s%s to these credentials (IAM policy)",
			   service, operation->name, operation->on ? operation->on : "\"*\"",
			   tags ? ", and ec2:CreateTags on the " : "",
			   tags ? operation->tagging : "", tags ? " (for its tags)" : "");
}

static bool changes_nothing(const struct operation *operation, const json_t *input)
{
	return strncmp(operation->name, "Describe", strlen("Describe")) == 0 || dry_run(input);
}

/* No answer is not the same as no effect. */
static void explain(const struct operation *operation, const json_t *input, struct failure *failure)
{
	const char *token = text_of(input, "ClientToken");

	if (refused(failure)) {
		name_permission(operation, input, failure);
	} else if (!failure->unclear || changes_nothing(operation, input)) {
		return;
	} else if (token) {
		failure_set_remedy(failure,
				   "it may exist now: list what there is, or repeat this with "
				   "--client-token %s, which creates no second one",
				   token);
	} else {
		failure_set_remedy(failure, "it may have had its effect: look before repeating it");
	}
}

/* Calling. */

/* Believes no answer about another object. EC2 either names it or says that it returns. */
static bool answers_about(const struct operation *operation, const json_t *input,
			  const struct xml_document *document, const json_t *output)
{
	const char *asked = text_of(input, operation->id);
	const char *named = text_of(output, operation->id);

	if (!asked || !operation->output || !shape_find(operation->output, operation->id))
		return true;
	return named ? strcmp(asked, named) == 0 : xml_text(xml_root(document), "return") != NULL;
}

/* The name of one of a list's: "InstanceId" of "InstanceIds". */
static const char *text_of_one(const json_t *item, const char *ids)
{
	char name[ELEMENT_BYTES];

	snprintf(name, sizeof(name), "%.*s", (int)strlen(ids) - 1, ids);
	return text_of(item, name);
}

static bool has_text(const json_t *list, const char *text)
{
	const char *one;
	const json_t *item;
	size_t i;

	json_array_foreach((json_t *)list, i, item)
	{
		one = json_string_value(item);
		if (one && strcmp(one, text) == 0)
			return true;
	}
	return false;
}

/* Who asks for some by their ids gets these alone. */
static bool lists_those_asked_for(const struct operation *operation, const json_t *input,
				  const json_t *output)
{
	const json_t *asked, *items, *item;
	const char *named;
	size_t i;

	if (!operation->ids)
		return true;
	asked = json_object_get(input, operation->ids);
	items = json_array_size(asked) ? json_object_get(output, operation->items) : NULL;
	json_array_foreach((json_t *)items, i, item)
	{
		named = text_of_one(item, operation->ids);
		if (named && !has_text(asked, named))
			return false;
	}
	return true;
}

/* What was modified is in a structure of its own. */
static bool shows_another(const struct operation *operation, const json_t *input,
			  const json_t *output)
{
	const char *asked = text_of(input, operation->id), *named, *name;
	json_t *part;

	json_object_foreach((json_t *)output, name, part)
	{
		named = text_of(part, operation->id);
		if (asked && named && strcmp(asked, named) != 0)
			return true;
	}
	return false;
}

static int decode_answer(const struct operation *operation, const json_t *input,
			 const struct xml_document *document, json_t **output)
{
	int rc = operation_decode(operation, document, output);

	if (!rc && (!answers_about(operation, input, document, *output) ||
		    shows_another(operation, input, *output) ||
		    !lists_those_asked_for(operation, input, *output))) {
		json_decref(*output);
		rc = -EBADMSG;
	}
	return rc;
}

/* What the answer to a delete would have been. */
static int answer_deleted(const struct operation *operation, const json_t *input, json_t **output,
			  struct failure *failure)
{
	const char *id = text_of(input, operation->id);

	if (!id)
		return 0;
	*output = json_pack("{s:s}", operation->id, id);
	return *output ? 0 : failure_memory(failure);
}

static int send_query(struct client *client, const struct operation *operation, const json_t *input,
		      json_t **output, struct failure *failure)
{
	struct xml_document *document = NULL;
	struct query query;
	int rc;

	operation_encode(operation, input, &query);
	rc = client_call(client, operation->service->name, &query, &document, failure);
	query_fini(&query);
	if (rc && dry_run(input) && strcmp(failure->code, "DryRunOperation") == 0)
		return 0;
	if (rc && already_deleted(operation, failure))
		return answer_deleted(operation, input, output, failure);
	if (!rc) {
		rc = decode_answer(operation, input, document, output);
		if (rc)
			rc = bad_answer(rc, operation, failure);
	}
	xml_free(document);
	if (rc)
		explain(operation, input, failure);
	return rc;
}

/* input: owned by the caller on 0: the same, or a copy with a client token in it. */
static int add_token(const struct operation *operation, const json_t *input, json_t **complete,
		     struct failure *failure)
{
	char token[OPERATION_TOKEN_BYTES];
	int rc = 0;

	*complete = input ? json_copy((json_t *)input) : json_object();
	if (!*complete)
		return failure_memory(failure);
	if (!shape_find(operation->input, "ClientToken") || text_of(input, "ClientToken"))
		return 0;
	rc = operation_token(token, failure);
	if (!rc && json_object_set_new(*complete, "ClientToken", json_string(token)))
		rc = failure_memory(failure);
	if (rc)
		json_decref(*complete);
	return rc;
}

int operation_call(struct client *client, const struct operation *operation, const json_t *input,
		   json_t **output, struct failure *failure)
{
	json_t *complete, *answer = NULL;
	int rc = add_token(operation, input, &complete, failure);

	if (rc)
		return rc;
	rc = send_query(client, operation, complete, &answer, failure);
	json_decref(complete);
	if (rc)
		return rc;
	if (output)
		*output = answer;
	else
		json_decref(answer);
	return 0;
}

/* Pages. */

struct lister {
	struct client *client;
	const struct operation *operation;
	int (*each)(void *arg, json_t *item);
	void *arg;
};

/* A page size of the caller's stays. */
static int set_page_size(const struct operation *operation, json_t *input)
{
	if (!operation->page_size || json_object_get(input, operation->page_size) ||
	    dry_run(input) ||
	    json_array_size(json_object_get(input, operation->ids ? operation->ids : "")))
		return 0;
	return json_object_set_new(input, operation->page_size, json_integer(operation->size));
}

/* input: gets the next page's token; *more is false where there is none. */
static int list_page(const struct lister *lister, json_t *input, bool *more,
		     struct failure *failure)
{
	const struct operation *operation = lister->operation;
	json_t *output = NULL, *items, *item;
	const char *next, *token;
	size_t i;
	int rc = operation_call(lister->client, operation, input, &output, failure);

	*more = false;
	if (rc || !output)
		return rc;
	items = json_object_get(output, operation->items);
	/* An answer without the list must not pass for an empty one. */
	if (!json_is_array(items))
		rc = bad_answer(-EBADMSG, operation, failure);
	for (i = 0; !rc && i < json_array_size(items); i++) {
		item = json_array_get(items, i);
		rc = lister->each(lister->arg, item);
	}
	next = text_of(output, operation->next_token);
	token = text_of(input, operation->token);
	if (!rc && next && *next) {
		*more = true;
		/* It would be asked for this page for ever. */
		if (token && strcmp(token, next) == 0)
			rc = bad_answer(-EBADMSG, operation, failure);
		else if (json_object_set_new(input, operation->token, json_string(next)))
			rc = failure_memory(failure);
	}
	json_decref(output);
	return rc;
}

int operation_list(struct client *client, const struct operation *operation, const json_t *input,
		   int (*each)(void *arg, json_t *item), void *arg, struct failure *failure)
{
	const struct lister lister = {client, operation, each, arg};
	json_t *page = input ? json_copy((json_t *)input) : json_object();
	unsigned int pages = 0;
	bool more = true;
	int rc = 0;

	if (!page || set_page_size(operation, page))
		rc = failure_memory(failure);
	while (!rc && more) {
		if (++pages > MAX_PAGES)
			rc = bad_answer(-EBADMSG, operation, failure);
		else
			rc = list_page(&lister, page, &more, failure);
	}
	json_decref(page);
	return rc;
}

struct collector {
	json_t *items;
	struct failure *failure;
};

static int collect(void *arg, json_t *item)
{
	struct collector *collector = arg;

	return json_array_append(collector->items, item) ? failure_memory(collector->failure) : 0;
}

int operation_list_all(struct client *client, const struct operation *operation,
		       const json_t *input, json_t **items, struct failure *failure)
{
	struct collector collector = {json_array(), failure};
	int rc = collector.items
			 ? operation_list(client, operation, input, collect, &collector, failure)
			 : failure_memory(failure);

	if (rc)
		json_decref(collector.items);
	else
		*items = collector.items;
	return rc;
}
