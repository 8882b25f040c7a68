/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

/* There is nothing to it but OpenSSL's context. */
static EVP_MD_CTX *context_of(struct digest_state *state)
{
	return (EVP_MD_CTX *)state;
}

struct digest_state *digest_begin(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context && !EVP_DigestInit_ex(context, EVP_sha256(), NULL)) {
		EVP_MD_CTX_free(context);
		context = NULL;
	}
	return (struct digest_state *)context;
}

int digest_restart(struct digest_state *state)
{
	return EVP_DigestInit_ex(context_of(state), EVP_sha256(), NULL) ? 0 : -EIO;
}

int digest_add(struct digest_state *state, const void *data, size_t bytes)
{
	return EVP_DigestUpdate(context_of(state), data, bytes) ? 0 : -EIO;
}

int digest_end(struct digest_state *state, struct digest *digest)
{
	int done = EVP_DigestFinal_ex(context_of(state), digest->bytes, NULL);

	digest_abandon(state);
	return done ? 0 : -EIO;
}

void digest_abandon(struct digest_state *state)
{
	EVP_MD_CTX_free(context_of(state));
}

int digest_of(const void *data, size_t bytes, struct digest *digest)
{
	return EVP_Digest(data, bytes, digest->bytes, NULL, EVP_sha256(), NULL) ? 0 : -EIO;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_BYTES) == 0;
}

void digest_hex(const uint8_t *data, size_t bytes, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes; i++) {
		*text++ = digits[data[i] >> 4];
		*text++ = digits[data[i] & 15];
	}
	*text = '\0';
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_unhex(const char *text, uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++, text += 2) {
		int high = digit_value(text[0]);
		int low = high < 0 ? -1 : digit_value(text[1]);

		if (low < 0)
			return -EINVAL;
		data[i] = (uint8_t)(high << 4 | low);
	}
	return *text == '\0' ? 0 : -EINVAL;
}
