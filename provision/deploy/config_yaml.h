/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file, mirrorcap.yaml(5), into struct config. Of YAML it takes mappings, lists
 * and scalars; anchors, aliases, tags and further documents are refused: no one file says then two
 * things, and none grows when it is read.
 */
#ifndef PROVISION_CONFIG_YAML_H
#define PROVISION_CONFIG_YAML_H

#include "provision/deploy/config.h"
#include "provision/deploy/config_report.h"

/* Where the file is unless an option says otherwise. */
#define CONFIG_YAML_PATH "/etc/mirrorcap/mirrorcap.yaml"

enum {
	CONFIG_YAML_MAX_BYTES = 4 << 20, /* 10,000 interfaces by id take 0.3 MB */
	CONFIG_YAML_MAX_DEPTH = 32,
};

/*
 * Reads and checks a file. What is wrong with it, as far as there is room, is in the report, in
 * the file's order.
 * config: needs no initialisation; config_fini() on 0; its path is borrowed.
 * report: needs no initialisation; empty on 0.
 * Returns 0, -EINVAL (see the report), -errno of reading (the report says it, too), -ENOMEM.
 */
int config_yaml_read(const char *path, struct config *config, struct config_report *report);

/* As above, of a text. path: for messages; borrowed. */
int config_yaml_parse(const char *path, const char *text, size_t length, struct config *config,
		      struct config_report *report);

#endif
