/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which interfaces of a scope a group of sessions mirrors, and which it leaves out and why. Pure.
 */
#ifndef PROVISION_SELECT_H
#define PROVISION_SELECT_H

#include <stddef.h>

#include "provision/deploy/arena.h"
#include "provision/deploy/observed.h"

/*
 * Why a selected interface gets no session, in the order of the checks: the first that holds is
 * given. X(NAME, code for programs, text for people)
 */
#define SELECT_REASONS(X)                                                                         \
	X(TARGET, "target", "is the mirror target")                                               \
	X(TYPE, "interface-type", "is not of type interface")                                     \
	X(REQUESTER_MANAGED, "requester-managed", "is managed by an AWS service")                 \
	X(COLLECTOR, "collector", "belongs to a collector")                                       \
	X(REGISTERED, "registered", "belongs to a target of the load balancer")                   \
	X(EXCLUDED, "excluded", "is excluded by the configuration")                               \
	X(SECONDARY, "secondary", "is not its instance's primary interface")                      \
	X(UNATTACHED, "unattached", "is not attached to an instance")                             \
	X(NOT_RUNNING, "not-running", "its instance does not run")                                \
	X(INSTANCE_TYPE, "instance-type", "its instance type does not support Traffic Mirroring") \
	X(FULL, "full", "has 3 sessions already")                                                 \
	X(NUMBER_TAKEN, "number-taken", "the session number is another session's")                \
	X(NO_VNI, "no-vni", "the range of VNIs is used up")                                       \
	X(VNI_UNSEEN, "vni-unseen", "another scope's VNIs could not be seen")

enum select_reason {
#define REASON(name, code, text) SELECT_##name,
	SELECT_REASONS(REASON)
#undef REASON
		SELECT_REASON_COUNT,
};

/* All borrowed. */
struct select_exclusion {
	const struct network_interface *interface;
	const struct config_session *group;
	enum select_reason reason;
};

/* An id that the configuration names and the scope does not have. Borrowed. */
struct select_missing {
	const struct config_session *group; /* NULL: of the collectors */
	const char *id;
};

struct select_result {
	/* Of one group, by interface id. Borrowed pointers in owned arrays. */
	const struct network_interface **interfaces;
	size_t interface_count;
	struct select_exclusion *exclusions;
	size_t exclusion_count;
	struct select_missing *missing;
	size_t missing_count;
	/* Interfaces of types that AWS does not list as supported, taken since they are named. */
	const struct network_interface **unsupported;
	size_t unsupported_count;
};

/* What holds for all groups of a scope: the interfaces of the collectors and of the target. */
struct select_scope;

/*
 * scope: sorted (observed_sort()). Both are borrowed and must outlive it.
 * Returns NULL when out of memory; owned by the caller, select_scope_free().
 */
struct select_scope *select_scope_new(const struct config *config,
				      const struct observed_scope *scope);
void select_scope_free(struct select_scope *select);

/* The configured collectors that are not there. */
const struct select_missing *select_scope_missing(const struct select_scope *select, size_t *count);

/*
 * A group's interfaces: those that every given kind of selector matches, and the explicitly named
 * ones (network_interface_ids, instance_ids); less exclusions. Reasons from FULL on are not its to
 * find.
 * result: needs no initialisation; select_fini() on 0. Returns 0 or -ENOMEM.
 */
int select_group(const struct select_scope *select, const struct config_session *group,
		 struct select_result *result);
void select_fini(struct select_result *result);

/* "collector"; "belongs to a collector". */
const char *select_reason_code(enum select_reason reason);
const char *select_reason_text(enum select_reason reason);

/* True where text matches an EC2 filter's value: * any text, ? any character, \ quotes. */
bool select_wildcard(const char *pattern, const char *text);

#endif
