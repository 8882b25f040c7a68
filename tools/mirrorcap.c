/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorcap, the front: one word for each of the programs. The table below is at once the
 * dispatch and the usage.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/spawn.h"

enum exit_code {
	EXIT_USAGE = 2,
};

static const struct subcommand {
	const char *name;
	const char *program;
	const char *argument; /* the program's own word for it, before the user's; or NULL */
	bool clean;           /* parses hostile packets: no credentials, no open descriptors */
	const char *summary;
} subcommands[] = {
	{"plan", "mirrorcap-provision", "plan", false,
	 "show what must change so that AWS has what the configuration declares"},
	{"apply", "mirrorcap-provision", "apply", false,
	 "make AWS have what the configuration declares, once or for ever"},
	{"destroy", "mirrorcap-provision", "destroy", false, "delete what a deployment owns"},
	{"drift", "mirrorcap-provision", "drift", false,
	 "check that AWS has what the configuration declares (exit code 2: it has not)"},
	{"orphans", "mirrorcap-provision", "orphans", false,
	 "find sessions that are billed and mirror nothing"},
	{"capture", "mirrorcap-capture", NULL, true,
	 "receive mirrored packets, write pcap files (needs no AWS credentials)"},
	{"session", "mirrorcap-provision", "session", false,
	 "create, modify, list, show and delete Traffic Mirror sessions"},
	{"target", "mirrorcap-provision", "target", false,
	 "create, list, show and delete Traffic Mirror targets"},
	{"filter", "mirrorcap-provision", "filter", false,
	 "create, list, show and delete Traffic Mirror filters"},
	{"filter-rule", "mirrorcap-provision", "filter-rule", false,
	 "create, modify, list, show and delete their rules"},
	{"load-balancer", "mirrorcap-provision", "load-balancer", false,
	 "set up a Network Load Balancer before collectors, or tear it down"},
	{"target-group", "mirrorcap-provision", "target-group", false,
	 "register collectors, list their health"},
	{"listener", "mirrorcap-provision", "listener", false, "what a load balancer listens to"},
	{"whoami", "mirrorcap-provision", "whoami", false,
	 "show which AWS identity signs, and where requests go"},
	{"session-map", "mirrorcap-provision", "session-map", false,
	 "write the session map that captures read, and keep it current"},
	{"iam-policy", "mirrorcap-provision", "iam-policy", false,
	 "print the IAM policies that a configuration needs"},
	{"run", "mirrorcap-run", NULL, false,
	 "start a capture, create its session, and end both together"},
	{"recover", "mirrorcap-recover", NULL, true,
	 "make complete files of what captures that were cut short have left"},
	{"ledger", "mirrorcap-ledger", NULL, false,
	 "print the packet accounts of a running or finished capture"},
	{"info", "mirrorcap-info", NULL, true,
	 "say what is in capture files, and whether they are whole"},
	{"verify", "mirrorcap-verify", NULL, true,
	 "check captured files against their manifests, chains and signatures"},
	{"merge", "mirrorcap-merge", NULL, true,
	 "write the packets of several capture files to one, by time"},
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static void print_usage(FILE *out)
{
	fputs("usage: mirrorcap SUBCOMMAND [ARGUMENTS]\n\n", out);
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		fprintf(out, "  %-13s  %s\n", subcommands[i].name, subcommands[i].summary);
	fputs("  help           this text, or a subcommand's: mirrorcap help SUBCOMMAND\n\n"
	      "  --version\n",
	      out);
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Insertions, deletions and replacements that make a out of b; b is a subcommand's name. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t length = strlen(b);
	size_t row[32], diagonal, above;

	if (length >= sizeof(row) / sizeof(row[0]))
		return SIZE_MAX;
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			above = row[j];
			row[j] = min_size(min_size(above, row[j - 1]) + 1,
					  diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[length];
}

/* The subcommand that word may have meant, or NULL. */
static const char *near_match(const char *word)
{
	size_t best = 3, distance;
	const char *match = NULL;

	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		const char *name = subcommands[i].name;

		distance = edit_distance(word, name);
		if (*word && strncmp(word, name, strlen(word)) == 0)
			distance = 1;
		if (distance < best && distance < strlen(name)) {
			best = distance;
			match = name;
		}
	}
	return match;
}

static const struct subcommand *find_subcommand(const char *word)
{
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		if (strcmp(word, subcommands[i].name) == 0)
			return &subcommands[i];
	return NULL;
}

static int unknown_subcommand(const char *word)
{
	const char *match = near_match(word);

	if (match)
		fprintf(stderr, "mirrorcap: %s: no such subcommand: did you mean '%s'?\n", word,
			match);
	else
		fprintf(stderr, "mirrorcap: %s: no such subcommand: see 'mirrorcap help'\n", word);
	return EXIT_USAGE;
}

/* Becomes the subcommand's program; arguments is NULL-terminated. Returns only on failure. */
static int become(const struct subcommand *subcommand, int count, char *const arguments[])
{
	char path[PATH_MAX];
	char **argv = calloc((size_t)count + 3, sizeof(*argv));
	size_t used = 0;
	int rc;

	if (!argv) {
		fprintf(stderr, "mirrorcap: %s: out of memory\n", subcommand->name);
		return EXIT_FAILURE;
	}
	argv[used++] = (char *)subcommand->program;
	if (subcommand->argument)
		argv[used++] = (char *)subcommand->argument;
	memcpy(argv + used, arguments, (size_t)count * sizeof(*argv));

	rc = spawn_find_program(subcommand->program, path, sizeof(path));
	if (rc == 0 && subcommand->clean)
		rc = spawn_exec_clean(path, argv, SPAWN_FIRST_FD);
	else if (rc == 0)
		rc = spawn_exec(path, argv);
	fprintf(stderr, "mirrorcap: %s: cannot start %s: %s: is mirrorcap installed completely?\n",
		subcommand->name, subcommand->program, strerror(-rc));
	free(argv);
	return EXIT_FAILURE;
}

static int help(int argc, char **argv)
{
	char *const ask_help[] = {(char *)"--help", NULL};
	const struct subcommand *subcommand;

	if (argc > 0) {
		subcommand = find_subcommand(argv[0]);
		return subcommand ? become(subcommand, 1, ask_help) : unknown_subcommand(argv[0]);
	}
	print_usage(stdout);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct subcommand *subcommand;

	if (argc < 2) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 ||
	    strcmp(argv[1], "-h") == 0)
		return help(argc - 2, argv + 2);
	if (strcmp(argv[1], "--version") == 0) {
		puts("mirrorcap " MIRRORCAP_VERSION);
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	subcommand = find_subcommand(argv[1]);
	if (!subcommand)
		return unknown_subcommand(argv[1]);
	return become(subcommand, argc - 2, argv + 2);
}
