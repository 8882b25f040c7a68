/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging, without the command line: from files to a descriptor.
 */
#ifndef TOOLS_MERGE_RUN_H
#define TOOLS_MERGE_RUN_H

#include <signal.h>

#include "tools/merge_output.h"

struct merge_run {
	struct merge_inputs *inputs; /* borrowed; merge_inputs_begin() is still to come */
	uint32_t descriptors;        /* that the files may have open at a time */
	int fd;                      /* of the output */
	enum pcap_format format;     /* likewise */
	/* Told of each file that ends other than with a record or with zeros behind one. */
	void (*incomplete)(const struct merge_input *input, enum pcap_reader_end end);
	const volatile sig_atomic_t *stop; /* not 0: end with -EINTR; may be NULL */

	/* Results. */
	uint64_t packets;
	uint64_t bytes;     /* of the output */
	uint32_t damaged;   /* files that were not complete */
	const char *failed; /* the file behind an error; NULL: the output */
};

/* Returns 0 or -errno, of merge_inputs_begin(), merge_inputs_next() or merge_output_packet(). */
int merge_run(struct merge_run *run);

#endif
