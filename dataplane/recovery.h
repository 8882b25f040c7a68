/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What earlier captures left unfinished where this one is to write.
 */
#ifndef DATAPLANE_RECOVERY_H
#define DATAPLANE_RECOVERY_H

#include "capture/output.h"

/*
 * Recovers the output's directory, or the one file's .part, before anything is written there; says
 * in a line on stderr what was done with each file. What cannot be recovered stays as it is.
 */
void recovery_run(const struct output *output);

#endif
