/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What plan, apply, destroy, drift and orphans begin with: read the configuration, reach every
 * account and region, describe what is there, and plan. And the signals that end it.
 */
#ifndef PROVISION_DEPLOY_ROUND_H
#define PROVISION_DEPLOY_ROUND_H

#include <signal.h>

#include "provision/commands/deploy_options.h"
#include "provision/deploy/plan.h"
#include "provision/deploy/scope.h"

/* Set by the first SIGINT or SIGTERM: finish what is in flight, begin nothing. */
extern volatile sig_atomic_t deploy_round_stop;
/* Set by the second one: give up what is in flight, too. */
extern volatile sig_atomic_t deploy_round_kill;

/* Zeroed is empty. */
struct deploy_round {
	struct scopes scopes;
	struct observed observed;
	struct plan_options options;
	struct plan *plan;
};

void deploy_round_catch_signals(void);

/*
 * Reads the configuration file; with --deployment there is none, and the caller's own account in
 * the region found is all there is. Prints what is wrong with the file.
 * config: needs no initialisation; config_fini() on EXIT_CODE_DONE. Borrows options.
 * Returns the program's exit code.
 */
int deploy_round_config(const struct deploy_options *options, const char *command,
			struct config *config);

/* The plan's options that the command line gives. */
struct plan_options deploy_round_options(const struct deploy_options *options);

/*
 * Asks AWS and plans; changes nothing. SIGINT and SIGTERM end it at once.
 * round: needs no initialisation; deploy_round_end() on 0. Borrows config.
 * Returns 0, or -errno with failure set; scopes that failed are in the plan.
 */
int deploy_round_begin(const struct config *config, const struct deploy_options *options,
		       const struct plan_options *plan_options, struct deploy_round *round,
		       struct failure *failure);

/*
 * Asks and plans once more, through the clients that the round has. On failure there is no plan, and
 * deploy_round_end() is still due.
 * Returns 0, or -errno with failure set.
 */
int deploy_round_again(const struct config *config, struct deploy_round *round,
		       struct failure *failure);

/* Gives up what was observed and planned; the clients stay. */
void deploy_round_forget(struct deploy_round *round);

void deploy_round_end(struct deploy_round *round);

#endif
