/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the frames to be mirrored come from: a pcap file, a live interface or a synthetic mix.
 */
#ifndef TOOLS_MIRRORGEN_MIRROR_SOURCE_H
#define TOOLS_MIRRORGEN_MIRROR_SOURCE_H

#include <stdint.h>

#include "tools/mirrorgen/synthetic.h"

enum { MIRROR_SOURCE_ERROR_BYTES = 512 };

struct mirror_source;

struct mirror_packet {
	const uint8_t *data; /* borrowed from the source until its next call */
	uint32_t bytes;
	uint32_t interface; /* the source interface, counted from 0 */
	uint64_t time_ns;   /* since the epoch */
};

/*
 * Opens a pcap file of Ethernet frames, read loops times over; 0 stands for without end.
 * error: MIRROR_SOURCE_ERROR_BYTES; on failure says why. NULL on failure.
 */
struct mirror_source *mirror_source_open_file(const char *path, uint64_t loops, char *error);

/*
 * Opens a live Ethernet interface, both directions, with VLAN tags where they were on the wire.
 * Frames are kept from the moment this returns. error, result: as above.
 */
struct mirror_source *mirror_source_open_interface(const char *interface, char *error);

/*
 * Frames of the mix without end, their flows spread over so many source interfaces, stamped
 * interval_ns apart. mix is copied. NULL when out of memory.
 */
struct mirror_source *mirror_source_open_synthetic(const struct synthetic *mix, uint32_t interfaces,
						   uint64_t interval_ns);

/*
 * Takes the next frame. Returns 1 with a frame, 0 when a live interface has none at the moment,
 * -ENODATA at the end, -EIO when the file is damaged or the interface failed (then
 * mirror_source_error() says how).
 */
int mirror_source_next(struct mirror_source *source, struct mirror_packet *packet);

/*
 * Blocks until a live interface may have frames, a signal arrives or 100 ms have passed; other
 * sources return at once.
 */
void mirror_source_wait(struct mirror_source *source);

/*
 * Ends a live capture: gives the kernel the time to hand over what it has captured, so that
 * mirror_source_next() returns it, and after it -ENODATA instead of 0. Others: nothing.
 */
void mirror_source_stop(struct mirror_source *source);

/* Frames that the kernel lost before they were read; -1 where the source cannot lose any. */
int64_t mirror_source_missed(struct mirror_source *source);

/* Text of the last -EIO. */
const char *mirror_source_error(const struct mirror_source *source);

/* Accepts NULL. */
void mirror_source_close(struct mirror_source *source);

#endif
