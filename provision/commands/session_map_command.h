/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap session-map`. */
#ifndef PROVISION_SESSION_MAP_COMMAND_H
#define PROVISION_SESSION_MAP_COMMAND_H

/* argv[0] is "session-map". Prints; returns the program's exit code. */
int session_map_command(int argc, char **argv);

#endif
