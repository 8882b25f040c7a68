/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a received packet was not recorded: one list that is at once the enum, the ledger's
 * layout, the text in the summary and, by a test that walks it, a demand for a test vector.
 *
 * The order is the order of the checks: a packet is counted under the first reason that holds.
 * See "Decapsulation rules" in docs/design.md. Append only: the ledger file stores by index.
 */
#ifndef CAPTURE_DROP_REASON_H
#define CAPTURE_DROP_REASON_H

/* clang-format off */
#define DROP_REASONS(X)                                                                  \
	X(NOT_VXLAN,     not_vxlan,     "not UDP to the VXLAN port")                     \
	X(MALFORMED,     malformed,     "outer headers cut short or with impossible lengths") \
	X(FRAGMENT,      fragment,      "outer packet is an IP fragment")                \
	X(NO_VNI,        no_vni,        "VXLAN I flag not set")                          \
	X(UNKNOWN_VNI,   unknown_vni,   "no session has this VNI")                       \
	X(SOURCE_DENIED, source_denied, "no session with this VNI allows this source")   \
	X(SHORT_FRAME,   short_frame,   "inner frame shorter than an Ethernet header")   \
	X(FILTERED,      filtered,      "the filter does not match")                     \
	X(AFTER_STOP,    after_stop,    "received after the capture's end")              \
	X(NO_BUFFER,     no_buffer,     "no free chunk: the disk is slower than the traffic") \
	X(WRITE_FAILED,  write_failed,  "the write of the packet's chunk failed")
/* clang-format on */

enum drop_reason {
#define X(name, text, meaning) DROP_##name,
	DROP_REASONS(X)
#undef X
		DROP_REASON_COUNT
};

/* The reason's name in the summary, e.g. "not_vxlan"; reason < DROP_REASON_COUNT. */
const char *drop_reason_name(enum drop_reason reason);

/* One phrase for people, e.g. "VXLAN I flag not set"; reason < DROP_REASON_COUNT. */
const char *drop_reason_meaning(enum drop_reason reason);

#endif
