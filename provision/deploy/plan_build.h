/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of plan_make(): a scope's plan in the making, and the parts that add to it. */
#ifndef PROVISION_PLAN_BUILD_H
#define PROVISION_PLAN_BUILD_H

#include "provision/deploy/change.h"
#include "provision/deploy/desired.h"
#include "provision/deploy/plan.h"

struct plan_build {
	const struct config *config;
	const struct observed *observed;
	const struct plan_options *options;
	struct arena *arena;
	struct plan_scope *scope;
	const struct desired_scope *desired;
	const struct config_target *target; /* the configured one of the scope */
	struct change_list changes;
	size_t notice_capacity;
};

/*
 * Each adds its changes, in the order in which they are to be carried out. The first two decide
 * which filter and target sessions get; the _clean() functions delete those that are left over and
 * unused then.
 */
void plan_filter_make(struct plan_build *build);
void plan_target_make(struct plan_build *build);
void plan_session_make(struct plan_build *build);
void plan_filter_clean(struct plan_build *build);
void plan_target_clean(struct plan_build *build);

/* The rules of a filter. existing: NULL, a new one. */
void plan_rule_make(struct plan_build *build, const struct mirror_filter *existing);

/* Sessions that have a filter or target, by its id. */
enum plan_users {
	PLAN_USERS_OWNED,     /* the deployment's now, but for those that go */
	PLAN_USERS_REMAINING, /* all that still have it when the sessions' changes are done */
};
size_t plan_users(const struct plan_build *build, enum change_resource resource, const char *id,
		  enum plan_users which);

/* Deletes an owned filter or target; with a session that keeps it, says so instead. Returns whether
 * it is deleted. */
bool plan_delete_unused(struct plan_build *build, enum change_resource resource, const char *id);

void plan_notice_make(struct plan_build *build);

/* The two scopes that an account and region are given for twice would undo each other's work. */
bool plan_scope_repeats(const struct plan_build *build);

/* What the target is made of: of an existing one as EC2 tells it, NONE where it does not. */
enum config_target_kind plan_target_kind(const struct plan_build *build);

void plan_notice(struct plan_build *build, bool error, const char *code, const char *remedy,
		 const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
