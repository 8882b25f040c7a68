/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The committed length: how many of an unpublished segment's first bytes are known to be on stable
 * storage, up to the end of a record. It is kept with the file, as the extended attribute
 * user.mirrorcap.committed; where the file system has none, in a file NAME.part.committed.
 *
 * A length is stored only after the bytes that it speaks for were synced, so whatever length a
 * crash leaves is true.
 */
#ifndef CAPTURE_COMMITTED_H
#define CAPTURE_COMMITTED_H

#include <stdint.h>

/*
 * Stores the length for the file fd, whose path is part. Where the file was marked before, this
 * takes no space. The attribute is durable after the file's next fsync(2), the file in its place
 * when this returns.
 * Returns 0 or -errno: the length stored before, if any, then still holds.
 */
int committed_set(int fd, const char *part, uint64_t bytes);

/* Reads it. Returns 0, -ENODATA where there is none or what is there is no length, or -errno. */
int committed_get(int fd, const char *part, uint64_t *bytes);

/* Takes it away, also where there is none. Returns 0 or -errno. */
int committed_clear(int fd, const char *part);

#endif
