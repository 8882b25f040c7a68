/* SPDX-License-Identifier: Apache-2.0 */
/* Carries a plan out in front of a person: progress, failures, and a summary at the end. */
#ifndef PROVISION_DEPLOY_WORK_H
#define PROVISION_DEPLOY_WORK_H

#include "provision/commands/deploy_options.h"
#include "provision/commands/deploy_round.h"
#include "provision/deploy/journal.h"

/*
 * Opens the deployment's journal, which keeps others from applying at the same time, and tells of
 * damage. journal: owned by the caller, journal_close(); set only on EXIT_CODE_DONE.
 * Returns the program's exit code.
 */
int deploy_work_journal(const char *command, const struct deploy_options *options,
			const char *deployment, struct journal **journal);

/*
 * Applies the round's plan. On a terminal progress is one line that changes, else a line every ten
 * seconds. list: a line for each change, too.
 * Returns the program's exit code.
 */
int deploy_work(const char *command, const struct config *config, struct deploy_round *round,
		struct journal *journal, bool list);

#endif
