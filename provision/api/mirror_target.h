/* SPDX-License-Identifier: Apache-2.0 */
/* A traffic mirror target as DescribeTrafficMirrorTargets tells it. */
#ifndef PROVISION_MIRROR_TARGET_H
#define PROVISION_MIRROR_TARGET_H

#include <jansson.h>
#include <stddef.h>

#include "provision/api/mirror_session.h"

/* All owned; NULL where EC2 said nothing. */
struct mirror_target {
	char *traffic_mirror_target_id;
	/* One of the three. */
	char *network_interface_id;
	char *network_load_balancer_arn;
	char *gateway_load_balancer_endpoint_id;
	char *description;
	char *owner_id; /* another account's where the target is shared */
	struct mirror_session_tag *tags;
	size_t tag_count;
};

/*
 * Reads an element of TrafficMirrorTargets, in AWS CLI's form. Members that are not known are
 * skipped.
 * target: needs no initialisation; mirror_target_fini() on 0.
 * Returns 0, -EBADMSG (no id, or a member of another kind), -ENOMEM.
 */
int mirror_target_from_json(const json_t *object, struct mirror_target *target);

void mirror_target_fini(struct mirror_target *target);

#endif
