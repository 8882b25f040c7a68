/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/ledger.h"
#include "capture/ring.h"
#include "tests/capture/recording.h"

static char directory[RECORDING_PATH_BYTES];
static char path[RECORDING_PATH_BYTES + 16];
static struct session_map map;

static int set_up(void **state)
{
	static const char *const arguments[] = {"1,length=128", "2,source=10.0.0.5,name=web", "3"};
	char error[SESSION_ERROR_BYTES];

	recording_directory(NULL, directory);
	snprintf(path, sizeof(path), "%s/ledger", directory);
	for (int i = 0; i < 3; i++)
		if (session_map_add_argument(&map, arguments[i], error))
			return -1;
	return session_map_check(&map, error);
}

static int tear_down(void **state)
{
	recording_remove(directory);
	session_map_fini(&map);
	return 0;
}

static void refuses_what_it_cannot_make(void **state)
{
	struct ledger *ledger;

	assert_int_equal(ledger_create(&ledger, NULL, 0, &map), -EINVAL);
	assert_int_equal(ledger_create(&ledger, NULL, 100000, &map), -EINVAL);
	assert_int_equal(ledger_create(&ledger, "missing/ledger", 1, &map), -ENOENT);
	ledger_close(NULL);
}

/* A full disk shows when the file is made, and no half of it stays. */
static void refuses_a_full_disk(void **state)
{
	char mounted[RECORDING_PATH_BYTES + 8];
	char full[RECORDING_PATH_BYTES + 32];
	struct ledger *ledger;

	if (geteuid() != 0)
		skip();
	snprintf(mounted, sizeof(mounted), "%s/full", directory);
	snprintf(full, sizeof(full), "%s/ledger", mounted);
	assert_int_equal(mkdir(mounted, 0700), 0);
	assert_int_equal(mount("none", mounted, "tmpfs", 0, "size=4k"), 0);
	assert_int_equal(ledger_create(&ledger, full, 4, &map), -ENOSPC);
	assert_int_equal(access(full, F_OK), -1);
	assert_int_equal(umount(mounted), 0);
}

static void fill_slots(struct ledger *ledger)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct ledger_worker *worker = ledger_worker(ledger, i);
		struct ledger_writer *writer = ledger_writer(ledger, i);

		ledger_begin(&worker->sequence);
		worker->received = 1000 + i;
		worker->accepted = 900 + i;
		worker->clipped = 7;
		worker->reserved_bits = 9;
		worker->dropped[DROP_NOT_VXLAN] = 60;
		worker->dropped[DROP_NO_BUFFER] = 40;
		ledger_end(&worker->sequence);
		ledger_begin(&writer->sequence);
		writer->written = 500;
		writer->write_failed = 3;
		writer->bytes = 50000;
		ledger_end(&writer->sequence);
		ledger_session_worker(ledger, i)[2].cut_here = 11;
		ledger_session_writer(ledger, i)[2].written = 500;
		ledger_session_writer(ledger, i)[2].write_failed = 3;
	}
	ledger_nic(ledger)->missed = 5;
	ledger_writer(ledger, 0)->failures = 4;
	ledger_writer(ledger, 0)->last_error = EIO;
	ledger_writer(ledger, 1)->failures = 3;
	ledger_writer(ledger, 1)->failing = 2;
	ledger_writer(ledger, 1)->last_error = ENOSPC;
	*ledger_clock(ledger) = (struct ledger_clock){2, -1500000000, 1700000000};
}

