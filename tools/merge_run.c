/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/merge_run.h"

#include <errno.h>
#include <stdio.h>

enum {
	LINK_TYPE_ETHERNET = 1,
	COMMENT_BYTES = 64,
};

/* The first file's, as far as it is known: a file without a packet may have no interface. */
static uint16_t common_link_type(const struct merge_inputs *inputs)
{
	for (uint32_t i = 0; i < merge_inputs_count(inputs); i++) {
		const struct pcap_reader *reader = merge_inputs_at(inputs, i)->reader;

		if (pcap_reader_interfaces(reader) > 0)
			return pcap_reader_interface(reader, 0)->link_type;
	}
	return LINK_TYPE_ETHERNET;
}

/* What no packet of any file exceeds; pcapng files may yet name interfaces without a limit: 0. */
static uint32_t common_snaplen(const struct merge_inputs *inputs)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < merge_inputs_count(inputs); i++) {
		const struct pcap_reader *reader = merge_inputs_at(inputs, i)->reader;
		uint32_t snaplen;

		if (pcap_reader_format(reader) == PCAP_NG)
			return 0;
		snaplen = pcap_reader_interface(reader, 0)->snaplen;
		if (snaplen == 0)
			return 0;
		largest = snaplen > largest ? snaplen : largest;
	}
	return largest;
}

static int end_input(struct merge_run *run, struct merge_output *output, struct merge_input *input)
{
	uint64_t good_end;
	enum pcap_reader_end end = pcap_reader_end(input->reader, &good_end);

	if (end == PCAP_END_CUT || end == PCAP_END_DAMAGED) {
		run->damaged++;
		run->incomplete(input, end);
	}
	return merge_output_ended(output, input);
}

static int take_packet(struct merge_run *run, struct merge_output *output,
		       struct merge_input *input)
{
	int err = merge_output_packet(output, input);

	if (err == -EXDEV || err == -ERANGE)
		run->failed = input->path;
	run->packets += err == 0;
	return err;
}

static int merge(struct merge_run *run, struct merge_output *output)
{
	struct merge_input *input;
	int event;
	int err = 0;

	while ((event = merge_inputs_next(run->inputs, &input)) > MERGE_END) {
		if (run->stop && *run->stop)
			return -EINTR;
		if (event == MERGE_PACKET)
			err = take_packet(run, output, input);
		else
			err = end_input(run, output, input);
		if (err)
			return err;
	}
	run->failed = event < 0 ? merge_inputs_failed(run->inputs) : NULL;
	return event < 0 ? event : merge_output_end(output, &run->bytes);
}

int merge_run(struct merge_run *run)
{
	struct merge_output *output;
	char comment[COMMENT_BYTES];
	int err = merge_inputs_begin(run->inputs, run->descriptors);

	run->failed = err ? merge_inputs_failed(run->inputs) : NULL;
	if (err)
		return err;
	snprintf(comment, sizeof(comment), "merged from %u files",
		 (unsigned int)merge_inputs_count(run->inputs));
	err = merge_output_new(&output, run->fd, run->format, common_link_type(run->inputs),
			       common_snaplen(run->inputs), comment);
	if (err)
		return err;
	err = merge(run, output);
	merge_output_free(output);
	return err;
}
