/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, for a person and for a program: the kind decides (retry, exit code), the texts
 * are shown. Functions that can fail for reasons worth telling take one beside their -errno.
 * Plain memory: nothing to free. Secrets never enter it.
 */
#ifndef PROVISION_FAILURE_H
#define PROVISION_FAILURE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

enum failure_kind {
	FAILURE_NONE,
	FAILURE_USAGE,       /* an option or its value is wrong; nothing was sent */
	FAILURE_MEMORY,      /* out of memory, or a library could not start */
	FAILURE_SYSTEM,      /* the kernel or a library refuses what always works */
	FAILURE_CREDENTIALS, /* none found, or a source is set up wrongly */
	FAILURE_REGION,      /* none found */
	FAILURE_UNREACHABLE, /* no connection, or it broke */
	FAILURE_TIMEOUT,
	FAILURE_TLS,      /* the peer's certificate, or our CA bundle */
	FAILURE_PROXY,    /* the proxy refuses to connect us */
	FAILURE_RESPONSE, /* an answer that is not what the API promises */
	FAILURE_SERVICE,  /* AWS answered with an error: code, http_status and request_id are set */
	FAILURE_OUTPUT,   /* the result could not be printed */
	FAILURE_STOPPED,  /* the caller's stop flag was set */
};

struct failure {
	enum failure_kind kind;
	int http_status;     /* 0 where no answer came */
	bool unclear;        /* the request may have had its effect all the same */
	char code[96];       /* AWS's error code, else "" */
	char request_id[64]; /* AWS's, else "" */
	char message[1024];  /* what failed, on which object */
	char remedy[640];    /* what to do, else "" */
};

/* Replaces all that the failure holds: kind and message are set, the rest is cleared. */
void failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void failure_set_remedy(struct failure *failure, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Puts the object at which it failed before the message; the rest stays. */
void failure_prefix(struct failure *failure, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sets FAILURE_MEMORY and returns -ENOMEM. */
static inline int failure_memory(struct failure *failure)
{
	failure_set(failure, FAILURE_MEMORY, "out of memory");
	return -ENOMEM;
}

/*
 * Writes one line without a newline: "message: remedy", for AWS's errors "code: message (HTTP
 * status, request id ID): remedy", without the bracket where there is no status. Control characters, which a peer may have sent, become '?'.
 * size: bytes of text, at least 1; a longer line is cut.
 */
void failure_format(const struct failure *failure, char *text, size_t size);

#endif
