/* SPDX-License-Identifier: Apache-2.0 */
/* `mirrorcap iam-policy`. */
#ifndef PROVISION_IAM_POLICY_COMMAND_H
#define PROVISION_IAM_POLICY_COMMAND_H

/* argv[0] is "iam-policy". Prints; asks nobody. Returns the program's exit code. */
int iam_policy_command(int argc, char **argv);

#endif
