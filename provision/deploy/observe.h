/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks AWS what there is: fills observed.h's structs from Describe calls. Reads only. A scope is
 * described completely or has failed: a page that is missing never passes for absence.
 */
#ifndef PROVISION_OBSERVE_H
#define PROVISION_OBSERVE_H

#include "provision/aws/failure.h"
#include "provision/deploy/observed.h"
#include "provision/deploy/scope.h"

/*
 * Describes every scope; one that fails carries the reason, and the others go on.
 * observed: needs no initialisation; observed_fini() on 0. Borrows the accounts of config.
 * Returns 0; -ECANCELED (told to stop) or -ENOMEM with failure set.
 */
int observe(const struct config *config, const struct scopes *scopes, struct observed *observed,
	    struct failure *failure);

#endif
