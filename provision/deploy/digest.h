/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 over a list of parts. Each part counts with its end, so that no two different lists are
 * the same bytes. A failure of the library is remembered and told at the end.
 */
#ifndef PROVISION_DIGEST_H
#define PROVISION_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

enum { DIGEST_BYTES = 65 }; /* in hex, and the NUL */

struct digest {
	struct evp_md_ctx_st *context; /* owned until digest_end() */
	bool failed;
};

void digest_begin(struct digest *digest);

/* NULL is a part of its own, other than "". */
void digest_text(struct digest *digest, const char *text);
void digest_number(struct digest *digest, uint64_t number);

/* Must be called. Returns 0 or -EIO. */
int digest_end(struct digest *digest, char hex[DIGEST_BYTES]);

#endif
