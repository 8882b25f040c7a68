/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap apply --watch`: keeps AWS in step with what is declared. */
#ifndef PROVISION_APPLY_WATCH_H
#define PROVISION_APPLY_WATCH_H

#include "provision/commands/deploy_options.h"
#include "provision/deploy/config.h"
#include "provision/deploy/journal.h"

/*
 * Plans and applies every options->watch_seconds until SIGINT or SIGTERM. What fails is told and
 * tried again in the next round; each round honours the limits on deletes.
 * Returns the program's exit code: done where the last round left nothing undone.
 */
int apply_watch(const struct deploy_options *options, const struct config *config,
		struct journal *journal);

#endif
