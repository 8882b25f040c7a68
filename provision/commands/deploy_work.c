/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/deploy_work.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "provision/commands/deploy_output.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/apply.h"
#include "provision/deploy/plan_text.h"

enum { LINE_BYTES = 2048, TERMINAL_MS = 100, PLAIN_MS = 10000, COLUMNS = 79 };

struct progress {
	const char *command;
	bool terminal, list;
	bool shown; /* a line without its end is on the terminal */
	int64_t last_ms;
};

int deploy_work_journal(const char *command, const struct deploy_options *options,
			const char *deployment, struct journal **journal)
{
	const char *directory = options->state_dir;
	struct failure failure = {0};
	char path[PATH_MAX];

	if (!directory) {
		if (journal_default_directory(path, sizeof(path))) {
			fprintf(stderr,
				"mirrorcap: %s: no home for the journal: give --state-dir\n",
				command);
			return EXIT_CODE_FAILED;
		}
		directory = path;
	}
	if (journal_open(directory, deployment, journal, &failure))
		return deploy_output_failure(command, &failure);
	if (journal_warning(*journal))
		fprintf(stderr, "mirrorcap: %s: warning: %s\n", command, journal_warning(*journal));
	return EXIT_CODE_DONE;
}

/* Telling. */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A message gets a line of its own. */
static void clear_line(struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r%*s\r", COLUMNS, "");
	progress->shown = false;
}

static void describe(const struct plan_scope *scope, const struct change *change, char *line,
		     size_t size)
{
	struct buffer text = {0};

	plan_text_change(change, &text);
	snprintf(line, size, "%s %s: %s", scope->account, scope->region, buffer_string(&text));
	buffer_fini(&text);
}

static void show_begin(void *arg, const struct plan_scope *scope, const struct change *change,
		       size_t number, size_t total)
{
	struct progress *progress = arg;
	char line[LINE_BYTES];
	int64_t now = now_ms();

	describe(scope, change, line, sizeof(line));
	if (progress->list)
		fprintf(stderr, "mirrorcap: %s: %s\n", progress->command, line);
	if (now - progress->last_ms < (progress->terminal ? TERMINAL_MS : PLAIN_MS))
		return;
	progress->last_ms = now;
	if (progress->terminal && !progress->list) {
		fprintf(stderr, "\r%-*.*s", COLUMNS, COLUMNS, "");
		fprintf(stderr, "\r%zu of %zu  %.*s", number, total, COLUMNS - 24, line);
		fflush(stderr);
		progress->shown = true;
	} else {
		fprintf(stderr, "mirrorcap: %s: change %zu of %zu\n", progress->command, number,
			total);
	}
}

static void show_failed(void *arg, const struct plan_scope *scope, const struct change *change,
			const struct failure *failure)
{
	struct progress *progress = arg;
	char line[LINE_BYTES], what[LINE_BYTES];

	clear_line(progress);
	describe(scope, change, what, sizeof(what));
	failure_format(failure, line, sizeof(line));
	fprintf(stderr, "mirrorcap: %s: %s: %s\n", progress->command, what, line);
}

static void show_notice(void *arg, const char *text)
{
	struct progress *progress = arg;

	clear_line(progress);
	fprintf(stderr, "mirrorcap: %s: warning: %s\n", progress->command, text);
}

static void show_result(const char *command, const struct apply_result *result)
{
	const bool unfinished = result->failed || result->left;

	fprintf(stderr,
		"mirrorcap: %s: %zu created, %zu updated, %zu replaced, %zu deleted; %zu failed, "
		"%zu left%s%s%s\n",
		command, result->done[CHANGE_CREATE], result->done[CHANGE_UPDATE],
		result->done[CHANGE_REPLACE], result->done[CHANGE_DELETE], result->failed,
		result->left,
		result->failed ? ": see to what failed, then "
		: unfinished   ? ": "
			       : "",
		unfinished ? command : "", unfinished ? " again to finish" : "");
}

int deploy_work(const char *command, const struct config *config, struct deploy_round *round,
		struct journal *journal, bool list)
{
	struct progress progress = {
		.command = command,
		.terminal = isatty(STDERR_FILENO),
		.list = list,
		.last_ms = now_ms(),
	};
	const struct apply_context context = {
		.config = config,
		.scopes = &round->scopes,
		.journal = journal,
		.stop = &deploy_round_stop,
		.listener = {.arg = &progress,
			     .begin = show_begin,
			     .failed = show_failed,
			     .notice = show_notice},
	};
	struct apply_result result;
	int rc;

	/* The first signal lets the call in flight end; only the second one breaks it off. */
	scopes_set_stop(&round->scopes, &deploy_round_kill);
	rc = apply_plan(&context, round->plan, &result);
	clear_line(&progress);
	if (result.stopped)
		fprintf(stderr, "mirrorcap: %s: stopped by a signal\n", command);
	if (result.total)
		show_result(command, &result);
	return rc ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}
