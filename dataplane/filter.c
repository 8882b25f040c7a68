/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_bpf.h>
#include <rte_branch_prediction.h>

#include "capture/pcap_format.h"
#include "dataplane/filter_check.h"
#include "dataplane/filter_ebpf.h"
#include "dataplane/filter_jit.h"

struct filter {
	filter_code code; /* NULL: the interpreter runs */
	struct bpf_program program;
	struct rte_bpf *bpf;     /* what code belongs to */
	const char *interpreted; /* why */
};

static int parse(const char *expression, struct bpf_program *program, char *error)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, PCAP_MAX_SNAPLEN);
	int rc;

	if (!pcap) {
		snprintf(error, FILTER_ERROR_BYTES, "out of memory");
		return -1;
	}
	rc = pcap_compile(pcap, program, expression, 1, PCAP_NETMASK_UNKNOWN);
	if (rc < 0)
		snprintf(error, FILTER_ERROR_BYTES, "%s", pcap_geterr(pcap));
	pcap_close(pcap);
	return rc;
}

struct filter *filter_new(const char *expression, char *error)
{
	struct filter *filter = calloc(1, sizeof(*filter));

	if (!filter) {
		snprintf(error, FILTER_ERROR_BYTES, "out of memory");
		return NULL;
	}
	if (parse(expression, &filter->program, error) < 0) {
		free(filter);
		return NULL;
	}
	filter->interpreted = filter_check(&filter->program, filter_jit);
	if (filter->interpreted)
		return filter;
	filter->code = filter_jit(&filter->program, &filter->bpf);
	if (!filter->code)
		filter->interpreted = "it cannot be compiled to machine code here";
	return filter;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	rte_bpf_destroy(filter->bpf);
	pcap_freecode(&filter->program);
	free(filter);
}

const char *filter_interpreted(const struct filter *filter)
{
	return filter->interpreted;
}

bool filter_match(const struct filter *filter, const uint8_t *frame, uint32_t caplen, uint32_t len)
{
	struct filter_input input;

	if (unlikely(!filter->code))
		return bpf_filter(filter->program.bf_insns, frame, len, caplen) != 0;
	input.frame = frame;
	input.caplen = caplen;
	input.len = len;
	return filter->code(&input) != 0;
}
