/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to the manifest: its text's end, and what its reader and its writer share.
 */
#ifndef CAPTURE_MANIFEST_INTERNAL_H
#define CAPTURE_MANIFEST_INTERNAL_H

#include <jansson.h>

#include "capture/manifest.h"

#define MANIFEST_TYPE "mirrorcap manifest"

/*
 * The signature is the last member, and what is signed are the bytes before its comma: so neither
 * needs the text to be put together again.
 */
#define MANIFEST_SIGNATURE_MEMBER ",\"signature\":"

enum {
	MANIFEST_SIGNED_TAIL_BYTES = sizeof(MANIFEST_SIGNATURE_MEMBER) - 1 + 1 +
				     2ul * MANIFEST_SIGNATURE_BYTES + sizeof("\"}\n") - 1,
};

/* Puts the text into error. Returns rc. */
int manifest_fail(char *error, int rc, const char *text);

/*
 * The text without the member that is the signature, and without the brace that closes it.
 * key: the public one, NULL: unsigned. Returns NULL as manifest_text(); free().
 */
char *manifest_body(const struct manifest *manifest, const uint8_t *key, size_t *length);

/* Appends the signature, NULL: null, and all that follows. Takes body; NULL when out of memory. */
char *manifest_close(char *body, size_t *length, const uint8_t *signature);

#endif
