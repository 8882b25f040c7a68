/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/merge_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { FILES = 7, PACKETS = 40, STEPS = 3, DESCRIPTORS = 3 };

/* What a packet holds: where it was, and when. */
struct packet {
	uint32_t time_ns, file, index;
};

static void put(int fd, const void *data, size_t bytes)
{
	assert_int_equal(write(fd, data, bytes), (ssize_t)bytes);
}

/* In classic pcap, of nanoseconds. The times go forward. */
static int make_file(uint32_t file, struct packet *packets, uint32_t count)
{
	/* Magic, version 2.4 (16 bits each), time zone, accuracy, snaplen, Ethernet. */
	static const uint32_t header[] = {0xa1b23c4d, 4u << 16 | 2, 0, 0, 65535, 1};
	int fd = memfd_create("merge", MFD_CLOEXEC);
	uint32_t time_ns = 0;

	assert_true(fd >= 0);
	put(fd, header, sizeof(header));
	for (uint32_t i = 0; i < count; i++) {
		time_ns += (uint32_t)rand() % STEPS;
		packets[i] = (struct packet){time_ns, file, i};
		put(fd, (uint32_t[]){1, time_ns, sizeof(*packets), sizeof(*packets)}, 16);
		put(fd, &packets[i], sizeof(*packets));
	}
	return fd;
}

static int compare(const void *a, const void *b)
{
	const struct packet *one = a, *other = b;

	if (one->time_ns != other->time_ns)
		return one->time_ns < other->time_ns ? -1 : 1;
	if (one->file != other->file)
		return one->file < other->file ? -1 : 1;
	return one->index < other->index ? -1 : one->index > other->index;
}

/* Of one time the packets of the file that was added first come first. */
static void goes_by_time_then_by_file(void **state)
{
	struct merge_inputs *inputs = merge_inputs_new();
	struct packet packets[FILES * PACKETS];
	struct merge_input *input;
	size_t count = 0, next = 0, ended = 0;
	int fds[FILES];

	assert_non_null(inputs);
	srand(1);
	for (uint32_t i = 0; i < FILES; i++) {
		/* One has none. */
		const uint32_t of_file = i == 2 ? 0 : PACKETS - i;
		char path[64];

		fds[i] = make_file(i, packets + count, of_file);
		count += of_file;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fds[i]);
		assert_int_equal(merge_inputs_add(inputs, path), 0);
	}
	qsort(packets, count, sizeof(*packets), compare);
	assert_int_equal(merge_inputs_begin(inputs, DESCRIPTORS), 0);
	for (int event; (event = merge_inputs_next(inputs, &input)) != MERGE_END;) {
		assert_true(event == MERGE_PACKET || event == MERGE_INPUT_ENDED);
		ended += event == MERGE_INPUT_ENDED;
		if (event == MERGE_INPUT_ENDED)
			continue;
		assert_true(next < count);
		assert_int_equal(input->record.caplen, sizeof(*packets));
		assert_memory_equal(input->record.data, &packets[next++], sizeof(*packets));
	}
	assert_int_equal(next, count);
	assert_int_equal(ended, FILES);
	merge_inputs_free(inputs);
	for (size_t i = 0; i < FILES; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goes_by_time_then_by_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
