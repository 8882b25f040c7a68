/* SPDX-License-Identifier: Apache-2.0 */
/* mirrorcap-provision: what mirrorcap does at AWS. Users reach it through `mirrorcap`. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "provision/commands/session_command.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"session", session_command, "create, list, show and delete traffic mirror sessions"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
	fputs("usage: mirrorcap COMMAND ARGUMENTS\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s%s\n", commands[i].name, commands[i].summary);
}

int main(int argc, char **argv)
{
	/* Keys are in memory: neither a core file nor another process of the user gets them. */
	prctl(PR_SET_DUMPABLE, 0);
	if (argc < 2) {
		print_usage(stderr);
		return EXIT_CODE_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_usage(stdout);
		return EXIT_CODE_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("mirrorcap-provision %s\n", MIRRORCAP_VERSION);
		return EXIT_CODE_DONE;
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	fprintf(stderr, "mirrorcap: %s: no such command: see mirrorcap --help\n", argv[1]);
	return EXIT_CODE_USAGE;
}
