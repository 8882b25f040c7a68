/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/operation_output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/aws/buffer.h"
#include "provision/commands/operation_options.h"

enum {
	MAX_COLUMNS = 12,
	PATH_BYTES = 128,
	JSON_FORM = JSON_INDENT(4) | JSON_PRESERVE_ORDER,
};

static int finish(FILE *out)
{
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

/* jansson escapes ASCII's controls alone; terminals obey DEL and U+0080 to U+009F, too. */
static int print_json(FILE *out, const json_t *value)
{
	char *text = json_dumps(value, JSON_FORM);

	if (!text)
		return -ENOMEM;
	errno = 0;
	for (const char *c = text; *c; c++) {
		unsigned char byte = (unsigned char)c[0], next = (unsigned char)c[1];

		if (byte == 0xc2 && next >= 0x80 && next <= 0x9f)
			fprintf(out, "\\u%04x", (unsigned char)*++c);
		else if (byte == 0x7f)
			fputs("\\u007f", out);
		else
			fputc(byte, out);
	}
	fputc('\n', out);
	free(text);
	return finish(out);
}

/*
 * U+0080 to U+009F move a terminal's cursor as the ASCII controls do. out: NULL prints nothing.
 * Returns the number of characters.
 */
static int print_safe(FILE *out, const char *text)
{
	int count = 0;

	for (; *text; text++) {
		unsigned char byte = (unsigned char)text[0], next = (unsigned char)text[1];

		if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
			byte = '?';
			text++;
		}
		/* The bytes that continue a character of UTF-8 take no place. */
		count += (byte & 0xc0) != 0x80;
		if (out)
			fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, out);
	}
	return count;
}

/* Values as one line of text. */

static void format(struct buffer *text, const json_t *value);

static void format_list(struct buffer *text, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (i)
			buffer_text(text, ", ");
		format(text, json_array_get(list, i));
	}
}

/* Pairs of two are read best as KEY=VALUE and FROM-TO; other structures as AWS CLI's shorthand. */
static void format_structure(struct buffer *text, const json_t *object)
{
	static const struct {
		const char *first, *second, *between;
	} pairs[] = {{"Key", "Value", "="}, {"FromPort", "ToPort", "-"}};
	const char *name;
	json_t *part;
	bool begun = false;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (!json_object_get(object, pairs[i].first))
			continue;
		format(text, json_object_get(object, pairs[i].first));
		buffer_text(text, pairs[i].between);
		format(text, json_object_get(object, pairs[i].second));
		return;
	}
	json_object_foreach((json_t *)object, name, part)
	{
		buffer_format(text, "%s%s=", begun ? "," : "", name);
		format(text, part);
		begun = true;
	}
}

static void format(struct buffer *text, const json_t *value)
{
	if (json_is_string(value))
		buffer_text(text, json_string_value(value));
	else if (json_is_integer(value))
		buffer_format(text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_boolean(value))
		buffer_text(text, json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		format_list(text, value);
	else if (json_is_object(value))
		format_structure(text, value);
}

/* What lies at "State.Code"; of a list its first element. NULL where there is nothing. */
static const json_t *find(const json_t *value, const char *path)
{
	char copy[PATH_BYTES], *rest = copy, *name;

	snprintf(copy, sizeof(copy), "%s", path);
	while (value && (name = strsep(&rest, "."))) {
		if (json_is_array(value))
			value = json_array_get(value, 0);
		value = json_object_get(value, name);
	}
	return value;
}

/* The cell's text: owned by the caller; NULL where memory is short. "-" where there is none. */
static char *cell_text(const json_t *item, const char *path)
{
	struct buffer text = {0};
	char *copy;

	format(&text, find(item, path));
	copy = text.failed ? NULL : strdup(text.length ? text.data : "-");
	buffer_fini(&text);
	return copy;
}

/* Tables. */

struct table {
	const struct operation_column *columns;
	size_t count; /* of columns */
	char **cells; /* owned, row by row; NULL where memory was short */
	size_t rows;
	int widths[MAX_COLUMNS];
};

static int fill_table(struct table *table, const json_t *items)
{
	size_t rows = json_array_size(items);

	table->cells = calloc(rows * table->count + 1, sizeof(*table->cells));
	if (!table->cells)
		return -ENOMEM;
	table->rows = rows;
	for (size_t i = 0; i < rows * table->count; i++) {
		const json_t *item = json_array_get(items, i / table->count);
		size_t column = i % table->count;
		int width;

		table->cells[i] = cell_text(item, table->columns[column].path);
		if (!table->cells[i])
			return -ENOMEM;
		width = print_safe(NULL, table->cells[i]);
		if (width > table->widths[column])
			table->widths[column] = width;
	}
	return 0;
}

/* The last column is not filled up. */
static void print_cell(FILE *out, const struct table *table, size_t column, const char *text)
{
	int length = print_safe(out, text);

	if (column + 1 == table->count)
		fputc('\n', out);
	else
		fprintf(out, "%*s", table->widths[column] - length + 2, "");
}

static int print_table(FILE *out, const struct operation_column *columns, const json_t *items)
{
	struct table table = {.columns = columns};
	int rc;

	for (; table.count < MAX_COLUMNS && columns[table.count].title; table.count++)
		table.widths[table.count] = print_safe(NULL, columns[table.count].title);
	rc = fill_table(&table, items);
	for (size_t i = 0; !rc && i < table.count; i++)
		print_cell(out, &table, i, columns[i].title);
	for (size_t i = 0; !rc && i < table.rows * table.count; i++)
		print_cell(out, &table, i % table.count, table.cells[i]);
	for (size_t i = 0; table.cells && i < table.rows * table.count; i++)
		free(table.cells[i]);
	free(table.cells);
	return rc;
}

/* Records. */

static const struct operation_detail *detail_of(const struct operation_command *command,
						const char *member)
{
	const struct operation_detail *detail = command->details;

	while (detail && detail->member && strcmp(detail->member, member) != 0)
		detail++;
	return detail && detail->member ? detail : NULL;
}

/* "session number" for "SessionNumber". */
static void field_name(const char *member, char name[OPERATION_OPTIONS_NAME_BYTES])
{
	operation_options_name(member, name);
	for (char *c = name; *c; c++) {
		if (*c == '-')
			*c = ' ';
	}
}

static int widest_name(const json_t *record)
{
	char name[OPERATION_OPTIONS_NAME_BYTES];
	const char *member;
	json_t *part;
	int widest = 0;

	json_object_foreach((json_t *)record, member, part)
	{
		operation_options_name(member, name);
		if ((int)strlen(name) > widest)
			widest = (int)strlen(name);
	}
	return widest;
}

/* Each tag has a line of its own; other lists share one. */
static int print_field(FILE *out, int width, const char *member, const json_t *value)
{
	char name[OPERATION_OPTIONS_NAME_BYTES];
	struct buffer text = {0};
	int rc;

	if (strcmp(member, "Tags") == 0 && json_array_size(value)) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			rc = print_field(out, width, "Tag", json_array_get(value, i));
			if (rc)
				return rc;
		}
		return 0;
	}
	field_name(member, name);
	format(&text, value);
	fprintf(out, "%-*s  ", width, name);
	print_safe(out, text.length ? text.data : "-");
	fputc('\n', out);
	rc = buffer_error(&text);
	buffer_fini(&text);
	return rc;
}

