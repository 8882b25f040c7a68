/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/deploy_options.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

enum {
	ANY = DEPLOY_PLAN | DEPLOY_APPLY | DEPLOY_DESTROY | DEPLOY_DRIFT | DEPLOY_ORPHANS,
	DELETES = DEPLOY_PLAN | DEPLOY_APPLY,
	ACTS = DEPLOY_APPLY | DEPLOY_DESTROY | DEPLOY_ORPHANS,
	PRINTS = DEPLOY_PLAN | DEPLOY_DRIFT | DEPLOY_ORPHANS,
	MAX_PERCENT = 100,
	MAX_COUNT = 1000000,
	MAX_WATCH_SECONDS = 24 * 3600,
};

enum option_value {
	OPTION_CONFIG = 0x2000,
	OPTION_SAVE,
	OPTION_OUTPUT,
	OPTION_VERBOSE,
	OPTION_DEPLOYMENT,
	OPTION_YES,
	OPTION_DELETE,
	OPTION_MAX_DELETE,
	OPTION_ALLOW_EMPTY,
	OPTION_DELETE_ORPHANS,
	OPTION_WATCH,
	OPTION_STATE_DIR,
	OPTION_REGION,
	OPTION_PROFILE,
	OPTION_ENDPOINT,
	OPTION_HELP,
	OPTION_END,
};

/* In the order of the enum. */
static const struct row {
	const char *name;
	char letter;          /* 0 for none */
	const char *argument; /* NULL: takes none */
	int commands;
	const char *help;
} rows[] = {
	{"config", 'c', "FILE", ANY, "the configuration (default: " DEPLOY_OPTIONS_CONFIG ")"},
	{"out", 'o', "PLAN", DEPLOY_PLAN, "save the plan, for `mirrorcap apply PLAN`"},
	{"output", 0, "text|json", PRINTS, "form of what is printed (default: text)"},
	{"verbose", 'v', NULL, DEPLOY_PLAN | DEPLOY_APPLY | DEPLOY_DRIFT,
	 "list what stays unchanged, too"},
	{"deployment", 0, "NAME", DEPLOY_DESTROY, "destroy by name, without a configuration"},
	{"yes", 'y', NULL, ACTS, "do not ask"},
	{"delete", 0, NULL, DEPLOY_ORPHANS, "delete them"},
	{"max-delete", 0, "N|P%", DELETES,
	 "refuse to delete more of the deployment's sessions (default: 10%)"},
	{"allow-empty", 0, NULL, DELETES, "a group of sessions may come to select nothing"},
	{"delete-orphans", 0, NULL, DELETES, "delete sessions of sources that are gone"},
	{"watch", 0, "SECONDS", DEPLOY_APPLY, "apply again and again, such as every 60s or 5m"},
	{"state-dir", 0, "DIR", ACTS,
	 "where the journal is (default: /var/lib/mirrorcap for root)"},
	{"region", 0, "REGION", ANY, "default: AWS_REGION, the profile, the instance's own"},
	{"profile", 0, "NAME", ANY, "default: AWS_PROFILE"},
	{"endpoint-url", 0, "URL", ANY,
	 "of every service (default: AWS_ENDPOINT_URL and its like, then the region's)"},
	{"help", 'h', NULL, ANY, "this text"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

_Static_assert(ROWS == OPTION_END - OPTION_CONFIG, "a row for each option");

static int refuse(int value, const char *argument, const char *what, const char *remedy,
		  struct failure *failure)
{
	failure_set(failure, FAILURE_USAGE, "--%s '%s': %s", rows[value - OPTION_CONFIG].name,
		    argument, what);
	failure_set_remedy(failure, "%s", remedy);
	return -EINVAL;
}

/* Values. */

/* Digits at the start of text; *end: what follows. False where there is none or above max. */
static bool parse_number(const char *text, uint32_t max, uint32_t *number, const char **end)
{
	uint64_t value = 0;

	for (*end = text; **end >= '0' && **end <= '9'; (*end)++) {
		value = value * 10 + (uint64_t)(**end - '0');
		if (value > max)
			return false;
	}
	*number = (uint32_t)value;
	return *end != text;
}

static int set_max_delete(struct deploy_max_delete *max, const char *argument,
			  struct failure *failure)
{
	const char *end;

	if (parse_number(argument, MAX_COUNT, &max->value, &end)) {
		max->percent = strcmp(end, "%") == 0;
		if (!*end || (max->percent && max->value <= MAX_PERCENT))
			return 0;
	}
	return refuse(OPTION_MAX_DELETE, argument, "not a limit",
		      "give a number of sessions, such as 5, or a share of them, such as 20%",
		      failure);
}

static int set_watch(uint32_t *seconds, const char *argument, struct failure *failure)
{
	static const struct {
		const char *suffix;
		uint32_t seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}};
	const char *end;
	uint32_t number;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!parse_number(argument, MAX_WATCH_SECONDS, &number, &end) ||
		    strcmp(end, units[i].suffix) != 0)
			continue;
		*seconds = number * units[i].seconds;
		if (*seconds >= DEPLOY_MIN_WATCH_SECONDS && *seconds <= MAX_WATCH_SECONDS)
			return 0;
	}
	return refuse(OPTION_WATCH, argument, "not an interval",
		      "give 5s to 24h, such as 60s or 5m", failure);
}

