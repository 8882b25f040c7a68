/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's profiles: ~/.aws/config (AWS_CONFIG_FILE) and ~/.aws/credentials
 * (AWS_SHARED_CREDENTIALS_FILE), and which of them was chosen. A profile is what both files say
 * under its name; where both name a key, the credentials file's value counts.
 */
#ifndef PROVISION_PROFILE_H
#define PROVISION_PROFILE_H

#include <stdbool.h>

#include "provision/aws/buffer.h"
#include "provision/aws/failure.h"
#include "provision/aws/ini.h"

/* Zeroed holds none. */
struct profiles {
	struct ini config, credentials;
	struct buffer config_path, credentials_path;
	char *name;  /* owned: the chosen one */
	bool option; /* by --profile: keys of the environment are not asked for */
};

/*
 * Reads both files; one that does not exist is empty.
 * option: --profile, or NULL: AWS_PROFILE, AWS_DEFAULT_PROFILE, "default".
 * profiles: needs no initialisation; profiles_fini() on 0.
 * Returns 0, or -errno with failure set: -EINVAL (the named profile is in neither file, or a file
 * is wrong: its line is told), -EACCES and its like (a file cannot be read), -ENOMEM.
 */
int profiles_load(const char *option, struct profiles *profiles, struct failure *failure);

/* Wipes what it read. */
void profiles_fini(struct profiles *profiles);

bool profiles_have(const struct profiles *profiles, const char *name);

/* A key of a profile; NULL where it is not set or there is no such profile. Borrowed. */
const char *profiles_value(const struct profiles *profiles, const char *name, const char *key);

/* The same of one file alone: what stands in which file decides where it is in the chain. */
const char *profiles_config_value(const struct profiles *profiles, const char *name,
				  const char *key);
const char *profiles_credentials_value(const struct profiles *profiles, const char *name,
				       const char *key);

/* A key of the chosen profile; profiles may be NULL. */
const char *profiles_setting(const struct profiles *profiles, const char *key);

/* A key of [sso-session NAME]. NULL where there is none. */
const char *profiles_sso_session(const struct profiles *profiles, const char *session,
				 const char *key);

/*
 * The endpoint URL of a service in the chosen profile: of its section [services NAME], else its
 * endpoint_url. service_key: "ec2", "elastic_load_balancing_v2". url: appended to where there is
 * one. Returns whether there is. profiles may be NULL.
 */
bool profiles_endpoint_url(const struct profiles *profiles, const char *service_key,
			   struct buffer *url);

/* Appends a path in the user's home directory: "/.aws/config" below HOME, or the password
 * database's entry. */
void profiles_home(struct buffer *path, const char *below);

#endif
