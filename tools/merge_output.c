/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/merge_output.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/pcapng_format.h"
#include "tools/capture_files.h"

enum { BUFFER_BYTES = 1 << 20 }; /* more than the largest block */

#define NO_NUMBER UINT32_MAX

/* Of the output; in a tree by what makes it one. */
struct interface {
	uint32_t number;
	char *name, *description, *filter; /* NULL: none */
	uint16_t link_type;
	struct pcapng_statistics statistics;
};

struct merge_output {
	int fd;
	enum pcap_format format;
	uint16_t link_type;
	uint32_t snaplen;
	uint64_t bytes; /* of the file, those in the buffer included */
	uint8_t *buffer;
	size_t filled;
	uint64_t first_ns, last_ns;
	bool any;
	void *interfaces; /* tsearch(3)'s tree */
	uint32_t interface_count;
	int error; /* of the walk over it */
};

static int flush(struct merge_output *output)
{
	size_t done = 0;

	while (done < output->filled) {
		ssize_t written = write(output->fd, output->buffer + done, output->filled - done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return written < 0 ? -errno : -EIO;
		done += (size_t)written;
	}
	output->filled = 0;
	return 0;
}

/* Where the next `bytes` bytes of the file go; NULL: *err is set. */
static uint8_t *reserve(struct merge_output *output, size_t bytes, int *err)
{
	uint8_t *at;

	*err = output->filled + bytes > BUFFER_BYTES ? flush(output) : 0;
	if (*err)
		return NULL;
	at = output->buffer + output->filled;
	output->filled += bytes;
	output->bytes += bytes;
	return at;
}

static int write_header(struct merge_output *output, const char *comment)
{
	struct pcapng_section section = {
		.application = "mirrorcap " MIRRORCAP_VERSION,
		.comment = comment,
	};
	size_t bytes = PCAP_FILE_HEADER_BYTES;
	uint32_t link_type = output->link_type;
	uint8_t *at;
	int err;

	if (output->format == PCAP_NG)
		bytes = pcapng_format_section(NULL, 0, &section);
	at = reserve(output, bytes, &err);
	if (err)
		return err;
	if (output->format == PCAP_NG) {
		pcapng_format_section(at, bytes, &section);
	} else {
		pcap_format_file_header(at, PCAP_NS, output->snaplen);
		memcpy(at + 20, &link_type, sizeof(link_type));
	}
	return 0;
}

int merge_output_new(struct merge_output **output, int fd, enum pcap_format format,
		     uint16_t link_type, uint32_t snaplen, const char *comment)
{
	struct merge_output *made = calloc(1, sizeof(*made));
	int err;

	if (!made)
		return -ENOMEM;
	made->fd = fd;
	made->format = format;
	made->link_type = link_type;
	made->snaplen = snaplen;
	made->buffer = malloc(BUFFER_BYTES);
	err = made->buffer ? write_header(made, comment) : -ENOMEM;
	if (err)
		merge_output_free(made);
	else
		*output = made;
	return err;
}

static void free_interface(void *pointer)
{
	struct interface *interface = pointer;

	free(interface->name);
	free(interface->description);
	free(interface->filter);
	free(interface);
}

void merge_output_free(struct merge_output *output)
{
	if (!output)
		return;
	tdestroy(output->interfaces, free_interface);
	free(output->buffer);
	free(output);
}

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int compare(const void *a, const void *b)
{
	const struct interface *x = a, *y = b;
	int rc = compare_text(x->name, y->name);

	if (!rc)
		rc = compare_text(x->description, y->description);
	if (!rc)
		rc = compare_text(x->filter, y->filter);
	return rc ? rc : (int)x->link_type - (int)y->link_type;
}

static int copy(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

/* name: of a file's only interface that has none itself, or "". NULL when out of memory. */
static struct interface *copy_interface(const struct pcap_interface *from, const char *name)
{
	struct interface *interface = calloc(1, sizeof(*interface));

	if (!interface)
		return NULL;
	interface->link_type = from->link_type;
	interface->statistics.received = UINT64_MAX;
	interface->statistics.dropped = UINT64_MAX;
	if (copy(&interface->name, from->name ? from->name
				   : *name    ? name
					      : NULL) < 0 ||
	    copy(&interface->description, from->description) < 0 ||
	    copy(&interface->filter, from->filter) < 0) {
		free_interface(interface);
		return NULL;
	}
	return interface;
}

static int write_interface(struct merge_output *output, const struct interface *interface)
{
	struct pcapng_interface block = {
		.name = interface->name,
		.description = interface->description,
		.filter = interface->filter,
		.snaplen = output->snaplen,
		.link_type = interface->link_type,
	};
	size_t bytes = pcapng_format_interface(NULL, 0, &block);
	int err;
	uint8_t *at = reserve(output, bytes, &err);

	if (at)
		pcapng_format_interface(at, bytes, &block);
	return err;
}

/* The output's interface for the input's i-th, written where it is new. NULL: *err is set. */
static struct interface *find_interface(struct merge_output *output,
					const struct merge_input *input, uint32_t i, int *err)
{
	struct interface *interface, **found;
	char name[NAME_MAX + 1];

	capture_files_session(input->path, name, sizeof(name));
	*err = -ENOMEM;
	interface = copy_interface(pcap_reader_interface(input->reader, i),
				   pcap_reader_interfaces(input->reader) == 1 ? name : "");
	found = interface ? tsearch(interface, &output->interfaces, compare) : NULL;
	if (interface && (!found || *found != interface))
		free_interface(interface);
	if (!found)
		return NULL;
	*err = 0;
	if (*found == interface) {
		interface->number = output->interface_count++;
		*err = write_interface(output, interface);
	}
	return *err ? NULL : *found;
}

/* The output's number of the input's i-th interface. */
static int number_of(struct merge_output *output, struct merge_input *input, uint32_t i,
		     uint32_t *number)
{
	const struct interface *interface;
	uint32_t count = pcap_reader_interfaces(input->reader);
	int err;

	if (i >= input->number_count) {
		uint32_t *grown = realloc(input->numbers, count * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		for (uint32_t n = input->number_count; n < count; n++)
			grown[n] = NO_NUMBER;
		input->numbers = grown;
		input->number_count = count;
	}
	if (input->numbers[i] == NO_NUMBER) {
		interface = find_interface(output, input, i, &err);
		if (!interface)
			return err;
		input->numbers[i] = interface->number;
	}
	*number = input->numbers[i];
	return 0;
}

static int write_pcap(struct merge_output *output, const struct merge_input *input)
{
	const struct pcap_record *record = &input->record;
	uint8_t *at;
	int err;

	if (pcap_reader_interface(input->reader, record->interface)->link_type != output->link_type)
		return -EXDEV;
	if (record->time_ns / 1000000000 > UINT32_MAX)
		return -ERANGE;
	at = reserve(output, PCAP_RECORD_HEADER_BYTES + record->caplen, &err);
	if (err)
		return err;
	pcap_format_record_header(at, pcap_format_stamp(PCAP_NS, record->time_ns), record->caplen,
				  record->len);
	memcpy(at + PCAP_RECORD_HEADER_BYTES, record->data, record->caplen);
	return 0;
}

static int write_pcapng(struct merge_output *output, struct merge_input *input)
{
	const struct pcap_record *record = &input->record;
	uint32_t number = 0;
	uint8_t *at;
	int err = number_of(output, input, record->interface, &number);

	if (err)
		return err;
	at = reserve(output, pcapng_format_packet_bytes(record->caplen), &err);
	if (err)
		return err;
	pcapng_format_packet(at, number, record->time_ns, record->caplen, record->len);
	memcpy(at + PCAPNG_PACKET_HEADER_BYTES, record->data, record->caplen);
	return 0;
}

int merge_output_packet(struct merge_output *output, struct merge_input *input)
{
	uint64_t time_ns = input->record.time_ns;

	if (!output->any || time_ns < output->first_ns)
		output->first_ns = time_ns;
	if (!output->any || time_ns > output->last_ns)
		output->last_ns = time_ns;
	output->any = true;
	return output->format == PCAP_NG ? write_pcapng(output, input) : write_pcap(output, input);
}

static void add(uint64_t *sum, uint64_t count)
{
	if (count != PCAP_READER_UNKNOWN)
		*sum = (*sum == UINT64_MAX ? 0 : *sum) + count;
}

int merge_output_ended(struct merge_output *output, struct merge_input *input)
{
	if (output->format != PCAP_NG)
		return 0;
	for (uint32_t i = 0; i < pcap_reader_interfaces(input->reader); i++) {
		const struct pcap_interface *from = pcap_reader_interface(input->reader, i);
		struct interface *interface;
		int err;

		if (from->received == PCAP_READER_UNKNOWN && from->dropped == PCAP_READER_UNKNOWN)
			continue;
		interface = find_interface(output, input, i, &err);
		if (!interface)
			return err;
		add(&interface->statistics.received, from->received);
		add(&interface->statistics.dropped, from->dropped);
	}
	return 0;
}

static void write_statistics(const void *node, VISIT visit, void *context)
{
	const struct interface *interface = *(struct interface *const *)node;
	struct pcapng_statistics statistics = interface->statistics;
	struct merge_output *output = context;
	uint8_t block[PCAPNG_STATISTICS_BYTES];
	size_t bytes;
	uint8_t *at;

	if ((visit != postorder && visit != leaf) || output->error ||
	    (statistics.received == UINT64_MAX && statistics.dropped == UINT64_MAX))
		return;
	statistics.start_ns = output->first_ns;
	statistics.stop_ns = output->last_ns;
	bytes = pcapng_format_statistics(block, interface->number, output->last_ns, &statistics);
	at = reserve(output, bytes, &output->error);
	if (at)
		memcpy(at, block, bytes);
}

int merge_output_end(struct merge_output *output, uint64_t *bytes)
{
	twalk_r(output->interfaces, write_statistics, output);
	*bytes = output->bytes;
	return output->error ? output->error : flush(output);
}
