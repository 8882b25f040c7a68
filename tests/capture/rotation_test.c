/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "capture/rotation.h"

enum { SECOND = 1000000000 };

static void ends_where_the_first_limit_is(void **state)
{
	static const struct {
		struct rotation rotation;
		uint64_t first_ns, end_ns;
	} cases[] = {
		{{0}, 5, UINT64_MAX},
		{{.filesize_bytes = 1, .packets = 1}, 5, UINT64_MAX},
		{{.duration_ns = 10}, 5, 15},
		{{.duration_ns = 10}, UINT64_MAX - 5, UINT64_MAX},
		{{.interval_ns = 10}, 0, 10},
		{{.interval_ns = 10}, 9, 10},
		{{.interval_ns = 10}, 10, 20},
		{{.interval_ns = 10}, UINT64_MAX, UINT64_MAX},
		{{.interval_ns = 3600ull * SECOND}, 1700000000ull * SECOND, 1700002800ull * SECOND},
		{{.duration_ns = 10, .interval_ns = 100}, 95, 100},
		{{.duration_ns = 10, .interval_ns = 100}, 5, 15},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(rotation_end(&cases[i].rotation, cases[i].first_ns),
				 cases[i].end_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_where_the_first_limit_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
