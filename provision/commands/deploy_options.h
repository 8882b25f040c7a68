/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of the commands that work with a declared deployment: plan, apply, destroy, drift and
 * orphans. One table says which command takes which; parsing, help and messages read it.
 */
#ifndef PROVISION_DEPLOY_OPTIONS_H
#define PROVISION_DEPLOY_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "provision/aws/client.h"
#include "provision/aws/failure.h"

#define DEPLOY_OPTIONS_CONFIG "/etc/mirrorcap/mirrorcap.yaml"

/* Bits, so that a row of the table can list them. */
enum deploy_command {
	DEPLOY_PLAN = 1 << 0,
	DEPLOY_APPLY = 1 << 1,
	DEPLOY_DESTROY = 1 << 2,
	DEPLOY_DRIFT = 1 << 3,
	DEPLOY_ORPHANS = 1 << 4,
};

enum { DEPLOY_MAX_DELETE_PERCENT = 10, DEPLOY_MIN_WATCH_SECONDS = 5 };

/* How many of the owned sessions may be deleted. */
struct deploy_max_delete {
	uint32_t value;
	bool percent; /* of the sessions that are owned; else an absolute number */
};

/* Texts are borrowed from argv. */
struct deploy_options {
	const char *config;     /* DEPLOY_OPTIONS_CONFIG where not given */
	const char *output;     /* -o: where the plan is saved; NULL */
	const char *plan_file;  /* apply's operand; NULL */
	const char *deployment; /* destroy without a configuration; NULL */
	const char *state_dir;  /* of the journal; NULL: journal_default_directory() */
	struct deploy_max_delete max_delete;
	uint32_t watch_seconds; /* 0: once */
	bool json, verbose, yes, allow_empty, delete_orphans, help;
	bool config_given;
	struct client_options client; /* region, profile and endpoint URL */
};

/*
 * Reads the arguments; argv[0] is the command's name. With --help among them the rest is not looked
 * at. options: needs no initialisation.
 * Returns 0, or -EINVAL with FAILURE_USAGE, which names the option and what it takes.
 */
int deploy_options_parse(enum deploy_command command, int argc, char **argv,
			 struct deploy_options *options, struct failure *failure);

/* Prints a line for each option of the command. */
void deploy_options_help(enum deploy_command command, FILE *out);

#endif
