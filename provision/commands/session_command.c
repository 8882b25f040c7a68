/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/session_command.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "provision/api/ec2.h"
#include "provision/aws/client.h"
#include "provision/commands/session_options.h"
#include "provision/commands/session_output.h"

enum { LINE_BYTES = 2048 };

struct subcommand {
	const char *name;
	enum session_command command;
	/* Prints what it found; returns 0, or -errno with failure set. */
	int (*act)(struct client *client, const struct session_options *options,
		   struct failure *failure);
	const char *summary;
	const char *notes; /* what the options' own lines cannot say */
};

static volatile sig_atomic_t stopped;

/* The four actions. */

static int written(int rc, struct failure *failure)
{
	if (rc)
		failure_set(failure, FAILURE_OUTPUT, "stdout: cannot write: %s", strerror(-rc));
	return rc;
}

static void say_dry_run(const char *name)
{
	fprintf(stderr, "mirrorcap: session %s: dry run: would have succeeded; nothing was done\n",
		name);
}

static int create(struct client *client, const struct session_options *options,
		  struct failure *failure)
{
	struct ec2_created created;
	int rc = ec2_create_session(client, &options->create, &created, failure);

	if (rc)
		return rc;
	if (!created.session.traffic_mirror_session_id)
		say_dry_run("create");
	else
		rc = written(session_output_created(stdout, options->output, &created), failure);
	/* It mirrors from now on: whoever cannot read stdout must learn which one. */
	if (rc) {
		failure_set(failure, FAILURE_OUTPUT, "%s was created, but %s",
			    created.session.traffic_mirror_session_id, failure->message);
		failure_set_remedy(failure,
				   "see it with `mirrorcap session show "
				   "--traffic-mirror-session-id %s`",
				   created.session.traffic_mirror_session_id);
	}
	ec2_created_fini(&created);
	return rc;
}

static int list(struct client *client, const struct session_options *options,
		struct failure *failure)
{
	const struct ec2_describe describe = {
		.filters = options->filters,
		.filter_count = options->filter_count,
		.dry_run = options->create.dry_run,
	};
	struct mirror_session_list sessions;
	int rc = ec2_describe_sessions(client, &describe, &sessions, failure);

	if (rc)
		return rc;
	if (options->create.dry_run)
		say_dry_run("list");
	else
		rc = written(session_output_list(stdout, options->output, &sessions), failure);
	mirror_session_list_fini(&sessions);
	return rc;
}

static int show(struct client *client, const struct session_options *options,
		struct failure *failure)
{
	struct mirror_session session;
	int rc = ec2_wait_session(client, options->traffic_mirror_session_id, 0, &session, failure);

	if (rc)
		return rc;
	rc = written(session_output_session(stdout, options->output, &session), failure);
	mirror_session_fini(&session);
	return rc;
}

static int delete (struct client *client, const struct session_options *options,
		   struct failure *failure)
{
	const char *id = options->traffic_mirror_session_id;
	int rc = ec2_delete_session(client, id, options->create.dry_run, failure);

	if (rc)
		return rc;
	if (options->create.dry_run) {
		say_dry_run("delete");
		return 0;
	}
	return written(session_output_deleted(stdout, options->output, id), failure);
}

