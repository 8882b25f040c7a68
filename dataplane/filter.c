/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture/pcap_format.h"

struct filter {
	struct bpf_program program;
};

struct filter *filter_new(const char *expression, char *error)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, PCAP_MAX_SNAPLEN);
	struct filter *filter = calloc(1, sizeof(*filter));

	if (!pcap || !filter) {
		snprintf(error, FILTER_ERROR_BYTES, "out of memory");
		goto fail;
	}
	if (pcap_compile(pcap, &filter->program, expression, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(error, FILTER_ERROR_BYTES, "%s", pcap_geterr(pcap));
		goto fail;
	}
	pcap_close(pcap);
	return filter;
fail:
	free(filter);
	if (pcap)
		pcap_close(pcap);
	return NULL;
}

void filter_free(struct filter *filter)
{
	if (!filter)
		return;
	pcap_freecode(&filter->program);
	free(filter);
}

bool filter_match(const struct filter *filter, const uint8_t *frame, uint32_t caplen, uint32_t len)
{
	return bpf_filter(filter->program.bf_insns, frame, len, caplen) != 0;
}
