/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter: a libpcap expression (pcap-filter(7)) on the inner frame as it is captured.
 * It runs as machine code (filter_ebpf, DPDK's compiler) where that has been found to agree with
 * libpcap's interpreter (filter_check), else by the interpreter.
 */
#ifndef DATAPLANE_FILTER_H
#define DATAPLANE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

enum { FILTER_ERROR_BYTES = 256 };

struct filter;

/*
 * Compiles an expression for Ethernet frames. On failure returns NULL and copies libpcap's
 * message to error (FILTER_ERROR_BYTES). Owned by the caller: filter_free().
 * Names in the expression may be looked up on the network, and machine code is mapped: call it
 * before the sandbox closes. It forks: call it before other threads run.
 */
struct filter *filter_new(const char *expression, char *error);
void filter_free(struct filter *filter);

/* Why libpcap's interpreter runs, or NULL where machine code does. */
const char *filter_interpreted(const struct filter *filter);

/*
 * True where the frame matches. frame: caplen contiguous bytes, at most INT32_MAX; len: its
 * original length.
 */
bool filter_match(const struct filter *filter, const uint8_t *frame, uint32_t caplen, uint32_t len);

#endif
