/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/operation_command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "provision/api/near_match.h"
#include "provision/commands/exit_code.h"
#include "provision/commands/operation_options.h"
#include "provision/commands/operation_output.h"

enum { LINE_BYTES = 2048 };

static volatile sig_atomic_t stopped;

const struct shape *operation_command_shape(const struct operation_command *command)
{
	return command->input ? command->input : operation_find(command->operation)->input;
}

/* Calling. */

static int call(struct client *client, const struct operation_options *options, json_t **output,
		struct failure *failure)
{
	const struct operation *operation = operation_find(options->command->operation);
	json_t *items;
	int rc;

	if (!operation->items)
		return operation_call(client, operation, options->input, output, failure);
	rc = operation_list_all(client, operation, options->input, &items, failure);
	if (rc)
		return rc;
	if (json_is_true(json_object_get(options->input, "DryRun"))) {
		json_decref(items);
		return 0;
	}
	*output = json_pack("{s:o}", operation->items, items);
	return *output ? 0 : failure_memory(failure);
}

/* Who asked for one item must not take an empty list for it. */
static int check_found(const struct operation_options *options, const json_t *output,
		       struct failure *failure)
{
	const struct operation_command *command = options->command;
	const json_t *ids = json_object_get(options->input, command->one ? command->one : "");

	if (!command->one || json_array_size(json_object_get(output, command->item)))
		return 0;
	failure_set(failure, FAILURE_SERVICE, "%s: there is none",
		    json_string_value(json_array_get(ids, 0)));
	failure_set_remedy(failure, "check the id, and that --region is the one it was made in");
	return -EREMOTEIO;
}

/* It is there from now on: whoever cannot read stdout must learn which one. */
static void name_created(const struct operation_command *command, const json_t *output,
			 struct failure *failure)
{
	const char *id = operation_output_id(command, output);
	char message[sizeof(failure->message) / 2];

	if (!id || strcmp(command->verb, "create") != 0)
		return;
	snprintf(message, sizeof(message), "%.*s", (int)sizeof(message) - 1, failure->message);
	failure_set(failure, FAILURE_OUTPUT, "%s was created, but %s", id, message);
	failure_set_remedy(failure, "see it with `mirrorcap %s list`", command->noun);
}

static int act(struct client *client, const struct operation_options *options,
	       struct failure *failure)
{
	const struct operation_command *command = options->command;
	json_t *output = NULL;
	int rc;

	if (command->act)
		return command->act(client, options, failure);
	rc = call(client, options, &output, failure);
	if (rc)
		return rc;
	if (json_is_true(json_object_get(options->input, "DryRun"))) {
		fprintf(stderr,
			"mirrorcap: %s %s: dry run: would have succeeded; nothing was done\n",
			command->noun, command->verb);
		return 0;
	}
	rc = check_found(options, output, failure);
	if (!rc) {
		rc = operation_output(stdout, options->form, command, output);
		if (rc) {
			failure_set(failure, FAILURE_OUTPUT, "stdout: cannot write: %s",
				    strerror(-rc));
			name_created(command, output, failure);
		}
	}
	json_decref(output);
	return rc;
}

/* Texts. */

static bool same_noun(const struct operation_command *command, const char *noun)
{
	return strcmp(command->noun, noun) == 0;
}

static void print_usage(FILE *out, const char *noun)
{
	fprintf(out, "usage: mirrorcap %s SUBCOMMAND OPTIONS\n\n", noun);
	for (const struct operation_command *row = operation_table; row->noun; row++) {
		if (same_noun(row, noun))
			fprintf(out, "  %-18s%s\n", row->verb, row->summary);
	}
	fprintf(out, "\n`mirrorcap %s SUBCOMMAND --help` lists its options.\n", noun);
}

static int print_help(const struct operation_command *command)
{
	struct buffer options = {0};

	operation_options_help(command, &options);
	printf("usage: mirrorcap %s %s OPTIONS\n\n%s.\n\n%s", command->noun, command->verb,
	       command->summary, buffer_string(&options));
	if (command->notes)
		printf("\n%s", command->notes);
	buffer_fini(&options);
	return EXIT_CODE_DONE;
}

static int fail(const struct operation_command *command, const struct failure *failure)
{
	char line[LINE_BYTES];

	failure_format(failure, line, sizeof(line));
	fprintf(stderr, "mirrorcap: %s %s: %s\n", command->noun, command->verb, line);
	return failure->kind == FAILURE_USAGE ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

/* Running. */

static void stop(int signal)
{
	stopped = 1;
}

/* A request in flight ends with a word on what may have happened, instead of silently. */
static void catch_signals(void)
{
	const struct sigaction action = {.sa_handler = stop, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static int act_as_client(struct operation_options *options, struct failure *failure)
{
	struct client *client;
	int rc;

	catch_signals();
	options->client.stop = &stopped;
	rc = client_new(&options->client, &client, failure);
	if (rc)
		return rc;
	rc = act(client, options, failure);
	client_free(client);
	return rc;
}

static void warn(const struct operation_command *command, const json_t *input)
{
	char warning[OPERATION_COMMAND_WARNING_BYTES] = "";

	if (command->warn)
		command->warn(input, warning);
	if (*warning)
		fprintf(stderr, "mirrorcap: %s %s: warning: %s\n", command->noun, command->verb,
			warning);
}

static int run(const struct operation_command *command, int argc, char **argv)
{
	struct operation_options options;
	struct failure failure = {0};
	int rc = operation_options_parse(command, argc, argv, &options, &failure);

	if (!rc && options.help) {
		operation_options_fini(&options);
		return print_help(command);
	}
	if (!rc) {
		warn(command, options.input);
		rc = act_as_client(&options, &failure);
	}
	operation_options_fini(&options);
	return rc ? fail(command, &failure) : EXIT_CODE_DONE;
}

int operation_command(int argc, char **argv)
{
	struct near_match near = {.word = argc > 1 ? argv[1] : ""};

	if (argc < 2) {
		print_usage(stderr, argv[0]);
		return EXIT_CODE_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout, argv[0]);
		return EXIT_CODE_DONE;
	}
	for (const struct operation_command *row = operation_table; row->noun; row++) {
		if (!same_noun(row, argv[0]))
			continue;
		if (strcmp(argv[1], row->verb) == 0)
			return run(row, argc - 1, argv + 1);
		near_match_offer(&near, row->verb);
	}
	fprintf(stderr, "mirrorcap: %s %s: no such subcommand: ", argv[0], argv[1]);
	if (near.name)
		fprintf(stderr, "did you mean '%s'?\n", near.name);
	else
		fprintf(stderr, "see mirrorcap %s --help\n", argv[0]);
	return EXIT_CODE_USAGE;
}
