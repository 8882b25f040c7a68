/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The traffic mirror session of a run: an existing one that matches is adopted and stays; else one
 * is created, which the run may delete at its end. Tells people on stderr what became of it;
 * failures are the caller's to print.
 */
#ifndef TOOLS_RUN_SESSION_H
#define TOOLS_RUN_SESSION_H

#include <stdbool.h>

#include "provision/api/ec2.h"
#include "provision/aws/failure.h"
#include "tools/run_options.h"

/* Zeroed is none. */
struct run_session {
	struct client *client;             /* borrowed */
	const struct run_options *options; /* borrowed */
	char *id;                          /* owned; NULL where there is none */
	const char *stays;                 /* why it is not to be deleted; NULL where it is */
	bool deleted;
};

/*
 * Settles the VNI, so that the capture can start before the session exists: where spec has none,
 * that of the session that matches it, with its packet length, else a random one that no session
 * of the target has.
 * Returns 0 or -errno with failure set.
 */
int run_session_choose_vni(struct client *client, struct mirror_session_spec *spec,
			   struct failure *failure);

/*
 * Adopts or creates the session of options.
 * session: needs no initialisation; on 0 run_session_end() is called once.
 * Returns 0, or -errno with failure set: then no session of this run is left, or the failure's
 * remedy tells how to find it.
 */
int run_session_begin(struct run_session *session, struct client *client,
		      const struct run_options *options, struct failure *failure);

/*
 * Deletes the session where that is asked for and allowed, else tells how to delete it.
 * Returns 0, or -errno with failure set where it could not be deleted.
 */
int run_session_end(struct run_session *session, struct failure *failure);

#endif
