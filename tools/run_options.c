/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run_options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum own_option {
	OPTION_DELETE_ON_EXIT = 1,
	OPTION_DELETE_SHARED,
	OPTION_HELP,
	OPTION_VNI, /* these two are the capture's, and read here too */
	OPTION_SESSIONS,
};

static const struct option own_options[] = {
	{"delete-on-exit", no_argument, NULL, OPTION_DELETE_ON_EXIT},
	{"delete-shared", no_argument, NULL, OPTION_DELETE_SHARED},
	{"help", no_argument, NULL, OPTION_HELP},
	{"vni", required_argument, NULL, OPTION_VNI},
	{"sessions", required_argument, NULL, OPTION_SESSIONS},
};

enum {
	OWN_OPTIONS = sizeof(own_options) / sizeof(own_options[0]),
};

/* What reading the command line needs beside its result. */
struct parse {
	struct run_options *options;
	struct option table[OWN_OPTIONS + SESSION_OPTIONS_MAX]; /* ends with a row of zeros */
	const char *sessions_file;
};

static int usage_error(struct failure *failure, const char *object, const char *value,
		       const char *what, const char *remedy)
{
	failure_set(failure, FAILURE_USAGE, "%s%s%s: %s", object, *value ? " " : "", value, what);
	failure_set_remedy(failure, "%s", remedy);
	return -EINVAL;
}

/*
 * The row of a word "--NAME" or "--NAME=VALUE", or NULL. Names are not abbreviated: what is no
 * full name is left to the capture to judge.
 */
static const struct option *find_row(const struct option *table, const char *word)
{
	size_t length;

	if (strncmp(word, "--", 2) != 0)
		return strcmp(word, "-h") == 0 ? &own_options[OPTION_HELP - 1] : NULL;
	word += 2;
	length = strcspn(word, "=");
	for (; table->name; table++) {
		if (strlen(table->name) == length && strncmp(table->name, word, length) == 0)
			return table;
	}
	return NULL;
}

static void pass_to_capture(struct run_options *options, const char *word)
{
	options->capture[options->capture_count++] = word;
}

static int add_vni(struct run_options *options, const char *argument, struct failure *failure)
{
	char error[SESSION_ERROR_BYTES];

	if (session_map_add_argument(&options->map, argument, error) < 0)
		return usage_error(failure, "--vni", argument, error,
				   "see mirrorcap capture --help");
	return 0;
}

static int take_own(struct parse *parse, int value, const char *argument, struct failure *failure)
{
	struct run_options *options = parse->options;

	switch ((enum own_option)value) {
	case OPTION_DELETE_ON_EXIT:
		options->delete_on_exit = true;
		return 0;
	case OPTION_DELETE_SHARED:
		options->delete_shared = true;
		return 0;
	case OPTION_HELP:
		options->help = true;
		return 0;
	case OPTION_VNI:
		return add_vni(options, argument, failure);
	case OPTION_SESSIONS:
		parse->sessions_file = argument;
		return 0;
	}
	return -EINVAL;
}

/*
 * Reads the option in words[0], whose row is known.
 * Returns the number of words that it takes, or -errno.
 */
static int take(struct parse *parse, const struct option *row, char **words,
		struct failure *failure)
{
	const char *argument = strchr(words[0], '=');
	int used = 1, rc;

	if (argument && row->has_arg == no_argument)
		return usage_error(failure, words[0], "", "takes no value", "leave it out");
	if (argument)
		argument++;
	if (!argument && row->has_arg == required_argument)
		argument = words[used++];
	if (!argument && row->has_arg == required_argument)
		return usage_error(failure, words[0], "", "needs a value",
				   "see mirrorcap run --help");
	if (session_options_owns(row->val))
		rc = session_options_set(&parse->options->session, row->val, argument, failure);
	else
		rc = take_own(parse, row->val, argument, failure);
	if (rc)
		return rc;
	for (int i = 0; i < used && (row->val == OPTION_VNI || row->val == OPTION_SESSIONS); i++)
		pass_to_capture(parse->options, words[i]);
	return used;
}

/* words: NULL-terminated. */
static int split(struct parse *parse, char **words, struct failure *failure)
{
	while (*words && !parse->options->help && strcmp(*words, "--") != 0) {
		const struct option *row = find_row(parse->table, *words);
		int used = 1;

		if (row)
			used = take(parse, row, words, failure);
		else
			pass_to_capture(parse->options, *words);
		if (used < 0)
			return used;
		words += used;
	}
	while (*words)
		pass_to_capture(parse->options, *words++);
	return 0;
}

