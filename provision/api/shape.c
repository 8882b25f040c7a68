/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/shape.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_BYTES = 128, /* of a parameter: query_add() takes no longer one */
	NUMBER_BYTES = 24,
	ELEMENT_BYTES = 64,
};

const struct shape_member *shape_find(const struct shape *shape, const char *name)
{
	for (size_t i = 0; shape && i < shape->count; i++) {
		if (strcmp(shape->members[i].name, name) == 0)
			return &shape->members[i];
	}
	return NULL;
}

bool shape_number(const char *text, int64_t *number)
{
	const bool negative = *text == '-';
	int64_t value = 0;

	text += negative;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || __builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, *text - '0', &value))
			return false;
	}
	*number = negative ? -value : value;
	return true;
}

/* Encoding. */

struct encoder {
	enum shape_dialect dialect;
	struct query *query;
};

static void encode_structure(struct encoder *encoder, const struct shape *shape,
			     const json_t *value, const char *prefix);

static void add(struct encoder *encoder, const char *name, const char *text)
{
	query_add(encoder->query, text, "%s", name);
}

/* The name of a list's element; counts from 1, as AWS does. */
static void element_name(const struct encoder *encoder, const char *list, size_t index,
			 char name[NAME_BYTES])
{
	const char *between = encoder->dialect == SHAPE_QUERY ? "member." : "";
	int length = snprintf(name, NAME_BYTES, "%s.%s%zu", list, between, index + 1);

	if (length >= NAME_BYTES)
		encoder->query->body.failed = true;
}

static void encode_texts(struct encoder *encoder, const json_t *list, const char *name)
{
	char element[NAME_BYTES];

	for (size_t i = 0; i < json_array_size(list); i++) {
		element_name(encoder, name, i, element);
		add(encoder, element, json_string_value(json_array_get(list, i)));
	}
}

static void encode_structures(struct encoder *encoder, const struct shape *shape,
			      const json_t *list, const char *name)
{
	char element[NAME_BYTES];

	for (size_t i = 0; i < json_array_size(list); i++) {
		element_name(encoder, name, i, element);
		encode_structure(encoder, shape, json_array_get(list, i), element);
	}
}

static void encode_member(struct encoder *encoder, const struct shape_member *member,
			  const json_t *value, const char *name)
{
	char number[NUMBER_BYTES];

	switch (member->kind) {
	case SHAPE_TEXT:
		add(encoder, name, json_string_value(value));
		break;
	case SHAPE_NUMBER:
		if (!json_is_integer(value))
			break;
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		add(encoder, name, number);
		break;
	case SHAPE_FLAG:
		if (json_is_boolean(value))
			add(encoder, name, json_is_true(value) ? "true" : "false");
		break;
	case SHAPE_STRUCTURE:
		encode_structure(encoder, member->shape, value, name);
		break;
	case SHAPE_TEXTS:
		encode_texts(encoder, value, name);
		break;
	case SHAPE_STRUCTURES:
		encode_structures(encoder, member->shape, value, name);
		break;
	}
}

/* prefix: of the members' names, "" for the request itself. */
static void encode_structure(struct encoder *encoder, const struct shape *shape,
			     const json_t *value, const char *prefix)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct shape_member *member = &shape->members[i];
		const json_t *part = json_object_get(value, member->name);
		char name[NAME_BYTES];
		int length;

		if (!part)
			continue;
		length = snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "." : "",
				  member->query ? member->query : member->name);
		if (length >= NAME_BYTES)
			encoder->query->body.failed = true;
		else
			encode_member(encoder, member, part, name);
	}
}

void shape_encode(const struct shape *shape, enum shape_dialect dialect, const json_t *value,
		  struct query *query)
{
	struct encoder encoder = {dialect, query};

	encode_structure(&encoder, shape, value, "");
}

/* Decoding. Each sets *value to an owned one on 0; NULL where the answer says nothing. */

static int decode_scalar(const struct shape_member *member, const char *text, json_t **value)
{
	int64_t number;

	if (member->required && !*text)
		return -EBADMSG;
	if (member->kind == SHAPE_TEXT) {
		*value = json_string(text);
		return *value ? 0 : -ENOMEM;
	}
	if (!*text)
		return 0;
	if (member->kind == SHAPE_NUMBER) {
		if (!shape_number(text, &number))
			return -EBADMSG;
		*value = json_integer(number);
		return *value ? 0 : -ENOMEM;
	}
	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return -EBADMSG;
	*value = json_boolean(*text == 't');
	return 0;
}

static int decode_list(const struct shape_member *member, enum shape_dialect dialect,
		       const struct xml_element *list, json_t **value)
{
	const char *name = dialect == SHAPE_QUERY ? "member" : "item";
	const struct xml_element *element = xml_child(list, name);
	json_t *array = json_array();
	int rc = array ? 0 : -ENOMEM;

	for (; !rc && element; element = xml_next(element)) {
		json_t *item = NULL;

		if (member->kind == SHAPE_STRUCTURES)
			rc = shape_decode(member->shape, dialect, element, &item);
		else
			item = json_string(xml_content(element));
		if (!rc && json_array_append_new(array, item))
			rc = -ENOMEM;
	}
	if (rc)
		json_decref(array);
	else
		*value = array;
	return rc;
}

/* EC2's elements are in lower camel case: "packetLength" for PacketLength. */
static const char *element_of(const struct shape_member *member, enum shape_dialect dialect,
			      char element[ELEMENT_BYTES])
{
	if (member->element)
		return member->element;
	if (dialect == SHAPE_QUERY)
		return member->name;
	snprintf(element, ELEMENT_BYTES, "%s", member->name);
	element[0] = (char)(element[0] | 0x20);
	return element;
}

static int decode_member(const struct shape_member *member, enum shape_dialect dialect,
			 const struct xml_element *parent, json_t **value)
{
	char name[ELEMENT_BYTES];
	const struct xml_element *element = xml_child(parent, element_of(member, dialect, name));

	*value = NULL;
	if (!element)
		return member->required ? -EBADMSG : 0;
	switch (member->kind) {
	case SHAPE_STRUCTURE:
		return shape_decode(member->shape, dialect, element, value);
	case SHAPE_TEXTS:
	case SHAPE_STRUCTURES:
		return decode_list(member, dialect, element, value);
	case SHAPE_TEXT:
	case SHAPE_NUMBER:
	case SHAPE_FLAG:
		break;
	}
	return decode_scalar(member, xml_content(element), value);
}

int shape_decode(const struct shape *shape, enum shape_dialect dialect,
		 const struct xml_element *element, json_t **value)
{
	json_t *object = json_object();
	int rc = object ? 0 : -ENOMEM;

	for (size_t i = 0; !rc && i < shape->count; i++) {
		json_t *part;

		rc = decode_member(&shape->members[i], dialect, element, &part);
		if (!rc && part && json_object_set_new(object, shape->members[i].name, part))
			rc = -ENOMEM;
	}
	if (rc)
		json_decref(object);
	else
		*value = object;
	return rc;
}
