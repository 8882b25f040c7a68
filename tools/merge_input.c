/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/merge_input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	READ_BYTES_MIN = 16 << 10,
	READ_BYTES_MAX = 1 << 20,
	READ_BYTES_ALL = 64 << 20, /* of all files together, where the least allows it */
};

struct merge_inputs {
	struct merge_input *inputs;
	uint32_t count;
	struct merge_input **heap; /* the earliest first */
	uint32_t heap_count;
	uint32_t begun;            /* those behind it have not been opened */
	uint32_t ended;            /* of those without a packet, told of up to here */
	struct merge_input *taken; /* given out, not moved on yet; NULL: none */
	struct merge_input *gone;  /* told of as ended, not closed yet; NULL: none */
	uint32_t descriptors, running;
	const char *failed;
};

struct merge_inputs *merge_inputs_new(void)
{
	return calloc(1, sizeof(struct merge_inputs));
}

static void close_input(struct merge_input *input)
{
	pcap_reader_close(input->reader);
	free(input->numbers);
	free(input->path);
	*input = (struct merge_input){.number = input->number};
}

void merge_inputs_free(struct merge_inputs *inputs)
{
	if (!inputs)
		return;
	for (uint32_t i = 0; i < inputs->count; i++)
		close_input(&inputs->inputs[i]);
	free(inputs->inputs);
	free(inputs->heap);
	free(inputs);
}

int merge_inputs_add(struct merge_inputs *inputs, const char *path)
{
	uint32_t count = inputs->count;
	char *copy;

	/* Grow at powers of two: the count itself tells when. */
	if ((count & (count - 1)) == 0) {
		size_t room = count ? 2 * (size_t)count : 1;
		struct merge_input *grown = realloc(inputs->inputs, room * sizeof(*inputs->inputs));

		if (!grown)
			return -ENOMEM;
		inputs->inputs = grown;
	}
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	inputs->inputs[inputs->count++] = (struct merge_input){.path = copy, .number = count};
	return 0;
}

uint32_t merge_inputs_count(const struct merge_inputs *inputs)
{
	return inputs->count;
}

const struct merge_input *merge_inputs_at(const struct merge_inputs *inputs, uint32_t i)
{
	return &inputs->inputs[i];
}

const char *merge_inputs_failed(const struct merge_inputs *inputs)
{
	return inputs->failed;
}

static int fail(struct merge_inputs *inputs, const struct merge_input *input, int err)
{
	inputs->failed = input->path;
	return err;
}

static bool earlier(const struct merge_input *a, const struct merge_input *b)
{
	if (a->record.time_ns != b->record.time_ns)
		return a->record.time_ns < b->record.time_ns;
	return a->number < b->number;
}

static void swap(struct merge_input **a, struct merge_input **b)
{
	struct merge_input *c = *a;

	*a = *b;
	*b = c;
}

static void sift_up(struct merge_inputs *inputs, uint32_t i)
{
	while (i > 0 && earlier(inputs->heap[i], inputs->heap[(i - 1) / 2])) {
		swap(&inputs->heap[i], &inputs->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void sift_down(struct merge_inputs *inputs, uint32_t i)
{
	for (;;) {
		uint32_t first = i;

		for (uint32_t child = 2 * i + 1; child <= 2 * i + 2; child++)
			if (child < inputs->heap_count &&
			    earlier(inputs->heap[child], inputs->heap[first]))
				first = child;
		if (first == i)
			return;
		swap(&inputs->heap[i], &inputs->heap[first]);
		i = first;
	}
}

static size_t read_bytes(const struct merge_inputs *inputs)
{
	size_t bytes = READ_BYTES_ALL / inputs->count;

	if (bytes < READ_BYTES_MIN)
		return READ_BYTES_MIN;
	return bytes < READ_BYTES_MAX ? bytes : READ_BYTES_MAX;
}

/* Reads the file up to its first packet, and lets go of it. */
static int begin_input(struct merge_inputs *inputs, struct merge_input *input)
{
	int rc = pcap_reader_open(&input->reader, input->path, read_bytes(inputs));

	if (rc < 0)
		return rc;
	rc = pcap_reader_next(input->reader, &input->record);
	if (rc < 0)
		return rc;
	pcap_reader_park(input->reader, rc == 1 ? &input->record : NULL);
	input->empty = rc == 0;
	if (!input->empty) {
		inputs->heap[inputs->heap_count++] = input;
		sift_up(inputs, inputs->heap_count - 1);
	}
	return 0;
}

int merge_inputs_begin(struct merge_inputs *inputs, uint32_t descriptors)
{
	inputs->descriptors = descriptors;
	inputs->heap = calloc(inputs->count + 1, sizeof(struct merge_input *));
	if (!inputs->heap)
		return -ENOMEM;
	for (uint32_t i = 0; i < inputs->count; i++) {
		int err = begin_input(inputs, &inputs->inputs[i]);

		if (err)
			return fail(inputs, &inputs->inputs[i], err);
		inputs->begun++;
	}
	return 0;
}

/* Reads the first packet, whose turn it is now, once more. */
static int run_input(struct merge_inputs *inputs, struct merge_input *input)
{
	uint64_t time_ns = input->record.time_ns;
	int rc;

	pcap_reader_keep_open(input->reader, inputs->running < inputs->descriptors);
	rc = pcap_reader_next(input->reader, &input->record);
	if (rc < 0)
		return rc;
	/* It was read before: somebody writes the file. */
	if (rc == 0 || input->record.time_ns != time_ns)
		return -ESTALE;
	input->running = true;
	inputs->running++;
	return 0;
}

/* A file is closed by the call after the one that told of its end. */
static void close_gone(struct merge_inputs *inputs)
{
	if (!inputs->gone)
		return;
	inputs->running -= inputs->gone->running;
	close_input(inputs->gone);
	inputs->gone = NULL;
}

/* The packet that was given out is done with. Returns 1, 0 where its file has no more, -errno. */
static int move_on(struct merge_inputs *inputs)
{
	struct merge_input *input = inputs->taken;
	int rc;

	inputs->taken = NULL;
	rc = pcap_reader_next(input->reader, &input->record);
	if (rc < 0)
		return fail(inputs, input, rc);
	if (rc == 0) {
		inputs->gone = input;
		inputs->heap[0] = inputs->heap[--inputs->heap_count];
	}
	sift_down(inputs, 0);
	return rc;
}

/* A file that had no packet to begin with, or NULL. */
static struct merge_input *next_empty(struct merge_inputs *inputs)
{
	while (inputs->ended < inputs->begun) {
		struct merge_input *input = &inputs->inputs[inputs->ended++];

		if (input->empty)
			return input;
	}
	return NULL;
}

int merge_inputs_next(struct merge_inputs *inputs, struct merge_input **input)
{
	int rc = 1;

	close_gone(inputs);
	if (inputs->taken)
		rc = move_on(inputs);
	else if (inputs->ended < inputs->begun && (inputs->gone = next_empty(inputs)))
		rc = 0;
	*input = inputs->gone;
	if (rc <= 0)
		return rc < 0 ? rc : MERGE_INPUT_ENDED;
	if (inputs->heap_count == 0)
		return MERGE_END;
	*input = inputs->heap[0];
	if (!(*input)->running) {
		rc = run_input(inputs, *input);
		if (rc < 0)
			return fail(inputs, *input, rc);
	}
	inputs->taken = *input;
	return MERGE_PACKET;
}
