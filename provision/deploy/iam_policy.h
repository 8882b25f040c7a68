/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that AWS must allow: identity-based IAM policies for exactly what a configuration
 * needs. What is created must carry the deployment's tag, and only what carries it can be changed
 * or deleted. Pure.
 */
#ifndef PROVISION_IAM_POLICY_H
#define PROVISION_IAM_POLICY_H

#include <jansson.h>

#include "provision/deploy/config.h"

enum iam_role {
	IAM_DEPLOYER,  /* plan, apply, destroy, drift, orphans */
	IAM_COLLECTOR, /* session-map: reads only */
};

#define IAM_POLICY_CALLER "caller"

/*
 * The policies of a role: one for each identity that acts, "caller" (whoever runs mirrorcap) first.
 *	[{"Role": "deployer", "AttachTo": "caller" or a role's ARN, "Policy": {…}}]
 * config: NULL for any deployment in the caller's own account.
 * Returns the array, owned by the caller, json_decref(); NULL where memory is short.
 */
json_t *iam_policy(const struct config *config, enum iam_role role);

/* "deployer". */
const char *iam_role_name(enum iam_role role);

#endif
