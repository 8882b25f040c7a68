/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap apply`. */
#ifndef PROVISION_APPLY_COMMAND_H
#define PROVISION_APPLY_COMMAND_H

/* argv[0] is "apply". Prints; returns the program's exit code. */
int apply_command(int argc, char **argv);

#endif
