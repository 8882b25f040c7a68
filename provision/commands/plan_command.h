/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap plan`. */
#ifndef PROVISION_PLAN_COMMAND_H
#define PROVISION_PLAN_COMMAND_H

/* argv[0] is "plan". Prints; returns the program's exit code. */
int plan_command(int argc, char **argv);

#endif
