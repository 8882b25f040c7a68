/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold between the parts of a configuration. Pure. */
#ifndef PROVISION_CONFIG_CHECK_H
#define PROVISION_CONFIG_CHECK_H

#include "provision/deploy/config.h"
#include "provision/deploy/config_report.h"

/*
 * Adds a problem, with its path and without a line, for each contradiction. The configuration may
 * have gaps where a value was refused before.
 * Returns 0 or -ENOMEM.
 */
int config_check(const struct config *config, struct config_report *report);

#endif
