/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of apply share: the work in one scope. */
#ifndef PROVISION_APPLY_INTERNAL_H
#define PROVISION_APPLY_INTERNAL_H

#include <jansson.h>

#include "provision/deploy/apply.h"

/* A create that Describe has yet to confirm. */
struct apply_pending {
	const struct change *change;
	char *id; /* owned */
	uint32_t generation;
	bool known;
};

struct apply_work {
	const struct apply_context *context;
	const struct plan *plan;
	const struct plan_scope *scope;
	struct client *client;
	struct apply_result *result;
	char *filter_id, *target_id; /* owned: created by this plan; NULL before */
	struct apply_pending pending[APPLY_CONFIRM_BATCH];
	size_t pending_count;
	/* Where the journal knows nothing: AWS has shown that it remembers older tokens. */
	uint32_t least_generation;
	size_t sessions_deleted;
	int pauses; /* for deletes to become visible, since the last create that succeeded */
	unsigned int failures_in_a_row;
	bool failed; /* any change */
	bool ended;  /* no further change here */
	bool journal_told;
};

/* How a resource is called by its operations. */
struct apply_resource {
	const char *object;   /* of a create's output: "TrafficMirrorSession" */
	const char *id;       /* in there, and in lists: "TrafficMirrorSessionId" */
	const char *describe; /* the operation that lists them */
	const char *filter;   /* its filter on the id; NULL: all, rules within filters */
	bool tagged;          /* carries the deployment's tag */
};

const struct apply_resource *apply_resource_of(const struct change *change);

/* What the journal calls a change. key: owned by the caller; NULL without memory. */
char *apply_key(const struct apply_work *work, const struct change *change);

/* A journal that cannot be written is told once; the work goes on. */
void apply_journal_result(struct apply_work *work, int rc);

/*
 * Sends a create, and leaves it among the pending ones.
 * generation: at least this one; 0: as the journal says.
 * Returns 0, or -errno with failure set.
 */
int apply_create(struct apply_work *work, const struct change *change, uint32_t generation,
		 struct failure *failure);

/*
 * Waits until Describe knows what is pending, as the deployment's; what it does not come to know
 * was made by an earlier create of the same token, and deleted or given to somebody else since: it
 * is created anew. Counts each as done or failed,
 * and tells of failures. Nothing is pending afterwards.
 */
void apply_confirm(struct apply_work *work);

/* True where an item of a list, in AWS CLI's form, carries the tag. */
bool apply_has_tag(const json_t *item, const char *key, const char *value);

/* Counts and tells. */
void apply_done(struct apply_work *work, const struct change *change);
void apply_failed(struct apply_work *work, const struct change *change,
		  const struct failure *failure);

#endif
