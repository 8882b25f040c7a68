/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/deploy_output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/commands/exit_code.h"
#include "provision/deploy/plan_text.h"

enum { LINE_BYTES = 2048, ANSWER_BYTES = 64 };

int deploy_output_failure(const char *command, const struct failure *failure)
{
	char line[LINE_BYTES];

	failure_format(failure, line, sizeof(line));
	fprintf(stderr, "mirrorcap: %s: %s\n", command, line);
	return failure->kind == FAILURE_USAGE ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

size_t deploy_output_scopes(const char *command, const char *outcome, const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];

		if (!scope->failure)
			continue;
		fprintf(stderr, "mirrorcap: %s: %s %s: %s: %s\n", command, scope->account,
			scope->region, outcome, scope->failure);
		count++;
	}
	return count;
}

static int cannot_write(const char *command, const char *why)
{
	fprintf(stderr, "mirrorcap: %s: stdout: cannot write: %s\n", command, why);
	return EXIT_CODE_FAILED;
}

int deploy_output_text(const char *command, struct buffer *text)
{
	bool memory = !buffer_error(text);
	bool written = memory && fputs(buffer_string(text), stdout) != EOF && !fflush(stdout);

	buffer_fini(text);
	if (written)
		return EXIT_CODE_DONE;
	return cannot_write(command, strerror(memory ? errno : ENOMEM));
}

int deploy_output_json(const char *command, json_t *document)
{
	bool written = document && !json_dumpf(document, stdout, JSON_INDENT(2)) &&
		       fputc('\n', stdout) != EOF && !fflush(stdout);
	const char *why = strerror(document ? errno : ENOMEM);

	json_decref(document);
	return written ? EXIT_CODE_DONE : cannot_write(command, why);
}

int deploy_output_plan(const char *command, const struct deploy_options *options,
		       const struct plan *plan)
{
	struct buffer text = {0};

	if (options->json)
		return deploy_output_json(command, plan_text_json(plan, options->verbose));
	plan_text(plan, options->verbose, &text);
	return deploy_output_text(command, &text);
}

bool deploy_output_ask(const char *question)
{
	char answer[ANSWER_BYTES];

	fprintf(stderr, "%s Only \"yes\" goes on: ", question);
	if (!fgets(answer, sizeof(answer), stdin)) {
		fputc('\n', stderr);
		return false;
	}
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, "yes") == 0;
}

int deploy_output_check_terminal(const char *command, const struct deploy_options *options)
{
	if (options->yes || isatty(STDIN_FILENO))
		return EXIT_CODE_DONE;
	fprintf(stderr, "mirrorcap: %s: no terminal to ask on, nothing was done: give --yes\n",
		command);
	return EXIT_CODE_USAGE;
}

int deploy_output_help(enum deploy_command command, const char *synopsis, const char *summary,
		       const char *notes)
{
	printf("usage: mirrorcap %s\n\n%s\n\n", synopsis, summary);
	deploy_options_help(command, stdout);
	if (*notes)
		printf("\n%s", notes);
	return fflush(stdout) ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}
