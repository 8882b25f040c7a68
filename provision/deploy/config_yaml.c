/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/config_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yaml.h>

#include "provision/deploy/config_check.h"
#include "provision/deploy/config_reader.h"
#include "provision/deploy/config_schema.h"

/* Syntax. */

static unsigned int line_at(const char *text, size_t offset)
{
	unsigned int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += text[i] == '\n';
	return line;
}

/* What libyaml found. */
static int syntax_problem(const yaml_parser_t *parser, const char *text, size_t length,
			  struct config_report *report)
{
	const char *problem = parser->problem ? parser->problem : "cannot be read";
	size_t offset = parser->problem_offset < length ? parser->problem_offset : length;

	switch (parser->error) {
	case YAML_MEMORY_ERROR:
		return -ENOMEM;
	case YAML_READER_ERROR:
		config_report_add(report, line_at(text, offset), "",
				  "%s: write the file as UTF-8 text", problem);
		break;
	default:
		config_report_add(report, (unsigned int)parser->problem_mark.line + 1, "",
				  "%s%s%s: check quotes, colons and indentation here",
				  parser->context ? parser->context : "",
				  parser->context ? ", " : "", problem);
	}
	return -EINVAL;
}

static bool has_tag(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return event->data.scalar.tag;
	case YAML_SEQUENCE_START_EVENT:
		return event->data.sequence_start.tag;
	case YAML_MAPPING_START_EVENT:
		return event->data.mapping_start.tag;
	default:
		return false;
	}
}

/* What is YAML, and more than is wanted. depth, documents: so far. */
static int check_event(const yaml_event_t *event, unsigned int *depth, unsigned int *documents,
		       struct config_report *report)
{
	const char *problem = NULL;

	*documents += event->type == YAML_DOCUMENT_START_EVENT;
	*depth +=
		event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
	*depth -= event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
	if (event->type == YAML_ALIAS_EVENT)
		problem = "an alias (*) is not supported: write out what it stands for";
	else if (has_tag(event))
		problem = "a YAML tag (!) is not supported: leave it out";
	else if (*depth > CONFIG_YAML_MAX_DEPTH)
		problem = "is nested too deeply: no key needs that";
	else if (*documents > 1)
		problem = "begins a second document: keep one per file";
	if (!problem)
		return 0;
	config_report_add(report, (unsigned int)event->start_mark.line + 1, "", "%s", problem);
	return -EINVAL;
}

static void set_input(yaml_parser_t *parser, const char *text, size_t length)
{
	yaml_parser_set_input_string(parser, (const unsigned char *)text, length);
}

/* Goes through the text event by event, so that its limits hold before a tree is built of it. */
static int check_syntax(const char *text, size_t length, struct config_report *report)
{
	unsigned int depth = 0, documents = 0;
	yaml_parser_t parser;
	bool end = false;
	int rc = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	set_input(&parser, text, length);
	while (!rc && !end) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			rc = syntax_problem(&parser, text, length, report);
			break;
		}
		rc = check_event(&event, &depth, &documents, report);
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (!rc && documents == 0) {
		config_report_add(report, 1, "",
				  "is empty: declare deployment, target and sessions");
		rc = -EINVAL;
	}
	return rc;
}

/* Lines of what was found by path. */

/* The key's node and value; false where the mapping has no such key. */
static bool find_key(yaml_document_t *document, const yaml_node_t *mapping, const char *name,
		     size_t length, const yaml_node_t **key, const yaml_node_t **value)
{
	const yaml_node_pair_t *pair;

	if (mapping->type != YAML_MAPPING_NODE)
		return false;
	for (pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++) {
		*key = yaml_document_get_node(document, pair->key);
		*value = yaml_document_get_node(document, pair->value);
		if ((*key)->type == YAML_SCALAR_NODE && (*key)->data.scalar.length == length &&
		    memcmp((*key)->data.scalar.value, name, length) == 0)
			return true;
	}
	return false;
}

