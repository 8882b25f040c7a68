/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of mirrorgen.
 */
#ifndef TOOLS_MIRRORGEN_MIRROR_OPTIONS_H
#define TOOLS_MIRRORGEN_MIRROR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/mirrorgen/mirror_frame.h"
#include "tools/mirrorgen/synthetic.h"

enum {
	MIRROR_OPTIONS_ERROR_BYTES = 256,
	MIRROR_OPTIONS_PACKET_LENGTH = 8500, /* what EC2 takes where none is given */
};

enum mirror_input {
	MIRROR_INPUT_NONE,
	MIRROR_INPUT_FILE,
	MIRROR_INPUT_INTERFACE,
	MIRROR_INPUT_SYNTHETIC,
};

struct mirror_options {
	bool help;
	enum mirror_input input;
	const char *input_name;  /* file or interface; borrowed from the arguments */
	const char *output_name; /* likewise */
	bool output_is_file;
	struct mirror_frame wrap; /* MAC addresses only where has_ says so */
	bool has_source_mac;
	bool has_target_mac;
	struct synthetic mix;
	uint32_t interfaces; /* source interfaces */
	bool hold;           /* stop once capture has begun, until SIGCONT */
	uint64_t count;      /* frames to send; 0: no limit */
	uint64_t rate;       /* frames per second; 0: as fast as it goes */
	uint64_t loops;      /* how often a file is read; 0: without end */
};

/*
 * Reads the arguments. error: MIRROR_OPTIONS_ERROR_BYTES; on failure one line that names the
 * option, what is wrong and what to do. Returns 0 or -EINVAL.
 */
int mirror_options_parse(struct mirror_options *options, int argc, char **argv, char *error);

void mirror_options_help(FILE *stream);

#endif
