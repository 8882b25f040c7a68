/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any two files are merged into both formats. The first byte of the input says where one ends and
 * the other begins. What comes out is whole and has every packet that the two have.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/merge_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { READ_BYTES = 4096 };

struct sum {
	uint64_t packets, bytes, lengths;
	uint64_t zeros; /* packets that are nothing but zeros in classic pcap */
};

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "merge: %s\n", what);
	abort();
}

static int make_file(const uint8_t *data, size_t size, char path[64])
{
	int fd = memfd_create("merge", MFD_CLOEXEC);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no memory file");
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

/* Returns pcap_reader_open()'s result. */
static int add_up(const char *path, struct sum *sum, enum pcap_reader_end *end)
{
	struct pcap_reader *reader;
	struct pcap_record record;
	uint64_t good_end;
	int rc = pcap_reader_open(&reader, path, READ_BYTES);

	if (rc)
		return rc;
	while ((rc = pcap_reader_next(reader, &record)) > 0) {
		sum->packets++;
		sum->bytes += record.caplen;
		sum->lengths += record.len;
		sum->zeros += record.time_ns == 0 && record.len == 0 && record.caplen == 0;
	}
	*end = pcap_reader_end(reader, &good_end);
	pcap_reader_close(reader);
	/* zstd frames may ask for more memory than is given: in the middle of a file, too. */
	require(rc == 0 || rc == -EFBIG, "a read failed");
	return rc;
}

static void ignore(const struct merge_input *input, enum pcap_reader_end end)
{
	require(input->path && end != PCAP_END_WHOLE, "a whole file is called incomplete");
}

static void merge(char paths[2][64], enum pcap_format format, uint32_t descriptors)
{
	char path[64];
	struct merge_run run = {
		.inputs = merge_inputs_new(),
		.descriptors = descriptors,
		.fd = make_file(NULL, 0, path),
		.format = format,
		.incomplete = ignore,
	};
	struct sum in = {0}, out = {0};
	enum pcap_reader_end end;
	bool readable = true;
	int err;

	for (int i = 0; i < 2; i++) {
		require(merge_inputs_add(run.inputs, paths[i]) == 0, "out of memory");
		readable &= add_up(paths[i], &in, &end) == 0;
	}
	err = merge_run(&run);
	require(readable || err, "merged what cannot be read");
	require(!readable || !err || err == -EXDEV || err == -ERANGE, "not merged");
	if (err) {
		require(run.failed != NULL, "nobody failed");
	} else {
		require(add_up(path, &out, &end) == 0, "not a capture file");
		/* Where they come last nobody can tell them from the zeros behind a crash. */
		if (end == PCAP_END_ZEROS && format == PCAP_CLASSIC)
			out.packets += in.zeros - out.zeros;
		else
			require(end == PCAP_END_WHOLE, "not whole");
		require(in.packets == out.packets && in.packets == run.packets, "packets");
		require(in.bytes == out.bytes && in.lengths == out.lengths, "bytes");
	}
	merge_inputs_free(run.inputs);
	close(run.fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char paths[2][64];
	size_t first;
	int fds[2];

	if (size == 0)
		return 0;
	first = (size - 1) * data[0] / UINT8_MAX;
	fds[0] = make_file(data + 1, first, paths[0]);
	fds[1] = make_file(data + 1 + first, size - 1 - first, paths[1]);
	merge(paths, PCAP_CLASSIC, 2);
	merge(paths, PCAP_NG, 0);
	close(fds[0]);
	close(fds[1]);
	return 0;
}
