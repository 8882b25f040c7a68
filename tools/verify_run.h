/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification as a whole: directories are read, chains checked, files hashed, heads looked for.
 */
#ifndef TOOLS_VERIFY_RUN_H
#define TOOLS_VERIFY_RUN_H

#include <stdint.h>

#include "capture/digest.h"
#include "tools/verify_report.h"

struct verify_options {
	const char *path;     /* a directory, with those in it; or one file */
	const uint8_t *key;   /* MANIFEST_KEY_BYTES; NULL: whoever signed */
	struct digest *heads; /* that must be there; only with a directory: -ENOTDIR */
	uint32_t head_count;
	int progress; /* a terminal's descriptor, or -1 */
};

/* Returns 0, or -errno where it could not be done: what was found is in the report. */
int verify_run(const struct verify_options *options, struct verify_report *report);

#endif
