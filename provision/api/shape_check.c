/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/shape.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "provision/api/near_match.h"

enum {
	/* AWS's ids end in 8 or 17 lower case hexadecimal digits; those of its documents in EXAMPLE. */
	SHORTEST_ID = 8,
	LONGEST_ID = 17,
};

/* Saying what is wrong. All return false, so that a check can end with one. */

static bool wrong(struct shape_problem *problem, const char *value, const char *what)
{
	problem->path[0] = '\0';
	snprintf(problem->value, sizeof(problem->value), "%s", value);
	snprintf(problem->what, sizeof(problem->what), "%s", what);
	return false;
}

/* false, and the remedy. */
static bool advise(struct shape_problem *problem, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool advise(struct shape_problem *problem, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(problem->remedy, sizeof(problem->remedy), format, list);
	va_end(list);
	return false;
}

/* Puts a name, and perhaps an index, before the path of what lies in it. */
static void prepend(struct shape_problem *problem, const char *name, const char *index)
{
	char path[sizeof(problem->path)];
	const char *dot = problem->path[0] && problem->path[0] != '[' ? "." : "";

	/* A path that does not fit is cut: it is for people. */
	if (snprintf(path, sizeof(path), "%s%s%s%s", name, index, dot, problem->path) < 0)
		return;
	memcpy(problem->path, path, sizeof(path));
}

/* Texts and numbers. */

static bool id_good(const char *id, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(id, prefix, length) != 0)
		return false;
	id += length;
	length = strlen(id);
	while (*id && isalnum((unsigned char)*id))
		id++;
	return !*id && length >= SHORTEST_ID && length <= LONGEST_ID;
}

static bool value_allowed(const struct shape_member *member, const char *text)
{
	for (const char *const *value = member->values; *value; value++) {
		if (strcmp(*value, text) == 0)
			return true;
	}
	return false;
}

static bool advise_values(const struct shape_member *member, struct shape_problem *problem)
{
	size_t length = 0, room = sizeof(problem->remedy);

	for (const char *const *value = member->values; *value && length < room; value++)
		length += (size_t)snprintf(problem->remedy + length, room - length, "%s%s",
					   value == member->values ? "give "
					   : value[1]              ? ", "
								   : " or ",
					   *value);
	return false;
}

static bool examine_text(const struct shape_member *member, const char *text,
			 struct shape_problem *problem)
{
	const char *remedy = member->check ? member->check(text) : NULL;

	if (member->prefix && !id_good(text, member->prefix)) {
		wrong(problem, text, "not an id of this kind");
		return advise(problem, "give one such as %s0123456789abcdef0", member->prefix);
	}
	if (member->values && !value_allowed(member, text)) {
		wrong(problem, text, "not a value of this option");
		return advise_values(member, problem);
	}
	if (remedy) {
		wrong(problem, text, "not in its form");
		return advise(problem, "%s", remedy);
	}
	return true;
}

static bool examine_number(const struct shape_member *member, int64_t number,
			   struct shape_problem *problem)
{
	char text[24];

	if ((!member->min && !member->max) || (number >= member->min && number <= member->max))
		return true;
	snprintf(text, sizeof(text), "%" PRId64, number);
	wrong(problem, text, "not in its range");
	return advise(problem, "give a whole number from %" PRId64 " to %" PRId64, member->min,
		      member->max);
}

static bool examine_number_text(const struct shape_member *member, const char *text,
				struct shape_problem *problem)
{
	int64_t number;

	if (shape_number(text, &number) && examine_number(member, number, problem))
		return true;
	wrong(problem, text, "not in its range");
	if (!member->min && !member->max)
		return advise(problem, "give a whole number");
	return advise(problem, "give a whole number from %" PRId64 " to %" PRId64, member->min,
		      member->max);
}

bool shape_examine_text(const struct shape_member *member, const char *text,
			struct shape_problem *problem)
{
	bool good = true;

	*problem = (struct shape_problem){.member = member};
	if (member->kind == SHAPE_TEXT || member->kind == SHAPE_TEXTS) {
		good = examine_text(member, text, problem);
	} else if (member->kind == SHAPE_NUMBER) {
		good = examine_number_text(member, text, problem);
	} else if (member->kind == SHAPE_FLAG && strcmp(text, "true") != 0 &&
		   strcmp(text, "false") != 0) {
		wrong(problem, text, "neither yes nor no");
		good = advise(problem, "give true or false");
	}
	return good;
}

/* Documents. */

static bool examine_structure(const struct shape *shape, const json_t *value,
			      struct shape_problem *problem);

static bool kind_good(const struct shape_member *member, const json_t *value)
{
	switch (member->kind) {
	case SHAPE_TEXT:
		return json_is_string(value);
	case SHAPE_NUMBER:
		return json_is_integer(value);
	case SHAPE_FLAG:
		return json_is_boolean(value);
	case SHAPE_STRUCTURE:
		return json_is_object(value);
	case SHAPE_TEXTS:
	case SHAPE_STRUCTURES:
		return json_is_array(value);
	}
	return false;
}

