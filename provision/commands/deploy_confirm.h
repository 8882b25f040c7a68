/* SPDX-License-Identifier: Apache-2.0 */
/* The question before a deployment is changed. It may stand for hours: a yes is to what was shown. */
#ifndef PROVISION_DEPLOY_CONFIRM_H
#define PROVISION_DEPLOY_CONFIRM_H

#include "provision/commands/deploy_round.h"

/*
 * Asks on the terminal. After a yes it observes and plans anew, and goes on only where that comes
 * to the changes that were shown; the round then holds the new plan.
 * narrow: what was done to the plan before it was shown is done to the new one, too; or NULL.
 * Prints why not. Returns the program's exit code.
 */
int deploy_confirm(const char *command, const char *question, const struct config *config,
		   struct deploy_round *round, void (*narrow)(struct plan *plan));

#endif
