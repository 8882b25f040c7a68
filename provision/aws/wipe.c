/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/wipe.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

void wipe_free(void *block)
{
	if (block)
		OPENSSL_cleanse(block, malloc_usable_size(block));
	free(block);
}

void *wipe_realloc(void *block, size_t size)
{
	size_t old = block ? malloc_usable_size(block) : 0;
	void *moved;

	if (block && size && size <= old && size >= old / 2)
		return block;
	moved = malloc(size ? size : 1);
	if (!moved)
		return NULL;
	if (block)
		memcpy(moved, block, old < size ? old : size);
	wipe_free(block);
	return moved;
}

void wipe_text(char **text)
{
	if (*text)
		OPENSSL_cleanse(*text, strlen(*text));
	free(*text);
	*text = NULL;
}
