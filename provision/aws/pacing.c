/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/pacing.h"

#include <string.h>

static const struct {
	int64_t burst;
	int64_t interval_ms;
} buckets[PACING_CLASSES] = {
	[PACING_CHANGE] = {PACING_CHANGE_BURST, PACING_CHANGE_INTERVAL_MS},
	[PACING_DESCRIBE] = {PACING_DESCRIBE_BURST, PACING_DESCRIBE_INTERVAL_MS},
};

void pacing_init(struct pacing *pacing)
{
	for (int kind = 0; kind < PACING_CLASSES; kind++)
		pacing->full_at_ms[kind] = INT64_MIN / 2;
}

enum pacing_class pacing_class(const char *action)
{
	if (strncmp(action, "Describe", strlen("Describe")) == 0 ||
	    strncmp(action, "Get", strlen("Get")) == 0)
		return PACING_DESCRIBE;
	return PACING_CHANGE;
}

uint32_t pacing_take(struct pacing *pacing, enum pacing_class kind, int64_t now_ms)
{
	const int64_t interval_ms = buckets[kind].interval_ms;
	int64_t *full_at_ms = &pacing->full_at_ms[kind];
	int64_t wait_ms;

	if (*full_at_ms < now_ms)
		*full_at_ms = now_ms;
	/* Below one token there is nothing to take before the next has dripped in. */
	wait_ms = *full_at_ms - now_ms - (buckets[kind].burst - 1) * interval_ms;
	*full_at_ms += interval_ms;
	return wait_ms > 0 ? (uint32_t)wait_ms : 0;
}

void pacing_throttled(struct pacing *pacing, enum pacing_class kind, int64_t now_ms)
{
	int64_t empty_ms = now_ms + buckets[kind].burst * buckets[kind].interval_ms;

	if (pacing->full_at_ms[kind] < empty_ms)
		pacing->full_at_ms[kind] = empty_ms;
}
