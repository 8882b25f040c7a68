/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets of many capture files in the order of their times: a heap of files, each by its next
 * packet. A file holds memory and a descriptor only from its first packet's turn to its end, so
 * that what is needed goes by how many overlap in time, not by how many there are.
 */
#ifndef TOOLS_MERGE_INPUT_H
#define TOOLS_MERGE_INPUT_H

#include "capture/pcap_reader.h"

struct merge_input {
	char *path;
	uint32_t number; /* in the order in which they were added */
	struct pcap_reader *reader;
	struct pcap_record record; /* its next packet; its data only once it is running */
	bool running;              /* else parked before its first packet */
	bool empty;                /* it has none */

	/* The output's numbers of its interfaces; the output's. */
	uint32_t *numbers;
	uint32_t number_count;
};

struct merge_inputs;

/* Returns NULL when out of memory. merge_inputs_free(). */
struct merge_inputs *merge_inputs_new(void);
void merge_inputs_free(struct merge_inputs *inputs);

/* Adds a file. Returns 0 or -ENOMEM. */
int merge_inputs_add(struct merge_inputs *inputs, const char *path);
uint32_t merge_inputs_count(const struct merge_inputs *inputs);
/* The i-th in the order in which they were added, until merge_inputs_next(). Borrowed. */
const struct merge_input *merge_inputs_at(const struct merge_inputs *inputs, uint32_t i);

/*
 * Opens every file once, for its first packet. descriptors: that may be open at a time; files
 * beyond are opened for each read. Files without a packet end at the first merge_inputs_next().
 * Returns 0, or as pcap_reader_open() or pcap_reader_next(): merge_inputs_failed() is the file.
 */
int merge_inputs_begin(struct merge_inputs *inputs, uint32_t descriptors);

enum merge_event {
	MERGE_END,
	MERGE_PACKET,      /* the earliest of all that are left */
	MERGE_INPUT_ENDED, /* there is no more in this file; pcap_reader_end() tells why */
};

/*
 * What comes next; of packets of the same time the one of the file that was added first, so that
 * a stream's rotated files keep their order; within a file in the file's order. *input is the file, borrowed until the next call.
 * Returns an enum merge_event, or -errno: merge_inputs_failed() is the file.
 */
int merge_inputs_next(struct merge_inputs *inputs, struct merge_input **input);

/* The path of the file behind the last error. Borrowed. */
const char *merge_inputs_failed(const struct merge_inputs *inputs);

#endif
