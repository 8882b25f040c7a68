/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control thread's loop while the workers poll: signals, the end, the one-second tick, and
 * what must be said while it happens.
 */
#ifndef DATAPLANE_CONTROL_H
#define DATAPLANE_CONTROL_H

#include <stdbool.h>

#include "dataplane/pipeline.h"

/*
 * Blocks SIGUSR1, which would end the process before it can rotate: the first thing of all. What
 * comes before control_run() has nothing to rotate.
 */
void control_hold_rotation(void);

/*
 * Blocks the signals that end a capture, for this thread and all it starts; before the pipeline
 * is opened. SIGPIPE and SIGXFSZ become errors of the write that met them.
 */
void control_block_signals(void);

/*
 * Runs until the capture is over (a signal, -a, or the inputs' end), stops the workers and waits
 * until all is written. Prints errors of outputs and ports to stderr as they happen, and a line
 * of counts every --stats. Returns true where one of those errors makes the capture a failure.
 */
bool control_run(struct pipeline *pipeline);

#endif
