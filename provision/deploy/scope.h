/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a deployment lives: each account and region of the configuration with a client that acts
 * there. One that cannot be reached does not keep the others from going on.
 */
#ifndef PROVISION_SCOPE_H
#define PROVISION_SCOPE_H

#include <signal.h>
#include <stddef.h>

#include "provision/aws/client.h"
#include "provision/aws/failure.h"
#include "provision/deploy/config.h"

/* All owned unless said otherwise. */
struct scope {
	const struct config_account *account; /* borrowed from the configuration */
	struct client *client;                /* NULL after a failure */
	char *account_id;                     /* likewise */
	char *region;
	char *failure; /* NULL, or why nothing can be done there, for a person */
};

struct scopes {
	struct client *base; /* the caller's own identity; owned */
	struct scope *scopes;
	size_t count;
};

/*
 * Finds the caller's credentials, assumes the roles and asks STS which accounts they are of. Two
 * entries that come to the same account and region: the second one fails, or each would undo what
 * the other does.
 * scopes: needs no initialisation; scopes_fini() on 0.
 * Returns 0, also where single scopes have a failure; -errno with failure set where the caller's
 * own credentials or region cannot be found, when told to stop, or without memory.
 */
int scopes_open(const struct config *config, const struct client_options *options,
		struct scopes *scopes, struct failure *failure);

/* Of all clients; see client_set_stop(). */
void scopes_set_stop(struct scopes *scopes, const volatile sig_atomic_t *stop);

void scopes_fini(struct scopes *scopes);

#endif
