/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap whoami`: which identity signs, where it comes from, and where requests go. */
#ifndef PROVISION_WHOAMI_COMMAND_H
#define PROVISION_WHOAMI_COMMAND_H

/* argv[0] is "whoami". Prints to stdout, failures to stderr. Returns an enum exit_code. */
int whoami_command(int argc, char **argv);

#endif
