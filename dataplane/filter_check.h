/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of a compiled filter, at start: in a child process it is compiled and compared with
 * libpcap's interpreter, on frames that are aimed at the program's every way (filter_frames) and
 * end where readable memory ends. Whatever the child comes to, this process lives on.
 */
#ifndef DATAPLANE_FILTER_CHECK_H
#define DATAPLANE_FILTER_CHECK_H

#include "dataplane/filter_jit.h"

enum {
	FILTER_CHECK_CPU_SECONDS = 1, /* of a child's; a good one takes some 0.01 */
	FILTER_CHECK_SECONDS = 10,
};

/* As filter_jit(). */
typedef filter_code (*filter_compiler)(const struct bpf_program *program, struct rte_bpf **bpf);

/*
 * Compiles and compares in a child. Returns NULL where both agree on all frames, or why the code
 * is not to be run: a text that lives for ever. Forks: call it before other threads run.
 */
const char *filter_check(const struct bpf_program *program, filter_compiler compile);

#endif
