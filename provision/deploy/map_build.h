/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session map (capture/session_map.h) of what AWS says: one entry a session, in an order that
 * does not change, so that the same answer makes the same file. Pure.
 *
 * Names: the tag Name where it is one and no other session of the map has it; else the tag
 * mirrorcap:session with the interface's id behind it, since a group has many sessions; else the
 * map's default. Sessions that no packet tells apart (one VNI, and the same source or none) become
 * one entry: recorded together, and nothing lost.
 */
#ifndef PROVISION_MAP_BUILD_H
#define PROVISION_MAP_BUILD_H

#include "capture/session_map.h"
#include "provision/aws/buffer.h"
#include "provision/deploy/map_fetch.h"

/*
 * map: needs no initialisation; session_map_fini() on 0; checked (session_map_check()).
 * warnings: appended to, one a line.
 * error: SESSION_ERROR_BYTES.
 * Returns 0, -EINVAL (what AWS says makes no map: see error), -ENOMEM.
 */
int map_build(const struct map_facts *facts, struct session_map *map, struct buffer *warnings,
	      char *error);

#endif
