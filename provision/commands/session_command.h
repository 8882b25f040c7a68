/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap session create|list|show|delete`. */
#ifndef PROVISION_SESSION_COMMAND_H
#define PROVISION_SESSION_COMMAND_H

enum exit_code {
	EXIT_CODE_DONE = 0,
	EXIT_CODE_FAILED = 1,
	EXIT_CODE_USAGE = 2,
};

/* argv[0] is "session". Prints; returns the program's exit code. */
int session_command(int argc, char **argv);

#endif
