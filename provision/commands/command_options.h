/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a command that takes only a few, as a table that is at once the parser and the
 * help. For `mirrorcap iam-policy` and `mirrorcap session-map`.
 */
#ifndef PROVISION_COMMAND_OPTIONS_H
#define PROVISION_COMMAND_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "provision/aws/failure.h"

/* Either text or flag is set. */
struct command_option {
	const char *name; /* without "--" */
	char letter;      /* 0: it has none */
	const char *argument;
	const char *help;
	const char **text; /* takes the argument, borrowed from argv; NULL until given */
	bool *flag;        /* is set */
};

/*
 * Reads "--name value", "--name=value", "-l value", in any order; argv[0] is the command's name.
 * An empty argument and an option given twice are errors, and so is a "value" that is an option of
 * the table: "--name=--other" where it is meant.
 * help: set where --help or -h is among them; what stands behind it is not read.
 * Returns 0 or -EINVAL with FAILURE_USAGE.
 */
int command_options_parse(const struct command_option *options, size_t count, int argc, char **argv,
			  bool *help, struct failure *failure);

/* Prints a line per option, and that of --help. */
void command_options_help(const struct command_option *options, size_t count);

#endif
