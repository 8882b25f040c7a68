/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/deploy_options.h"

#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_WORDS = 16, TEXT_BYTES = 256 };

/* Cuts a line into words; both are valid until the next call. */
static int parse(enum deploy_command command, const char *line, struct deploy_options *options,
		 struct failure *failure)
{
	static char text[TEXT_BYTES];
	static char *words[MAX_WORDS + 1];
	int count = 0;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok_r(text, " ", &words[MAX_WORDS]); word;
	     word = strtok_r(NULL, " ", &words[MAX_WORDS]))
		words[count++] = word;
	words[count] = NULL;
	optind = 0;
	*failure = (struct failure){0};
	return deploy_options_parse(command, count, words, options, failure);
}

static void refuses(void **state)
{
	static const struct {
		enum deploy_command command;
		const char *line, *said;
	} table[] = {
		{DEPLOY_PLAN, "plan --colour", "--colour: no such option"},
		{DEPLOY_PLAN, "plan -x", "-x: no such option"},
		{DEPLOY_PLAN, "plan -c", "-c: needs a value"},
		{DEPLOY_PLAN, "plan --config", "--config: needs a value"},
		{DEPLOY_PLAN, "plan --config=", "--config '': is empty"},
		{DEPLOY_PLAN, "plan --verbose=1", "--verbose: takes no value"},
		{DEPLOY_PLAN, "plan --yes", "--yes: no such option"},
		{DEPLOY_PLAN, "plan file", "'file': not an option"},
		{DEPLOY_PLAN, "plan --output yaml", "--output 'yaml': not a form of output"},
		{DEPLOY_APPLY, "apply one two", "'two': not an option"},
		{DEPLOY_APPLY, "apply --max-delete ten", "--max-delete 'ten': not a limit"},
		{DEPLOY_APPLY, "apply --max-delete 101%", "--max-delete '101%': not a limit"},
		{DEPLOY_APPLY, "apply --max-delete -1", "--max-delete '-1': not a limit"},
		{DEPLOY_APPLY, "apply --max-delete %", "--max-delete '%': not a limit"},
		{DEPLOY_APPLY, "apply --max-delete 5%%", "--max-delete '5%%': not a limit"},
		{DEPLOY_APPLY, "apply --max-delete 99999999999", "not a limit"},
		{DEPLOY_APPLY, "apply --yes --watch 4s", "--watch '4s': not an interval"},
		{DEPLOY_APPLY, "apply --yes --watch 25h", "--watch '25h': not an interval"},
		{DEPLOY_APPLY, "apply --yes --watch 60d", "--watch '60d': not an interval"},
		{DEPLOY_APPLY, "apply --yes --watch s", "--watch 's': not an interval"},
		{DEPLOY_APPLY, "apply --watch 60s", "nobody is there to be asked"},
		{DEPLOY_APPLY, "apply --yes --watch 60s file", "a plan is applied once"},
		{DEPLOY_APPLY, "apply --deployment soc", "--deployment: no such option"},
		{DEPLOY_DESTROY, "destroy --deployment ../soc", "not a deployment's name"},
		{DEPLOY_DESTROY, "destroy --deployment .soc", "not a deployment's name"},
		{DEPLOY_DESTROY, "destroy --deployment soc -c f", "give one of them"},
		{DEPLOY_DESTROY, "destroy --max-delete 5", "--max-delete: no such option"},
		{DEPLOY_DRIFT, "drift --allow-empty", "--allow-empty: no such option"},
		{DEPLOY_ORPHANS, "orphans --watch 60s", "--watch: no such option"},
	};
	struct deploy_options options;
	struct failure failure;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		print_message("# %s\n", table[i].line);
		assert_int_equal(parse(table[i].command, table[i].line, &options, &failure),
				 -EINVAL);
		assert_int_equal(failure.kind, FAILURE_USAGE);
		assert_non_null(strstr(failure.message, table[i].said));
	}
}

static void has_defaults(void **state)
{
	struct deploy_options options;
	struct failure failure;

	assert_int_equal(parse(DEPLOY_APPLY, "apply", &options, &failure), 0);
	assert_string_equal(options.config, "/etc/mirrorcap/mirrorcap.yaml");
	assert_int_equal(options.max_delete.value, 10);
	assert_true(options.max_delete.percent);
	assert_int_equal(options.watch_seconds, 0);
	assert_false(options.yes || options.json || options.verbose || options.allow_empty ||
		     options.delete_orphans || options.help || options.config_given);
	assert_null(options.plan_file);
	assert_null(options.state_dir);
	assert_null(options.client.region);
}

static void reads_all(void **state)
{
	struct deploy_options options;
	struct failure failure;

	assert_int_equal(parse(DEPLOY_PLAN,
			       "plan -c f -o p --output json -v --max-delete 0 --allow-empty "
			       "--delete-orphans --profile audit",
			       &options, &failure),
			 0);
	assert_string_equal(options.config, "f");
	assert_string_equal(options.output, "p");
	assert_string_equal(options.client.profile, "audit");
	assert_true(options.json && options.verbose && options.allow_empty &&
		    options.delete_orphans);
	assert_int_equal(options.max_delete.value, 0);
	assert_false(options.max_delete.percent);
	assert_int_equal(parse(DEPLOY_APPLY,
			       "apply -y --watch 5m --state-dir d --region eu-west-1 "
			       "--endpoint-url http://e --max-delete 100%",
			       &options, &failure),
			 0);
	assert_true(options.yes && options.max_delete.percent);
	assert_int_equal(options.watch_seconds, 300);
	assert_string_equal(options.state_dir, "d");
	assert_string_equal(options.client.region, "eu-west-1");
	assert_string_equal(options.client.endpoint_url, "http://e");
	assert_int_equal(parse(DEPLOY_APPLY, "apply file -c other", &options, &failure), 0);
	assert_string_equal(options.plan_file, "file");
	assert_int_equal(parse(DEPLOY_DESTROY, "destroy --deployment soc-1.x", &options, &failure),
			 0);
	assert_string_equal(options.deployment, "soc-1.x");
	assert_int_equal(parse(DEPLOY_ORPHANS, "orphans --delete", &options, &failure), 0);
	assert_true(options.delete_orphans);
	assert_int_equal(parse(DEPLOY_DRIFT, "drift --help --nonsense", &options, &failure), 0);
	assert_true(options.help);
}

/* What help lists is taken, and the other way round. */
static void helps(void **state)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	deploy_options_help(DEPLOY_DESTROY, out);
	fclose(out);
	assert_non_null(strstr(text, "  -c, --config FILE "));
	assert_non_null(strstr(text, "      --deployment NAME "));
	assert_null(strstr(text, "--max-delete"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses),
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(reads_all),
		cmocka_unit_test(helps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