/* The line of what a path leads to, or of the last on the way that is there. */
static unsigned int line_of(yaml_document_t *document, const char *path)
{
	const yaml_node_t *node = yaml_document_get_root_node(document), *key;
	unsigned int line = config_node_line(node);

	while (*path) {
		size_t length = strcspn(path, ".[");

		if (*path == '[') {
			size_t index = strtoul(path + 1, NULL, 10);

			if (node->type != YAML_SEQUENCE_NODE ||
			    node->data.sequence.items.start + index >=
				    node->data.sequence.items.top)
				return line;
			node = yaml_document_get_node(document,
						      node->data.sequence.items.start[index]);
			line = config_node_line(node);
			path = strchr(path, ']') + 1;
		} else {
			if (!find_key(document, node, path, length, &key, &node))
				return line;
			line = config_node_line(key);
			path += length;
		}
		path += *path == '.';
	}
	return line;
}

/* Meaning. */

static int read_document(yaml_document_t *document, struct config *config,
			 struct config_report *report)
{
	struct config_reader reader = {.document = document, .config = config, .report = report};
	int rc;

	config_schema_init(config);
	config_reader_keys(&reader, &config_schema, yaml_document_get_root_node(document), config);
	config_schema_complete(&reader);
	if (reader.out_of_memory || config->memory.failed)
		return -ENOMEM;
	rc = config_check(config, report);
	for (size_t i = 0; i < report->count; i++) {
		if (!report->problems[i].line)
			report->problems[i].line = line_of(document, report->problems[i].path);
	}
	config_report_sort(report);
	return !rc && report->count ? -EINVAL : rc;
}

static int load_document(const char *text, size_t length, struct config *config,
			 struct config_report *report)
{
	yaml_document_t document;
	yaml_parser_t parser;
	int rc;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	set_input(&parser, text, length);
	if (yaml_parser_load(&parser, &document)) {
		rc = read_document(&document, config, report);
		yaml_document_delete(&document);
	} else {
		rc = syntax_problem(&parser, text, length, report);
	}
	yaml_parser_delete(&parser);
	return rc;
}

int config_yaml_parse(const char *path, const char *text, size_t length, struct config *config,
		      struct config_report *report)
{
	int rc;

	*report = (struct config_report){0};
	*config = (struct config){.path = path};
	rc = check_syntax(text, length, report);
	if (!rc)
		rc = load_document(text, length, config, report);
	if (rc)
		config_fini(config);
	return rc;
}

/* A pipe is read like a file; only one that nobody writes to is not waited for. */
static FILE *open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	FILE *file = fd < 0 || fcntl(fd, F_SETFL, 0) ? NULL : fdopen(fd, "r");

	if (!file && fd >= 0)
		close(fd);
	return file;
}

/* Returns the bytes read, or -errno. */
static ssize_t read_file(const char *path, char *text, size_t room)
{
	FILE *file = open_file(path);
	size_t length;
	int error;

	if (!file)
		return -errno;
	errno = 0;
	length = fread(text, 1, room, file);
	error = ferror(file) ? errno : 0;
	fclose(file);
	return error ? -error : (ssize_t)length;
}

int config_yaml_read(const char *path, struct config *config, struct config_report *report)
{
	char *text = malloc(CONFIG_YAML_MAX_BYTES + 1);
	ssize_t length;
	int rc;

	*report = (struct config_report){0};
	if (!text)
		return -ENOMEM;
	length = read_file(path, text, CONFIG_YAML_MAX_BYTES + 1);
	if (length < 0) {
		config_report_add(report, 0, "", "cannot be read: %s: give --config FILE",
				  strerror((int)-length));
		rc = (int)length;
	} else if (length > CONFIG_YAML_MAX_BYTES) {
		config_report_add(report, 0, "", "is larger than %d MiB: is it a configuration?",
				  CONFIG_YAML_MAX_BYTES >> 20);
		rc = -EINVAL;
	} else {
		rc = config_yaml_parse(path, text, (size_t)length, config, report);
	}
	free(text);
	return rc;
}
