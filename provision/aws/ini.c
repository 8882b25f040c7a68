/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/ini.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEFAULTS "DEFAULT"

/* A part of the text. */
struct view {
	const char *start;
	size_t length;
};

/* Where the parser stands. */
struct parser {
	struct ini *ini;
	struct ini_section *section; /* NULL before the first */
	struct ini_entry *entry;     /* whose value may go on; NULL for none */
	size_t indent;               /* of the line that began the entry */
	struct ini_error *error;
};

static void entry_fini(struct ini_entry *entry)
{
	free(entry->key);
	buffer_fini(&entry->value);
}

void ini_fini(struct ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		struct ini_section *section = &ini->sections[i];

		for (size_t j = 0; j < section->count; j++)
			entry_fini(&section->entries[j]);
		free(section->entries);
		free(section->name);
	}
	free(ini->sections);
	*ini = (struct ini){0};
}

/* Views. */

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct view trim(struct view view)
{
	while (view.length && blank(view.start[0])) {
		view.start++;
		view.length--;
	}
	while (view.length && blank(view.start[view.length - 1]))
		view.length--;
	return view;
}

/* Takes the first line off the rest. */
static struct view next_line(struct view *rest)
{
	const char *end = memchr(rest->start, '\n', rest->length);
	struct view line = {rest->start, end ? (size_t)(end - rest->start) : rest->length};
	size_t used = line.length + (end != NULL);

	rest->start += used;
	rest->length -= used;
	return line;
}

static bool view_is(struct view view, const char *text)
{
	return strlen(text) == view.length && memcmp(view.start, text, view.length) == 0;
}

static bool view_is_key(struct view view, const char *key)
{
	return strlen(key) == view.length && strncasecmp(view.start, key, view.length) == 0;
}

/* Lines. */

static int complain(struct parser *parser, const char *message)
{
	parser->error->message = message;
	return -EBADMSG;
}

