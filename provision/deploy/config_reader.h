/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a YAML document's nodes into structs, driven by tables: which keys a mapping has, what
 * each takes, where it goes. Every problem is added to the report with its line and path, and
 * reading goes on. Inside deploy/config_*.c only.
 */
#ifndef PROVISION_CONFIG_READER_H
#define PROVISION_CONFIG_READER_H

#include <yaml.h>

#include "provision/deploy/config.h"
#include "provision/deploy/config_report.h"
#include "provision/deploy/config_value.h"

struct config_reader {
	yaml_document_t *document; /* without aliases: a tree, of limited depth */
	struct config *config;     /* owns what is read */
	struct config_report *report;
	char path[CONFIG_PATH_BYTES]; /* of the node that is being read */
	size_t path_length;
	bool out_of_memory;
};

/* One key of a mapping. All static. */
struct config_key {
	const char *name;
	/* Reads the value into base + offset; problems go to the report. */
	void (*read)(struct config_reader *reader, const struct config_key *key,
		     const yaml_node_t *value, void *base);
	size_t offset;
	const void *rule; /* what read() wants, see below */
	bool required;
};

struct config_mapping {
	const struct config_key *keys; /* at most 32 */
	size_t count;
};

#define CONFIG_MAPPING(array)                               \
	{                                                   \
		(array), sizeof(array) / sizeof((array)[0]) \
	}

/* A list of mappings becomes an array; the pointer to it is at the key's offset. */
struct config_list {
	const struct config_mapping *mapping;
	size_t size;         /* of an element */
	const void *initial; /* an element before it is read; NULL: zeros */
	size_t count_offset; /* of the size_t beside the pointer, from the base */
	size_t line_offset;  /* of the element's unsigned int line, from the element */
	size_t max;
};

struct config_range {
	uint32_t min, max;
	const char *word; /* that stands for 0, such as "auto"; or NULL */
};

struct config_choice {
	const char *const names[3]; /* of false and of true; NULL */
};

/* Readers; the comment says what rule points to and what is filled. */

void config_read_text(struct config_reader *reader, const struct config_key *key,
		      const yaml_node_t *value, void *base); /* config_text; const char * */
void config_read_texts(struct config_reader *reader, const struct config_key *key,
		       const yaml_node_t *value, void *base); /* config_text; config_texts */
void config_read_number(struct config_reader *reader, const struct config_key *key,
			const yaml_node_t *value, void *base); /* config_range; uint32_t */
void config_read_flag(struct config_reader *reader, const struct config_key *key,
		      const yaml_node_t *value, void *base); /* nothing; bool */
void config_read_choice(struct config_reader *reader, const struct config_key *key,
			const yaml_node_t *value, void *base); /* config_choice; bool */
void config_read_mapping(struct config_reader *reader, const struct config_key *key,
			 const yaml_node_t *value, void *base); /* config_mapping; a struct */
void config_read_list(struct config_reader *reader, const struct config_key *key,
		      const yaml_node_t *value, void *base); /* config_list; an array */
void config_read_nothing(struct config_reader *reader, const struct config_key *key,
			 const yaml_node_t *value, void *base); /* a key of others */

/* For further readers. */

/* The line that a node begins in, from 1. */
unsigned int config_node_line(const yaml_node_t *node);

/* Goes down to a key or an element; returns what config_reader_up() takes to come back. */
size_t config_reader_down(struct config_reader *reader, const char *key);
void config_reader_up(struct config_reader *reader, size_t before);

/* Adds a problem of this node, at the reader's path. */
void config_reader_problem(struct config_reader *reader, const yaml_node_t *node,
			   const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The scalar's text, borrowed from the document, or NULL with a problem added. */
const char *config_reader_scalar(struct config_reader *reader, const yaml_node_t *node);

/* The index of the text among the names (NULL-terminated); or -1 with a problem that lists them. */
int config_reader_choose(struct config_reader *reader, const yaml_node_t *node, const char *text,
			 const char *const *names);

/* Memory of the configuration, or NULL: then the whole fails. */
void *config_reader_alloc(struct config_reader *reader, size_t bytes);

/* Reads a mapping's keys into base. */
void config_reader_keys(struct config_reader *reader, const struct config_mapping *mapping,
			const yaml_node_t *node, void *base);

#endif
