/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ClientToken of a create: the same wish has the same token, over retries, crashes and
 * machines, so that AWS creates it once. AWS remembers tokens after what they made was deleted:
 * then the wish has a new generation.
 */
#ifndef PROVISION_CLIENT_TOKEN_H
#define PROVISION_CLIENT_TOKEN_H

#include <jansson.h>
#include <stdint.h>

enum { CLIENT_TOKEN_BYTES = 65 }; /* SHA-256 in hex is as long as AWS takes, and the NUL */

/*
 * scope: account id and region, as plan_scope has them. identity: a change's. input: a change's,
 * complete (filter and target ids set), without ClientToken; the order of its members does not
 * matter.
 * Returns 0, -ENOMEM, or -EIO (the hash library fails).
 */
int client_token_make(const char *deployment, const char *account_id, const char *region,
		      const char *identity, const json_t *input, uint32_t generation,
		      char token[CLIENT_TOKEN_BYTES]);

#endif
