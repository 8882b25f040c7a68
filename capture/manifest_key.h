/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 keys (RFC 8032) that manifests are signed with, in PEM files as OpenSSL writes them:
 *
 *	openssl genpkey -algorithm ed25519 -out KEY; openssl pkey -in KEY -pubout -out KEY.pub
 */
#ifndef CAPTURE_MANIFEST_KEY_H
#define CAPTURE_MANIFEST_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MANIFEST_KEY_BYTES = 32, /* of a public key */
	MANIFEST_SIGNATURE_BYTES = 64,
	MANIFEST_KEY_ERROR_BYTES = 256,
};

/* A private key. */
struct manifest_key;

/*
 * Reads a private key. It must be a regular file that its owner alone may write, and that others
 * than owner and group may not read. The memory that it passed through is wiped.
 * error: MANIFEST_KEY_ERROR_BYTES; on failure says what is wrong and what to do.
 * Returns 0 or -errno; *key is the caller's: manifest_key_free(), which wipes it.
 */
int manifest_key_read(struct manifest_key **key, const char *path, char *error);
void manifest_key_free(struct manifest_key *key);

/* The public half; borrowed. */
const uint8_t *manifest_key_public(const struct manifest_key *key);

/* Returns 0 or -EIO. */
int manifest_key_sign(const struct manifest_key *key, const void *data, size_t bytes,
		      uint8_t signature[MANIFEST_SIGNATURE_BYTES]);

/* Reads a public key (PEM, "BEGIN PUBLIC KEY"). As manifest_key_read(), whoever may read it. */
int manifest_key_read_public(uint8_t public[MANIFEST_KEY_BYTES], const char *path, char *error);

/* Is this the signature of these bytes by that key? */
bool manifest_key_verify(const uint8_t public[MANIFEST_KEY_BYTES], const void *data, size_t bytes,
			 const uint8_t signature[MANIFEST_SIGNATURE_BYTES]);

#endif
