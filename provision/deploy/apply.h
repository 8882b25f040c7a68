/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries a plan out, change by change, in its order; but targets, which another scope's sessions may
 * have, are deleted after all scopes' other changes. Whatever ends it, running it again finishes
 * the work and creates nothing twice: creates carry client tokens that follow from what is wanted,
 * each is in the journal before it is sent, and Describe confirms it. One change that fails does
 * not keep independent ones from being made.
 */
#ifndef PROVISION_APPLY_H
#define PROVISION_APPLY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "provision/aws/failure.h"
#include "provision/deploy/journal.h"
#include "provision/deploy/plan.h"
#include "provision/deploy/scope.h"

enum {
	APPLY_CONFIRM_SECONDS = 15, /* how long Describe may not know what was created */
	APPLY_IN_USE_SECONDS = 30,  /* how long a filter may seem in use after its last session */
	APPLY_CONFIRM_BATCH = 100,  /* creates that one Describe confirms */
	/* Failures in a row that speak of the scope, not of one change: then the rest is left. */
	APPLY_FAILURES_IN_A_ROW = 5,
};

/* Whom to tell. Each is called on the caller's thread; arg is handed through. */
struct apply_listener {
	void *arg;
	/* A change begins; it is number of total. */
	void (*begin)(void *arg, const struct plan_scope *scope, const struct change *change,
		      size_t number, size_t total);
	void (*failed)(void *arg, const struct plan_scope *scope, const struct change *change,
		       const struct failure *failure);
	/* Something that a person should know: one line. */
	void (*notice)(void *arg, const char *text);
};

/* All borrowed. */
struct apply_context {
	const struct config *config;
	const struct scopes *scopes; /* those that were observed */
	struct journal *journal;
	/* Once *stop is not 0, the call in flight is finished and no other begun. */
	const volatile sig_atomic_t *stop;
	struct apply_listener listener;
};

struct apply_result {
	size_t total; /* changes to make */
	size_t begun;
	size_t done[CHANGE_KINDS]; /* replaced ones count as CHANGE_REPLACE */
	size_t failed;
	size_t left; /* not tried: told to stop, or what they need has failed */
	bool stopped;
};

/* How many changes of the plan there are to make. */
size_t apply_count(const struct plan *plan);

/*
 * Carries the plan out. A scope with a failure or an error in its notices is left alone. The caller
 * has seen to plan->refused.
 * result: needs no initialisation.
 * Returns 0 where all was done, -EIO where something failed or was left, -ECANCELED where told to
 * stop before the end.
 */
int apply_plan(const struct apply_context *context, const struct plan *plan,
	       struct apply_result *result);

#endif
