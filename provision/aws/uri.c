/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/uri.h"

#include <stdbool.h>
#include <string.h>

static bool unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void uri_encode(struct buffer *out, const char *data, size_t length, const char *keep)
{
	for (size_t i = 0; i < length; i++) {
		if (unreserved(data[i]) || (data[i] && strchr(keep, data[i])))
			buffer_append(out, &data[i], 1);
		else
			buffer_format(out, "%%%02X", (unsigned char)data[i]);
	}
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

void uri_decode(struct buffer *out, const char *data, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		char byte = data[i];

		if (byte == '%' && length - i > 2 && digit_value(data[i + 1]) >= 0 &&
		    digit_value(data[i + 2]) >= 0) {
			byte = (char)(digit_value(data[i + 1]) * 16 + digit_value(data[i + 2]));
			i += 2;
		}
		buffer_append(out, &byte, 1);
	}
}
