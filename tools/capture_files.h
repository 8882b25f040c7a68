/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The capture files that FILE|DIR arguments stand for, and what their names say.
 */
#ifndef TOOLS_CAPTURE_FILES_H
#define TOOLS_CAPTURE_FILES_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Calls visit for path itself or, for a directory, for every file in and below it whose name ends
 * in .pcap or .pcapng (parts: also in these and .part), by name; symbolic links in it are not
 * followed. error: 0, or the -errno of a directory that could not be read, or of path itself.
 * A visit that does not return 0 ends the walk. Returns what the last visit returned, or -ENOMEM.
 */
typedef int capture_files_visit(void *context, const char *path, int error);
int capture_files_walk(const char *path, bool parts, capture_files_visit *visit, void *context);

/* Whether the file is the unfinished one of a capture that runs or has crashed: NAME.part. */
bool capture_files_is_part(const char *path);

/*
 * The session that a segment OUT/SESSION/START-wW-SEQ.pcap is of: its directory's name, copied to
 * session, which has `bytes` bytes. Returns false, and "", for any other name.
 */
bool capture_files_session(const char *path, char *session, size_t bytes);

#endif
