/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real HTTP server in a process of its own (peer.py), for tests of what speaks HTTP: it plays one
 * scenario and reports each request that it got.
 */
#ifndef TESTS_PROVISION_PEER_H
#define TESTS_PROVISION_PEER_H

#include <stdio.h>
#include <sys/types.h>

struct peer {
	pid_t pid;
	FILE *reports;
	int port;
	char url[64]; /* "http://127.0.0.1:PORT" */
};

/* Starts a scenario of peer.py and waits until it listens; fails the test where it does not. */
void peer_start(struct peer *peer, const char *scenario);

/*
 * The next request as "METHOD TARGET" and what the scenario adds, without a newline; waits for it
 * at most 15 seconds. Returns "" where none came. Valid until the next call.
 */
const char *peer_report(struct peer *peer);

void peer_stop(struct peer *peer);

/*
 * Empties the environment of all that the code under test reads. The user's own files under ~/.aws
 * are out of its sight, too.
 */
void peer_clear_environment(void);

/*
 * Writes text to the file of that name in a directory of this test program's own, which is removed
 * at its end. Returns the path, valid until the next call.
 */
const char *peer_file(const char *name, const char *text);

#endif
