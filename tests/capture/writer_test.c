/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams and writer together, with every method, on real directories: what libpcap reads back
 * is what was appended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/capture/recording.h"

enum {
	CHUNK_BYTES = 16384,
	SECOND = 1000000000,
};

/* Sizes that end where faults like to be. */
static uint32_t choose_caplen(const struct recording *recording, uint32_t stream, uint32_t *state)
{
	const struct expected_stream *model = &recording->streams[stream];
	uint64_t offset = model->count ? model->offset : PCAP_FILE_HEADER_BYTES;
	uint32_t max = stream_max_caplen(recording->config.chunk_bytes);
	uint32_t to_block =
		(uint32_t)(CHUNK_BLOCK - (offset + PCAP_RECORD_HEADER_BYTES) % CHUNK_BLOCK);
	uint64_t in_chunk = offset - model->chunk_start + PCAP_RECORD_HEADER_BYTES;
	uint32_t room = recording->config.chunk_bytes - (uint32_t)in_chunk;

	switch (recording_random(state, 12)) {
	case 0:
		return 1;
	case 1:
		return max;
	case 2:
		return to_block;
	case 3:
		return to_block > 1 ? to_block - 1 : 1;
	case 4:
		return to_block + 1;
	case 5:
		return room >= 1 && room <= max ? room : 60;
	case 6:
		return room >= 1 && room < max ? room + 1 : 61;
	case 7:
		return recording_random(state, max) + 1;
	default:
		return recording_random(state, 1500) + 1;
	}
}

/* count records in bursts over all streams, with pauses in which chunks age. */
static void append_mix(struct recording *recording, uint32_t count, uint32_t *state)
{
	const struct recording_config *config = &recording->config;

	while (count) {
		uint32_t burst = recording_random(state, 32) + 1;

		for (; burst && count; burst--, count--) {
			uint32_t session = recording_random(state, config->sessions);
			uint32_t stream = config->stream.combined ? 0 : session;
			uint32_t caplen = choose_caplen(recording, stream, state);

			recording->now_ns += recording_random(state, 1000000);
			recording_append_surely(recording, stream, session, caplen,
						caplen + recording_random(state, 100));
		}
		if (recording_random(state, 20) == 0)
			recording->now_ns += SECOND;
		recording_tick(recording);
	}
}

struct mix {
	const char *title;
	struct rotation rotation;
	uint64_t flush_ns;
	uint32_t sessions;
	bool combined;
	uint32_t log_records;
	uint32_t chunks;
	uint32_t records;
};

static const struct mix mixes[] = {
	{"one file", {0}, SECOND / 2, 1, false, 0, 8, 1500},
	{"never flushed", {0}, UINT64_MAX, 1, false, 0, 8, 1500},
	{"flushed at every tick", {0}, 0, 3, false, 0, 8, 500},
	{"two chunks", {0}, SECOND / 2, 1, false, 0, 2, 1500},
	{"one chunk", {0}, SECOND / 2, 1, false, 0, 1, 1500},
	{"fewer chunks than streams", {0}, SECOND / 2, 9, false, 0, 4, 1500},
	{"by size", {.filesize_bytes = 50000}, SECOND / 2, 3, false, 0, 8, 1500},
	{"by size below a record", {.filesize_bytes = 100}, SECOND / 2, 2, false, 0, 8, 150},
	{"by packets", {.packets = 17}, SECOND / 2, 3, false, 0, 8, 500},
	{"by each packet", {.packets = 1}, SECOND / 2, 2, false, 0, 8, 150},
	{"by duration", {.duration_ns = 700000000}, SECOND / 2, 3, false, 0, 8, 1500},
	{"by interval", {.interval_ns = 2000000000}, SECOND / 2, 3, false, 0, 8, 1500},
	{"by all", {90000, 3000000000, 5000000000, 40}, SECOND / 2, 5, false, 0, 16, 1500},
	{"combined", {0}, SECOND / 2, 7, true, 2000, 8, 1500},
	{"combined, small logs", {0}, SECOND / 2, 7, true, 5, 8, 1500},
	{"combined, smallest logs", {.packets = 100}, SECOND / 2, 7, true, 1, 8, 500},
	{"combined by size", {.filesize_bytes = 70000}, SECOND / 3, 4, true, 64, 8, 1500},
};

static void record_mix(const struct mix *mix, enum writer_method method, const char *base,
		       uint32_t state)
{
	char directory[RECORDING_PATH_BYTES];
	struct recording_config config = {
		.method = method,
		.output = {OUTPUT_DIRECTORY, directory},
		.sessions = mix->sessions,
		.chunks = mix->chunks,
		.chunk_bytes = CHUNK_BYTES,
		.reserve_bytes = 8 * CHUNK_BYTES,
		.log_records = mix->log_records,
		.stream = {.streams = mix->combined ? 1 : 0,
			   .combined = mix->combined,
			   .aligned = true,
			   .precision = PCAP_NS,
			   .rotation = mix->rotation,
			   .flush_ns = mix->flush_ns},
	};
	struct recording recording;

	recording_directory(base, directory);
	recording_start(&recording, &config);
	append_mix(&recording, mix->records, &state);
	recording_finish(&recording);
	recording_check_all(&recording);
	recording_free(&recording);
	recording_remove(directory);
}

static void record_mixes(enum writer_method method, const char *base)
{
	for (uint32_t i = 0; i < sizeof(mixes) / sizeof(mixes[0]); i++) {
		print_message("# %s: %s\n", writer_method_name(method), mixes[i].title);
		record_mix(&mixes[i], method, base, i + 1);
	}
}

static void records_with_uring(void **state)
{
	record_mixes(WRITER_URING, NULL);
}

static void records_with_direct(void **state)
{
	record_mixes(WRITER_DIRECT, NULL);
}

static void records_with_pwrite(void **state)
{
	record_mixes(WRITER_PWRITE, NULL);
}

static void records_on_tmpfs(void **state)
{
	char directory[RECORDING_PATH_BYTES];
	struct output output = {OUTPUT_DIRECTORY, directory};
	enum writer_method method;

	recording_directory("/dev/shm", directory);
	assert_int_equal(writer_choose(&output, &method), 0);
	recording_remove(directory);
	record_mixes(method, "/dev/shm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_with_uring),
		cmocka_unit_test(records_with_direct),
		cmocka_unit_test(records_with_pwrite),
		cmocka_unit_test(records_on_tmpfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
