/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/buffer.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

/* realloc() would leave the old bytes in freed memory. */
static bool grow(struct buffer *buffer, size_t more)
{
	size_t capacity = buffer->capacity ? buffer->capacity : FIRST_CAPACITY;
	char *data;

	if (more >= SIZE_MAX / 4 - buffer->length)
		return false;
	while (capacity <= buffer->length + more)
		capacity *= 2;
	if (capacity == buffer->capacity)
		return true;
	data = malloc(capacity);
	if (!data)
		return false;
	if (buffer->data)
		memcpy(data, buffer->data, buffer->length);
	OPENSSL_cleanse(buffer->data, buffer->capacity);
	free(buffer->data);
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	if (buffer->failed)
		return;
	if (!grow(buffer, length)) {
		buffer->failed = true;
		return;
	}
	if (length)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
	va_list list, again;
	int length;

	if (buffer->failed)
		return;
	va_start(list, format);
	va_copy(again, list);
	length = vsnprintf(NULL, 0, format, list);
	if (length < 0 || !grow(buffer, (size_t)length)) {
		buffer->failed = true;
	} else {
		vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
		buffer->length += (size_t)length;
	}
	va_end(again);
	va_end(list);
}

const char *buffer_string(const struct buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}

void buffer_truncate(struct buffer *buffer, size_t length)
{
	if (length >= buffer->length)
		return;
	OPENSSL_cleanse(buffer->data + length, buffer->length - length);
	buffer->length = length;
}

int buffer_error(const struct buffer *buffer)
{
	return buffer->failed ? -ENOMEM : 0;
}

void buffer_fini(struct buffer *buffer)
{
	if (buffer->data)
		OPENSSL_cleanse(buffer->data, buffer->capacity);
	free(buffer->data);
	*buffer = (struct buffer){0};
}
