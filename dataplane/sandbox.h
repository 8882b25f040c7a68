/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox: what parses hostile packets cannot reach the network.
 */
#ifndef DATAPLANE_SANDBOX_H
#define DATAPLANE_SANDBOX_H

/*
 * Closes the process, all its threads, for good: no new privileges; no new socket but local ones,
 * by system call (seccomp) or by io_uring (no new ring; the writers' own are restricted). Call it
 * when ports and writers are up. Returns 0 or -errno.
 */
int sandbox_close(void);

#endif
