/* SPDX-License-Identifier: Apache-2.0 */
/* mirrorcap-provision: what mirrorcap does at AWS. Users reach it through `mirrorcap`. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "provision/commands/apply_command.h"
#include "provision/commands/destroy_command.h"
#include "provision/commands/drift_command.h"
#include "provision/commands/exit_code.h"
#include "provision/commands/iam_policy_command.h"
#include "provision/commands/operation_command.h"
#include "provision/commands/orphans_command.h"
#include "provision/commands/plan_command.h"
#include "provision/commands/session_map_command.h"
#include "provision/commands/whoami_command.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{"plan", plan_command, "show what must change so that AWS has what is declared"},
	{"apply", apply_command, "make AWS have what is declared, once or for ever"},
	{"destroy", destroy_command, "delete what a deployment owns"},
	{"drift", drift_command, "check that AWS has what is declared"},
	{"orphans", orphans_command, "find sessions that are billed and mirror nothing"},
	{"session", operation_command, "which interface is mirrored, with which filter, to where"},
	{"target", operation_command, "where mirrored packets go"},
	{"filter", operation_command, "which packets are mirrored"},
	{"filter-rule", operation_command, "the rules of a filter"},
	{"load-balancer", operation_command, "a Network Load Balancer before collectors"},
	{"target-group", operation_command, "collectors behind a load balancer, their health"},
	{"listener", operation_command, "what a load balancer listens to"},
	{"whoami", whoami_command, "show which identity signs, and where requests go"},
	{"session-map", session_map_command, "write the session map that captures read"},
	{"iam-policy", iam_policy_command, "print the IAM policies that are needed"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

enum { HEAP_PAD_BYTES = 16 << 20, HEAP_KEPT_BYTES = 64 << 20 };

/* An answer of a thousand resources is a megabyte that becomes many small pieces and is given up
 * again: without this, half of a long list's CPU time goes into returning memory to the kernel and
 * getting it back (2.4 s to 0.95 s for 10,000 instances and their interfaces). */
static void keep_heap(void)
{
	mallopt(M_TOP_PAD, HEAP_PAD_BYTES);
	mallopt(M_TRIM_THRESHOLD, HEAP_KEPT_BYTES);
	mallopt(M_MMAP_THRESHOLD, HEAP_PAD_BYTES);
}

static void print_usage(FILE *out)
{
	fputs("usage: mirrorcap COMMAND ARGUMENTS\n\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-15s%s\n", commands[i].name, commands[i].summary);
}

int main(int argc, char **argv)
{
	/* Keys are in memory: neither a core file nor another process of the user gets them. */
	prctl(PR_SET_DUMPABLE, 0);
	/* Who reads stdout may be gone: what was created must be told on stderr then. */
	signal(SIGPIPE, SIG_IGN);
	keep_heap();
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
