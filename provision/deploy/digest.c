/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/digest.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static void add(struct digest *digest, const void *bytes, size_t size)
{
	if (!digest->failed && EVP_DigestUpdate(digest->context, bytes, size) != 1)
		digest->failed = true;
}

void digest_begin(struct digest *digest)
{
	digest->context = EVP_MD_CTX_new();
	digest->failed =
		!digest->context || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1;
}

void digest_text(struct digest *digest, const char *text)
{
	add(digest, text ? "t" : "n", 1);
	if (text)
		add(digest, text, strlen(text) + 1);
}

void digest_number(struct digest *digest, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, number);
	digest_text(digest, text);
}

int digest_end(struct digest *digest, char hex[DIGEST_BYTES])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	if (!digest->failed && EVP_DigestFinal_ex(digest->context, bytes, &size) != 1)
		digest->failed = true;
	EVP_MD_CTX_free(digest->context);
	*digest = (struct digest){.failed = digest->failed};
	if (digest->failed || 2 * size + 1 != DIGEST_BYTES)
		return -EIO;
	for (unsigned int i = 0; i < size; i++)
		snprintf(hex + 2 * (size_t)i, DIGEST_BYTES - 2 * (size_t)i, "%02x", bytes[i]);
	return 0;
}
