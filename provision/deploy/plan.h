/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must change so that AWS has what the configuration declares: per scope an ordered list of
 * changes, and all that a person should know beside it. Pure: no network, no clock, no files.
 *
 *	rc = plan_make(&config, &observed, &options, &plan);
 *	if (!rc && !plan->refused) for each scope, for each change: carry it out, in order
 *	plan_free(plan);
 *
 * Rules that hold whatever the input is:
 * - Only what carries the deployment's tag is updated or deleted; rules count with their filter.
 * - No interface gets more than three sessions, foreign ones counted, at no step on the way.
 * - A scope that was not described completely has no changes.
 * - Making what is missing comes before taking away what is too much, except where an interface's
 *   or filter's quota leaves no room.
 */
#ifndef PROVISION_PLAN_H
#define PROVISION_PLAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/deploy/arena.h"
#include "provision/deploy/config.h"
#include "provision/deploy/observed.h"
#include "provision/deploy/select.h"

enum change_kind {
	CHANGE_CREATE,
	CHANGE_UPDATE,
	/* Carried out as a create. What it replaces is deleted by a later CHANGE_DELETE, after all
	 * sessions have moved (filters and targets cannot be changed themselves). */
	CHANGE_REPLACE,
	CHANGE_DELETE,
	CHANGE_UNCHANGED, /* nothing to do */
	CHANGE_KINDS,
};

enum change_resource {
	CHANGE_FILTER,
	CHANGE_FILTER_RULE,
	CHANGE_NETWORK_SERVICES, /* of the filter; CHANGE_UPDATE only */
	CHANGE_TARGET,
	CHANGE_SESSION,
	CHANGE_RESOURCES,
};

/* A member that differs. NULL: not there. */
struct change_field {
	const char *name; /* AWS's: "PacketLength" */
	const char *from, *to;
};

/* All in the plan's memory. */
struct change {
	enum change_kind kind;
	enum change_resource resource;
	/*
	 * Its place in the scope, stable over runs: "filter", "target", "rule ingress 10",
	 * "session web eni-…". Of a delete that stands beside another change of the same place
	 * (a duplicate, what was replaced) also the id: "session web eni-… tms-…".
	 */
	const char *identity;
	const char *id;       /* AWS's, of what exists; NULL of a create */
	const char *replaces; /* CHANGE_REPLACE: the id of what goes later */
	const char *group;    /* sessions: the configuration's name for it, or the tag's */
	const char *network_interface_id; /* sessions */
	const char *reason;               /* why, for a person; NULL: the fields tell */
	const struct change_field *fields;
	size_t field_count;
	/*
	 * The operation's input in AWS CLI's form, without ClientToken and DryRun; owned by the plan;
	 * NULL where unchanged. What the same plan creates in this scope has no id yet: it is left
	 * out, and the flags say what to add.
	 */
	json_t *input;
	bool needs_filter; /* TrafficMirrorFilterId: the scope's new filter */
	bool needs_target; /* TrafficMirrorTargetId: the scope's new target */
	/* CreateTags' "Tags" for this id, before the update itself; NULL: none. */
	json_t *tags;
};

/* The AWS operation that carries it out: "CreateTrafficMirrorSession"; NULL where unchanged. An
 * update whose input has nothing but the id (only tags differ) needs no call of it. */
const char *change_operation(const struct change *change);
bool change_needs_call(const struct change *change);

const char *change_kind_text(enum change_kind kind);             /* "create" */
const char *change_resource_text(enum change_resource resource); /* "session" */

/* An owned session that copies nothing and is billed: its source is gone or does not run. */
struct plan_orphan {
	const struct mirror_session *session; /* borrowed from observed */
	const char *group;                    /* or NULL */
	const char *reason;
};

struct plan_notice {
	bool error;       /* else a warning. With an error in it, a scope is not applied */
	const char *code; /* for programs: "cross-zone-off" */
	const char *text; /* for people: what it is about and what is wrong */
	const char *remedy;
};

struct plan_counts {
	size_t kinds[CHANGE_KINDS];
	size_t sessions; /* owned ones that are there */
	size_t session_deletes;
	/* Owned sessions that nothing selects, kept for want of --allow-empty or withheld. */
	size_t kept;
};

struct plan_scope {
	const struct observed_scope *observed; /* borrowed */
	const char *account;                   /* the configuration's name for it */
	const char *account_id;
	const char *region;
	const char *failure; /* NULL, else why nothing was planned */
	bool has_errors;     /* a notice is an error: not to be applied */
	/* Ids as they are; NULL where a change creates it. */
	const char *filter_id;
	const char *target_id;
	struct change *changes; /* in the order in which they are carried out; unchanged ones too */
	size_t change_count;
	struct select_exclusion *exclusions; /* borrowed content; by group, then interface */
	size_t exclusion_count;
	struct plan_orphan *orphans;
	size_t orphan_count;
	struct plan_notice *notices;
	size_t notice_count;
	struct plan_counts counts;
};

struct plan_options {
	/* Of the owned sessions, at most this many may be deleted. A percentage is rounded up: with
	 * few sessions, one of them may go. */
	bool limit_is_percent;
	uint32_t limit;
	bool allow_empty; /* a group that selects nothing loses its sessions all the same */
	bool delete_orphans;
	bool destroy; /* nothing is wanted: delete all that is owned; no limit */
	/* Sessions that nothing wants stay, and with them what they have: what there is to do beside
	 * too many deletes. */
	bool withhold_deletes;
};

#define PLAN_OPTIONS_DEFAULT ((struct plan_options){.limit_is_percent = true, .limit = 10})

struct plan {
	const char *deployment;
	struct plan_scope *scopes; /* as observed has them */
	size_t scope_count;
	struct plan_counts counts; /* of all scopes */
	size_t delete_limit;       /* sessions */
	/* More deletes than the limit: what is to be done, for a person. Nothing may be applied. */
	const char *refused;
	struct arena arena;
};

/*
 * Works the changes out. Both config and observed are borrowed and must outlive the plan; observed
 * is sorted (observed_sort()).
 * plan: owned by the caller, plan_free(); set only on 0.
 * Returns 0 or -ENOMEM.
 */
int plan_make(const struct config *config, struct observed *observed,
	      const struct plan_options *options, struct plan **plan);

/* True where nothing is to be created, updated, replaced or deleted. */
bool plan_empty(const struct plan *plan);

/* True where a scope failed or has errors. */
bool plan_failed(const struct plan *plan);

void plan_free(struct plan *plan);

#endif
