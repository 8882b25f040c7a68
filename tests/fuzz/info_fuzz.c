/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any file at all is read to its end, or to where it stops being a capture, and reported in both
 * forms. The JSON must be JSON, and the counts must hold together.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/info_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "info: %s\n", what);
	abort();
}

static void check_counts(const struct info_file *file, size_t size)
{
	uint64_t packets = 0, bytes = 0;

	for (uint32_t i = 0; i < file->session_count; i++) {
		packets += file->sessions[i].packets;
		bytes += file->sessions[i].bytes;
	}
	require(packets == file->counts.packets, "packets are not those of the sessions");
	require(bytes == file->counts.bytes, "bytes are not those of the sessions");
	require(file->counts.cut <= packets, "more packets cut than there are");
	require(!file->counts.timed || file->counts.first_ns <= file->counts.last_ns, "times");
	if (file->compressed)
		return;
	require(file->counts.bytes <= size, "more bytes than the file has");
	if (file->error)
		return;
	require(file->good_end <= size, "good beyond the end of the file");
	require((file->end == PCAP_END_WHOLE) == (file->good_end == size), "not whole");
}

static void report(const struct info_file *file, bool json)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = open_memstream(&text, &bytes);
	struct info_report *report = info_report_new(out, json);
	json_error_t error;

	require(report && info_report_file(report, file) == 0 && info_report_end(report) == 0,
		"no report");
	info_report_free(report);
	fclose(out);
	if (json) {
		json_t *read = json_loads(text, 0, &error);

		require(read, "not JSON");
		json_decref(read);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct info_file file;
	char path[64];
	int fd = memfd_create("info", MFD_CLOEXEC);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "no memory file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	require(info_file_read(&file, path) == 0, "out of memory");
	check_counts(&file, size);
	report(&file, false);
	report(&file, true);
	info_file_fini(&file);
	close(fd);
	return 0;
}
