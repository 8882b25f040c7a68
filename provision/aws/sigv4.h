/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4, in the three stages of AWS's description: canonical request, string to
 * sign, signature. Pure: no clock, no environment, no network.
 */
#ifndef PROVISION_SIGV4_H
#define PROVISION_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/aws/buffer.h"
#include "provision/aws/http.h"

enum {
	SIGV4_DATE_BYTES = 17,      /* YYYYMMDDTHHMMSSZ and the NUL */
	SIGV4_SIGNATURE_BYTES = 65, /* 64 hexadecimal digits and the NUL */
};

/* All borrowed. Every header is signed; one of them must be host, one x-amz-date. */
struct sigv4_request {
	const char *method;
	const char *path;  /* as sent: percent-encoded once, starting with '/' */
	const char *query; /* as sent, without '?'; NULL or "" for none */
	const struct http_header *headers;
	size_t header_count;
	const void *payload;
	size_t payload_length;
	bool path_as_is; /* its dots and empty segments stay: the service's signer leaves them */
};

/* All borrowed. */
struct sigv4_scope {
	int64_t time; /* seconds since the epoch; the same instant as the x-amz-date header */
	const char *region;
	const char *service; /* "ec2" */
};

/* All borrowed. */
struct sigv4_key {
	const char *access_key_id;
	const char *secret_access_key;
};

/* Writes a time as x-amz-date wants it: 20150830T123600Z. */
void sigv4_date(int64_t time, char text[SIGV4_DATE_BYTES]);

/*
 * Stage 1. The path is normalised (unless path_as_is) and encoded once more (all services but S3 want that), query
 * parameters are sorted, header names in lower case and sorted, values trimmed.
 * canonical, signed_headers: appended to; "content-type;host;x-amz-date".
 * Returns 0 or -ENOMEM, -EIO (the cryptographic library failed).
 */
int sigv4_canonical_request(const struct sigv4_request *request, struct buffer *canonical,
			    struct buffer *signed_headers);

/* Stage 2. text: appended to. Returns 0 or -ENOMEM, -EIO. */
int sigv4_string_to_sign(const struct sigv4_scope *scope, const struct buffer *canonical,
			 struct buffer *text);

/* Stage 3a. Derives the day's key and signs. Returns 0 or -ENOMEM, -EIO. */
int sigv4_signature(const struct sigv4_scope *scope, const char *secret_access_key,
		    const struct buffer *string_to_sign, char signature[SIGV4_SIGNATURE_BYTES]);

/* Stage 3b. Appends the value of the Authorization header. */
void sigv4_authorization(const struct sigv4_scope *scope, const char *access_key_id,
			 const char *signed_headers, const char *signature,
			 struct buffer *authorization);

/* All stages: appends the value of the Authorization header. Returns 0 or -ENOMEM, -EIO. */
int sigv4_sign(const struct sigv4_request *request, const struct sigv4_scope *scope,
	       const struct sigv4_key *key, struct buffer *authorization);

#endif
