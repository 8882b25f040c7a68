/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/truncation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/dataplane/frame.h"

enum flags {
	WHOLE = TRUNCATION_WHOLE,
	CUT_UPSTREAM = TRUNCATION_CUT_UPSTREAM,
	CUT_HERE = TRUNCATION_CUT_HERE,
	INCONSISTENT = TRUNCATION_INCONSISTENT,
	OVER_LENGTH = TRUNCATION_OVER_LENGTH,
};

enum inner {
	IPV4,
	IPV6,
	VLAN_IPV4,
	QINQ_IPV6,
	THREE_TAGS,
	NOT_IP,
	IPV4_VERSION_6,
};

struct row {
	const char *name;
	enum inner inner;
	uint32_t claimed; /* the IP header's own length field */
	uint32_t readable;
	uint32_t arrived;
	uint32_t wire_len;
	uint32_t packet_length;
	uint32_t snaplen;
	uint32_t caplen;
	uint32_t len;
	unsigned int flags;
};

static const struct row rows[] = {
	{"whole", IPV4, 86, 100, 100, 100, 0, 0, 100, 100, WHOLE},
	{"whole, P known", IPV4, 86, 100, 100, 100, 128, 0, 100, 100, WHOLE},
	{"padded to 60", IPV4, 28, 60, 60, 60, 0, 0, 60, 60, WHOLE},
	{"cut by AWS", IPV4, 1486, 128, 128, 128, 128, 0, 128, 1500, CUT_UPSTREAM},
	{"cut by AWS, P unknown", IPV4, 1486, 128, 128, 128, 0, 0, 128, 1500, CUT_UPSTREAM},
	{"cut by one byte", IPV4, 115, 128, 128, 128, 128, 0, 128, 129, CUT_UPSTREAM},
	{"header lies", IPV4, 1486, 100, 100, 100, 128, 0, 100, 100, INCONSISTENT},
	{"header lies, one below P", IPV4, 1486, 127, 127, 127, 128, 0, 127, 127, INCONSISTENT},
	{"NLB's 8500 below a larger P", IPV4, 8986, 8500, 8500, 8500, 9001, 0, 8500, 9000,
	 CUT_UPSTREAM},
	{"the floor", IPV4, 8986, 8400, 8400, 8400, 9001, 0, 8400, 9000, CUT_UPSTREAM},
	{"below the floor", IPV4, 8986, 8399, 8399, 8399, 9001, 0, 8399, 8399, INCONSISTENT},
	{"over length", IPV4, 186, 200, 200, 200, 128, 0, 128, 200, CUT_HERE | OVER_LENGTH},
	{"over length and cut", IPV4, 1486, 200, 200, 200, 128, 0, 128, 1500,
	 CUT_UPSTREAM | CUT_HERE | OVER_LENGTH},
	{"snaplen", IPV4, 86, 100, 100, 100, 0, 64, 64, 100, CUT_HERE},
	{"snaplen as long", IPV4, 86, 100, 100, 100, 0, 100, 100, 100, WHOLE},
	{"snaplen beyond P", IPV4, 1486, 128, 128, 128, 128, 200, 128, 1500, CUT_UPSTREAM},
	{"snaplen and cut", IPV4, 1486, 128, 128, 128, 128, 64, 64, 1500, CUT_UPSTREAM | CUT_HERE},
	{"snaplen of 1", IPV4, 86, 100, 100, 100, 0, 1, 1, 100, CUT_HERE},
	{"clipped", IPV4, 86, 40, 40, 100, 0, 0, 40, 100, 0},
	{"clipped and cut", IPV4, 1486, 40, 40, 128, 128, 0, 40, 1500, CUT_UPSTREAM},
	{"IPv6", IPV6, 46, 100, 100, 100, 0, 0, 100, 100, WHOLE},
	{"IPv6 cut", IPV6, 1446, 128, 128, 128, 128, 0, 128, 1500, CUT_UPSTREAM},
	{"VLAN cut", VLAN_IPV4, 1486, 128, 128, 128, 128, 0, 128, 1504, CUT_UPSTREAM},
	{"QinQ cut", QINQ_IPV6, 1446, 128, 128, 128, 128, 0, 128, 1508, CUT_UPSTREAM},
	{"three tags are not read", THREE_TAGS, 1486, 128, 128, 128, 128, 0, 128, 128, WHOLE},
	{"IPv4 total length 0", IPV4, 0, 128, 128, 128, 128, 0, 128, 128, WHOLE},
	{"IPv6 payload length 0", IPV6, 0, 128, 128, 128, 128, 0, 128, 128, WHOLE},
	{"IPv6 payload length 0, cut in its header", IPV6, 0, 30, 30, 30, 30, 0, 30, 30, WHOLE},
	{"not IP", NOT_IP, 1486, 128, 128, 128, 128, 0, 128, 128, WHOLE},
	{"version wrong", IPV4_VERSION_6, 1486, 128, 128, 128, 128, 0, 128, 128, WHOLE},
	{"length field half there", IPV4, 1486, 17, 17, 17, 17, 0, 17, 17, WHOLE},
	{"length field just there", IPV4, 1486, 18, 18, 18, 18, 0, 18, 1500, CUT_UPSTREAM},
	{"the rest stands behind the frame", IPV4, 1486, 60, 17, 17, 0, 0, 17, 17, WHOLE},
	{"all of it stands behind the frame", IPV6, 1446, 60, 14, 14, 0, 0, 14, 14, WHOLE},
	{"IPv6 length half there", IPV6, 1446, 19, 19, 19, 19, 0, 19, 19, WHOLE},
	{"IPv6 length just there", IPV6, 1446, 20, 20, 20, 20, 0, 20, 1500, CUT_UPSTREAM},
	{"tag half there", VLAN_IPV4, 1486, 16, 16, 16, 16, 0, 16, 16, WHOLE},
	{"Ethernet only", IPV4, 1486, 14, 14, 14, 14, 0, 14, 14, WHOLE},
	{"largest", IPV4, 65485, 100, 65499, 65499, 0, 0, 65499, 65499, WHOLE},
};

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void build(struct frame *frame, const struct row *row)
{
	bool ipv6 = row->inner == IPV6 || row->inner == QINQ_IPV6;
	uint16_t type = ipv6 ? 0x86dd : 0x0800;
	int tags = row->inner == VLAN_IPV4 ? 1 : row->inner == QINQ_IPV6 ? 2 : 0;

	if (row->inner == THREE_TAGS)
		tags = 3;
	frame_start(frame, 200);
	if (ipv6) {
		frame_ipv6(frame, 17, 1);
		put16(frame->bytes + 4, row->claimed);
	} else {
		frame_ipv4(frame, 17, 1, 0);
		put16(frame->bytes + 2, row->claimed);
	}
	if (row->inner == IPV4_VERSION_6)
		frame->bytes[0] = 0x65;
	for (int i = 0; i < tags; i++, type = 0x8100)
		frame_vlan(frame, type);
	frame_ethernet(frame, row->inner == NOT_IP ? 0x88cc : type);
}

static void test_rows(void **state)
{
	static struct frame frame;

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *row = &rows[i];
		struct truncation t;

		build(&frame, row);
		t = truncation_apply(frame.bytes, row->readable, row->arrived, row->wire_len,
				     row->packet_length, row->snaplen);
		if (t.caplen != row->caplen || t.len != row->len || t.flags != row->flags)
			fail_msg("%s: caplen %u, len %u, flags %u instead of %u, %u, %u", row->name,
				 t.caplen, t.len, t.flags, row->caplen, row->len, row->flags);
		assert_true(t.len >= t.caplen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests_name("truncation", tests, NULL, NULL);
}
