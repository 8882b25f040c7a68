/* SPDX-License-Identifier: Apache-2.0 */
/* An instance as DescribeInstances tells it. */
#ifndef PROVISION_INSTANCE_H
#define PROVISION_INSTANCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "provision/api/mirror_session.h"

/* All owned; NULL where EC2 said nothing. */
struct instance {
	char *instance_id;
	char *instance_type; /* "m5.large" */
	char *state;         /* "running", "stopped", … */
	struct mirror_session_tag *tags;
	size_t tag_count;
};

/*
 * Reads an element of Reservations[].Instances, in AWS CLI's form. Members that are not known are
 * skipped.
 * instance: needs no initialisation; instance_fini() on 0.
 * Returns 0, -EBADMSG (no id, or a member of another kind), -ENOMEM.
 */
int instance_from_json(const json_t *object, struct instance *instance);

/* False where it is stopped or terminated, or on the way there: then it sends nothing. */
bool instance_runs(const struct instance *instance);

/*
 * False where AWS's documentation says that interfaces of this type cannot be mirrored. Its list of
 * those that can grows, so that what it does not speak of counts as supported: EC2 then decides
 * (NetworkInterfaceNotSupported).
 */
bool instance_type_mirrors(const char *instance_type);

void instance_fini(struct instance *instance);

#endif
