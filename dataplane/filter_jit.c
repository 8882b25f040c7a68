/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/filter_jit.h"

#include <stddef.h>

#include <pcap/pcap.h>

#include <rte_bpf.h>

#include "dataplane/filter_ebpf.h"

filter_code filter_jit(const struct bpf_program *program, struct rte_bpf **bpf)
{
	struct rte_bpf_prm parameters = {
		.prog_arg = {.type = RTE_BPF_ARG_PTR_MBUF,
			     .size = sizeof(struct filter_input),
			     .buf_size = FILTER_FRAME_MAX},
	};
	struct rte_bpf_jit jit = {0};
	struct filter_ebpf ebpf;

	*bpf = NULL;
	if (filter_ebpf_init(&ebpf, program->bf_insns, program->bf_len) < 0)
		return NULL;
	parameters.ins = ebpf.code;
	parameters.nb_ins = ebpf.count;
	*bpf = rte_bpf_load(&parameters);
	filter_ebpf_fini(&ebpf);
	if (*bpf)
		rte_bpf_get_jit(*bpf, &jit);
	return (filter_code)jit.func;
}
