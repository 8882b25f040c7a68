/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `mirrorcap run`: options of the session and of the run itself; all else is
 * the capture's and goes to it as it stands, in its order.
 */
#ifndef TOOLS_RUN_OPTIONS_H
#define TOOLS_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/session_map.h"
#include "provision/commands/session_options.h"

enum run_exit {
	RUN_DONE = 0,
	RUN_FAILED = 1,
	RUN_USAGE = 2,
};

/* Zeroed is empty. */
struct run_options {
	struct session_options session;
	bool delete_on_exit;
	bool delete_shared;
	bool help;
	/* What --vni or --sessions tell the capture; empty where the run is to tell it. */
	struct session_map map;
	const char **capture; /* owned, its texts borrowed: the capture's own arguments */
	size_t capture_count;
};

/*
 * Reads and checks the command line. Where one --vni is given and no --virtual-network-id, the
 * session takes its VNI and, if there is no --packet-length, its length.
 * warning: SESSION_OPTIONS_WARNING_BYTES; set to what is allowed but hardly meant, else "".
 * Returns 0 (also with help set: then nothing was checked), or -errno with failure set.
 * run_options_fini() in any case.
 */
int run_options_parse(struct run_options *options, int argc, char **argv, char *warning,
		      struct failure *failure);

void run_options_fini(struct run_options *options);

/* Prints what --help tells. Returns 0 or -EIO. */
int run_options_help(void);

#endif
