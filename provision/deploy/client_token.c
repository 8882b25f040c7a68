/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/client_token.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each part ends with its NUL, so that no two lists of parts hash the same bytes. */
static bool add(EVP_MD_CTX *context, const char *part)
{
	return EVP_DigestUpdate(context, part, strlen(part) + 1) == 1;
}

static int hash(const char *const *parts, size_t count, char token[CLIENT_TOKEN_BYTES])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	bool good;

	if (!context)
		return -ENOMEM;
	good = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	for (size_t i = 0; good && i < count; i++)
		good = add(context, parts[i]);
	good = good && EVP_DigestFinal_ex(context, digest, &size) == 1;
	EVP_MD_CTX_free(context);
	if (!good || 2 * size + 1 != CLIENT_TOKEN_BYTES)
		return -EIO;
	for (size_t i = 0; i < size; i++)
		snprintf(token + 2 * i, CLIENT_TOKEN_BYTES - 2 * i, "%02x", digest[i]);
	return 0;
}

int client_token_make(const char *deployment, const char *account_id, const char *region,
		      const char *identity, const json_t *input, uint32_t generation,
		      char token[CLIENT_TOKEN_BYTES])
{
	char *parameters = json_dumps(input, JSON_SORT_KEYS | JSON_COMPACT);
	char number[16];
	int rc;

	if (!parameters)
		return -ENOMEM;
	snprintf(number, sizeof(number), "%u", generation);
	rc = hash(
		(const char *const[]){deployment, account_id, region, identity, parameters, number},
		6, token);
	free(parameters);
	return rc;
}
