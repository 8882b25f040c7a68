/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/query.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void encodes_values(void **state)
{
	static const struct {
		const char *value, *encoded;
	} table[] = {
		{"", ""},
		{"plain-._~09azAZ", "plain-._~09azAZ"},
		{"a b", "a%20b"},
		{"a+b&c=d", "a%2Bb%26c%3Dd"},
		{"/:?#[]@!$'()*,;%", "%2F%3A%3F%23%5B%5D%40%21%24%27%28%29%2A%2C%3B%25"},
		{"\xc3\xbc\n", "%C3%BC%0A"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct query query;

		query_init(&query, "A", "1");
		query_add(&query, table[i].value, "V");
		assert_memory_equal(query.body.data, "Action=A&Version=1&V=", 21);
		assert_string_equal(query.body.data + 21, table[i].encoded);
		query_fini(&query);
	}
}

static void numbers_and_lists(void **state)
{
	struct query query;

	query_init(&query, "A", "1");
	query_add(&query, NULL, "Absent");
	query_add_number(&query, "N", UINT32_MAX);
	query_add(&query, "x", "F.%u.V.%u", 1U, 2U);
	query_add(&query, "y", "k %s", "&");
	assert_string_equal(query.body.data, "Action=A&Version=1&N=4294967295&F.1.V.2=x&k%20%26=y");
	query_fini(&query);
}

static void refuses_endless_names(void **state)
{
	struct query query;

	query_init(&query, "A", "1");
	query_add(&query, "x", "%0200d", 1);
	assert_int_equal(buffer_error(&query.body), -ENOMEM);
	query_fini(&query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_values),
		cmocka_unit_test(numbers_and_lists),
		cmocka_unit_test(refuses_endless_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