static int set_text(const char **text, int value, const char *argument, struct failure *failure)
{
	if (!*argument)
		return refuse(value, argument, "is empty", "give a value or leave it out", failure);
	*text = argument;
	return 0;
}

/* The name becomes part of file names and of a tag. */
static int set_deployment(const char **deployment, const char *argument, struct failure *failure)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strlen(argument);

	if (!length || length > 64 || strspn(argument, letters) != length ||
	    strchr("._-", *argument))
		return refuse(OPTION_DEPLOYMENT, argument, "not a deployment's name",
			      "give the configuration's deployment: such as soc-prod", failure);
	*deployment = argument;
	return 0;
}

static int set_output(bool *json, const char *argument, struct failure *failure)
{
	*json = strcmp(argument, "json") == 0;
	if (*json || strcmp(argument, "text") == 0)
		return 0;
	return refuse(OPTION_OUTPUT, argument, "not a form of output", "give text or json",
		      failure);
}

static int set(struct deploy_options *options, int value, const char *argument,
	       struct failure *failure)
{
	switch ((enum option_value)value) {
	case OPTION_CONFIG:
		options->config_given = true;
		return set_text(&options->config, value, argument, failure);
	case OPTION_SAVE:
		return set_text(&options->output, value, argument, failure);
	case OPTION_OUTPUT:
		return set_output(&options->json, argument, failure);
	case OPTION_DEPLOYMENT:
		return set_deployment(&options->deployment, argument, failure);
	case OPTION_MAX_DELETE:
		return set_max_delete(&options->max_delete, argument, failure);
	case OPTION_WATCH:
		return set_watch(&options->watch_seconds, argument, failure);
	case OPTION_STATE_DIR:
		return set_text(&options->state_dir, value, argument, failure);
	case OPTION_REGION:
		return set_text(&options->client.region, value, argument, failure);
	case OPTION_PROFILE:
		return set_text(&options->client.profile, value, argument, failure);
	case OPTION_ENDPOINT:
		return set_text(&options->client.endpoint_url, value, argument, failure);
	case OPTION_VERBOSE:
		options->verbose = true;
		return 0;
	case OPTION_YES:
		options->yes = true;
		return 0;
	case OPTION_ALLOW_EMPTY:
		options->allow_empty = true;
		return 0;
	case OPTION_DELETE:
	case OPTION_DELETE_ORPHANS:
		options->delete_orphans = true;
		return 0;
	case OPTION_HELP:
		options->help = true;
		return 0;
	case OPTION_END:
		break;
	}
	return -EINVAL;
}

