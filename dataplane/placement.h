/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which CPU does what: workers have theirs to themselves, as far as there are enough.
 */
#ifndef DATAPLANE_PLACEMENT_H
#define DATAPLANE_PLACEMENT_H

#include "dataplane/options.h"

struct placement {
	int control;
	int workers[OPTIONS_WORKERS_MAX];
	int writers[OPTIONS_WORKERS_MAX];
	bool shared; /* a worker shares its CPU: there are too few */
};

/*
 * Workers take --lcores, else the last CPUs that this process may use; control and writers take
 * those that are left, writers from the second one on where there are several. Returns 0, or
 * -EINVAL with a message in error (PORT_ERROR_BYTES): a CPU of --lcores may not be used.
 */
int placement_choose(const struct options *options, struct placement *out, char *error);

#endif
