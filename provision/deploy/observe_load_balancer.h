/* SPDX-License-Identifier: Apache-2.0 */
/* What ELBv2 tells about the load balancer behind a scope's target. */
#ifndef PROVISION_OBSERVE_LOAD_BALANCER_H
#define PROVISION_OBSERVE_LOAD_BALANCER_H

#include "provision/aws/client.h"
#include "provision/aws/failure.h"
#include "provision/deploy/observed.h"

/*
 * Describes attributes, listeners, and what is registered with the target groups behind them. Of
 * another account's load balancer, which ELBv2 does not show, nothing becomes known; one that does
 * not exist is told as such.
 * scope: its account_id is set, targets are filled and sorted.
 * Returns 0, or -errno with failure set; what was filled is freed by observed_scope_fini().
 */
int observe_load_balancer(const struct config *config, struct client *client,
			  struct observed_scope *scope, struct failure *failure);

#endif
