/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/words.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What Python 3.11's shlex.split() makes of the texts. */
static const struct {
	const char *text;
	int rc;
	const char *words[5];
} rows[] = {
	{"'", -EBADMSG, {NULL}},
	{"a \"b", -EBADMSG, {NULL}},
	{"a 'b\\'", 0, {"a", "b\\"}},
	{"a\\", -EBADMSG, {NULL}},
	{"\"a\\", -EBADMSG, {NULL}},
	{"\"a\\\"", -EBADMSG, {NULL}},
	{"", 0, {NULL}},
	{" \t\n", 0, {NULL}},
	{"a", 0, {"a"}},
	{"  a  b\tc\n", 0, {"a", "b", "c"}},
	{"profile \"my own\"", 0, {"profile", "my own"}},
	{"/opt/x --out='a b'\"c d\"e", 0, {"/opt/x", "--out=a bc de"}},
	{"a '' \"\"", 0, {"a", "", ""}},
	{"a\\ b", 0, {"a b"}},
	{"\"a\\\\b\\\"c\\d\"", 0, {"a\\b\"c\\d"}},
	{"'a\\b'", 0, {"a\\b"}},
	/* Nothing is a comment, a variable or a command. */
	{"a #b $HOME `id` ;", 0, {"a", "#b", "$HOME", "`id`", ";"}},
};

static void splits(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct words words;
		size_t count = 0;

		print_message("# row %zu\n", i);
		assert_int_equal(words_split(rows[i].text, &words), rows[i].rc);
		while (count < 5 && rows[i].words[count])
			count++;
		assert_int_equal(words.count, count);
		for (size_t j = 0; j < count; j++)
			assert_string_equal(words.list[j], rows[i].words[j]);
		if (count)
			assert_null(words.list[count]);
		words_fini(&words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
