/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What earlier captures left unfinished where this one is to write.
 */
#ifndef DATAPLANE_RECOVERY_H
#define DATAPLANE_RECOVERY_H

#include <stdint.h>

#include "capture/output.h"

/* The files that were published. */
struct recovery {
	char **paths; /* owned */
	uint32_t count;
};

/*
 * Recovers the output's directory, or the one file's .part, before anything is written there; says
 * in a line on stderr what was done with each file. What cannot be recovered stays as it is.
 * recovery_fini() in any case.
 */
void recovery_run(struct recovery *recovery, const struct output *output);
void recovery_fini(struct recovery *recovery);

#endif
