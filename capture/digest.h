/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 over bytes that come in pieces, and bytes as hexadecimal text.
 */
#ifndef CAPTURE_DIGEST_H
#define CAPTURE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DIGEST_BYTES = 32,
	DIGEST_TEXT_BYTES = 2 * DIGEST_BYTES + 1,
};

struct digest {
	uint8_t bytes[DIGEST_BYTES];
};

/* One that is being computed. */
struct digest_state;

/* Returns NULL when out of memory. digest_end() or digest_abandon(). */
struct digest_state *digest_begin(void);

/* Goes back to the beginning. Returns 0 or -EIO, where OpenSSL refuses. */
int digest_restart(struct digest_state *state);

/* Goes on with the next bytes. Returns 0 or -EIO. */
int digest_add(struct digest_state *state, const void *data, size_t bytes);

/* Frees the state. Returns 0 or -EIO. */
int digest_end(struct digest_state *state, struct digest *digest);

/* Frees it without a result. NULL is accepted. */
void digest_abandon(struct digest_state *state);

/* All at once. Returns 0 or -EIO. */
int digest_of(const void *data, size_t bytes, struct digest *digest);

bool digest_equal(const struct digest *a, const struct digest *b);

/* Writes 2 * bytes lower-case digits and a NUL to text. */
void digest_hex(const uint8_t *data, size_t bytes, char *text);

/* Reads exactly 2 * bytes lower-case digits and the NUL behind them. Returns 0 or -EINVAL. */
int digest_unhex(const char *text, uint8_t *data, size_t bytes);

#endif