static void check_totals(struct ledger *ledger)
{
	struct ledger_session_totals session;
	struct ledger_totals totals;

	assert_true(ledger_read(ledger, &totals));
	assert_true(ledger_balanced(&totals));
	assert_int_equal(totals.received, 2001);
	assert_int_equal(totals.written, 1000);
	assert_int_equal(totals.in_flight, 1801 - 1006);
	assert_int_equal(totals.dropped[DROP_NOT_VXLAN], 120);
	assert_int_equal(totals.dropped[DROP_NO_BUFFER], 80);
	assert_int_equal(totals.dropped[DROP_WRITE_FAILED], 6);
	assert_int_equal(totals.clipped, 14);
	assert_int_equal(totals.reserved_bits, 18);
	assert_int_equal(totals.bytes, 100000);
	assert_int_equal(totals.nic.missed, 5);
	assert_true(totals.nic.errors == LEDGER_UNKNOWN);
	assert_true(totals.nic.no_mbuf == LEDGER_UNKNOWN);
	assert_int_equal(totals.failures, 7);
	assert_int_equal(totals.failing, 2);
	assert_int_equal(totals.last_error, ENOSPC); /* of the one that fails now */
	assert_int_equal(totals.clock.steps, 2);
	assert_int_equal(totals.clock.step_ns, -1500000000);
	assert_int_equal(totals.clock.at_ns, 1700000000);
	ledger_read_session(ledger, 2, &session);
	assert_int_equal(session.kept.cut_here, 22);
	assert_int_equal(session.kept.whole, 0);
	assert_int_equal(session.stored.written, 1000);
	assert_int_equal(session.stored.write_failed, 6);
	ledger_read_session(ledger, 1, &session);
	assert_int_equal(session.stored.written, 0);
}

static void check_identities(const struct ledger *ledger)
{
	char source[INET6_ADDRSTRLEN];

	assert_int_equal(ledger_workers(ledger), 2);
	assert_int_equal(ledger_sessions(ledger), 3);
	assert_int_equal(ledger_session(ledger, 0)->virtual_network_id, 1);
	assert_int_equal(ledger_session(ledger, 0)->packet_length, 128);
	assert_string_equal(ledger_session(ledger, 0)->name, "vni-1");
	assert_true(ledger_session(ledger, 1)->has_source);
	session_source_format(&ledger_session(ledger, 1)->source, source);
	assert_string_equal(source, "10.0.0.5");
	assert_string_equal(ledger_session(ledger, 1)->name, "web");
	assert_false(ledger_session(ledger, 2)->has_source);
}

/* Another process's view of a running capture's ledger, and of one that has ended. */
static void the_file_is_read_while_and_after(void **state)
{
	struct ledger *ledger;
	struct ledger *reader;
	struct stat st;

	assert_int_equal(ledger_create(&ledger, path, 2, &map), 0);
	assert_int_equal(ledger_create(&reader, path, 2, &map), -EEXIST);
	assert_int_equal(ledger_open(&reader, path), 0);
	fill_slots(ledger);
	check_totals(ledger);
	check_totals(reader);
	ledger_close(reader);
	ledger_close(ledger);
	assert_int_equal(ledger_open(&reader, path), 0);
	check_identities(reader);
	check_totals(reader);
	ledger_close(reader);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	assert_true(st.st_blocks * 512 >= st.st_size); /* preallocated */
	assert_int_equal(unlink(path), 0);
}

static void anonymous_memory_does_as_well(void **state)
{
	struct ledger *ledger;

	assert_int_equal(ledger_create(&ledger, NULL, 2, &map), 0);
	check_identities(ledger);
	fill_slots(ledger);
	check_totals(ledger);
	ledger_close(ledger);
}

static void no_two_threads_share_a_cache_line(void **state)
{
	struct ledger *ledger;

	assert_int_equal(ledger_create(&ledger, NULL, 2, &map), 0);
	for (uint32_t i = 0; i < 2; i++) {
		assert_int_equal((uintptr_t)ledger_worker(ledger, i) % 128, 0);
		assert_int_equal((uintptr_t)ledger_writer(ledger, i) % 128, 0);
		assert_int_equal((uintptr_t)ledger_session_worker(ledger, i) % 128, 0);
		assert_int_equal((uintptr_t)ledger_session_writer(ledger, i) % 128, 0);
	}
	ledger_close(ledger);
}

