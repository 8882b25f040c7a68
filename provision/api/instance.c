/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/instance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/json_member.h"

void instance_fini(struct instance *instance)
{
	free(instance->instance_id);
	free(instance->instance_type);
	free(instance->state);
	json_member_free_tags(instance->tags, instance->tag_count);
	*instance = (struct instance){0};
}

int instance_from_json(const json_t *object, struct instance *instance)
{
	const json_t *state = json_object_get(object, "State");
	const struct json_member_text table[] = {
		{"InstanceId", &instance->instance_id},
		{"InstanceType", &instance->instance_type},
		{0},
	};
	int rc;

	*instance = (struct instance){0};
	rc = json_member_texts(object, table);
	if (!rc && (!instance->instance_id || (state && !json_is_object(state))))
		rc = -EBADMSG;
	if (!rc)
		rc = json_member_text(state, "Name", &instance->state);
	if (!rc)
		rc = json_member_tags(object, &instance->tags, &instance->tag_count);
	if (rc)
		instance_fini(instance);
	return rc;
}

bool instance_runs(const struct instance *instance)
{
	static const char *const idle[] = {"stopping", "stopped", "shutting-down", "terminated"};

	for (size_t i = 0; instance->state && i < sizeof(idle) / sizeof(idle[0]); i++) {
		if (strcmp(instance->state, idle[i]) == 0)
			return false;
	}
	return true;
}

bool instance_type_mirrors(const char *instance_type)
{
	/*
	 * "Traffic mirror sources" in the Amazon VPC Traffic Mirroring guide lists the families
	 * that can be mirrored. These existed when it did and are not in it; the generation after
	 * Nitro's seventh was named as unsupported by the page's editions of 2024.
	 */
	static const char *const unsupported[] = {
		"c1", "c3", "c7gn", "c8g", "cc2", "cr1", "g2", "hpc7g", "hs1", "i2",
		"m1", "m2", "m3",   "m8g", "r3",  "r8g", "t1", "t2",    "x8g",
	};
	const size_t family = strcspn(instance_type, ".");

	/* Bare metal: the guide speaks of virtualized types only. */
	if (strncmp(instance_type + family, ".metal", strlen(".metal")) == 0)
		return false;
	for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
		if (strlen(unsupported[i]) == family &&
		    strncmp(instance_type, unsupported[i], family) == 0)
			return false;
	}
	return true;
}
