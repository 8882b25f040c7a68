/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of a command that is one operation: the members of its input under AWS CLI's names
 * (NetworkInterfaceId is --network-interface-id), --tag, and those that all commands have.
 *
 * Lists are given with commas, as several words or by repeating the option; structures in AWS
 * CLI's shorthand (FromPort=1,ToPort=2) or as JSON. A name may be cut short as long as it is clear.
 */
#ifndef PROVISION_OPERATION_OPTIONS_H
#define PROVISION_OPERATION_OPTIONS_H

#include "provision/aws/buffer.h"
#include "provision/commands/operation_command.h"
#include "provision/commands/operation_output.h"

enum { OPERATION_OPTIONS_NAME_BYTES = 64 };

struct operation_options {
	const struct operation_command *command;
	json_t *input; /* owned */
	struct client_options client;
	enum operation_form form;
	bool form_given;
	bool help;
};

/*
 * Reads and checks the arguments; argv[0] is the verb. With --help among them the rest is not
 * looked at.
 * options: needs no initialisation; operation_options_fini() whatever is returned.
 * Returns 0, -EINVAL with FAILURE_USAGE (every option that is missing is named), -ENOMEM.
 */
int operation_options_parse(const struct operation_command *command, int argc, char **argv,
			    struct operation_options *options, struct failure *failure);

void operation_options_fini(struct operation_options *options);

/* Appends a line for each option. */
void operation_options_help(const struct operation_command *command, struct buffer *text);

/* "network-interface-id" for "NetworkInterfaceId". */
void operation_options_name(const char *member, char name[OPERATION_OPTIONS_NAME_BYTES]);

#endif
