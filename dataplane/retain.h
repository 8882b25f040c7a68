/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Retention and the free-space floor of a run: what the command line says of them, and what they
 * tell people.
 */
#ifndef DATAPLANE_RETAIN_H
#define DATAPLANE_RETAIN_H

#include "capture/custody.h"
#include "capture/free_space.h"
#include "capture/retention.h"

/* What the options ask for. */
struct retain_options {
	struct retention_limits session; /* -b files, --retain-session */
	struct retention_limits overall; /* --retain */
	struct free_space free;          /* --retain free */
	struct free_space floor;         /* --free-floor */
};

/*
 * Reads KEY:VALUE[,KEY:VALUE…]: size, age, files, and free where `free` is not NULL.
 * Returns 0 or -EINVAL.
 */
int retain_parse(const char *text, struct retention_limits *limits, struct free_space *free);

/* Reads a size, N% or 0. Returns 0 or -EINVAL. */
int retain_parse_space(const char *text, struct free_space *space);

/* Is anything to be removed at some time? */
bool retain_removes(const struct retain_options *options);

/* Would files be removed only after writing has stopped for want of space? */
bool retain_frees_too_late(const struct retain_options *options);

/* All zero: not started. */
struct retain {
	struct retention *retention;    /* NULL: nothing is removed */
	struct free_space_watch *space; /* NULL: there is no floor */
	struct custody *custody;        /* told of what was removed; borrowed; NULL: none */
	uint64_t files, bytes; /* that were removed; retention's thread, until it has ended */
};

/*
 * Starts what is asked for, for an output directory. directories: as in retention.h. custody: NULL,
 * or told of what is removed; borrowed.
 * Returns 0 or -errno; retain_stop() in any case.
 */
int retain_start(struct retain *retain, const struct retain_options *options, const char *out,
		 struct segment_directory *const *directories, uint32_t count,
		 struct custody *custody);

/*
 * Once all is written: removes what is over the limits, says how much was removed. Also where
 * nothing was started, and a second time.
 */
void retain_stop(struct retain *retain);

#endif
