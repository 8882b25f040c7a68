/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a kernel interface is set so that mirrored packets arrive, and arrive as they were sent.
 * It is looked at and said, never changed: the interface is not ours.
 */
#ifndef DATAPLANE_INTERFACE_H
#define DATAPLANE_INTERFACE_H

#include <stdint.h>

#include "capture/session_map.h"

enum { INTERFACE_TEXT_BYTES = 512 };

/*
 * The largest frame by the MTU, in bytes with its Ethernet header and tags, before anything merges
 * frames; what IP allows where it cannot be asked.
 */
uint32_t interface_largest_frame(const char *name);

/*
 * The largest packet, in bytes with its Ethernet header and tags, that the interface hands over as
 * it is set now: by its MTU, or what IP allows where it merges packets or cannot be asked.
 */
uint32_t interface_largest_packet(const char *name);

/* How many channels receive: those that the driver tells of, else 1. */
uint32_t interface_channels(const char *name);

/*
 * Compares the MTU with the largest packet that the map's sessions let expect (8500 bytes of frame
 * where one has no PacketLength), and looks for what merges packets (GRO, LRO).
 * text: INTERFACE_TEXT_BYTES; what is to be said, else "".
 * Returns 0, with text "" or a warning; or -EMSGSIZE where every session's PacketLength is known
 * and packets so long cannot arrive: nobody would count them.
 */
int interface_check(const char *name, const struct session_map *map, char *text);

/*
 * As interface_check(), for a port that takes frames of `most` bytes, Ethernet header included,
 * whatever the MTU: -EMSGSIZE also where longer ones are to be expected and can arrive. What
 * merges packets works behind XDP and is not looked for.
 */
int interface_check_most(const char *name, const struct session_map *map, uint32_t most,
			 char *text);

#endif
