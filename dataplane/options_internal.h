/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the command line is read: each part of it (a section of the help text, a file) has a table
 * of its options and a check of what holds between them.
 */
#ifndef DATAPLANE_OPTIONS_INTERNAL_H
#define DATAPLANE_OPTIONS_INTERNAL_H

#include "dataplane/options.h"

enum {
	OPTIONS_USAGE = 2, /* exit code: wrong usage */
	OPTIONS_GO_ON = -1,
};

/* What reading the command line needs beside its result; all borrowed. */
struct parse {
	struct options *options;
	const char *sessions; /* --sessions */
	const char *split;
	const char *format; /* -F */
	const char *floor;  /* --free-floor */
	const char *lcores;
	const char *sign; /* --sign */
};

/* An option. value: NULL for a flag. Returns OPTIONS_GO_ON, or the exit code once it has spoken. */
struct option_row {
	const char *name; /* after "--"; NULL: none */
	char letter;      /* after "-"; 0: none */
	bool flag;
	int (*take)(struct parse *parse, const char *value);
};

/* The parts' tables; a row without `take` ends each. */
extern const struct option_row options_input[];     /* ports and sessions */
extern const struct option_row options_output[];    /* files: form, rotation, retention, safety */
extern const struct option_row options_resources[]; /* CPUs, queues and memory */

/* What holds between options, once all are read. As an option's `take`. */
int options_check_input(struct parse *parse);
int options_check_output(struct parse *parse);
int options_check_resources(struct parse *parse);

/* Reads the sessions, as the last thing of all: it may warn. As an option's `take`. */
int options_read_sessions(struct parse *parse);

/* True where the output is one file or stdout. */
bool options_one_file(const struct options *options);

/* Says what is wrong; returns OPTIONS_USAGE. */
int options_error(const char *object, const char *value, const char *remedy);

/* Values. Each returns as an option's `take`; name: the option as people type it. */
int options_number(const char *name, const char *value, uint64_t most, uint32_t *out);
int options_duration(const char *name, const char *value, uint64_t *out_ns);
/* words: a NULL ends them; *out: the value's place among them. */
int options_word(const char *name, const char *value, const char *const *words, int *out);

#endif
