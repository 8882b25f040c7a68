/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap destroy`. */
#ifndef PROVISION_DESTROY_COMMAND_H
#define PROVISION_DESTROY_COMMAND_H

/* argv[0] is "destroy". Prints; returns the program's exit code. */
int destroy_command(int argc, char **argv);

#endif