static int read_map(struct parse *parse, struct failure *failure)
{
	char error[SESSION_ERROR_BYTES], warning[SESSION_ERROR_BYTES];
	struct session_map *map = &parse->options->map;

	if (!parse->sessions_file)
		return 0;
	if (map->count)
		return usage_error(failure, "--sessions", parse->sessions_file,
				   "and --vni exclude "
				   "each other",
				   "give one of them");
	if (session_map_read(map, parse->sessions_file, error, warning) == 0)
		return 0;
	return usage_error(failure, "session map", parse->sessions_file, error, "correct the file");
}

static bool map_has(const struct session_map *map, uint32_t vni)
{
	for (uint32_t i = 0; i < map->count; i++) {
		if (map->sessions[i].virtual_network_id == vni)
			return true;
	}
	return false;
}

/* The session and what the capture is told to record must be about the same VNI. */
static int join_map(struct parse *parse, struct failure *failure)
{
	struct mirror_session_spec *spec = &parse->options->session.create.spec;
	const struct session_map *map = &parse->options->map;
	const char *option = parse->sessions_file ? "--sessions" : "--vni";

	if (!map->count && !parse->sessions_file)
		return 0;
	if (!spec->has_virtual_network_id && map->count == 1) {
		spec->has_virtual_network_id = true;
		spec->virtual_network_id = map->sessions[0].virtual_network_id;
		if (!spec->packet_length)
			spec->packet_length = map->sessions[0].packet_length;
	}
	if (!spec->has_virtual_network_id)
		return usage_error(failure, option, "", "does not tell which VNI is the session's",
				   "give --virtual-network-id");
	if (!map_has(map, spec->virtual_network_id)) {
		failure_set(failure, FAILURE_USAGE,
			    "%s: lacks the session's VNI %u: none of its "
			    "packets would be recorded",
			    option, spec->virtual_network_id);
		failure_set_remedy(failure, "add it, or leave %s out", option);
		return -EINVAL;
	}
	return 0;
}

int run_options_parse(struct run_options *options, int argc, char **argv, char *warning,
		      struct failure *failure)
{
	struct parse parse = {.options = options};
	int rc;

	*options = (struct run_options){0};
	*warning = '\0';
	memcpy(parse.table, own_options, sizeof(own_options));
	session_options_getopt(parse.table + OWN_OPTIONS, SESSION_OPTIONS_MAX);
	options->capture = calloc((size_t)argc + 1, sizeof(*options->capture));
	if (!options->capture)
		return failure_memory(failure);
	rc = split(&parse, argv + 1, failure);
	if (rc || options->help)
		return rc;
	rc = session_options_check(&options->session, warning, failure);
	if (!rc)
		rc = read_map(&parse, failure);
	if (!rc)
		rc = join_map(&parse, failure);
	return rc;
}

void run_options_fini(struct run_options *options)
{
	session_options_fini(&options->session);
	session_map_fini(&options->map);
	free(options->capture);
	*options = (struct run_options){0};
}

int run_options_help(void)
{
	struct buffer text = {0};
	bool failed;

	session_options_help(&text);
	printf("usage: mirrorcap run SESSION-OPTIONS CAPTURE-OPTIONS [--delete-on-exit]\n\n"
	       "Starts a capture and, once it receives, adopts the session that matches or creates "
	       "it.\n\nThe session\n%s"
	       "  %-34s  %s\n  %-34s  %s\n\n"
	       "The capture\n"
	       "  All else goes to `mirrorcap capture`, whose --help lists it; -i and -w are "
	       "needed.\n"
	       "  Without --vni and --sessions it records the session's VNI. Without\n"
	       "  --virtual-network-id that is a single --vni's, a matching session's, or a free "
	       "one.\n\n"
	       "Credentials come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
	       "AWS_SESSION_TOKEN,\nelse from the instance's role; the capture never sees them. "
	       "Exit status: the\ncapture's (0 done, 1 failed, 2 usage, 3 packets were lost), or "
	       "1.\n",
	       buffer_string(&text), "--delete-on-exit",
	       "at the end delete the session, if this run created it", "--delete-shared",
	       "also where its target is a load balancer, or unknown");
	failed = buffer_error(&text) || fflush(stdout) != 0;
	buffer_fini(&text);
	return failed ? -EIO : 0;
}
