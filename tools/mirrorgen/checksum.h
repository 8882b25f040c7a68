/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Internet checksum (RFC 1071), in steps, so that a pseudo header and a payload that lie
 * apart can be summed together.
 */
#ifndef TOOLS_MIRRORGEN_CHECKSUM_H
#define TOOLS_MIRRORGEN_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Adds bytes to a running sum that starts at 0. Every part but the last must have an even
 * length. Returns the new sum.
 */
uint64_t checksum_add(uint64_t sum, const void *data, size_t bytes);

/* Folds the sum into the value that stands in the header, in host byte order. */
uint16_t checksum_finish(uint64_t sum);

#endif
