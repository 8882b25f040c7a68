/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/client_token.h"

#include <errno.h>
#include <stdlib.h>

#include "provision/deploy/digest.h"

int client_token_make(const char *deployment, const char *account_id, const char *region,
		      const char *identity, const json_t *input, uint32_t generation,
		      char token[CLIENT_TOKEN_BYTES])
{
	char *parameters = json_dumps(input, JSON_SORT_KEYS | JSON_COMPACT);
	struct digest digest;

	_Static_assert((int)CLIENT_TOKEN_BYTES == (int)DIGEST_BYTES,
		       "the whole digest is the token");
	if (!parameters)
		return -ENOMEM;
	digest_begin(&digest);
	digest_text(&digest, deployment);
	digest_text(&digest, account_id);
	digest_text(&digest, region);
	digest_text(&digest, identity);
	digest_text(&digest, parameters);
	digest_number(&digest, generation);
	free(parameters);
	return digest_end(&digest, token);
}
