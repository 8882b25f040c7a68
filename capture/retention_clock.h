/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How old files are, though the wall clock may jump. Files' times are the wall clock's; what has
 * gone by is what a clock says that nobody sets. A jump ahead ages no file that was there before
 * it: a clock set to the wrong year must not delete everything. A jump back undoes the latest ones
 * ahead, as far as it goes; what bears a time in the future has no age.
 */
#ifndef CAPTURE_RETENTION_CLOCK_H
#define CAPTURE_RETENTION_CLOCK_H

#include <stdint.h>

/* More of them count as one: their files only get younger by that. */
enum { RETENTION_JUMPS_MAX = 16 };

struct retention_jump {
	uint64_t to_ns; /* by the wall clock: files changed before this are older than the jump */
	uint64_t by_ns;
};

struct retention_clock {
	uint64_t wall_ns; /* as of the latest look */
	uint64_t boot_ns; /* the same moment by CLOCK_BOOTTIME */
	uint32_t count;
	struct retention_jump jumps[RETENTION_JUMPS_MAX];
};

/*
 * Looks at both clocks, which the caller has read together; the first time with {0}. Between two
 * looks the clocks may part by less than a second without that being a jump.
 */
void retention_clock_look(struct retention_clock *clock, uint64_t wall_ns, uint64_t boot_ns);

/* How long before the latest look a file with this time was changed; 0 where that is to come. */
uint64_t retention_clock_age(const struct retention_clock *clock, uint64_t changed_ns);

#endif
