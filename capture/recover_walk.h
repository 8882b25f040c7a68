/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to recovery: how far a file that nobody closed is good.
 */
#ifndef CAPTURE_RECOVER_WALK_H
#define CAPTURE_RECOVER_WALK_H

#include "capture/recover.h"

/*
 * Walks over the records of the file fd from file->committed on, and fills in compressed, end,
 * bytes, packets, trimmed and zeros. size: the file's, bytes.
 * Returns 0 or -errno: -EPROTO, -ENOTSUP or -EFBIG where it is no capture file, -ENODATA where its
 * header is missing.
 */
int recover_walk(struct recover_file *file, int fd, uint64_t size);

#endif
