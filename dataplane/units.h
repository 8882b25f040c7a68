/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as people give them on the command line.
 */
#ifndef DATAPLANE_UNITS_H
#define DATAPLANE_UNITS_H

#include <stdint.h>

/* A plain decimal number from least to most. Returns 0 or -EINVAL. */
int units_number(const char *text, uint64_t least, uint64_t most, uint64_t *value);

/*
 * A size above 0 in bytes: a number and kB, MB, GB, TB (powers of 1000) or K, M, G, T, KiB, …
 * (powers of 1024); without a suffix the number counts `plain` bytes. Returns 0 or -EINVAL.
 */
int units_bytes(const char *text, uint64_t plain, uint64_t *bytes);

/*
 * A time above 0 in nanoseconds: a number, with a fraction if need be, and ms, s, m, h or d;
 * without a suffix seconds. Returns 0 or -EINVAL.
 */
int units_duration(const char *text, uint64_t *ns);

/*
 * CPU numbers (below 4096) and ranges of them, separated by commas: "2-5,8".
 * cpus: room for most of them; count: set to how many there are, at least 1.
 * Returns 0 or -EINVAL, also where there are more.
 */
int units_cpus(const char *text, int *cpus, uint32_t most, uint32_t *count);

#endif
