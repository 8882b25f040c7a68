/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Percent-encoding (RFC 3986 section 2.1) as AWS wants it: all bytes but the unreserved
 * A-Z a-z 0-9 - . _ ~ become %XX with capital digits.
 */
#ifndef PROVISION_URI_H
#define PROVISION_URI_H

#include <stddef.h>

#include "provision/aws/buffer.h"

/* keep: further bytes that stay as they are ("/" in a path), "" for none. */
void uri_encode(struct buffer *out, const char *data, size_t length, const char *keep);

/* Turns each %XX into its byte; a '%' without two hexadecimal digits stays. '+' is no space. */
void uri_decode(struct buffer *out, const char *data, size_t length);

#endif
