/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own rate below EC2's token buckets (per account and region: 50 calls that change something at
 * once and 5 a second, 100 that describe and 20 a second), so that a bulk apply is never throttled
 * and leaves room for the account's other tools. Pure: the clock is the caller's.
 */
#ifndef PROVISION_PACING_H
#define PROVISION_PACING_H

#include <stdint.h>

enum pacing_class {
	PACING_CHANGE,
	PACING_DESCRIBE,
	PACING_CLASSES,
};

/* Calls at once, and milliseconds from one to the next in the long run. */
enum {
	PACING_CHANGE_BURST = 45,
	PACING_CHANGE_INTERVAL_MS = 210, /* 4.76 a second */
	PACING_DESCRIBE_BURST = 90,
	PACING_DESCRIBE_INTERVAL_MS = 53, /* 18.9 a second */
};

/* One per account and region. */
struct pacing {
	/* When the bucket will have been full again, in ms of the caller's clock: what is taken
	 * moves it ahead. */
	int64_t full_at_ms[PACING_CLASSES];
};

/* Full buckets. */
void pacing_init(struct pacing *pacing);

/* What an action of EC2's belongs to: "Describe…" and "Get…" change nothing. */
enum pacing_class pacing_class(const char *action);

/*
 * Takes one call out of its bucket, now or, where that is empty, in advance.
 * now_ms: of a clock that never steps back.
 * Returns how many ms to wait before sending.
 */
uint32_t pacing_take(struct pacing *pacing, enum pacing_class kind, int64_t now_ms);

/* EC2 throttled a call all the same (others share the account's bucket): ours is empty now. */
void pacing_throttled(struct pacing *pacing, enum pacing_class kind, int64_t now_ms);

#endif
