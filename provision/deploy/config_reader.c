/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/config_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/near_match.h"

enum {
	LIST_MAX = 10000, /* EC2's quota of sessions in an account */
	SHOWN_MAX = 80,   /* characters of a wrong value */
};

/* Where we are. */

unsigned int config_node_line(const yaml_node_t *node)
{
	return (unsigned int)node->start_mark.line + 1;
}

static size_t go_down(struct config_reader *reader, const char *separator, const char *part,
		      const char *end)
{
	size_t before = reader->path_length, room = sizeof(reader->path) - before;
	int length = snprintf(reader->path + before, room, "%s%s%s", separator, part, end);

	/* A path that is too long is shown as far as it fits. */
	if (length > 0)
		reader->path_length += (size_t)length < room ? (size_t)length : room - 1;
	return before;
}

size_t config_reader_down(struct config_reader *reader, const char *key)
{
	return go_down(reader, reader->path_length ? "." : "", key, "");
}

static size_t go_down_index(struct config_reader *reader, size_t index)
{
	char number[24];

	snprintf(number, sizeof(number), "%zu", index);
	return go_down(reader, "[", number, "]");
}

void config_reader_up(struct config_reader *reader, size_t before)
{
	reader->path_length = before;
	reader->path[before] = '\0';
}

void config_reader_problem(struct config_reader *reader, const yaml_node_t *node,
			   const char *format, ...)
{
	char text[CONFIG_PROBLEM_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	config_report_add(reader->report, config_node_line(node), reader->path, "%s", text);
}

void *config_reader_alloc(struct config_reader *reader, size_t bytes)
{
	void *memory = arena_alloc(&reader->config->memory, bytes);

	if (!memory)
		reader->out_of_memory = true;
	return memory;
}

/* Scalars. */

static bool is_null(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static bool has_controls(const yaml_node_t *node)
{
	for (size_t i = 0; i < node->data.scalar.length; i++) {
		unsigned char c = node->data.scalar.value[i];

		if (c < ' ' || c == 0x7f)
			return true;
	}
	return false;
}

const char *config_reader_scalar(struct config_reader *reader, const yaml_node_t *node)
{
	const char *kind = node->type == YAML_SEQUENCE_NODE ? "a list" : "a mapping";

	if (node->type != YAML_SCALAR_NODE)
		config_reader_problem(reader, node, "is %s: give one value", kind);
	else if (is_null(node))
		config_reader_problem(reader, node, "has no value: give one, or leave the key out");
	else if (has_controls(node))
		config_reader_problem(reader, node,
				      "has a line break or control character: give one line");
	else
		return (const char *)node->data.scalar.value;
	return NULL;
}

void config_read_nothing(struct config_reader *reader, const struct config_key *key,
			 const yaml_node_t *value, void *base)
{
}

void config_read_text(struct config_reader *reader, const struct config_key *key,
		      const yaml_node_t *value, void *base)
{
	const struct config_text *kind = key->rule;
	const char **text = (const char **)((char *)base + key->offset);
	const char *found = config_reader_scalar(reader, value);

	if (!found)
		return;
	if (config_text_valid(kind, found))
		*text = arena_text(&reader->config->memory, found);
	else
		config_reader_problem(reader, value, "'%.*s' is not %s: %s", SHOWN_MAX, found,
				      kind->what, kind->remedy);
}

void config_read_number(struct config_reader *reader, const struct config_key *key,
			const yaml_node_t *value, void *base)
{
	const struct config_range *range = key->rule;
	uint32_t *number = (uint32_t *)((char *)base + key->offset);
	const char *found = config_reader_scalar(reader, value);

	if (!found)
		return;
	if (range->word && strcmp(found, range->word) == 0)
		*number = 0;
	else if (config_number(found, range->min, range->max, number))
		config_reader_problem(reader, value,
				      "'%.*s' does not fit: give a number from %u to %u%s%s",
				      SHOWN_MAX, found, range->min, range->max,
				      range->word ? ", or " : "", range->word ? range->word : "");
}

int config_reader_choose(struct config_reader *reader, const yaml_node_t *node, const char *text,
			 const char *const *names)
{
	char listed[CONFIG_PROBLEM_BYTES / 2];
	size_t length = 0;

	for (int i = 0; names[i]; i++) {
		if (strcmp(text, names[i]) == 0)
			return i;
		length += (size_t)snprintf(listed + length, sizeof(listed) - length, "%s%s",
					   i ? " or " : "", names[i]);
	}
	config_reader_problem(reader, node, "'%.*s' is not known here: give %s", SHOWN_MAX, text,
			      listed);
	return -1;
}

void config_read_choice(struct config_reader *reader, const struct config_key *key,
			const yaml_node_t *value, void *base)
{
	const struct config_choice *choice = key->rule;
	const char *found = config_reader_scalar(reader, value);
	int index = found ? config_reader_choose(reader, value, found, choice->names) : -1;

	if (index >= 0)
		*(bool *)((char *)base + key->offset) = index;
}

void config_read_flag(struct config_reader *reader, const struct config_key *key,
		      const yaml_node_t *value, void *base)
{
	static const struct config_choice choice = {{"false", "true"}};
	const struct config_key choice_key = {.offset = key->offset, .rule = &choice};

	config_read_choice(reader, &choice_key, value, base);
}

/* Lists. */

static size_t item_count(const yaml_node_t *list)
{
	return (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
}

static const yaml_node_t *item_at(struct config_reader *reader, const yaml_node_t *list,
				  size_t index)
{
	return yaml_document_get_node(reader->document, list->data.sequence.items.start[index]);
}

/* True for a list with 1 to max elements; else a problem is added. */
static bool check_list(struct config_reader *reader, const yaml_node_t *node, size_t max)
{
	if (node->type != YAML_SEQUENCE_NODE)
		config_reader_problem(reader, node, "is not a list: put each element behind '- '");
	else if (item_count(node) == 0)
		config_reader_problem(reader, node,
				      "is an empty list: give at least one element, "
				      "or leave the key out");
	else if (item_count(node) > max)
		config_reader_problem(reader, node,
				      "has %zu elements, above the %zu that it may have",
				      item_count(node), max);
	else
		return true;
	return false;
}

/* The duplicates of a long list are found by sorting. */
struct sortable {
	const char *text;
	const yaml_node_t *node;
};

static int compare_sortable(const void *a, const void *b)
{
	const struct sortable *left = a, *right = b;
	int order = strcmp(left->text, right->text);

	if (order)
		return order;
	return (left->node > right->node) - (left->node < right->node);
}

static void refuse_duplicates(struct config_reader *reader, struct sortable *found, size_t count)
{
	qsort(found, count, sizeof(*found), compare_sortable);
	for (size_t i = 1; i < count; i++) {
		if (strcmp(found[i - 1].text, found[i].text) == 0)
			config_reader_problem(reader, found[i].node,
					      "'%.*s' is given twice: leave one out", SHOWN_MAX,
					      found[i].text);
	}
}

void config_read_texts(struct config_reader *reader, const struct config_key *key,
		       const yaml_node_t *value, void *base)
{
	struct config_texts *texts = (struct config_texts *)((char *)base + key->offset);
	size_t count, good = 0;
	struct sortable *found;

	if (!check_list(reader, value, LIST_MAX))
		return;
	count = item_count(value);
	texts->texts = config_reader_alloc(reader, count * sizeof(*texts->texts));
	found = calloc(count, sizeof(*found));
	if (!texts->texts || !found) {
		reader->out_of_memory = true;
		free(found);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		const struct config_key element = {.rule = key->rule};
		size_t before = go_down_index(reader, i);

		found[good].node = item_at(reader, value, i);
		config_read_text(reader, &element, found[good].node, &found[good].text);
		config_reader_up(reader, before);
		if (found[good].text)
			texts->texts[good] = found[good].text;
		good += found[good].text != NULL;
	}
	texts->count = good;
	refuse_duplicates(reader, found, good);
	free(found);
}

void config_read_list(struct config_reader *reader, const struct config_key *key,
		      const yaml_node_t *value, void *base)
{
	const struct config_list *list = key->rule;
	char *elements;

	if (!check_list(reader, value, list->max))
		return;
	elements = config_reader_alloc(reader, item_count(value) * list->size);
	if (!elements)
		return;
	*(void **)((char *)base + key->offset) = elements;
	*(size_t *)((char *)base + list->count_offset) = item_count(value);
	for (size_t i = 0; i < item_count(value); i++) {
		const yaml_node_t *item = item_at(reader, value, i);
		char *element = elements + i * list->size;
		size_t before = go_down_index(reader, i);

		if (list->initial)
			memcpy(element, list->initial, list->size);
		*(unsigned int *)(element + list->line_offset) = config_node_line(item);
		config_reader_keys(reader, list->mapping, item, element);
		config_reader_up(reader, before);
	}
}

/* Mappings. */

static void unknown_key(struct config_reader *reader, const struct config_mapping *mapping,
			const yaml_node_t *node, const char *name)
{
	struct near_match near = {.word = name};

	for (size_t i = 0; i < mapping->count; i++)
		near_match_offer(&near, mapping->keys[i].name);
	if (near.name)
		config_reader_problem(reader, node, "unknown key: did you mean '%s'?", near.name);
	else
		config_reader_problem(reader, node,
				      "unknown key: mirrorcap.yaml(5) lists the known ones");
}

/* seen: a bit for each of the mapping's keys. */
static void read_pair(struct config_reader *reader, const struct config_mapping *mapping,
		      const yaml_node_pair_t *pair, void *base, uint32_t *seen)
{
	const yaml_node_t *name_node = yaml_document_get_node(reader->document, pair->key);
	const yaml_node_t *value = yaml_document_get_node(reader->document, pair->value);
	const char *name = config_reader_scalar(reader, name_node);
	size_t before, i = 0;

	if (!name)
		return;
	before = config_reader_down(reader, name);
	while (i < mapping->count && strcmp(mapping->keys[i].name, name) != 0)
		i++;
	if (i == mapping->count)
		unknown_key(reader, mapping, name_node, name);
	else if (*seen & 1u << i)
		config_reader_problem(reader, name_node, "is given twice: leave one out");
	else
		mapping->keys[i].read(reader, &mapping->keys[i], value, base);
	if (i < mapping->count)
		*seen |= 1u << i;
	config_reader_up(reader, before);
}

void config_reader_keys(struct config_reader *reader, const struct config_mapping *mapping,
			const yaml_node_t *node, void *base)
{
	const yaml_node_pair_t *pair;
	uint32_t seen = 0;

	if (node->type != YAML_MAPPING_NODE) {
		config_reader_problem(reader, node, "is not a mapping: give lines of 'key: value'");
		return;
	}
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
		read_pair(reader, mapping, pair, base, &seen);
	for (size_t i = 0; i < mapping->count; i++) {
		size_t before;

		if (!mapping->keys[i].required || seen & 1u << i)
			continue;
		before = config_reader_down(reader, mapping->keys[i].name);
		config_reader_problem(reader, node, "is missing: add the key");
		config_reader_up(reader, before);
	}
}

void config_read_mapping(struct config_reader *reader, const struct config_key *key,
			 const yaml_node_t *value, void *base)
{
	config_reader_keys(reader, key->rule, value, (char *)base + key->offset);
}
