/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/retention_clock.h"

#define JUMP_NS 1000000000 /* what no adjustment of a running clock makes between two looks */

static void jump_ahead(struct retention_clock *clock, uint64_t to_ns, uint64_t by_ns)
{
	struct retention_jump *last;

	if (clock->count < RETENTION_JUMPS_MAX)
		clock->jumps[clock->count++] = (struct retention_jump){0};
	last = &clock->jumps[clock->count - 1];
	last->to_ns = to_ns;
	last->by_ns += by_ns;
}

static void jump_back(struct retention_clock *clock, uint64_t by_ns)
{
	while (by_ns && clock->count) {
		struct retention_jump *last = &clock->jumps[clock->count - 1];
		uint64_t undone = by_ns < last->by_ns ? by_ns : last->by_ns;

		last->by_ns -= undone;
		last->to_ns -= undone;
		by_ns -= undone;
		clock->count -= last->by_ns == 0;
	}
}

void retention_clock_look(struct retention_clock *clock, uint64_t wall_ns, uint64_t boot_ns)
{
	int64_t gone_by = (int64_t)(boot_ns - clock->boot_ns);
	int64_t jump = (int64_t)(wall_ns - clock->wall_ns) - gone_by;

	if (clock->wall_ns && jump >= JUMP_NS)
		jump_ahead(clock, wall_ns, (uint64_t)jump);
	else if (clock->wall_ns && jump <= -JUMP_NS)
		jump_back(clock, (uint64_t)-jump);
	clock->wall_ns = wall_ns;
	clock->boot_ns = boot_ns;
}

uint64_t retention_clock_age(const struct retention_clock *clock, uint64_t changed_ns)
{
	uint64_t age_ns = clock->wall_ns > changed_ns ? clock->wall_ns - changed_ns : 0;

	for (uint32_t i = 0; i < clock->count; i++) {
		const struct retention_jump *jump = &clock->jumps[i];

		if (changed_ns < jump->to_ns)
			age_ns -= jump->by_ns < age_ns ? jump->by_ns : age_ns;
	}
	return age_ns;
}
