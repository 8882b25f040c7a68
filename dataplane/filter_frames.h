/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames to try a filter's program on: each way out of each of its instructions is aimed at, by
 * walking a way through the program that leads there and putting into the frame what each
 * condition on it asks for, so that every constant is met, and missed by one. Some are cut where
 * loads end, some are longer than what is there, some are noise.
 */
#ifndef DATAPLANE_FILTER_FRAMES_H
#define DATAPLANE_FILTER_FRAMES_H

#include <stdint.h>

struct bpf_insn;

enum { FILTER_FRAME_BYTES = 512 };

struct filter_frame {
	uint32_t caplen; /* at most FILTER_FRAME_BYTES */
	uint32_t len;    /* mostly caplen */
	uint8_t bytes[FILTER_FRAME_BYTES];
};

struct filter_frames;

/*
 * Frames for a program of count instructions, which is borrowed until filter_frames_free(). NULL:
 * out of memory.
 */
struct filter_frames *filter_frames_new(const struct bpf_insn *program, uint32_t count);
void filter_frames_free(struct filter_frames *frames);

/* How many it has: 10,000, more for a program of thousands of instructions. */
uint32_t filter_frames_count(const struct filter_frames *frames);

/* Frame i, the same whenever it is asked for. */
void filter_frames_make(const struct filter_frames *frames, uint32_t i, struct filter_frame *frame);

#endif
