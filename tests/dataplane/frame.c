/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/dataplane/frame.h"

#include <string.h>

enum { FRAME_TAIL = 512 }; /* room behind, for padding */

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

void frame_start(struct frame *frame, uint32_t len)
{
	memset(frame->storage, 0, sizeof(frame->storage));
	frame->bytes = frame->storage + FRAME_CAPACITY - FRAME_TAIL - len;
	frame->len = len;
	for (uint32_t i = 0; i < len; i++)
		frame->bytes[i] = (uint8_t)(i * 7 + i / 256 + 1);
}

uint8_t *frame_wrap(struct frame *frame, uint32_t bytes)
{
	frame->bytes -= bytes;
	frame->len += bytes;
	memset(frame->bytes, 0, bytes);
	return frame->bytes;
}

void frame_ethernet(struct frame *frame, uint16_t ethertype)
{
	uint8_t *p = frame_wrap(frame, 14);

	memcpy(p, "\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02", 12);
	put16(p + 12, ethertype);
}

void frame_vlan(struct frame *frame, uint16_t ethertype)
{
	uint8_t *p = frame_wrap(frame, 4);

	put16(p, 0x0123);
	put16(p + 2, ethertype);
}

void frame_ipv4(struct frame *frame, uint8_t protocol, uint32_t source, uint32_t option_bytes)
{
	uint32_t total = 20 + option_bytes + frame->len;
	uint8_t *p = frame_wrap(frame, 20 + option_bytes);

	p[0] = (uint8_t)(0x40 | (20 + option_bytes) / 4);
	put16(p + 2, total);
	p[8] = 255;
	p[9] = protocol;
	put16(p + 12, source >> 16);
	put16(p + 14, source & 0xffff);
	memcpy(p + 16, "\x0a\x00\x00\x63", 4);
	memset(p + 20, 1, option_bytes); /* no-operation options */
}

void frame_ipv6(struct frame *frame, uint8_t next_header, uint8_t source_last_byte)
{
	uint32_t payload = frame->len;
	uint8_t *p = frame_wrap(frame, 40);

	p[0] = 0x60;
	put16(p + 4, payload);
	p[6] = next_header;
	p[7] = 64;
	p[8] = 0xfd;
	p[23] = source_last_byte;
	p[24] = 0xfd;
	p[39] = 0x63;
}

void frame_extension(struct frame *frame, uint8_t next_header, uint32_t bytes)
{
	uint8_t *p = frame_wrap(frame, bytes);

	p[0] = next_header;
	p[1] = (uint8_t)(bytes / 8 - 1);
}

void frame_fragment(struct frame *frame, uint8_t next_header, uint16_t offset_and_more)
{
	uint8_t *p = frame_wrap(frame, 8);

	p[0] = next_header;
	put16(p + 2, offset_and_more);
}

void frame_udp(struct frame *frame, uint16_t port)
{
	uint32_t length = 8 + frame->len;
	uint8_t *p = frame_wrap(frame, 8);

	put16(p, 65408);
	put16(p + 2, port);
	put16(p + 4, length);
}

void frame_vxlan(struct frame *frame, uint32_t vni)
{
	uint8_t *p = frame_wrap(frame, 8);

	p[0] = 0x08;
	p[4] = (uint8_t)(vni >> 16);
	put16(p + 5, vni & 0xffff);
}

void frame_geneve(struct frame *frame, uint16_t protocol, uint32_t option_bytes)
{
	uint8_t *p = frame_wrap(frame, 8 + option_bytes);

	p[0] = (uint8_t)(option_bytes / 4);
	put16(p + 2, protocol);
}

void frame_inner(struct frame *frame, uint32_t len)
{
	frame_start(frame, len - 42);
	frame_udp(frame, 53);
	frame_ipv4(frame, 17, 0xc0a80001, 0);
	frame_ethernet(frame, 0x0800);
}

void frame_mirror(struct frame *frame, uint32_t vni, uint32_t source)
{
	frame_vxlan(frame, vni);
	frame_udp(frame, 4789);
	frame_ipv4(frame, 17, source, 0);
	frame_ethernet(frame, 0x0800);
}

void frame_pad(struct frame *frame, uint32_t bytes)
{
	memset(frame->bytes + frame->len, 0, bytes);
	frame->len += bytes;
}
