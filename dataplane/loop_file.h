/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that is looped: what its packets take in memory, where all of them are kept.
 */
#ifndef DATAPLANE_LOOP_FILE_H
#define DATAPLANE_LOOP_FILE_H

#include <stdint.h>

struct loop_file {
	uint32_t packets;
	uint32_t largest; /* bytes of its largest packet */
};

/*
 * Counts the packets of a file that is to be looped by so many queues, and finds the largest.
 * Returns 0, or -EINVAL with a message in error (PORT_ERROR_BYTES): it cannot be read, has no
 * packets, or too many or too large ones.
 */
int loop_file_scan(const char *path, uint32_t queues, struct loop_file *file, char *error);

#endif
