/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/ini.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names_the_line(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		const char *message;
	} table[] = {
		{"a = 1\n", 1, "[section] must come first"},
		{"\n# x\n  a = 1\n", 3, "[section] must come first"},
		{"[a]\nb\n", 2, "neither [section] nor key = value"},
		{"[a]\n = 1\n", 2, "the key before '=' is missing"},
		{"[a]\nb = 1\n[c]\n[a]\n", 4, "this section stands here twice"},
		{"[a]\nb = 1\nB: 2\n", 3, "this key stands twice"},
		{"[a\nb = 1\n", 1, "a section is written [name]"},
		{"[]\n", 1, "a section is written [name]"},
		{"[a]\nb =\n  c = 1\n  d\n", 4, "must be key = value"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct ini_error error;
		struct ini ini;

		print_message("# row %zu\n", i);
		assert_int_equal(ini_parse(table[i].text, strlen(table[i].text), &ini, &error),
				 -EBADMSG);
		assert_int_equal(error.line, table[i].line);
		assert_non_null(strstr(error.message, table[i].message));
		assert_null(ini.sections);
	}
}

static void refuses_too_much(void **state)
{
	char *text = malloc(INI_MAX_BYTES + 1);
	struct ini_error error;
	struct ini ini;

	memset(text, '\n', INI_MAX_BYTES + 1);
	assert_int_equal(ini_parse(text, INI_MAX_BYTES + 1, &ini, &error), -EMSGSIZE);
	assert_int_equal(ini_parse(text, INI_MAX_LINES + 1, &ini, &error), -EMSGSIZE);
	assert_non_null(strstr(error.message, "lines"));
	assert_int_equal(ini_parse(text, INI_MAX_LINES, &ini, &error), 0);
	text[0] = '\0';
	assert_int_equal(ini_parse(text, 2, &ini, &error), -EBADMSG);
	free(text);
}

static const char sample[] = "# a comment\n"
			     "; another\n"
			     "[DEFAULT]\n"
			     "output = json\n"
			     "[profile a] # what follows means nothing\n"
			     "Region=eu-west-1\r\n"
			     "empty =\n"
			     "colon: x = y\n"
			     "hash = a # b\n"
			     "long = one\n"
			     "  two\n"
			     "\n"
			     "  # no part of it\n"
			     "  three = 3\n"
			     "\n"
			     "  indented = yes\n"
			     "s3 =\n"
			     "  addressing_style = path\n"
			     "   max = 4 = 5\n"
			     "\n"
			     "[b]\n"
			     "output = text\n"
			     "last = end";

static void reads_values(void **state)
{
	static const struct {
		const char *section, *key, *value;
	} table[] = {
		{"profile a", "region", "eu-west-1"},
		{"profile a", "Region", NULL},
		{"profile a", "empty", ""},
		{"profile a", "colon", "x = y"},
		{"profile a", "hash", "a # b"},
		{"profile a", "long", "one\ntwo\n\nthree = 3\n\nindented = yes"},
		{"profile a", "indented", NULL},
		{"profile a", "s3", "\naddressing_style = path\nmax = 4 = 5"},
		{"profile a", "output", "json"},
		{"profile a", "last", NULL},
		{"b", "output", "text"},
		{"b", "last", "end"},
		{"c", "output", NULL},
	};
	struct ini_error error;
	struct ini ini;

	assert_int_equal(ini_parse(sample, sizeof(sample) - 1, &ini, &error), 0);
	assert_int_equal(ini.count, 3);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *value =
			ini_value(&ini, ini_section(&ini, table[i].section), table[i].key);

		print_message("# row %zu\n", i);
		if (table[i].value)
			assert_string_equal(value, table[i].value);
		else
			assert_null(value);
	}
	ini_fini(&ini);
}

static void reads_nested_values(void **state)
{
	static const char value[] = "\naddressing_style = path\nmax = 4 = 5\n\nnone =";
	static const struct {
		const char *value, *key, *found;
	} table[] = {
		{value, "addressing_style", "path"},
		{value, "max", "4 = 5"},
		{value, "none", ""},
		{value, "Max", NULL},
		{value, "", NULL},
		{"a = 1", "a", NULL},
		{"", "a", NULL},
		{NULL, "a", NULL},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct buffer found = {0};

		assert_int_equal(ini_nested(table[i].value, table[i].key, &found),
				 table[i].found != NULL);
		if (table[i].found)
			assert_string_equal(buffer_string(&found), table[i].found);
		buffer_fini(&found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_line),
		cmocka_unit_test(refuses_too_much),
		cmocka_unit_test(reads_values),
		cmocka_unit_test(reads_nested_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
