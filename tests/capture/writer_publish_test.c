/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files are published while others are written: syncs that stand still for as long as this test
 * wants, since its own fsync() and fdatasync() stand before the C library's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <glob.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/capture/recording.h"

enum {
	SECOND = 1000000000,
	EACH = 40,       /* records of a file */
	FILES_BOUND = 8, /* that may be open at once, where that is the case's matter */
};

/* What stands still: the calls wait where it is closed. */
struct gate {
	bool closed;
	uint32_t waiting;
};

static struct gate data_gate; /* fdatasync(): files on their way to their names */
static struct gate open_gate; /* fsync(): open files */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;

static void set_gate(struct gate *gate, bool closed)
{
	pthread_mutex_lock(&lock);
	gate->closed = closed;
	pthread_cond_broadcast(&opened);
	pthread_mutex_unlock(&lock);
}

static void pass(struct gate *gate, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	pthread_mutex_lock(&lock);
	gate->waiting++;
	while (gate->closed)
		pthread_cond_wait(&opened, &lock);
	gate->waiting--;
	pthread_mutex_unlock(&lock);
}

static void wait_for_somebody(struct gate *gate)
{
	uint32_t waiting = 0;

	for (int i = 0; i < 2000 && waiting == 0; i++) {
		pthread_mutex_lock(&lock);
		waiting = gate->waiting;
		pthread_mutex_unlock(&lock);
		poll(NULL, 0, 5);
	}
	assert_int_not_equal(waiting, 0);
}

int fsync(int fd)
{
	pass(&open_gate, fd);
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	pass(&data_gate, fd);
	return (int)syscall(SYS_fdatasync, fd);
}

static char directory[RECORDING_PATH_BYTES];

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	return 0;
}

static int remove_directory(void **state)
{
	set_gate(&data_gate, false);
	set_gate(&open_gate, false);
	recording_remove(directory);
	return 0;
}

static struct recording_config configure(uint32_t sessions)
{
	return (struct recording_config){
		.method = WRITER_URING,
		.output = {OUTPUT_DIRECTORY, directory},
		.sessions = sessions,
		.chunks = 64,
		.chunk_bytes = 16384,
		.stream = {.aligned = true,
			   .precision = PCAP_NS,
			   .rotation = {.packets = EACH},
			   .flush_ns = SECOND},
	};
}

static void append(struct recording *recording, uint32_t stream, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		recording->now_ns += SECOND / 100000;
		recording_append_surely(recording, stream, stream, 200, 200);
		if (i % 8 == 7)
			recording_tick(recording);
	}
	recording_tick(recording);
}

static size_t count_files(const char *pattern)
{
	char full[RECORDING_PATH_BYTES + 32];
	size_t count = 0;
	glob_t found;

	snprintf(full, sizeof(full), "%s/%s", directory, pattern);
	if (glob(full, 0, NULL, &found) == 0)
		count = found.gl_pathc;
	globfree(&found);
	return count;
}

static uint64_t written(const struct recording *recording, uint32_t session)
{
	struct ledger_session_totals totals;

	ledger_read_session(recording->ledger, session, &totals);
	return totals.stored.written;
}

static void wait_for_written(struct recording *recording, uint32_t session, uint64_t count)
{
	recording->now_ns += SECOND; /* what was appended is handed over */
	for (int i = 0; i < 2000 && written(recording, session) < count; i++) {
		recording_tick(recording);
		poll(NULL, 0, 5);
	}
	assert_int_equal(written(recording, session), count);
}

/* The first file's sync stands still: five more are written meanwhile. */
static void writes_go_on_meanwhile(void **state)
{
	struct recording_config config = configure(1);
	struct recording recording;

	set_gate(&data_gate, true);
	recording_start(&recording, &config);
	append(&recording, 0, EACH + 1);
	wait_for_somebody(&data_gate);
	append(&recording, 0, 5 * EACH);
	wait_for_written(&recording, 0, 6 * EACH + 1);
	assert_int_equal(count_files("vni-1000/*.pcap"), 0);
	assert_int_equal(count_files("vni-1000/*.part"), 7);
	set_gate(&data_gate, false);
	recording_finish(&recording);
	recording_check_all(&recording);
	recording_free(&recording);
}

/* As many files as may be are open: who needs one more waits, who has one goes on. */
static void open_files_are_bounded(void **state)
{
	struct recording_config config = configure(2);
	struct recording recording;

	config.stream.rotation.packets = 1;
	config.files_max = FILES_BOUND;
	set_gate(&data_gate, true);
	recording_start(&recording, &config);
	append(&recording, 0, 20);
	wait_for_somebody(&data_gate);
	wait_for_written(&recording, 0, FILES_BOUND);
	append(&recording, 1, 1);
	poll(NULL, 0, 50);
	assert_int_equal(written(&recording, 0), FILES_BOUND);
	assert_int_equal(written(&recording, 1), 0);
	assert_int_equal(count_files("*/*.part"), FILES_BOUND);
	set_gate(&data_gate, false);
	wait_for_written(&recording, 0, 20);
	wait_for_written(&recording, 1, 1);
	recording_finish(&recording);
	recording_check_all(&recording);
	recording_free(&recording);
}

/* A file that ends while it is synced keeps its descriptor until that is over. */
static void a_sync_under_way_keeps_its_file(void **state)
{
	struct recording_config config = configure(1);
	struct recording recording;

	set_gate(&open_gate, true);
	recording_start(&recording, &config);
	append(&recording, 0, 10);
	wait_for_written(&recording, 0, 10);
	wait_for_somebody(&open_gate);
	append(&recording, 0, EACH);
	wait_for_written(&recording, 0, 10 + EACH);
	poll(NULL, 0, 250); /* it would have been published */
	assert_int_equal(count_files("vni-1000/*.pcap"), 0);
	set_gate(&open_gate, false);
	for (int i = 0; i < 1000 && count_files("vni-1000/*.pcap") == 0; i++)
		poll(NULL, 0, 5);
	assert_int_equal(count_files("vni-1000/*.pcap"), 1);
	recording_finish(&recording);
	recording_check_all(&recording);
	recording_free(&recording);
}

/* An output of so few files would wait for itself. */
static void too_few_files_are_refused(void **state)
{
	char path[] = ".";
	struct chunk_pool *pool = chunk_pool_new(1, CHUNK_BLOCK, 0);
	struct ring *ring = ring_new(1);
	struct writer_config config = {
		.output = {OUTPUT_DIRECTORY, path},
		.method = WRITER_PWRITE,
		.streams = 3,
		.files_max = 3,
		.pool = pool,
		.full = ring,
		.empty = ring,
	};
	struct writer *writer;

	assert_int_equal(writer_start(&writer, &config), -EINVAL);
	ring_free(ring);
	chunk_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_go_on_meanwhile, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(open_files_are_bounded, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_sync_under_way_keeps_its_file, make_directory,
						remove_directory),
		cmocka_unit_test(too_few_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