/* The whole. */

/* table: ROWS + 1 rows. letters: 2 * ROWS + 2 characters. */
static void fill_tables(enum deploy_command command, struct option *table, char *letters)
{
	*letters++ = ':';
	for (size_t i = 0; i < ROWS; i++) {
		if (!(rows[i].commands & command))
			continue;
		*table++ = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = OPTION_CONFIG + (int)i,
		};
		if (!rows[i].letter)
			continue;
		*letters++ = rows[i].letter;
		if (rows[i].argument)
			*letters++ = ':';
	}
	*table = (struct option){0};
	*letters = '\0';
}

static int value_of_letter(int letter)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].letter && rows[i].letter == letter)
			return OPTION_CONFIG + (int)i;
	}
	return letter;
}

static int bad_option(int result, const char *name, const char *word, struct failure *failure)
{
	int length = (int)strcspn(word, "=");

	if (result == ':')
		failure_set(failure, FAILURE_USAGE, "%s: needs a value", word);
	else if (optopt >= OPTION_CONFIG)
		failure_set(failure, FAILURE_USAGE, "%.*s: takes no value", length, word);
	else
		failure_set(failure, FAILURE_USAGE, "%.*s: no such option", length, word);
	failure_set_remedy(failure, "see mirrorcap %s --help", name);
	return -EINVAL;
}

static int check(enum deploy_command command, const char *name, int argc, char **argv,
		 struct deploy_options *options, struct failure *failure)
{
	const char *what = NULL;

	if (command == DEPLOY_APPLY && optind < argc)
		options->plan_file = argv[optind++];
	if (optind < argc) {
		failure_set(failure, FAILURE_USAGE, "'%s': not an option", argv[optind]);
		failure_set_remedy(failure, "see mirrorcap %s --help", name);
		return -EINVAL;
	}
	if (options->plan_file && options->watch_seconds)
		what = "a saved plan and --watch: a plan is applied once: leave one of them out";
	else if (options->deployment && options->config_given)
		what = "--deployment and --config: give one of them";
	else if (options->watch_seconds && !options->yes)
		what = "--watch: nobody is there to be asked: give --yes, too";
	if (!what)
		return 0;
	failure_set(failure, FAILURE_USAGE, "%s", what);
	return -EINVAL;
}

int deploy_options_parse(enum deploy_command command, int argc, char **argv,
			 struct deploy_options *options, struct failure *failure)
{
	struct option table[ROWS + 1];
	char letters[2 * ROWS + 2];
	int value, rc;

	*options = (struct deploy_options){
		.config = DEPLOY_OPTIONS_CONFIG,
		.max_delete = {.value = DEPLOY_MAX_DELETE_PERCENT, .percent = true},
	};
	fill_tables(command, table, letters);
	opterr = 0;
	while ((value = getopt_long(argc, argv, letters, table, NULL)) != -1) {
		if (value == '?' || value == ':')
			return bad_option(value, argv[0], argv[optind - 1], failure);
		rc = set(options, value_of_letter(value), optarg, failure);
		if (rc || options->help)
			return rc;
	}
	return check(command, argv[0], argc, argv, options, failure);
}

void deploy_options_help(enum deploy_command command, FILE *out)
{
	for (size_t i = 0; i < ROWS; i++) {
		char option[64], letter[8] = "    ";

		if (!(rows[i].commands & command))
			continue;
		if (rows[i].letter)
			snprintf(letter, sizeof(letter), "-%c, ", rows[i].letter);
		snprintf(option, sizeof(option), "%s--%s %s", letter, rows[i].name,
			 rows[i].argument ? rows[i].argument : "");
		fprintf(out, "  %-26s  %s\n", option, rows[i].help);
	}
}