static bool examine_element(const struct shape_member *member, const json_t *element,
			    struct shape_problem *problem)
{
	if (member->kind == SHAPE_STRUCTURES)
		return json_is_object(element) ? examine_structure(member->shape, element, problem)
					       : wrong(problem, "", "not an object");
	if (!json_is_string(element))
		return wrong(problem, "", "not a text");
	return examine_text(member, json_string_value(element), problem);
}

static bool examine_list(const struct shape_member *member, const json_t *list,
			 struct shape_problem *problem)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		char index[24];

		if (examine_element(member, json_array_get(list, i), problem))
			continue;
		snprintf(index, sizeof(index), "[%zu]", i);
		prepend(problem, "", index);
		return false;
	}
	return json_array_size(list) || !member->required ? true : wrong(problem, "", "empty");
}

static bool examine_value(const struct shape_member *member, const json_t *value,
			  struct shape_problem *problem)
{
	static const char *const kinds[] = {
		[SHAPE_TEXT] = "not a text",
		[SHAPE_NUMBER] = "not a number",
		[SHAPE_FLAG] = "neither true nor false",
		[SHAPE_STRUCTURE] = "not an object",
		[SHAPE_TEXTS] = "not a list",
		[SHAPE_STRUCTURES] = "not a list",
	};

	if (!kind_good(member, value))
		return wrong(problem, "", kinds[member->kind]);
	switch (member->kind) {
	case SHAPE_TEXT:
		return examine_text(member, json_string_value(value), problem);
	case SHAPE_NUMBER:
		return examine_number(member, json_integer_value(value), problem);
	case SHAPE_FLAG:
		return true;
	case SHAPE_STRUCTURE:
		return examine_structure(member->shape, value, problem);
	case SHAPE_TEXTS:
	case SHAPE_STRUCTURES:
		break;
	}
	return examine_list(member, value, problem);
}

static const json_t *part_of(const json_t *value, const char *name)
{
	const json_t *part = json_object_get(value, name);

	return json_is_null(part) ? NULL : part;
}

static bool examine_member(const struct shape_member *member, const json_t *value,
			   struct shape_problem *problem)
{
	const json_t *part = part_of(value, member->name);

	if (part ? examine_value(member, part, problem) : !member->required)
		return true;
	if (!part) {
		wrong(problem, "", "missing");
		problem->missing = true;
	}
	prepend(problem, member->name, "");
	problem->member = member;
	return false;
}

static bool examine_names(const struct shape *shape, const json_t *value,
			  struct shape_problem *problem)
{
	const char *name;
	json_t *part;

	json_object_foreach((json_t *)value, name, part)
	{
		struct near_match near = {.word = name};

		if (shape_find(shape, name))
			continue;
		for (size_t i = 0; i < shape->count; i++)
			near_match_offer(&near, shape->members[i].name);
		wrong(problem, "", "no such member");
		if (near.name)
			advise(problem, "did you mean %s?", near.name);
		prepend(problem, name, "");
		problem->member = NULL;
		return false;
	}
	return true;
}

static bool examine_choice(const struct shape *shape, const json_t *value,
			   struct shape_problem *problem)
{
	size_t length = 0, room = sizeof(problem->remedy);
	int given = 0;

	for (const char *const *name = shape->one_of; name && *name; name++)
		given += part_of(value, *name) != NULL;
	if (!shape->one_of || given == 1)
		return true;
	wrong(problem, "", given ? "more than one of several" : "none of several");
	problem->missing = !given;
	problem->member = NULL;
	for (const char *const *name = shape->one_of; *name && length < room; name++)
		length += (size_t)snprintf(problem->remedy + length, room - length, "%s%s",
					   name == shape->one_of ? "give one of " : ", ", *name);
	return false;
}

static bool examine_structure(const struct shape *shape, const json_t *value,
			      struct shape_problem *problem)
{
	const char *conflict;

	if (!examine_names(shape, value, problem))
		return false;
	for (size_t i = 0; i < shape->count; i++) {
		if (!examine_member(&shape->members[i], value, problem))
			return false;
	}
	if (!examine_choice(shape, value, problem))
		return false;
	conflict = shape->check ? shape->check(value) : NULL;
	problem->member = NULL;
	return conflict ? wrong(problem, "", conflict) : true;
}

bool shape_examine(const struct shape *shape, const json_t *value, struct shape_problem *problem)
{
	*problem = (struct shape_problem){0};
	if (value && !json_is_object(value))
		return wrong(problem, "", "not an object");
	return examine_structure(shape, value, problem);
}

int shape_check(const struct shape *shape, const json_t *value, struct failure *failure)
{
	struct shape_problem problem;
	const char *colon;

	if (shape_examine(shape, value, &problem))
		return 0;
	colon = problem.path[0] || problem.value[0] ? ": " : "";
	if (problem.value[0])
		failure_set(failure, FAILURE_USAGE, "%s '%s': %s", problem.path, problem.value,
			    problem.what);
	else
		failure_set(failure, FAILURE_USAGE, "%s%s%s", problem.path, colon, problem.what);
	failure_set_remedy(failure, "%s", problem.remedy);
	return -EINVAL;
}
