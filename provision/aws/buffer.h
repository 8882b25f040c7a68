/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer. Memory that it gives up is wiped first, since requests, tokens and
 * credentials pass through it. Failure to grow is remembered, so that a chain of appends is
 * checked once at its end.
 */
#ifndef PROVISION_BUFFER_H
#define PROVISION_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed is empty. */
struct buffer {
	char *data;    /* owned; NUL-terminated when not NULL */
	size_t length; /* bytes, without the NUL */
	size_t capacity;
	bool failed; /* out of memory: what it holds is incomplete */
};

void buffer_append(struct buffer *buffer, const void *data, size_t length);

/* Appends a NUL-terminated text. */
void buffer_text(struct buffer *buffer, const char *text);

void buffer_format(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The content as a NUL-terminated text, "" when empty; borrowed until the next append. */
const char *buffer_string(const struct buffer *buffer);

/* Drops what lies beyond length; keeps the memory. */
void buffer_truncate(struct buffer *buffer, size_t length);

/* 0, or -ENOMEM where an append failed. */
int buffer_error(const struct buffer *buffer);

/* Wipes and frees; the buffer is empty and usable again. */
void buffer_fini(struct buffer *buffer);

#endif
