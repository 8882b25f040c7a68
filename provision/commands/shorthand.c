/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/shorthand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int set(json_t *value, const struct shape_member *member, json_t *part)
{
	return json_object_set_new(value, member->name, part) ? -ENOMEM : 0;
}

/* json_string() is NULL for what is no UTF-8 and so cannot be sent. */
static int append(json_t *value, const struct shape_member *member, const char *text)
{
	json_t *list = json_object_get(value, member->name);
	int rc = 0;

	if (!list) {
		list = json_array();
		rc = set(value, member, list);
	}
	if (!rc && json_array_append_new(list, json_string(text)))
		rc = -EINVAL;
	return rc;
}

static int set_text(json_t *value, const struct shape_member *member, const char *text)
{
	int64_t number;

	switch (member->kind) {
	case SHAPE_TEXT:
		return json_object_set_new(value, member->name, json_string(text)) ? -EINVAL : 0;
	case SHAPE_NUMBER:
		return shape_number(text, &number) ? set(value, member, json_integer(number))
						   : -EINVAL;
	case SHAPE_FLAG:
		if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
			return -EINVAL;
		return set(value, member, json_boolean(*text == 't'));
	case SHAPE_TEXTS:
		return append(value, member, text);
	case SHAPE_STRUCTURE:
	case SHAPE_STRUCTURES:
		break;
	}
	return -EINVAL;
}

/* The member before the piece's '=', which is cut there; NULL where there is none. */
static const struct shape_member *cut_member(const struct shape *shape, char *piece, char **text)
{
	const struct shape_member *member;
	char *equals = strchr(piece, '=');

	if (!equals)
		return NULL;
	*equals = '\0';
	member = shape_find(shape, piece);
	if (!member)
		*equals = '=';
	*text = equals + 1;
	return member;
}

/* Cuts the copy into pieces. */
static int parse_pieces(const struct shape *shape, char *copy, json_t *value)
{
	const struct shape_member *last = NULL;
	char *rest = copy, *piece;
	int rc = 0;

	while (!rc && (piece = strsep(&rest, ","))) {
		char *text = piece;
		const struct shape_member *member = cut_member(shape, piece, &text);

		if (member && json_object_get(value, member->name))
			return -EINVAL;
		if (!member && (!last || last->kind != SHAPE_TEXTS))
			return -EINVAL;
		if (member)
			last = member;
		rc = member ? set_text(value, member, text) : append(value, last, piece);
	}
	return rc;
}

static int parse_json(const char *text, json_t **value)
{
	*value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	return *value ? 0 : -EINVAL;
}

int shorthand_parse(const struct shape *shape, const char *text, json_t **value)
{
	char *copy;
	int rc;

	if (*text == '{')
		return parse_json(text, value);
	copy = strdup(text);
	*value = json_object();
	rc = copy && *value ? parse_pieces(shape, copy, *value) : -ENOMEM;
	free(copy);
	if (rc)
		json_decref(*value);
	return rc;
}
