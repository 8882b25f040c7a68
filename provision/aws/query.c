/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/query.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "provision/aws/uri.h"

enum { NAME_BYTES = 128 };

void query_init(struct query *query, const char *action, const char *version)
{
	*query = (struct query){0};
	query_add(query, action, "Action");
	query_add(query, version, "Version");
}

void query_add(struct query *query, const char *value, const char *name_format, ...)
{
	struct buffer *body = &query->body;
	char name[NAME_BYTES];
	va_list list;
	int length;

	if (!value)
		return;
	va_start(list, name_format);
	length = vsnprintf(name, sizeof(name), name_format, list);
	va_end(list);
	if (length < 0 || (size_t)length >= sizeof(name)) {
		body->failed = true;
		return;
	}
	if (body->length)
		buffer_text(body, "&");
	uri_encode(body, name, (size_t)length, "");
	buffer_text(body, "=");
	uri_encode(body, value, strlen(value), "");
}

void query_add_number(struct query *query, const char *name, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%" PRIu32, value);
	query_add(query, text, "%s", name);
}

void query_fini(struct query *query)
{
	buffer_fini(&query->body);
}
