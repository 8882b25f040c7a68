/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a request is sent again: the "standard" retry mode of the AWS SDKs. At most three attempts,
 * random delays, and a quota that a dead service empties, so that it is not hammered. Pure.
 */
#ifndef PROVISION_RETRY_H
#define PROVISION_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "provision/aws/failure.h"

enum {
	RETRY_ATTEMPTS = 3,
	RETRY_QUOTA = 500,
	RETRY_COST = 5,
	RETRY_COST_TIMEOUT = 10,
	RETRY_MAX_DELAY_MS = 20000,
};

/* One per client; shared by its requests. */
struct retry_quota {
	int left;
};

void retry_quota_init(struct retry_quota *quota);

/* True for what may pass by itself: no connection, a timeout, HTTP 500, 502, 503, 504, throttling.
 * A quota of the account (…LimitExceeded but RequestLimitExceeded and its like) never does. */
bool retry_possible(const struct failure *failure);

/* True where AWS refused because of too many calls, not for a full quota. */
bool retry_throttled(const struct failure *failure);

/*
 * Decides after a failed attempt, and takes the retry's cost from the quota when it allows one.
 * attempt: the number of the one that failed, from 1.
 * cost: added to; give it back with retry_succeeded() once the request works.
 */
bool retry_allowed(struct retry_quota *quota, const struct failure *failure, unsigned int attempt,
		   int *cost);

/* A request worked: its retries' cost comes back, or 1 where it needed none. */
void retry_succeeded(struct retry_quota *quota, int cost);

/*
 * The pause after the attempt of that number, in ms: fraction · min(2^(attempt−1) s, 20 s).
 * fraction: random, 0…1, so that clients that failed together do not return together.
 */
uint32_t retry_delay_ms(unsigned int attempt, double fraction);

#endif
