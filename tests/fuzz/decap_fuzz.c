/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decapsulation and the truncation rule over any bytes: no read beyond them, results within
 * them, the same verdict whatever part is contiguous, the short way never against the general
 * one, and all that can be recorded taken by the XDP program's decision.
 *
 * Input: one byte that says how much of the packet is in the head, then the packet.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/decap.h"
#include "dataplane/truncation.h"
#include "dataplane/usual.h"
#include "dataplane/xdp_steer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void same(const struct decap *a, const struct decap *b)
{
	require(a->vni == b->vni && a->offset == b->offset && a->wire_len == b->wire_len);
	require(a->arrived == b->arrived && a->reserved_bits == b->reserved_bits);
	require(!memcmp(&a->source, &b->source, sizeof(a->source)));
}

/* The short way says no more than the long one. */
static void check_usual(const uint8_t *packet, uint32_t head, uint32_t len,
			enum decap_verdict verdict, const struct decap *d)
{
	struct truncation t;
	struct usual usual;

	if (!usual_packet(packet, head, len, htons(DECAP_VXLAN_PORT), &usual))
		return;
	require(verdict == DECAP_FRAME && !d->reserved_bits);
	require(d->vni == usual.vni && d->offset == USUAL_OFFSET);
	require(d->wire_len == usual.bytes && d->arrived == usual.bytes);
	t = truncation_apply(packet + d->offset, head - d->offset, d->arrived, d->wire_len, 0, 0);
	require(t.caplen == usual.bytes);
	if (usual.claimed <= usual.bytes)
		require(t.flags == TRUNCATION_WHOLE && t.len == usual.bytes);
	else
		require(t.flags == TRUNCATION_CUT_UPSTREAM && t.len == usual.claimed);
}

static void check_truncation(const uint8_t *packet, uint32_t len, const struct decap *d)
{
	static const uint32_t lengths[] = {0, 1, 64, 128, 8500, 9001};

	for (unsigned int i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct truncation t =
			truncation_apply(packet + d->offset, len - d->offset, d->arrived,
					 d->wire_len, lengths[i], lengths[(i + 2) % 3]);

		require(t.caplen <= d->arrived && t.caplen <= t.len);
		require(t.len >= d->wire_len);
		require(!(t.flags & TRUNCATION_WHOLE) || t.caplen == t.len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum decap_verdict whole, part;
	struct decap d, again;
	uint32_t len, head;
	uint8_t *packet;

	if (size < 1 || size > 70000)
		return 0;
	len = (uint32_t)size - 1;
	head = data[0] < len ? data[0] : len;
	/* Copies of just the length, so that a sanitizer sees one byte too many. */
	packet = malloc(len ? len : 1);
	memcpy(packet, data + 1, len);
	whole = decap_packet(packet, len, len, DECAP_VXLAN_PORT, &d);
	require(whole != DECAP_MORE);
	check_usual(packet, len, len, whole, &d);
	require(steer_frame(packet, packet + len, DECAP_VXLAN_PORT) ||
		(whole != DECAP_FRAME && whole != DECAP_NO_VNI));
	if (whole == DECAP_FRAME) {
		require(d.offset <= len && d.arrived <= len - d.offset);
		require(d.arrived <= d.wire_len && d.vni <= 0xffffff);
		check_truncation(packet, len, &d);
	}
	free(packet);
	packet = malloc(head ? head : 1);
	memcpy(packet, data + 1, head);
	part = decap_packet(packet, head, len, DECAP_VXLAN_PORT, &again);
	require(part == whole || part == DECAP_MORE);
	if (part == DECAP_FRAME)
		same(&again, &d);
	check_usual(packet, head, len, whole, &d);
	free(packet);
	return 0;
}
