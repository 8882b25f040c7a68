/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sessions there shall be, and which of those that are there become them: groups' interfaces
 * matched with owned sessions, session numbers and VNIs given out. Pure.
 */
#ifndef PROVISION_DESIRED_H
#define PROVISION_DESIRED_H

#include "provision/deploy/plan.h"

/* One session that shall be. All borrowed. */
struct desired_session {
	const struct config_session *group;
	const struct network_interface *interface;
	/* The owned session that becomes it: of the group, or of one that is declared no more. NULL:
	 * to be created. */
	const struct mirror_session *session;
	uint32_t session_number;
	bool has_virtual_network_id; /* else AWS chooses, or has chosen */
	uint32_t virtual_network_id;
	bool left_out;        /* stands under the exclusions instead */
	bool number_is_taken; /* keeps its own number: the group's is another session's */
	bool no_vni;          /* keeps its own VNI: the group's range is used up */
	bool vni_unseen;      /* keeps its own VNI: which of the range are free is not known */
};

/* What becomes of a session that is there. */
enum desired_use {
	DESIRED_FOREIGN, /* not the deployment's: stays as it is */
	DESIRED_USED,    /* becomes one that shall be */
	DESIRED_KEPT,    /* owned, not wanted, stays all the same: an orphan, of an empty group,
		       * or where deletes are withheld */
	DESIRED_DELETED,
};

/* An owned session that none of those that shall be needs. */
struct desired_surplus {
	const struct mirror_session *session;
	const char *group; /* its tag, or NULL */
	enum desired_use use;
	bool orphan;
	const char *reason;
};

/* All in the arena. */
struct desired_scope {
	const struct observed_scope *scope;
	struct desired_session
		*sessions; /* by interface, then group in the configuration's order */
	size_t session_count;
	enum desired_use *uses; /* of the scope's sessions */
	struct desired_surplus *surplus;
	size_t surplus_count;
	struct select_exclusion *exclusions; /* by group, then interface */
	size_t exclusion_count;
	struct select_missing *missing;
	size_t missing_count;
	const struct network_interface **unsupported;
	size_t unsupported_count;
	size_t *selected; /* interfaces of each group; SIZE_MAX: not of this account */
};

/*
 * observed: sorted. scopes: room for observed->scope_count; a scope that failed stays empty.
 * Without memory arena->failed is set, and what scopes hold is of no use.
 */
void desired_make(const struct config *config, const struct observed *observed,
		  const struct plan_options *options, struct arena *arena,
		  struct desired_scope *scopes);

/* Those of an interface. Returns the first, sets count; NULL and 0: none. */
const struct desired_session *desired_of(const struct desired_scope *desired,
					 const struct network_interface *interface, size_t *count);

/*
 * Its parts.
 *
 * Leaves out what an interface has no room for, and gives out session numbers: fixed ones first;
 * others keep theirs, or get the lowest that no session of the interface has.
 */
void desired_number(struct desired_scope *desired);

/*
 * Gives out VNIs of all scopes: each of a range once, kept by those that have one. While a scope's
 * failure hides what its sessions have, no new one of a range.
 */
void desired_virtual_network(const struct config *config, struct desired_scope *scopes,
			     size_t count, struct arena *arena);

/* Puts a session that cannot be under the exclusions. There is room for each once. */
void desired_leave_out(struct desired_scope *desired, struct desired_session *session,
		       enum select_reason reason);

#endif
