/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap drift`. */
#ifndef PROVISION_DRIFT_COMMAND_H
#define PROVISION_DRIFT_COMMAND_H

/* argv[0] is "drift". Prints; returns the program's exit code. */
int drift_command(int argc, char **argv);

#endif
