/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys the configuration file has, as tables; mirrorcap.yaml(5) for people. */
#ifndef PROVISION_CONFIG_SCHEMA_H
#define PROVISION_CONFIG_SCHEMA_H

#include "provision/deploy/config_reader.h"

/* The whole file, into a struct config that config_schema_init() prepared. */
extern const struct config_mapping config_schema;

/* What holds where the file says nothing. */
void config_schema_init(struct config *config);

/*
 * What is put in place of accounts and filter rules that the file does not have. On failure
 * reader->out_of_memory is set.
 */
void config_schema_complete(struct config_reader *reader);

#endif
