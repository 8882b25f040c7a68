/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/json_member.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* NULL where it is missing or null. */
static const json_t *member(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_null(value) ? NULL : value;
}

int json_member_text(const json_t *object, const char *name, char **copy)
{
	const json_t *value = member(object, name);

	*copy = NULL;
	if (!value)
		return 0;
	if (!json_is_string(value))
		return -EBADMSG;
	if (json_string_length(value) == 0)
		return 0;
	*copy = strdup(json_string_value(value));
	return *copy ? 0 : -ENOMEM;
}

int json_member_texts(const json_t *object, const struct json_member_text *table)
{
	int rc = 0;

	for (; !rc && table->name; table++)
		rc = json_member_text(object, table->name, table->copy);
	return rc;
}

int json_member_number(const json_t *object, const char *name, uint32_t max, bool *present,
		       uint32_t *number)
{
	const json_t *value = member(object, name);

	*number = 0;
	if (present)
		*present = value != NULL;
	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    json_integer_value(value) > max)
		return -EBADMSG;
	*number = (uint32_t)json_integer_value(value);
	return 0;
}

int json_member_flag(const json_t *object, const char *name, bool *flag)
{
	const json_t *value = member(object, name);

	*flag = json_is_true(value);
	return !value || json_is_boolean(value) ? 0 : -EBADMSG;
}

/* Array members of a missing list: none. */
static int list_size(const json_t *object, const char *name, const json_t **list, size_t *size)
{
	*list = member(object, name);
	*size = json_array_size(*list);
	return !*list || json_is_array(*list) ? 0 : -EBADMSG;
}

int json_member_list(const json_t *object, const char *name, const char *part, char ***texts,
		     size_t *count)
{
	const json_t *list;
	size_t size;
	int rc = list_size(object, name, &list, &size);

	*texts = NULL;
	*count = 0;
	if (rc || !size)
		return rc;
	*texts = calloc(size, sizeof(**texts));
	if (!*texts)
		return -ENOMEM;
	for (; *count < size; ++*count) {
		const json_t *value = json_array_get(list, *count);

		if (part)
			value = json_object_get(value, part);
		if (!json_is_string(value)) {
			rc = -EBADMSG;
			break;
		}
		(*texts)[*count] = strdup(json_string_value(value));
		if (!(*texts)[*count]) {
			rc = -ENOMEM;
			break;
		}
	}
	if (rc) {
		json_member_free_list(*texts, *count);
		*texts = NULL;
		*count = 0;
	}
	return rc;
}

void json_member_free_list(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
}

static int read_tag(const json_t *object, struct mirror_session_tag *tag)
{
	const json_t *key = json_object_get(object, "Key");
	const json_t *value = json_object_get(object, "Value");

	if (!json_is_string(key) || (value && !json_is_string(value)))
		return -EBADMSG;
	tag->key = strdup(json_string_value(key));
	tag->value = strdup(value ? json_string_value(value) : "");
	return tag->key && tag->value ? 0 : -ENOMEM;
}

int json_member_tags(const json_t *object, struct mirror_session_tag **tags, size_t *count)
{
	const json_t *list;
	size_t size;
	int rc = list_size(object, "Tags", &list, &size);

	*tags = NULL;
	*count = 0;
	if (rc || !size)
		return rc;
	*tags = calloc(size, sizeof(**tags));
	if (!*tags)
		return -ENOMEM;
	while (!rc && *count < size) {
		rc = read_tag(json_array_get(list, *count), &(*tags)[*count]);
		++*count;
	}
	if (rc) {
		json_member_free_tags(*tags, *count);
		*tags = NULL;
		*count = 0;
	}
	return rc;
}

void json_member_free_tags(struct mirror_session_tag *tags, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(tags[i].key);
		free(tags[i].value);
	}
	free(tags);
}
