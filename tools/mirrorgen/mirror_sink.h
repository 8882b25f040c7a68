/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the wrapped frames go: an interface, sent in batches, or a pcap file.
 */
#ifndef TOOLS_MIRRORGEN_MIRROR_SINK_H
#define TOOLS_MIRRORGEN_MIRROR_SINK_H

#include <stddef.h>
#include <stdint.h>

enum { MIRROR_SINK_ERROR_BYTES = 512 };

struct mirror_sink;

struct mirror_sink_totals {
	uint64_t frames;
	uint64_t bytes;     /* without the outer headers */
	uint64_t too_large; /* frames that the interface's MTU refused */
};

/*
 * Opens an interface to send on. error: MIRROR_SINK_ERROR_BYTES; on failure says why.
 * Returns NULL on failure.
 */
struct mirror_sink *mirror_sink_open_interface(const char *interface, char *error);

/* Creates a pcap file with nanoseconds; an existing one is replaced. error, result: as above. */
struct mirror_sink *mirror_sink_open_file(const char *path, char *error);

/*
 * Room for one more frame of so many bytes (at most MIRROR_FRAME_MAX_BYTES). The room is the
 * sink's and good until the next call. Sends the frames that wait when there is none left.
 * Returns NULL when that failed: mirror_sink_error().
 */
uint8_t *mirror_sink_reserve(struct mirror_sink *sink, size_t bytes);

/*
 * The frame in the reserved room is complete; overhead of its bytes are outer headers.
 * time_ns: since the epoch, for a file.
 */
void mirror_sink_commit(struct mirror_sink *sink, size_t bytes, size_t overhead, uint64_t time_ns);

/* Sends every frame that waits; blocks while the interface has no room. Returns 0 or -errno. */
int mirror_sink_flush(struct mirror_sink *sink);

/* What was sent or written so far, without the frames that wait. */
struct mirror_sink_totals mirror_sink_totals(const struct mirror_sink *sink);

/* Text of the last failure. */
const char *mirror_sink_error(const struct mirror_sink *sink);

/* Closes without a flush; accepts NULL. */
void mirror_sink_close(struct mirror_sink *sink);

#endif
