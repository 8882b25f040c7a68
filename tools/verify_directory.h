/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in a directory: manifests, the files that they are of, and what none is of.
 */
#ifndef TOOLS_VERIFY_DIRECTORY_H
#define TOOLS_VERIFY_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/verify_chain.h"
#include "tools/verify_report.h"

struct verify_directory {
	char *path;
	struct verify_links links;
	uint8_t key[MANIFEST_KEY_BYTES]; /* of its signed manifests, the first one's */
	bool has_key;
};

/*
 * Reads the directory's manifests and checks each by itself; tells of other files what they are.
 * only: NULL, or the one file's name that matters. key: that all must be signed with, or NULL.
 * Returns 0 or -ENOMEM; what cannot be read is reported.
 */
int verify_directory_read(struct verify_directory *directory, const char *path, const char *only,
			  const uint8_t *key, struct verify_report *report);
void verify_directory_fini(struct verify_directory *directory);

#endif
