/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that are one AWS operation each: `mirrorcap session|target|filter|… VERB`. A table says
 * which operation a command calls and what of the answer is shown; options, help and messages come
 * from the operation's shapes. A command may have a function of its own instead of an operation.
 */
#ifndef PROVISION_OPERATION_COMMAND_H
#define PROVISION_OPERATION_COMMAND_H

#include <stdbool.h>

#include "provision/api/operation.h"
#include "provision/aws/client.h"
#include "provision/aws/failure.h"

enum { OPERATION_COMMAND_WARNING_BYTES = 256 };

struct operation_options;

/* A column of a table, a field of a record. path: members, "State.Code"; a list's is its first. */
struct operation_column {
	const char *title; /* NULL ends the columns */
	const char *path;
};

/* A list within a record that is shown as a table below it. */
struct operation_detail {
	const char *member; /* NULL ends them */
	const struct operation_column *columns;
};

/* What is sent where an option is not given. text: as the option would have it. */
struct operation_default {
	const char *member; /* NULL ends them */
	const char *text;
};

/* All static. */
struct operation_command {
	const char *noun, *verb;
	const char *operation;     /* NULL: act */
	const struct shape *input; /* NULL: the operation's own */
	const char *summary;
	const char *notes; /* what the options' own lines cannot say; NULL */
	const char *item;  /* the output's member to show: a structure or a list; NULL: nothing */
	const struct operation_column *columns; /* of the item; the first is its id */
	const struct operation_detail *details;
	const struct operation_default *defaults;
	const char *one;    /* shows one item: the input's list that takes its id */
	const char *needed; /* an option that is needed here, though AWS does not need it */
	bool changes;       /* without anything to change it makes no sense */
	/* warning: OPERATION_COMMAND_WARNING_BYTES; set where input is allowed but hardly meant. */
	void (*warn)(const json_t *input, char *warning);
	/* Prints what it did. Returns 0, or -errno with failure set. */
	int (*act)(struct client *client, const struct operation_options *options,
		   struct failure *failure);
};

/* All commands; the last row has no noun. */
extern const struct operation_command operation_table[];

/* The input's shape of a command. */
const struct shape *operation_command_shape(const struct operation_command *command);

/* argv[0] is the noun, "session". Prints; returns the program's exit code. */
int operation_command(int argc, char **argv);

#endif
