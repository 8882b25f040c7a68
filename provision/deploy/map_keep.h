/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session map's file over time: replaced when the sessions change, left alone when they do
 * not, and kept when an answer looks like a fault. Whoever loses the map loses traffic.
 */
#ifndef PROVISION_MAP_KEEP_H
#define PROVISION_MAP_KEEP_H

#include <jansson.h>
#include <stdbool.h>

#include "capture/session_map.h"

enum map_outcome {
	MAP_WRITTEN,
	MAP_UNCHANGED, /* the file holds these sessions already */
	MAP_KEPT,      /* the answer is empty, or has fewer than half of the file's sessions */
};

/*
 * Adds to addresses (map_fetch.h) those that the file knows of interfaces that EC2 did not list:
 * an interface's primary address never changes, and an answer may be incomplete. A file that cannot
 * be read adds none.
 * Returns 0 or -ENOMEM.
 */
int map_keep_addresses(const char *path, json_t *addresses);

/*
 * Brings the file up to date, atomically. map: checked; sorted as map_build() does.
 * accept_shrink: an empty or sharply smaller answer is written, too.
 * before: set to the number of sessions in the file; 0 where there is none.
 * error: SESSION_ERROR_BYTES; says what is wrong after a failure.
 * Returns 0; -EEXIST (what is there is no session map: it is left alone), or -errno.
 */
int map_keep(const char *path, const struct session_map *map, bool accept_shrink,
	     enum map_outcome *outcome, uint32_t *before, char *error);

#endif
