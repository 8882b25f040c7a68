/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing files at the disk's speed or the hash's: several at once, each with the disk reading
 * ahead.
 */
#ifndef TOOLS_VERIFY_HASH_H
#define TOOLS_VERIFY_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/digest.h"

struct verify_file {
	const char *directory;   /* borrowed */
	const char *name;        /* borrowed; in the directory */
	struct digest expected;  /* by its manifest */
	uint64_t expected_bytes; /* likewise */
	struct digest digest;    /* as found */
	uint64_t bytes;          /* likewise */
	int error;               /* -errno; -EPROTO: it is no regular file */
	bool done;               /* internal: under lock */
};

/* Writes DIRECTORY/NAME to path, which has room for `bytes`. */
void verify_file_path(const struct verify_file *file, char *path, size_t bytes);

typedef void verify_hash_done(void *context, struct verify_file *file);

/*
 * Hashes the files and tells of each, in their order, in the calling thread. progress: where to
 * show how far it is, a terminal's descriptor; -1: nowhere. Returns 0 or -errno.
 */
int verify_hash_files(struct verify_file *files, uint32_t count, int progress,
		      verify_hash_done *done, void *context);

#endif
