/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox: what parses hostile packets cannot reach the network.
 */
#ifndef DATAPLANE_SANDBOX_H
#define DATAPLANE_SANDBOX_H

#include <stdbool.h>

/*
 * Closes the process, all its threads, for good: no new privileges; no new socket but local ones,
 * by system call (seccomp) or by io_uring (no new ring; the writers' own are restricted); no new
 * BPF program, map or link. Call it when ports and writers are up. secret: there is a private key
 * in memory, so no core dumps, and no other process of the same user looks into this one. Returns 0
 * or -errno.
 */
int sandbox_close(bool secret);

#endif