static int print_details(FILE *out, const struct operation_command *command, const json_t *record)
{
	const struct operation_detail *detail = command->details;
	char name[OPERATION_OPTIONS_NAME_BYTES];
	int rc = 0;

	for (; !rc && detail && detail->member; detail++) {
		const json_t *list = json_object_get(record, detail->member);

		if (!json_array_size(list))
			continue;
		field_name(detail->member, name);
		fprintf(out, "\n%s:\n", name);
		rc = print_table(out, detail->columns, list);
	}
	return rc;
}

static int print_record(FILE *out, const struct operation_command *command, const json_t *record)
{
	int width = widest_name(record), rc = 0;
	const char *member;
	json_t *part;

	json_object_foreach((json_t *)record, member, part)
	{
		if (detail_of(command, member))
			continue;
		rc = print_field(out, width, member, part);
		if (rc)
			return rc;
	}
	return print_details(out, command, record);
}

/* The whole. */

/* The output's items as an array: owned by the caller. One that is alone becomes the first. */
static json_t *items_of(const struct operation_command *command, const json_t *output)
{
	json_t *item = command->item ? json_object_get(output, command->item) : (json_t *)output;

	return json_is_array(item) ? json_incref(item) : json_pack("[O]", item);
}

const char *operation_output_id(const struct operation_command *command, const json_t *output)
{
	const json_t *item = command->item ? json_object_get(output, command->item) : output;
	const char *path = command->columns ? command->columns[0].path : NULL;

	if (json_is_array(item))
		item = json_array_get(item, 0);
	return path ? json_string_value(find(item, path)) : NULL;
}

/* A token is worth knowing: with it the command can be repeated. */
static int print_token(FILE *out, int width, const json_t *output)
{
	const json_t *token = json_object_get(output, "ClientToken");

	return token ? print_field(out, width, "ClientToken", token) : 0;
}

int operation_output(FILE *out, enum operation_form form, const struct operation_command *command,
		     const json_t *output)
{
	json_t *items;
	bool list;
	int rc;

	errno = 0;
	if (!json_object_size(output))
		return finish(out);
	if (form == OPERATION_JSON)
		return print_json(out, output);
	items = items_of(command, output);
	if (!items)
		return -ENOMEM;
	/* A create's list, of one, is a record. */
	list = json_is_array(command->item ? json_object_get(output, command->item) : NULL) &&
	       !command->one && strcmp(command->verb, "create") != 0;
	if (command->columns && (form == OPERATION_TABLE || list)) {
		rc = print_table(out, command->columns, items);
	} else {
		const json_t *record = json_array_get(items, 0);

		rc = print_record(out, command, record);
		if (!rc)
			rc = print_token(out, widest_name(record), output);
	}
	json_decref(items);
	return rc ? rc : finish(out);
}
