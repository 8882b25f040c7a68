/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "provision/commands/command_options.h"

enum { WORDS_MAX = 8 };

struct parsed {
	const char *config, *role;
	bool document, help;
};

/* words: ends with NULL. */
static int parse(const char *const *words, struct parsed *parsed, struct failure *failure)
{
	const struct command_option table[] = {
		{"config", 'c', "FILE", "a file", &parsed->config, NULL},
		{"role", 0, "ROLE", "a role", &parsed->role, NULL},
		{"document", 0, NULL, "a flag", NULL, &parsed->document},
	};
	char *argv[WORDS_MAX + 1] = {(char *)"command"};
	int argc = 1;

	*parsed = (struct parsed){0};
	*failure = (struct failure){0};
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	return command_options_parse(table, sizeof(table) / sizeof(table[0]), argc, argv,
				     &parsed->help, failure);
}

static const struct {
	const char *words[WORDS_MAX];
	const char *message, *remedy;
} wrong[] = {
	{{"--config"}, "--config: needs a value", "see mirrorcap command --help"},
	{{"--config="}, "--config: needs a value", "see mirrorcap command --help"},
	{{"--config", ""}, "--config: needs a value", "see mirrorcap command --help"},
	{{"-c"}, "--config: needs a value", "see mirrorcap command --help"},
	{{"--config", "--document"},
	 "--config: needs a value, and --document is an option",
	 "if it is meant as the value: --config=--document"},
	{{"-c", "--role=x"},
	 "--config: needs a value, and --role=x is an option",
	 "if it is meant as the value: --config=--role=x"},
	{{"--role", "-c", "x"},
	 "--role: needs a value, and -c is an option",
	 "if it is meant as the value: --role=-c"},
	{{"--role", "--help"},
	 "--role: needs a value, and --help is an option",
	 "if it is meant as the value: --role=--help"},
	{{"-c", "a", "--config=b"}, "--config: is given twice", "see mirrorcap command --help"},
	{{"--document=yes"}, "--document: takes no value", "see mirrorcap command --help"},
	{{"file"}, "file: not an option", "see mirrorcap command --help"},
	{{"--document", "file"}, "file: not an option", "see mirrorcap command --help"},
	{{"--rule=x"}, "--rule: no such option", "did you mean --role?"},
	{{"xc", "a"}, "xc: not an option", "see mirrorcap command --help"},
	{{""}, ": not an option", "see mirrorcap command --help"},
	{{"-x"}, "-x: no such option", "see mirrorcap command --help"},
	{{"-"}, "-: no such option", "see mirrorcap command --help"},
	{{"--"}, "--: no such option", "see mirrorcap command --help"},
	{{"-config", "x"}, "-config: no such option", "did you mean --config?"},
};

static void says_what_is_wrong(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct failure failure;
		struct parsed parsed;

		assert_int_equal(parse(wrong[i].words, &parsed, &failure), -EINVAL);
		assert_int_equal(failure.kind, FAILURE_USAGE);
		assert_string_equal(failure.message, wrong[i].message);
		assert_string_equal(failure.remedy, wrong[i].remedy);
	}
}

static void reads_options_in_any_form(void **state)
{
	const char *const none[] = {NULL};
	const char *const mixed[] = {"--document", "-c", "a b", "--role=x=y", NULL};
	const char *const dashes[] = {"--config=--role", "--role", "-x", NULL};
	const char *const letters[] = {"--role", "xc", NULL};
	const char *const help[] = {"--document", "--help", "--nonsense", NULL};
	struct failure failure;
	struct parsed parsed;

	assert_int_equal(parse(none, &parsed, &failure), 0);
	assert_true(!parsed.config && !parsed.role && !parsed.document && !parsed.help);
	assert_int_equal(parse(mixed, &parsed, &failure), 0);
	assert_string_equal(parsed.config, "a b");
	assert_string_equal(parsed.role, "x=y");
	assert_true(parsed.document);
	/* A value may look like an option, and even be one where it is plain that it is the value. */
	assert_int_equal(parse(dashes, &parsed, &failure), 0);
	assert_string_equal(parsed.config, "--role");
	assert_string_equal(parsed.role, "-x");
	assert_int_equal(parse(letters, &parsed, &failure), 0);
	assert_string_equal(parsed.role, "xc");
	assert_int_equal(parse(help, &parsed, &failure), 0);
	assert_true(parsed.help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(reads_options_in_any_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
