/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `load-balancer setup` looks at before it creates or changes anything: its options, and
 * whether what is there already is what they ask for.
 */
#ifndef PROVISION_LOAD_BALANCER_CHECK_H
#define PROVISION_LOAD_BALANCER_CHECK_H

#include "provision/commands/load_balancer_parts.h"

/* One target. Returns NULL, or the remedy. */
const char *load_balancer_check_target(const char *target);

/* What holds between options. Returns NULL, or what is wrong. */
const char *load_balancer_check_options(const json_t *input);

/* The target group's kind and address family that the options' targets need. */
const char *load_balancer_check_target_type(const json_t *input);
const char *load_balancer_check_family(const json_t *input);

/* Returns 0, or -EEXIST with failure set where a part that was found is another than asked for. */
int load_balancer_check_found(const struct load_balancer_parts *parts, const json_t *input);

#endif