/* docs/ledger.md, read by its numbers. */
static void the_layout_is_as_documented(void **state)
{
	struct ledger *ledger;
	uint64_t header[15];
	uint64_t word;
	int fd;

	assert_int_equal(ledger_create(&ledger, path, 2, &map), 0);
	fill_slots(ledger);
	fd = open(path, O_RDONLY);
	assert_int_equal(pread(fd, header, sizeof(header), 0), sizeof(header));
	assert_true(header[0] == 0x5245474445434d00ull);
	assert_int_equal((uint32_t)header[1], 1);
	assert_int_equal(header[1] >> 32, 4096);
	assert_int_equal((uint32_t)header[3], 2);
	assert_int_equal(header[3] >> 32, 3);
	assert_int_equal(pread(fd, &word, 8, (off_t)header[7] + 128 + 8), 8);
	assert_int_equal(word, 1001); /* the second worker's received */
	assert_int_equal(pread(fd, &word, 8, (off_t)header[7] + 40 + 8l * DROP_NO_BUFFER), 8);
	assert_int_equal(word, 40);
	assert_int_equal(pread(fd, &word, 8, (off_t)header[8] + 16), 8);
	assert_int_equal(word, 3); /* the first writer's write_failed */
	assert_int_equal(pread(fd, &word, 8, (off_t)header[9]), 8);
	assert_int_equal(word, 5); /* missed */
	assert_int_equal(pread(fd, &word, 4, (off_t)header[10] + 128 + 28), 4);
	assert_memory_equal(&word, "web", 4);
	assert_int_equal(pread(fd, &word, 8, (off_t)(header[11] + header[12] + 2ul * 40 + 16)), 8);
	assert_int_equal(word, 11); /* the second worker's cut_here of the third session */
	assert_int_equal(pread(fd, &word, 8, (off_t)(header[13] + header[14] + 2ul * 24)), 8);
	assert_int_equal(word, 500);
	close(fd);
	ledger_close(ledger);
	assert_int_equal(unlink(path), 0);
}

/* Overwrites 8 bytes of the file; returns what was there. */
static uint64_t poke(off_t offset, uint64_t value)
{
	uint64_t before;
	int fd = open(path, O_RDWR);

	assert_int_equal(pread(fd, &before, sizeof(before), offset), sizeof(before));
	assert_int_equal(pwrite(fd, &value, sizeof(value), offset), sizeof(value));
	close(fd);
	return before;
}

static void refuses_hostile_files(void **state)
{
	static const uint64_t values[] = {0,          1,          7,          4096,      1 << 20,
					  1ull << 32, 1ull << 40, 1ull << 63, UINT64_MAX};
	struct ledger *ledger;
	struct ledger *reader;

	assert_int_equal(ledger_create(&ledger, path, 2, &map), 0);
	ledger_close(ledger);
	for (off_t offset = 0; offset < 120; offset += 8) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			bool other_version = offset == 8 && (uint32_t)values[i] != LEDGER_VERSION;
			uint64_t before = poke(offset, values[i]);
			int err = before == values[i] ? -EPROTO : ledger_open(&reader, path);

			poke(offset, before);
			assert_int_equal(err, other_version ? -ENOTSUP : -EPROTO);
		}
	}
	/* The identities: at 4096 + 2 * 128 + 2 * 128 + 128. */
	poke(4736 + 28, UINT64_MAX); /* a name of other bytes */
	assert_int_equal(ledger_open(&reader, path), -EPROTO);
	assert_int_equal(unlink(path), 0);
}

static void refuses_other_files(void **state)
{
	struct ledger *ledger;
	struct ledger *reader;
	struct stat st;

	assert_int_equal(ledger_open(&reader, path), -ENOENT);
	assert_int_equal(ledger_open(&reader, directory), -EISDIR);
	assert_int_equal(ledger_open(&reader, "/dev/null"), -EPROTO);
	assert_int_equal(ledger_open(&reader, "/dev/zero"), -EPROTO);
	assert_int_equal(ledger_create(&ledger, path, 2, &map), 0);
	ledger_close(ledger);
	assert_int_equal(stat(path, &st), 0);
	for (off_t size = st.st_size - 1; size > 0; size /= 2) {
		assert_int_equal(truncate(path, size), 0);
		assert_int_equal(ledger_open(&reader, path), -EPROTO);
	}
	assert_int_equal(unlink(path), 0);
}

/* A worker that was killed between begin and end. */
static void a_slot_left_mid_change_is_told(void **state)
{
	struct ledger *ledger;
	struct ledger_totals totals;

	assert_int_equal(ledger_create(&ledger, NULL, 2, &map), 0);
	fill_slots(ledger);
	ledger_begin(&ledger_worker(ledger, 1)->sequence);
	assert_false(ledger_read(ledger, &totals));
	assert_int_equal(totals.received, 2001);
	ledger_close(ledger);
}