static int add_section(struct parser *parser, struct view name)
{
	struct ini *ini = parser->ini;
	struct ini_section *longer;

	for (size_t i = 0; i < ini->count; i++) {
		if (view_is(name, ini->sections[i].name))
			return complain(parser, "this section stands here twice");
	}
	longer = realloc(ini->sections, (ini->count + 1) * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	ini->sections = longer;
	longer[ini->count] = (struct ini_section){.name = strndup(name.start, name.length)};
	if (!longer[ini->count].name)
		return -ENOMEM;
	parser->section = &longer[ini->count++];
	parser->entry = NULL;
	return 0;
}

/* After the last ']' may stand anything, which then means nothing. */
static int read_section(struct parser *parser, struct view line)
{
	const char *end = memrchr(line.start, ']', line.length);

	if (!end || end == line.start + 1)
		return complain(parser, "a section is written [name]");
	return add_section(parser, (struct view){line.start + 1, (size_t)(end - line.start) - 1});
}

static char *lower_case(struct view text)
{
	char *copy = strndup(text.start, text.length);

	for (char *c = copy; c && *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	}
	return copy;
}

static int add_entry(struct parser *parser, struct view key, struct view value)
{
	struct ini_section *section = parser->section;
	struct ini_entry *longer;

	for (size_t i = 0; i < section->count; i++) {
		if (view_is_key(key, section->entries[i].key))
			return complain(parser, "this key stands twice in its section");
	}
	longer = realloc(section->entries, (section->count + 1) * sizeof(*longer));
	if (!longer)
		return -ENOMEM;
	section->entries = longer;
	parser->entry = &longer[section->count++];
	*parser->entry = (struct ini_entry){.key = lower_case(key)};
	buffer_append(&parser->entry->value, value.start, value.length);
	return parser->entry->key ? buffer_error(&parser->entry->value) : -ENOMEM;
}

static int read_entry(struct parser *parser, struct view line)
{
	size_t length = 0;
	struct view key, value;

	if (!parser->section)
		return complain(parser, "a [section] must come first");
	while (length < line.length && line.start[length] != '=' && line.start[length] != ':')
		length++;
	if (length == line.length)
		return complain(parser, "neither [section] nor key = value");
	key = trim((struct view){line.start, length});
	value = trim((struct view){line.start + length + 1, line.length - length - 1});
	if (!key.length)
		return complain(parser, "the key before '=' is missing");
	return add_entry(parser, key, value);
}

/* One more line of the entry's value. In a nested one each line is an entry itself. */
static int continue_value(struct parser *parser, struct view line)
{
	struct buffer *value = &parser->entry->value;

	if ((!value->length || value->data[0] == '\n') && line.length &&
	    !memchr(line.start, '=', line.length))
		return complain(parser, "an indented line below a key without a value must be "
					"key = value");
	buffer_text(value, "\n");
	buffer_append(value, line.start, line.length);
	return buffer_error(value);
}

static int read_line(struct parser *parser, struct view raw)
{
	struct view line = trim(raw);
	size_t indent = (size_t)(line.start - raw.start);

	if (memchr(raw.start, '\0', raw.length))
		return complain(parser, "a NUL byte");
	if (!line.length)
		return parser->entry ? continue_value(parser, line) : 0;
	if (line.start[0] == '#' || line.start[0] == ';')
		return 0;
	if (parser->entry && indent > parser->indent)
		return continue_value(parser, line);
	parser->indent = indent;
	return line.start[0] == '[' ? read_section(parser, line) : read_entry(parser, line);
}

/* Empty lines belong to a value only where more of it follows. */
static void trim_values(struct ini *ini)
{
	for (size_t i = 0; i < ini->count; i++) {
		for (size_t j = 0; j < ini->sections[i].count; j++) {
			struct buffer *value = &ini->sections[i].entries[j].value;

			while (value->length && blank(value->data[value->length - 1]))
				buffer_truncate(value, value->length - 1);
		}
	}
}

int ini_parse(const char *text, size_t length, struct ini *ini, struct ini_error *error)
{
	struct parser parser = {.ini = ini, .error = error};
	struct view rest = {text, length};
	int rc = 0;

	*ini = (struct ini){0};
	*error = (struct ini_error){0};
	if (length > INI_MAX_BYTES) {
		error->message = "longer than 1 MiB";
		return -EMSGSIZE;
	}
	while (!rc && rest.length) {
		if (++error->line > INI_MAX_LINES) {
			error->message = "more than 50000 lines";
			rc = -EMSGSIZE;
			break;
		}
		rc = read_line(&parser, next_line(&rest));
	}
	if (rc)
		ini_fini(ini);
	else
		trim_values(ini);
	return rc;
}

/* Asking. */

const struct ini_section *ini_section(const struct ini *ini, const char *name)
{
	for (size_t i = 0; i < ini->count; i++) {
		if (strcmp(ini->sections[i].name, name) == 0)
			return &ini->sections[i];
	}
	return NULL;
}

static const char *section_value(const struct ini_section *section, const char *key)
{
	for (size_t i = 0; section && i < section->count; i++) {
		if (strcmp(section->entries[i].key, key) == 0)
			return buffer_string(&section->entries[i].value);
	}
	return NULL;
}

const char *ini_value(const struct ini *ini, const struct ini_section *section, const char *key)
{
	const char *value = section_value(section, key);

	return value || !section ? value : section_value(ini_section(ini, DEFAULTS), key);
}

bool ini_nested(const char *value, const char *key, struct buffer *found)
{
	struct view rest = {value, value ? strlen(value) : 0};

	if (!rest.length || value[0] != '\n')
		return false;
	while (rest.length) {
		struct view line = trim(next_line(&rest));
		const char *equals = memchr(line.start, '=', line.length);
		size_t key_length = equals ? (size_t)(equals - line.start) : 0;

		if (!equals || !view_is(trim((struct view){line.start, key_length}), key))
			continue;
		line = trim((struct view){equals + 1, line.length - key_length - 1});
		buffer_append(found, line.start, line.length);
		return true;
	}
	return false;
}
