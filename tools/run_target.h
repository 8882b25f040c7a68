/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of target a session's copies go to: whether others may receive them too.
 */
#ifndef TOOLS_RUN_TARGET_H
#define TOOLS_RUN_TARGET_H

#include "provision/aws/client.h"
#include "provision/aws/failure.h"

enum run_target {
	RUN_TARGET_INTERFACE, /* one network interface, so one receiver */
	RUN_TARGET_SHARED,    /* a load balancer, or an endpoint of one */
	RUN_TARGET_UNKNOWN,   /* a kind that this version does not know */
};

/*
 * Asks EC2 (DescribeTrafficMirrorTargets) for the kind of the target id.
 * Returns 0, or -errno with failure set, as client_call(); -EPROTO where the answer lacks it.
 */
int run_target_ask(struct client *client, const char *id, enum run_target *target,
		   struct failure *failure);

#endif
