/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The truncation rule: how much of a mirrored frame is stored, and how long the frame was.
 *
 * AWS cuts mirrored frames to the session's PacketLength and marks it nowhere, so the original
 * length is read back from the inner IP header, where that is possible. See docs/design.md,
 * "Truncation". Pure C over bytes, no DPDK.
 */
#ifndef DATAPLANE_TRUNCATION_H
#define DATAPLANE_TRUNCATION_H

#include <stdint.h>

enum {
	/* Behind an NLB AWS cuts at 8500 even when asked for more; a cut below this needs the
	 * session's own PacketLength to explain it. */
	TRUNCATION_AWS_FLOOR = 8400,
};

/* What was found about one frame; each is one count of its session. */
enum truncation_flags {
	TRUNCATION_WHOLE = 1,        /* stored as long as it was */
	TRUNCATION_CUT_UPSTREAM = 2, /* by AWS: the IP header tells of more */
	TRUNCATION_CUT_HERE = 4,     /* by P or the snaplen */
	TRUNCATION_INCONSISTENT = 8, /* the IP header tells of more, but AWS cannot have cut */
	TRUNCATION_OVER_LENGTH = 16, /* W > P: the session map is stale */
};

struct truncation {
	uint32_t caplen; /* bytes to store */
	uint32_t len;    /* the frame's length before any cut, as far as can be told; >= caplen */
	uint32_t flags;  /* enum truncation_flags */
};

/*
 * frame: the inner frame's first `readable` bytes; all that arrived, or at least
 * DECAP_INNER_HEAD of them; what is readable behind the frame is not looked at.
 * arrived (A) <= wire_len (W): bytes. packet_length (P): the session's, 0 if unknown. snaplen: the
 * capture's own limit (-s), 0 for none.
 */
struct truncation truncation_apply(const uint8_t *frame, uint32_t readable, uint32_t arrived,
				   uint32_t wire_len, uint32_t packet_length, uint32_t snaplen);

/* What truncation_apply() and its callers compare with, in one number. 0: no such limit. */
static inline uint32_t truncation_limit(uint32_t packet_length, uint32_t snaplen)
{
	uint32_t limit = packet_length ? packet_length : UINT32_MAX;

	return snaplen && snaplen < limit ? snaplen : limit;
}

#endif
