/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: what is refused names the option, the arithmetic and the remedy.
 */
#include "dataplane/options.h"

#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WORDS_MAX = 32 };

/* Parses words that are separated by single spaces; what is said to stderr goes to text. */
static int parse(const char *line, struct options *options, char *text, size_t bytes)
{
	static char words[512]; /* the options point into it */
	char *argv[WORDS_MAX + 1] = {"mirrorcap"}, *save = NULL;
	int argc = 1, kept = dup(STDERR_FILENO), rc;
	FILE *file = tmpfile();

	assert_non_null(file);
	snprintf(words, sizeof(words), "%s", line);
	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = word;
	}
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	optind = 0; /* getopt begins anew */
	rc = options_parse(argc, argv, options);
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(file);
	text[fread(text, 1, bytes - 1, file)] = '\0';
	fclose(file);
	return rc;
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
		{"--queues 0", "--queues 0: use a number from 1 to 64"},
		{"--queues 65", "--queues 65: use a number from 1 to 64"},
		{"--workers 65", "--workers 65: use a number from 1 to 64"},
		{"--workers 4 --queues 2",
		 "--workers 4: a worker needs a queue, but --queues 2 makes 2 in all: use --queues 4 or "
		 "--workers 2"},
		{"-i vdev:b --workers 5 --queues 2",
		 "--workers 5: a worker needs a queue, but --queues 2 makes 4 in all: use --queues 3 or "
		 "--workers 4"},
		{"-i vdev:b --queues 40",
		 "--queues 40: 2 ports have 80 queues then, but 1 worker polls 64 at most (64 each): use "
		 "--queues 32 or --workers 2"},
		{"--workers 3 --lcores 2,3",
		 "--lcores 2,3: 2 CPUs for 3 workers: give 3, or --workers 2"},
		{"--workers 2 --lcores 7",
		 "--lcores 7: 1 CPU for 2 workers: give 2, or --workers 1"},
		{"--lcores 5-2", "--lcores 5-2: use CPU numbers such as 2-5,8"},
		{"--idle never", "--idle never: use poll or sleep"},
		{"--buffer none", "--buffer none: use a size such as 512M"},
		{"stray", "argument stray: not an option"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options;
		char line[256], text[1024];

		snprintf(line, sizeof(line), "-i vdev:a -w null: --vni 7 %s", cases[i].line);
		assert_int_equal(parse(line, &options, text, sizeof(text)), 2);
		if (!strstr(text, cases[i].said))
			fail_msg("%s: said %s", cases[i].line, text);
	}
}

/* What it proposes is then accepted. */
static void test_accepted(void **state)
{
	static const struct {
		const char *line;
		uint32_t queues, workers, cpus;
		enum idle_wish idle;
	} cases[] = {
		{"", 0, 1, 0, IDLE_DEFAULT},
		{"--queues 8 --idle poll", 8, 1, 0, IDLE_POLL},
		{"-i vdev:b --queues 32 --idle sleep", 32, 1, 0, IDLE_SLEEP},
		{"-i vdev:b --queues 40 --workers 2", 40, 2, 0, IDLE_DEFAULT},
		{"-i vdev:b --workers 5 --queues 3 --lcores 1-5", 3, 5, 5, IDLE_DEFAULT},
		{"--workers 64", 0, 64, 0,
		 IDLE_DEFAULT}, /* the device's queues are not known yet */
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct options options;
		char line[256], text[1024];

		snprintf(line, sizeof(line), "-i vdev:a -w null: --vni 7 %s", cases[i].line);
		assert_int_equal(parse(line, &options, text, sizeof(text)), -1);
		assert_string_equal(text, "");
		assert_int_equal(options.queues, cases[i].queues);
		assert_int_equal(options.workers, cases[i].workers);
		assert_int_equal(options.cpu_count, cases[i].cpus);
		assert_int_equal(options.idle, cases[i].idle);
		options_fini(&options);
	}
}

/* What follows "--" is DPDK's, whatever it looks like. */
static void test_eal_arguments(void **state)
{
	struct options options;
	char text[1024];

	assert_int_equal(parse("-i vdev:a -w null: --vni 7 -- --queues 9 word", &options, text,
			       sizeof(text)),
			 -1);
	assert_int_equal(options.eal_count, 3);
	assert_string_equal(options.eal[0], "--queues");
	assert_int_equal(options.queues, 0);
	options_fini(&options);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_eal_arguments),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
