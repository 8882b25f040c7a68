/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One capture file out of the packets of many, pcap or pcapng, nanoseconds kept. Interfaces of the
 * same name, description, filter and link type become one; statistics are added up.
 */
#ifndef TOOLS_MERGE_OUTPUT_H
#define TOOLS_MERGE_OUTPUT_H

#include "tools/merge_input.h"

struct merge_output;

/*
 * Begins a file on fd (borrowed, written front to back). link_type: of all packets, where the
 * format is classic pcap. snaplen: what no packet exceeds, bytes; 0: no limit; the same for all
 * interfaces, since libpcap refuses a file where they differ. comment: borrowed, for pcapng.
 * Returns 0, -ENOMEM, or write(2)'s -errno. merge_output_free().
 */
int merge_output_new(struct merge_output **output, int fd, enum pcap_format format,
		     uint16_t link_type, uint32_t snaplen, const char *comment);
void merge_output_free(struct merge_output *output);

/*
 * Writes the input's packet. Returns 0, -ENOMEM, write(2)'s -errno, or, where classic pcap cannot
 * hold it: -EXDEV another link type, -ERANGE a time after 2106.
 */
int merge_output_packet(struct merge_output *output, struct merge_input *input);

/* The input has ended: takes its statistics. Returns 0 or -ENOMEM. */
int merge_output_ended(struct merge_output *output, struct merge_input *input);

/* Writes what is left, the statistics too. *bytes: of the file. Returns 0 or write(2)'s -errno. */
int merge_output_end(struct merge_output *output, uint64_t *bytes);

#endif
