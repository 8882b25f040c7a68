/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of streams: many more than there are chunks, and as many files to publish at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/resource.h>

#include "tests/capture/recording.h"

enum {
	SECOND = 1000000000,
	STREAMS = 2000,
	BURST = 32,
};

static char directory[RECORDING_PATH_BYTES];

static int raise_limit(void **state)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return -1;
	limit.rlim_cur = limit.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < STREAMS + 128 ? -1 : 0;
}

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	return 0;
}

static int make_directory_in_memory(void **state)
{
	recording_directory("/dev/shm", directory);
	return 0;
}

static int remove_directory(void **state)
{
	recording_remove(directory);
	return 0;
}

static struct recording_config configure(enum writer_method method)
{
	return (struct recording_config){
		.method = method,
		.output = {OUTPUT_DIRECTORY, directory},
		.sessions = STREAMS,
		.chunks = 256,
		.chunk_bytes = 8192,
		.stream = {.aligned = true, .precision = PCAP_NS, .flush_ns = SECOND},
	};
}

/* Each stream gets `each` records, in turn. */
static void append_to_all(struct recording *recording, uint32_t each)
{
	uint32_t random = 5;

	for (uint32_t i = 0; i < each * STREAMS; i++) {
		uint32_t caplen = recording_random(&random, 300);

		recording->now_ns += 1000;
		recording_append_surely(recording, i % STREAMS, i % STREAMS, caplen, caplen);
		if (i % BURST == BURST - 1)
			recording_tick(recording);
	}
}

static void all_are_published(void **state)
{
	struct recording_config config = configure(WRITER_URING);
	struct recording recording;

	recording_start(&recording, &config);
	append_to_all(&recording, 2);
	recording_finish(&recording);
	recording_check_all(&recording);
	recording_free(&recording);
}

/* All end at once, and go on: more files than may be open wait for nobody. */
static void all_rotate_together(void **state)
{
	struct recording_config config = configure(WRITER_PWRITE);
	struct recording recording;

	config.stream.rotation.packets = 1;
	recording_start(&recording, &config);
	append_to_all(&recording, 2);
	recording_finish(&recording);
	recording_check_all(&recording);
	recording_free(&recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_are_published, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(all_rotate_together, make_directory_in_memory,
						remove_directory),
	};

	return cmocka_run_group_tests(tests, raise_limit, NULL);
}
