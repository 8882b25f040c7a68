/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/region.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REGION_LENGTH = 63 };

bool region_valid(const char *name)
{
	size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length && length <= MAX_REGION_LENGTH && !name[length] && name[0] != '-' &&
	       name[length - 1] != '-';
}

void region_fini(struct region *region)
{
	free(region->name);
	*region = (struct region){0};
}

/* NULL where neither the option nor the environment nor the profile names one. */
static const char *given_region(const char *option, const struct profiles *profiles,
				const char **source)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION"};

	*source = "--region";
	if (option)
		return option;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		*source = names[i];
		if (value && *value)
			return value;
	}
	*source = "profile";
	return profiles_setting(profiles, "region");
}

static int instance_region(const struct profiles *profiles, struct imds *imds, struct buffer *found,
			   struct failure *failure)
{
	char tried[sizeof(failure->message)];
	int rc = imds_get(imds, "/latest/meta-data/placement/region", found, failure);

	if (!rc || rc == -ENOMEM || rc == -ECANCELED)
		return rc;
	memcpy(tried, failure->message, sizeof(tried));
	failure_set(
		failure, FAILURE_REGION,
		"no AWS region; tried --region, AWS_REGION, AWS_DEFAULT_REGION, profile '%s'; %s",
		profiles ? profiles->name : "default", tried);
	failure_set_remedy(failure, "give --region, set AWS_REGION or give the profile a region");
	return -ENOENT;
}

static int take_region(const struct buffer *found, const char *source, struct region *region,
		       struct failure *failure)
{
	if (found->failed)
		return failure_memory(failure);
	if (!region_valid(buffer_string(found))) {
		failure_set(failure, FAILURE_USAGE, "region '%s' (%s): not the name of a region",
			    buffer_string(found), source);
		failure_set_remedy(failure, "give one such as eu-central-1");
		return -EINVAL;
	}
	region->name = strdup(found->data);
	region->source = source;
	return region->name ? 0 : failure_memory(failure);
}

int region_resolve(const char *option, const struct profiles *profiles, struct imds *imds,
		   struct region *region, struct failure *failure)
{
	const char *source;
	const char *given = given_region(option, profiles, &source);
	struct buffer found = {0};
	int rc = 0;

	*region = (struct region){0};
	if (given) {
		buffer_text(&found, given);
	} else {
		source = "instance metadata";
		rc = instance_region(profiles, imds, &found, failure);
	}
	if (!rc)
		rc = take_region(&found, source, region, failure);
	buffer_fini(&found);
	return rc;
}
