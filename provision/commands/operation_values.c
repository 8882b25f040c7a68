/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/operation_values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/commands/shorthand.h"

enum {
	MAX_TAGS = 50,
	MAX_FILTERS = 200,
};

int operation_values_refuse(const struct operation_option *option, const char *argument,
			    const char *what, const char *remedy, struct failure *failure)
{
	failure_set(failure, FAILURE_USAGE, "--%s '%s': %s", option->name, argument, what);
	failure_set_remedy(failure, "%s", remedy);
	return -EINVAL;
}

int operation_values_put(struct operation_values *values, const char *member, json_t *value)
{
	return json_object_set_new(values->options->input, member, value)
		       ? failure_memory(values->failure)
		       : 0;
}

/* Takes the value over, which may be NULL. */
static int append(struct operation_values *values, const char *member, json_t *value)
{
	json_t *list = json_object_get(values->options->input, member);

	if (!list) {
		list = json_array();
		if (json_object_set_new(values->options->input, member, list)) {
			json_decref(value);
			return failure_memory(values->failure);
		}
	}
	return json_array_append_new(list, value) ? failure_memory(values->failure) : 0;
}

static int bad_text(const struct operation_option *option, const struct shape_problem *problem,
		    struct failure *failure)
{
	return operation_values_refuse(option, problem->value, problem->what, problem->remedy,
				       failure);
}

/* Checks one text; *value is set where it is a scalar or an element of a list. */
static int make_value(struct operation_values *values, const struct operation_option *option,
		      const char *text, json_t **value)
{
	struct shape_problem problem;
	int64_t number = 0;

	if (!shape_examine_text(option->member, text, &problem))
		return bad_text(option, &problem, values->failure);
	if (option->member->kind == SHAPE_NUMBER) {
		shape_number(text, &number);
		*value = json_integer(number);
		return *value ? 0 : failure_memory(values->failure);
	}
	*value = json_string(text);
	return *value ? 0
		      : operation_values_refuse(option, text, "not UTF-8", "give it in UTF-8",
						values->failure);
}

static int set_scalar(struct operation_values *values, const struct operation_option *option,
		      const char *text)
{
	json_t *value;
	int rc = make_value(values, option, text, &value);

	return rc ? rc : operation_values_put(values, option->member->name, value);
}

/* A list of ids of which one is shown takes no second. */
static int set_texts(struct operation_values *values, const struct operation_option *option,
		     const char *text)
{
	const bool one = values->options->command->one != NULL;
	char *copy = strdup(text), *rest = copy, *piece;
	int rc = copy ? 0 : failure_memory(values->failure);
	json_t *value;

	if (one)
		json_object_del(values->options->input, option->member->name);
	while (!rc && (piece = one ? rest : strsep(&rest, ","))) {
		rc = make_value(values, option, piece, &value);
		if (!rc)
			rc = append(values, option->member->name, value);
		if (one)
			break;
	}
	free(copy);
	return rc;
}

static int bad_structure(const struct operation_option *option, const char *text,
			 const struct shape_problem *problem, struct failure *failure)
{
	failure_set(failure, FAILURE_USAGE, "--%s '%s': %s%s%s%s%s", option->name, text,
		    problem->path, problem->path[0] ? " " : "", problem->value,
		    problem->value[0] ? ": " : "", problem->what);
	failure_set_remedy(failure, "%s", problem->remedy);
	return -EINVAL;
}

static int make_structure(struct operation_values *values, const struct operation_option *option,
			  const char *text, json_t **value)
{
	struct shape_problem problem;
	char remedy[128];
	int rc = shorthand_parse(option->member->shape, text, value);

	if (rc == -ENOMEM)
		return failure_memory(values->failure);
	if (rc) {
		snprintf(remedy, sizeof(remedy), "give %s", option->member->argument);
		return operation_values_refuse(option, text, "not in its form", remedy,
					       values->failure);
	}
	if (shape_examine(option->member->shape, *value, &problem))
		return 0;
	json_decref(*value);
	return bad_structure(option, text, &problem, values->failure);
}

static int set_structure(struct operation_values *values, const struct operation_option *option,
			 const char *text)
{
	const struct shape_member *member = option->member;
	size_t count = json_array_size(json_object_get(values->options->input, member->name));
	json_t *value;
	int rc = make_structure(values, option, text, &value);

	if (rc)
		return rc;
	if (member->kind == SHAPE_STRUCTURE)
		return operation_values_put(values, member->name, value);
	if (count == MAX_FILTERS) {
		json_decref(value);
		return operation_values_refuse(option, text, "one too many", "give at most 200",
					       values->failure);
	}
	return append(values, member->name, value);
}

int operation_values_set_member(struct operation_values *values,
				const struct operation_option *option, const char *text)
{
	switch (option->member->kind) {
	case SHAPE_TEXT:
	case SHAPE_NUMBER:
		return set_scalar(values, option, text);
	case SHAPE_FLAG:
		return operation_values_put(values, option->member->name, json_true());
	case SHAPE_TEXTS:
		return set_texts(values, option, text);
	case SHAPE_STRUCTURE:
	case SHAPE_STRUCTURES:
		break;
	}
	return set_structure(values, option, text);
}

static int add_tag(struct operation_values *values, const struct operation_option *option,
		   const char *text)
{
	const char *equals = strchr(text, '=');
	json_t *tag;

	if (!equals || equals == text)
		return operation_values_refuse(option, text, "not a tag", "give KEY=VALUE",
					       values->failure);
	if (json_array_size(json_object_get(values->options->input, OPERATION_VALUES_TAGS)) ==
	    MAX_TAGS)
		return operation_values_refuse(option, text, "one too many", "give at most 50",
					       values->failure);
	tag = json_pack("{s:s%,s:s}", "Key", text, (size_t)(equals - text), "Value", equals + 1);
	if (!tag)
		return operation_values_refuse(option, text, "not UTF-8", "give it in UTF-8",
					       values->failure);
	return append(values, OPERATION_VALUES_TAGS, tag);
}

static int set_form(struct operation_values *values, const struct operation_option *option,
		    const char *text)
{
	static const char *const forms[] = {
		[OPERATION_JSON] = "json",
		[OPERATION_TEXT] = "text",
		[OPERATION_TABLE] = "table",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(text, forms[i]) != 0)
			continue;
		values->options->form = (enum operation_form)i;
		values->options->form_given = true;
		return 0;
	}
	return operation_values_refuse(option, text, "not a form of output",
				       "give json, text or table", values->failure);
}

static int set_client(struct operation_values *values, const struct operation_option *option,
		      const char *text)
{
	struct client_options *client = &values->options->client;

	if (!*text)
		return operation_values_refuse(option, text, "is empty",
					       "give a value or leave it out", values->failure);
	if (option->what == OPTION_REGION)
		client->region = text;
	else if (option->what == OPTION_PROFILE)
		client->profile = text;
	else
		client->endpoint_url = text;
	return 0;
}

int operation_values_set(struct operation_values *values, const struct operation_option *option,
			 const char *text)
{
	switch (option->what) {
	case OPTION_MEMBER:
		return operation_values_set_member(values, option, text);
	case OPTION_NOT:
		return operation_values_put(values, option->member->name, json_false());
	case OPTION_TAG:
		return add_tag(values, option, text);
	case OPTION_OUTPUT:
		return set_form(values, option, text);
	case OPTION_HELP:
		values->options->help = true;
		return 0;
	case OPTION_REGION:
	case OPTION_PROFILE:
	case OPTION_ENDPOINT:
		break;
	}
	return set_client(values, option, text);
}