static const struct subcommand subcommands[] = {
	{"create", SESSION_CREATE, create, "create a session: AWS starts to mirror at once",
	 "A repeated --client-token with the same options creates no second session.\n"},
	{"list", SESSION_LIST, list, "list the region's sessions",
	 "NAME is one of EC2's: description, network-interface-id, owner-id, packet-length,\n"
	 "session-number, traffic-mirror-filter-id, traffic-mirror-session-id,\n"
	 "traffic-mirror-target-id, virtual-network-id. Further filters may follow as\n"
	 "arguments, as AWS CLI has it. A session must match all filters, and one value of each.\n"},
	{"show", SESSION_SHOW, show, "show one session", ""},
	{"delete", SESSION_DELETE, delete, "delete a session: AWS stops to mirror at once", ""},
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

/* Texts. */

static void print_usage(FILE *out)
{
	fputs("usage: mirrorcap session SUBCOMMAND OPTIONS\n\n", out);
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		fprintf(out, "  %-8s%s\n", subcommands[i].name, subcommands[i].summary);
	fputs("\n`mirrorcap session SUBCOMMAND --help` lists its options.\n", out);
}

static int print_help(const struct subcommand *subcommand)
{
	struct buffer options = {0};

	session_options_help(subcommand->command, &options);
	printf("usage: mirrorcap session %s OPTIONS\n\n%s.\n\n%s", subcommand->name,
	       subcommand->summary, buffer_string(&options));
	printf("  %-34s  %s\n", "--help", "this text");
	if (*subcommand->notes)
		printf("\n%s", subcommand->notes);
	printf("\nCredentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
	       "AWS_SESSION_TOKEN,\nelse from the instance's role.\n");
	buffer_fini(&options);
	return EXIT_CODE_DONE;
}

static int fail(const struct subcommand *subcommand, const struct failure *failure)
{
	char line[LINE_BYTES];

	failure_format(failure, line, sizeof(line));
	fprintf(stderr, "mirrorcap: session %s: %s\n", subcommand->name, line);
	return failure->kind == FAILURE_USAGE ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

/* Options. */

/* The table's option of that value, or NULL. */
static const struct option *find_option(const struct option *table, int value)
{
	for (; table->name; table++) {
		if (table->val == value)
			return table;
	}
	return NULL;
}

/* True where the word, "--NAME" or "--NAME=VALUE", could be several of the table's options. */
static bool ambiguous(const struct option *table, const char *word)
{
	size_t length, count = 0;

	if (strncmp(word, "--", 2) != 0)
		return false;
	word += 2;
	length = strcspn(word, "=");
	for (; table->name; table++)
		count += strncmp(table->name, word, length) == 0;
	return count > 1;
}

/* result and optopt: of getopt_long(). word: the last that it read. */
static int bad_option(const struct subcommand *subcommand, const struct option *table, int result,
		      const char *word, struct failure *failure)
{
	const struct option *known = find_option(table, optopt);
	int name_length = (int)strcspn(word, "=");

	if (known && result == ':')
		failure_set(failure, FAILURE_USAGE, "--%s: needs a value", known->name);
	else if (known && strncmp(word, "--", 2) == 0)
		failure_set(failure, FAILURE_USAGE, "--%s: takes no value", known->name);
	else if (optopt)
		failure_set(failure, FAILURE_USAGE, "-%c: no such option", optopt);
	else if (ambiguous(table, word))
		failure_set(failure, FAILURE_USAGE, "%.*s: could be several options", name_length,
			    word);
	else
		failure_set(failure, FAILURE_USAGE, "%.*s: no such option", name_length, word);
	failure_set_remedy(failure, "see mirrorcap session %s --help", subcommand->name);
	return -1;
}

/* Only filters may stand without a "--". */
static int parse_operands(const struct subcommand *subcommand, int argc, char **argv,
			  struct session_options *options, struct failure *failure)
{
	int rc = 0;

	for (int i = optind; !rc && i < argc; i++) {
		if (subcommand->command == SESSION_LIST) {
			rc = session_options_add_filter(options, argv[i], failure);
			continue;
		}
		failure_set(failure, FAILURE_USAGE, "'%s': not an option", argv[i]);
		failure_set_remedy(failure, "see mirrorcap session %s --help", subcommand->name);
		rc = -1;
	}
	return rc;
}

/* *help is set where --help was among the options. */
static int parse_options(const struct subcommand *subcommand, int argc, char **argv,
			 struct session_options *options, bool *help, struct failure *failure)
{
	struct option table[SESSION_OPTIONS_MAX + 1] = {{"help", no_argument, NULL, 'h'}};
	int value, rc;

	session_options_getopt(subcommand->command, table + 1, SESSION_OPTIONS_MAX);
	opterr = 0;
	while ((value = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		*help |= value == 'h';
		if (*help)
			return 0;
		if (!session_options_owns(value))
			return bad_option(subcommand, table, value, argv[optind - 1], failure);
		rc = session_options_set(options, value, optarg, failure);
		if (rc)
			return rc;
	}
	return parse_operands(subcommand, argc, argv, options, failure);
}

/* Acting. */

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

static int act(const struct subcommand *subcommand, struct session_options *options,
	       struct failure *failure)
{
	struct client *client;
	int rc;

	catch_signals();
	options->client.stop = &stopped;
	rc = client_new(&options->client, &client, failure);
	if (rc)
		return rc;
	rc = subcommand->act(client, options, failure);
	client_free(client);
	return rc;
}

static int run(const struct subcommand *subcommand, int argc, char **argv)
{
	char warning[SESSION_OPTIONS_WARNING_BYTES];
	struct session_options options = {0};
	struct failure failure = {0};
	bool help = false;
	int rc = parse_options(subcommand, argc, argv, &options, &help, &failure);

	if (!rc && help) {
		session_options_fini(&options);
		return print_help(subcommand);
	}
	if (!rc)
		rc = session_options_check(&options, subcommand->command, warning, &failure);
	if (!rc && *warning)
		fprintf(stderr, "mirrorcap: session %s: warning: %s\n", subcommand->name, warning);
	if (!rc)
		rc = act(subcommand, &options, &failure);
	session_options_fini(&options);
	return rc ? fail(subcommand, &failure) : EXIT_CODE_DONE;
}

int session_command(int argc, char **argv)
{
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_CODE_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return EXIT_CODE_DONE;
	}
	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		if (strcmp(argv[1], subcommands[i].name) == 0)
			return run(&subcommands[i], argc - 1, argv + 1);
	}
	fprintf(stderr, "mirrorcap: session %s: no such subcommand: see mirrorcap session --help\n",
		argv[1]);
	return EXIT_CODE_USAGE;
}
