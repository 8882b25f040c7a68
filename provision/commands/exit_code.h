/* SPDX-License-Identifier: Apache-2.0 */
/* What the program's exit code tells. */
#ifndef PROVISION_EXIT_CODE_H
#define PROVISION_EXIT_CODE_H

enum exit_code {
	EXIT_CODE_DONE = 0,
	EXIT_CODE_FAILED = 1,
	EXIT_CODE_USAGE = 2,
};

#endif
