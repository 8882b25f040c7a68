/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session table: VNI, refined by outer source, to session, in constant time.
 *
 * Read-only once built; a reload builds a new one and swaps the pointer that workers read once
 * per burst.
 */
#ifndef DATAPLANE_SESSION_TABLE_H
#define DATAPLANE_SESSION_TABLE_H

#include <netinet/in.h>
#include <stdint.h>

#include "capture/session_map.h"

enum session_verdict {
	SESSION_FOUND,
	SESSION_UNKNOWN_VNI,
	SESSION_SOURCE_DENIED, /* the VNI is known, but no entry allows this source */
};

#define SESSION_NONE UINT32_MAX

struct session_table;

/*
 * Builds the table from a checked map (session_map_check); session i of the map is session i of
 * the table. Returns NULL when out of memory. Owned by the caller: session_table_free().
 */
struct session_table *session_table_new(const struct session_map *map);
void session_table_free(struct session_table *table);

/*
 * Finds the session of a packet: the entry with this VNI and source, else the entry with this
 * VNI and no source. *session is valid on SESSION_FOUND only.
 */
enum session_verdict session_table_find(const struct session_table *table, uint32_t vni,
					const struct in6_addr *source, uint32_t *session);

/*
 * The session of a VNI that has just one, wherever its packets come from; SESSION_NONE where
 * session_table_find() must tell.
 */
uint32_t session_table_of_vni(const struct session_table *table, uint32_t vni);

#endif
