/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets for tests, built from the inside out: start with a payload, then wrap it header by
 * header. Lengths are right when wrapped; tests that want them wrong patch the bytes after.
 */
#ifndef TESTS_FRAME_H
#define TESTS_FRAME_H

#include <stdint.h>

enum { FRAME_CAPACITY = 70000 };

struct frame {
	uint8_t storage[FRAME_CAPACITY];
	uint8_t *bytes; /* into storage */
	uint32_t len;
};

/* An empty frame, then `len` bytes of a pattern that differs from byte to byte. */
void frame_start(struct frame *frame, uint32_t len);

/* Puts room for `bytes` zeros before what is there; returns where. */
uint8_t *frame_wrap(struct frame *frame, uint32_t bytes);

void frame_ethernet(struct frame *frame, uint16_t ethertype);
void frame_vlan(struct frame *frame, uint16_t ethertype); /* the 4 bytes that follow a tag type */
void frame_ipv4(struct frame *frame, uint8_t protocol, uint32_t source, uint32_t option_bytes);
void frame_ipv6(struct frame *frame, uint8_t next_header, uint8_t source_last_byte);
void frame_extension(struct frame *frame, uint8_t next_header, uint32_t bytes); /* 8, 16, … */
void frame_fragment(struct frame *frame, uint8_t next_header, uint16_t offset_and_more);
void frame_udp(struct frame *frame, uint16_t port);
void frame_vxlan(struct frame *frame, uint32_t vni);
void frame_geneve(struct frame *frame, uint16_t protocol, uint32_t option_bytes);

/* An inner Ethernet/IPv4/UDP frame of exactly `len` bytes (at least 42). */
void frame_inner(struct frame *frame, uint32_t len);

/* Wraps what is there as AWS does: VXLAN, UDP 4789, IPv4 from source, Ethernet. */
void frame_mirror(struct frame *frame, uint32_t vni, uint32_t source);

/* Ethernet padding behind the packet. */
void frame_pad(struct frame *frame, uint32_t bytes);

#endif
