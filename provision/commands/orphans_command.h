/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap orphans`. */
#ifndef PROVISION_ORPHANS_COMMAND_H
#define PROVISION_ORPHANS_COMMAND_H

/* argv[0] is "orphans". Prints; returns the program's exit code. */
int orphans_command(int argc, char **argv);

#endif
