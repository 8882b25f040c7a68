/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter's machine code: its translation (filter_ebpf), compiled by DPDK. Memory that is run is
 * never writable.
 */
#ifndef DATAPLANE_FILTER_JIT_H
#define DATAPLANE_FILTER_JIT_H

#include <stdint.h>

struct bpf_program;
struct filter_input;
struct rte_bpf;

/* Machine code for a program: nonzero where the frame matches. */
typedef uint64_t (*filter_code)(struct filter_input *input);

/*
 * Compiles a program. Returns its code and, in *bpf, what it is to be freed with
 * (rte_bpf_destroy()), or NULL where it cannot be compiled; *bpf may be set even then. DPDK logs
 * what it refuses.
 */
filter_code filter_jit(const struct bpf_program *program, struct rte_bpf **bpf);

#endif
