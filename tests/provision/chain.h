/* SPDX-License-Identifier: Apache-2.0 */
/* The chain of credentials, with all that it needs, for tests of its sources. */
#ifndef TESTS_PROVISION_CHAIN_H
#define TESTS_PROVISION_CHAIN_H

#include "provision/aws/credentials.h"

/*
 * Loads as client_new() does, in region us-east-1, with environment and files as they are.
 * profile: --profile, or NULL. credentials: needs no initialisation; credentials_fini() on 0.
 * Returns what profiles_load() or credentials_load() returns.
 */
int chain_load(const char *profile, struct credentials *credentials, struct failure *failure);

/* Writes the two files of profiles, and points the environment at them. NULL for none. */
void chain_write(const char *config, const char *shared);

#endif
