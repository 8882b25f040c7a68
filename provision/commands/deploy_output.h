/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of a deployment print and ask: failures, the plan, a question. */
#ifndef PROVISION_DEPLOY_OUTPUT_H
#define PROVISION_DEPLOY_OUTPUT_H

#include <jansson.h>
#include <stdbool.h>

#include "provision/aws/buffer.h"
#include "provision/aws/failure.h"
#include "provision/commands/deploy_options.h"
#include "provision/deploy/plan.h"

/* Prints a failure of the command; returns the program's exit code. */
int deploy_output_failure(const char *command, const struct failure *failure);

/*
 * Prints the failures of scopes, on stderr. outcome: what that means there: "not planned".
 * Returns how many there are.
 */
size_t deploy_output_scopes(const char *command, const char *outcome, const struct plan *plan);

/*
 * Prints on stdout: takes the text or the JSON document, whatever is given (NULL: out of memory).
 * Returns the program's exit code.
 */
int deploy_output_text(const char *command, struct buffer *text);
int deploy_output_json(const char *command, json_t *document);

/* Prints the plan on stdout as the options say. Returns the program's exit code. */
int deploy_output_plan(const char *command, const struct deploy_options *options,
		       const struct plan *plan);

/* Asks on the terminal; anything but "yes" is no. */
bool deploy_output_ask(const char *question);

/*
 * Checks before anything is sent that there is somebody to be asked.
 * Returns the program's exit code.
 */
int deploy_output_check_terminal(const char *command, const struct deploy_options *options);

/* Prints a command's usage: a synopsis, a summary, its options and notes. */
int deploy_output_help(enum deploy_command command, const char *synopsis, const char *summary,
		       const char *notes);

#endif
