/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one option's value into a command's input. For operation_options.c. */
#ifndef PROVISION_OPERATION_VALUES_H
#define PROVISION_OPERATION_VALUES_H

#include "provision/commands/operation_options.h"

/* Tags are collected under this name, and move to where they belong at the end. */
#define OPERATION_VALUES_TAGS "Tags"

enum operation_option_what {
	OPTION_MEMBER,
	OPTION_NOT, /* --no-NAME of a flag */
	OPTION_TAG,
	OPTION_REGION,
	OPTION_PROFILE,
	OPTION_ENDPOINT,
	OPTION_OUTPUT,
	OPTION_HELP,
};

struct operation_option {
	char name[OPERATION_OPTIONS_NAME_BYTES];
	enum operation_option_what what;
	const struct shape_member *member; /* of OPTION_MEMBER and OPTION_NOT */
	const char *argument;              /* NULL: takes none */
	const char *help;
	bool needed;
};

/* Both borrowed. */
struct operation_values {
	struct operation_options *options;
	struct failure *failure;
};

/* All return 0, -EINVAL with FAILURE_USAGE, -ENOMEM. */

/* text: NULL for options without a value. */
int operation_values_set(struct operation_values *values, const struct operation_option *option,
			 const char *text);

/* The same for OPTION_MEMBER alone. */
int operation_values_set_member(struct operation_values *values,
				const struct operation_option *option, const char *text);

/* Sets a member of the input. value: taken over; NULL is out of memory. */
int operation_values_put(struct operation_values *values, const char *member, json_t *value);

/* Sets the failure "--NAME 'ARGUMENT': what: remedy"; returns -EINVAL. */
int operation_values_refuse(const struct operation_option *option, const char *argument,
			    const char *what, const char *remedy, struct failure *failure);

#endif
