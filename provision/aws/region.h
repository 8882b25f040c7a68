/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which region: the option before the environment before the profile before instance metadata, as
 * the AWS SDKs resolve it.
 */
#ifndef PROVISION_REGION_H
#define PROVISION_REGION_H

#include <stdbool.h>

#include "provision/aws/failure.h"
#include "provision/aws/imds.h"
#include "provision/aws/profile.h"

/* Zeroed holds none. */
struct region {
	char *name;         /* owned: "eu-central-1" */
	const char *source; /* static: "--region", "AWS_REGION", … */
};

/* True for what can be a region's name: lower case letters, digits, inner hyphens. It becomes a
 * label of a host name. */
bool region_valid(const char *name);

/*
 * option: --region, or NULL: AWS_REGION, AWS_DEFAULT_REGION, the chosen profile, then the
 * instance's own region. profiles: may be NULL.
 * region: needs no initialisation; region_fini() on 0.
 * Returns 0, or -errno with failure set: -ENOENT (none found; says what was tried), -EINVAL (not a
 * region), -ENOMEM, -ECANCELED.
 */
int region_resolve(const char *option, const struct profiles *profiles, struct imds *imds,
		   struct region *region, struct failure *failure);

void region_fini(struct region *region);

#endif