static void unbalanced_totals_are_told(void **state)
{
	struct ledger_totals totals = {.received = 10, .written = 6, .in_flight = 3};

	totals.dropped[DROP_FILTERED] = 1;
	assert_true(ledger_balanced(&totals));
	totals.dropped[DROP_WRITE_FAILED] = 1;
	assert_false(ledger_balanced(&totals));
	totals.in_flight = 2;
	assert_true(ledger_balanced(&totals));
	/* More written than received: in_flight is negative, and the sum would still do. */
	totals = (struct ledger_totals){.received = 10, .written = 12, .in_flight = -2ull};
	assert_false(ledger_balanced(&totals));
}

/* A worker, its writer behind a ring, and a reader that never sees the sum wrong. */
struct traffic {
	struct ledger *ledger;
	uint32_t index;
	struct ring *ring;
	bool stop;
};

static void *work(void *argument)
{
	struct traffic *traffic = argument;
	struct ledger_worker *slot = ledger_worker(traffic->ledger, traffic->index);

	while (!__atomic_load_n(&traffic->stop, __ATOMIC_RELAXED)) {
		ledger_begin(&slot->sequence);
		ledger_add(&slot->received, 10);
		ledger_add(&slot->dropped[DROP_FILTERED], 3);
		ledger_add(&slot->accepted, 7);
		ledger_end(&slot->sequence);
		while (!ring_put(traffic->ring, traffic))
			;
	}
	while (!ring_put(traffic->ring, traffic->ring))
		;
	return NULL;
}

static void *write_out(void *argument)
{
	struct traffic *traffic = argument;
	struct ledger_writer *slot = ledger_writer(traffic->ledger, traffic->index);
	void *item;

	while ((item = ring_get(traffic->ring)) != traffic->ring) {
		if (!item)
			continue;
		ledger_begin(&slot->sequence);
		ledger_add(&slot->written, 5);
		ledger_add(&slot->write_failed, 2);
		ledger_end(&slot->sequence);
	}
	return NULL;
}

static void every_read_is_balanced(void **state)
{
	enum { PAIRS = 2, ENOUGH = 4000000 };
	struct traffic traffic[PAIRS];
	pthread_t workers[PAIRS];
	pthread_t writers[PAIRS];
	struct ledger_totals totals;
	struct ledger *ledger;
	uint64_t before = 0;

	assert_int_equal(ledger_create(&ledger, NULL, PAIRS, &map), 0);
	for (uint32_t i = 0; i < PAIRS; i++) {
		traffic[i] = (struct traffic){ledger, i, ring_new(4), false};
		assert_int_equal(pthread_create(&workers[i], NULL, work, &traffic[i]), 0);
		assert_int_equal(pthread_create(&writers[i], NULL, write_out, &traffic[i]), 0);
	}
	while (before < ENOUGH) {
		assert_true(ledger_read(ledger, &totals));
		assert_true(ledger_balanced(&totals));
		assert_true(totals.received >= before);
		before = totals.received;
	}
	for (uint32_t i = 0; i < PAIRS; i++) {
		__atomic_store_n(&traffic[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(workers[i], NULL);
		pthread_join(writers[i], NULL);
		ring_free(traffic[i].ring);
	}
	assert_true(ledger_read(ledger, &totals));
	assert_true(ledger_balanced(&totals));
	assert_int_equal(totals.in_flight, 0);
	assert_true(totals.received > 0);
	ledger_close(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_it_cannot_make),
		cmocka_unit_test(refuses_a_full_disk),
		cmocka_unit_test(the_file_is_read_while_and_after),
		cmocka_unit_test(anonymous_memory_does_as_well),
		cmocka_unit_test(no_two_threads_share_a_cache_line),
		cmocka_unit_test(the_layout_is_as_documented),
		cmocka_unit_test(refuses_hostile_files),
		cmocka_unit_test(refuses_other_files),
		cmocka_unit_test(a_slot_left_mid_change_is_told),
		cmocka_unit_test(unbalanced_totals_are_told),
		cmocka_unit_test(every_read_is_balanced),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
