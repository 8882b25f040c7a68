/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS CLI's shorthand for a structure: Name=VALUE,Name=VALUE, where a list's further values follow
 * its first after commas: Name=tag:team,Values=soc,noc. A text that starts with '{' is JSON.
 */
#ifndef PROVISION_SHORTHAND_H
#define PROVISION_SHORTHAND_H

#include "provision/api/shape.h"

/*
 * value: owned by the caller, json_decref(); set only on 0. Ranges and required members are not
 * checked here but by shape_examine().
 * Returns 0, -EINVAL (not in this form, or a member that the shape does not have or that takes
 * another kind), -ENOMEM.
 */
int shorthand_parse(const struct shape *shape, const char *text, json_t **value);

#endif
