/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every shape of packet that the rules of decapsulation tell apart, with its verdict. All that is
 * taken for VXLAN has SHAPE_VNI and comes to UDP port 4789.
 */
#ifndef TESTS_SHAPES_H
#define TESTS_SHAPES_H

#include <stdbool.h>

#include "dataplane/decap.h"
#include "tests/dataplane/frame.h"

#define SHAPE_VNI 0x123456

/* Offsets in a packet as AWS sends it: Ethernet 14, IPv4 20, UDP 8, VXLAN 8. */
enum { IP_AT = 14, UDP_AT = 34, VXLAN_AT = 42, INNER_AT = 50 };

struct shape {
	const char *name;
	void (*build)(struct frame *frame);
	bool taken; /* by the XDP program: its outer UDP port is ours, whatever comes behind */
	enum decap_verdict verdict;
	uint32_t offset; /* this and the next two: of DECAP_FRAME only */
	uint32_t wire_len;
	uint32_t arrived;
};

extern const struct shape shapes[];
extern const uint32_t shape_count;

/* Some of them by name. */
void shape_plain(struct frame *frame); /* as AWS sends it */
void shape_ipv6(struct frame *frame);
void shape_geneve_ipv4(struct frame *frame);

void shape_patch16(struct frame *frame, uint32_t at, uint16_t value);

#endif
