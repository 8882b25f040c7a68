/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t used, size; /* bytes of data */
	max_align_t data[];
};

static struct arena_block *add_block(struct arena *arena, size_t size)
{
	struct arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		return NULL;
	block->size = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	const size_t unit = sizeof(max_align_t);
	struct arena_block *block = arena->blocks;
	void *memory;

	if (bytes > SIZE_MAX / 2) {
		arena->failed = true;
		return NULL;
	}
	bytes = (bytes + unit - 1) / unit * unit;
	if (!block || block->size - block->used < bytes)
		block = add_block(arena, bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES);
	if (!block) {
		arena->failed = true;
		return NULL;
	}
	memory = (char *)block->data + block->used;
	block->used += bytes;
	return memory;
}

static const char *copy(struct arena *arena, const char *text, size_t length)
{
	char *memory = arena_alloc(arena, length + 1);

	if (!memory)
		return "";
	memcpy(memory, text, length);
	return memory;
}

const char *arena_text(struct arena *arena, const char *text)
{
	return text ? copy(arena, text, strlen(text)) : NULL;
}

const char *arena_format(struct arena *arena, const char *format, ...)
{
	const char *memory = "";
	char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		arena->failed = true;
		return memory;
	}
	memory = copy(arena, text, (size_t)length);
	free(text);
	return memory;
}

void arena_fini(struct arena *arena)
{
	struct arena_block *block = arena->blocks, *next;

	for (; block; block = next) {
		next = block->next;
		free(block);
	}
	*arena = (struct arena){0};
}
