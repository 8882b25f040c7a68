/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
{
	struct failure fresh = {.kind = kind};
	va_list list;

	/* Formatted first: an argument may point into the failure that is replaced. */
	va_start(list, format);
	vsnprintf(fresh.message, sizeof(fresh.message), format, list);
	va_end(list);
	*failure = fresh;
}

void failure_set_remedy(struct failure *failure, const char *format, ...)
{
	char remedy[sizeof(failure->remedy)];
	va_list list;

	va_start(list, format);
	vsnprintf(remedy, sizeof(remedy), format, list);
	va_end(list);
	memcpy(failure->remedy, remedy, sizeof(remedy));
}

void failure_prefix(struct failure *failure, const char *format, ...)
{
	char message[sizeof(failure->message)];
	va_list list;
	int length;

	va_start(list, format);
	length = vsnprintf(message, sizeof(message), format, list);
	va_end(list);
	if (length >= 0 && (size_t)length < sizeof(message))
		snprintf(message + length, sizeof(message) - (size_t)length, "%s",
			 failure->message);
	memcpy(failure->message, message, sizeof(message));
}

static void replace_controls(char *text)
{
	unsigned char *byte = (unsigned char *)text;

	for (; *byte; byte++) {
		/* U+0080 to U+009F: terminals obey these too. */
		if (byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] <= 0x9f)
			byte[0] = byte[1] = '?';
		else if (*byte < 0x20 || *byte == 0x7f)
			*byte = '?';
	}
}

void failure_format(const struct failure *failure, char *text, size_t size)
{
	const char *colon = failure->remedy[0] ? ": " : "";
	const char *id = failure->request_id[0] ? failure->request_id : "none";

	/* Without a status it was found here, in an answer that AWS took for a good one. */
	if (failure->kind == FAILURE_SERVICE && failure->http_status)
		snprintf(text, size, "%s%s%s (HTTP %d, request id %s)%s%s", failure->code,
			 failure->code[0] ? ": " : "", failure->message, failure->http_status, id,
			 colon, failure->remedy);
	else
		snprintf(text, size, "%s%s%s%s%s", failure->code, failure->code[0] ? ": " : "",
			 failure->message, colon, failure->remedy);
	replace_controls(text);
}
