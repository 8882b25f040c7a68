/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets another program see what the tables of operations do. Reads lines from stdin and answers
 * each with one line: "encode OPERATION JSON" with the request's body, "decode OPERATION XML" with
 * the output as JSON, or "error ERRNO"; "members" with all tables' names:
 * {"OPERATION": {"input": {"NAME": {…}|null}, "output": …}}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/operation.h"

static json_t *members_of(const struct shape *shape)
{
	json_t *object = json_object();

	for (size_t i = 0; shape && i < shape->count; i++) {
		const struct shape_member *member = &shape->members[i];

		json_object_set_new(object, member->name,
				    member->shape ? members_of(member->shape) : json_null());
	}
	return object;
}

static json_t *all_members(void)
{
	const struct operation *operation;
	json_t *object = json_object();

	for (size_t i = 0; (operation = operation_at(i)); i++)
		json_object_set_new(object, operation->name,
				    json_pack("{s:s,s:o,s:o}", "service", operation->service->name,
					      "input", members_of(operation->input), "output",
					      members_of(operation->output)));
	return object;
}

static void print_json(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	puts(text ? text : "error");
	free(text);
	json_decref(value);
}

static void encode(const struct operation *operation, const char *text)
{
	json_t *input = json_loads(text, 0, NULL);
	struct query query;

	operation_encode(operation, input, &query);
	puts(query.body.failed ? "error" : buffer_string(&query.body));
	query_fini(&query);
	json_decref(input);
}

static void decode(const struct operation *operation, const char *text)
{
	struct xml_document *document = NULL;
	json_t *output = NULL;
	int rc = xml_parse(text, strlen(text), &document);

	if (!rc)
		rc = operation_decode(operation, document, &output);
	xml_free(document);
	if (rc)
		printf("error %d\n", rc);
	else
		print_json(output ? output : json_null());
}

static int answer(char *line)
{
	char *name = strchr(line, ' '), *text = name ? strchr(name + 1, ' ') : NULL;
	const struct operation *operation;

	if (strcmp(line, "members") == 0) {
		print_json(all_members());
		return 0;
	}
	if (!text)
		return -1;
	*name++ = '\0';
	*text++ = '\0';
	operation = operation_find(name);
	if (!operation)
		return -1;
	if (strcmp(line, "encode") == 0)
		encode(operation, text);
	else
		decode(operation, text);
	return 0;
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	int rc = 0;

	while (!rc && getline(&line, &room, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		rc = answer(line);
	}
	free(line);
	return rc ? 1 : 0;
}
