/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan for people (what changes, and why) and for programs (JSON). Pure: makes texts, prints
 * nothing.
 */
#ifndef PROVISION_PLAN_TEXT_H
#define PROVISION_PLAN_TEXT_H

#include <jansson.h>
#include <stdbool.h>

#include "provision/aws/buffer.h"
#include "provision/deploy/plan.h"

/*
 * Appends the plan, by scope, with a summary line at the end. verbose: unchanged resources and
 * excluded interfaces too, one by one; else they are counted.
 * text->failed is set where memory runs out.
 */
void plan_text(const struct plan *plan, bool verbose, struct buffer *text);

/*
 * Appends a description, tag or identity: those are anybody's, and no control character of theirs
 * reaches a terminal.
 */
void plan_text_add(const char *part, struct buffer *text);

/* Appends one line without a newline about one change: "+ session web eni-…". For progress. */
void plan_text_change(const struct change *change, struct buffer *text);

/* One change as plan_text_json() has it. Owned by the caller; NULL when out of memory. */
json_t *plan_text_change_json(const struct change *change);

/*
 * {"version":1,"deployment":…,"scopes":[{…,"changes":[…],"excluded":[…],"orphans":[…],
 * "notices":[…]}],"summary":{…}}. Unchanged resources only with verbose.
 * Owned by the caller, json_decref(); NULL when out of memory.
 */
json_t *plan_text_json(const struct plan *plan, bool verbose);

#endif
