/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges a directory by the rules of docs/design.md ("Custody"), with no more than the reader of
 * manifests.
 */
#ifndef TESTS_CAPTURE_CUSTODY_CHAIN_CHECK_H
#define TESTS_CAPTURE_CUSTODY_CHAIN_CHECK_H

#include <stdint.h>

#include "capture/manifest.h"

struct chain_check {
	struct manifest *manifests; /* in no order */
	struct digest *digests;
	uint32_t count;
	uint32_t bare;   /* files without a manifest */
	char wrong[512]; /* "": the directory is clean */
};

/* chain_check_fini() is due. */
void chain_check_directory(struct chain_check *check, const char *path);
void chain_check_fini(struct chain_check *check);

/* The manifest of this file, or NULL. */
const struct manifest *chain_check_find(const struct chain_check *check, const char *file);

/* The pruned record of this file, or NULL. */
const struct manifest_pruned *chain_check_pruned(const struct chain_check *check, const char *file);

#endif
