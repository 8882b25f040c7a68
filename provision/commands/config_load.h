/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the configuration file in front of a person. */
#ifndef PROVISION_CONFIG_LOAD_H
#define PROVISION_CONFIG_LOAD_H

#include "provision/deploy/config.h"

/*
 * Reads and checks the file; prints what is wrong with it.
 * config: needs no initialisation; config_fini() on 0; its path is borrowed.
 * Returns 0 or -errno.
 */
int config_load(const char *path, struct config *config);

#endif
