/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command prints on stdout: JSON in AWS CLI's form, or text for people, with control
 * characters that came from elsewhere replaced.
 */
#ifndef PROVISION_OPERATION_OUTPUT_H
#define PROVISION_OPERATION_OUTPUT_H

#include <jansson.h>
#include <stdio.h>

#include "provision/commands/operation_command.h"

enum operation_form {
	OPERATION_JSON,
	OPERATION_TEXT,  /* a table of several, one field on a line of one */
	OPERATION_TABLE, /* a table in any case */
};

/*
 * Prints an operation's output. Nothing where there is nothing in it.
 * Returns 0, or -errno of the write, -ENOMEM.
 */
int operation_output(FILE *out, enum operation_form form, const struct operation_command *command,
		     const json_t *output);

/* The id in an output: its item's first column, or the output's own; NULL where there is none. */
const char *operation_output_id(const struct operation_command *command, const json_t *output);

#endif
