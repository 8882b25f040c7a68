/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "capture/suffix.h"

static void finds_what_names_end_in(void **state)
{
	static const struct {
		const char *name, *suffix;
		enum pcap_format format;
		bool compressed;
	} cases[] = {
		{"", NULL, 0, false},
		{"pcap", NULL, 0, false},
		{"a.pcap.part", NULL, 0, false},
		{"a.pcap.gz", NULL, 0, false},
		{"a.zst", NULL, 0, false},
		{"a.pcapzst", NULL, 0, false},
		{"a.pcap.zst.tail", NULL, 0, false},
		{"a.PCAP", NULL, 0, false},
		{"a.pcap", ".pcap", PCAP_CLASSIC, false},
		{"a.pcapng", ".pcapng", PCAP_NG, false},
		{"a.pcap.zst", ".pcap.zst", PCAP_CLASSIC, true},
		{"a.pcapng.zst", ".pcapng.zst", PCAP_NG, true},
		{"a.pcap.pcapng", ".pcapng", PCAP_NG, false},
		{".pcap", ".pcap", PCAP_CLASSIC, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = cases[i].name;
		struct suffix suffix;
		const char *found = suffix_find(name, strlen(name), &suffix);

		if (!cases[i].suffix) {
			assert_null(found);
			continue;
		}
		assert_string_equal(found, cases[i].suffix);
		assert_int_equal(suffix.format, cases[i].format);
		assert_int_equal(suffix.compressed, cases[i].compressed);
		assert_string_equal(suffix_text(suffix), cases[i].suffix);
	}
	/* Of a part of a name. */
	assert_non_null(suffix_find("a.pcap.part", 6, NULL));
	assert_null(suffix_find("a.pcap.part", 5, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_names_end_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
