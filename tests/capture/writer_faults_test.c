/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes and syncs that fail, or do a part of what they should, when this test wants: its own
 * pwrite(), fsync() and fdatasync() stand before the C library's, its io_uring_submit() and
 * io_uring_queue_exit() before liburing's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <liburing.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/committed.h"
#include "capture/recover.h"
#include "tests/capture/recording.h"

enum { SECOND = 1000000000 };

/* What to do to calls. */
static struct plan {
	bool flaky;      /* writes: EINTR, EAGAIN, and short ones, all in turn */
	int write_error; /* of each write from the fail_at-th on; 0: none; -1: it writes nothing */
	uint32_t fail_at;
	uint32_t fail_count;     /* so many, UINT32_MAX: for ever */
	_Atomic int fsync_error; /* of every fsync() of a file */
	_Atomic int fdatasync_error;
} plan;

static uint32_t writes, syncs;
static uint32_t changed; /* completions of the ring that there is */

static bool is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static ssize_t write_flakily(uint32_t i, int fd, const void *data, size_t bytes, off_t offset)
{
	static const size_t parts[] = {1, 511, 4096, 4097, 8192, 12288};

	if (i % 7 == 0) {
		errno = EINTR;
		return -1;
	}
	if (i % 7 == 3) {
		errno = EAGAIN;
		return -1;
	}
	/* Less than a block would be the end: short, and nothing more fits. */
	if (i % 2 && bytes > 4096) {
		size_t part = parts[i % 6] < 4096 ? 4096 + parts[i % 6] : parts[i % 6];

		/* As O_DIRECT does where the disk ends: but whole blocks are written. */
		bytes = part < bytes ? part : bytes;
		syscall(SYS_pwrite64, fd, data, bytes - bytes % 4096, offset);
		return (ssize_t)bytes;
	}
	return syscall(SYS_pwrite64, fd, data, bytes, offset);
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	uint32_t i = __atomic_fetch_add(&writes, 1, __ATOMIC_RELAXED);

	if (plan.flaky)
		return write_flakily(i, fd, data, bytes, offset);
	if (plan.write_error && i >= plan.fail_at && i - plan.fail_at < plan.fail_count) {
		errno = plan.write_error;
		return plan.write_error == -1 ? 0 : -1;
	}
	return syscall(SYS_pwrite64, fd, data, bytes, offset);
}

/* What the kernel did is as good as the page cache's word: only the completion is another. */
static void change_completion(uint32_t i, struct io_uring_cqe *cqe)
{
	if (plan.flaky && i % 7 == 0)
		cqe->res = -EINTR;
	else if (plan.flaky && i % 7 == 3)
		cqe->res = -EAGAIN;
	else if (plan.flaky && i % 2 && cqe->res > 8192)
		cqe->res = 4096 + (int)(i % 3) * 511; /* short, and not by whole blocks */
	else if (plan.write_error && i >= plan.fail_at && i - plan.fail_at < plan.fail_count)
		cqe->res = plan.write_error == -1 ? 0 : -plan.write_error;
}

/* Every other time the ring takes nothing; else all that it has taken is done when this returns. */
int io_uring_submit(struct io_uring *ring)
{
	static int (*real)(struct io_uring *);
	static uint32_t calls;
	int rc;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "io_uring_submit");
	if (plan.flaky && calls++ % 2)
		return -EBUSY;
	rc = real(ring);
	while (__atomic_load_n(ring->cq.ktail, __ATOMIC_ACQUIRE) != *ring->sq.khead)
		poll(NULL, 0, 0);
	for (; changed != *ring->cq.ktail; changed++)
		change_completion(__atomic_fetch_add(&writes, 1, __ATOMIC_RELAXED),
				  &ring->cq.cqes[changed & *ring->cq.kring_mask]);
	return rc;
}

/* The next ring counts from 0 again. */
void io_uring_queue_exit(struct io_uring *ring)
{
	static void (*real)(struct io_uring *);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "io_uring_queue_exit");
	changed = 0;
	real(ring);
}

int fsync(int fd)
{
	if (plan.fsync_error && is_file(fd)) {
		__atomic_fetch_add(&syncs, 1, __ATOMIC_RELAXED);
		errno = plan.fsync_error;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	if (plan.fdatasync_error && is_file(fd)) {
		errno = plan.fdatasync_error;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static char directory[RECORDING_PATH_BYTES];

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	plan = (struct plan){0};
	writes = 0;
	changed = 0; /* a test that failed may have left its ring as it was */
	syncs = 0;
	return 0;
}

static int remove_directory(void **state)
{
	plan = (struct plan){0};
	recording_remove(directory);
	return 0;
}

static struct recording_config configure(enum writer_method method)
{
	return (struct recording_config){
		.method = method,
		.output = {OUTPUT_DIRECTORY, directory},
		.sessions = 1,
		.chunks = 24,
		.chunk_bytes = 16384,
		.reserve_bytes = 1 << 20,
		.stream = {.aligned = true, .precision = PCAP_NS, .flush_ns = SECOND},
	};
}

static void append_some(struct recording *recording, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		recording->now_ns += SECOND / 10000;
		recording_append_surely(recording, 0, 0, 700, 700);
		if (i % 16 == 15)
			recording_tick(recording);
	}
	recording_tick(recording);
}

static uint64_t failed(const struct recording *recording)
{
	struct ledger_totals totals;

	assert_true(ledger_read(recording->ledger, &totals));
	return totals.dropped[DROP_WRITE_FAILED];
}

/* Seconds go by until a segment that failed is given up. */
static void wait_for_a_new_chance(struct recording *recording)
{
	for (int i = 0; i < 3; i++) {
		recording_drain(recording);
		poll(NULL, 0, 10);
	}
	recording_tick(recording);
	recording_expect_segment(recording, 0);
}

static void interrupted_and_short_writes_lose_nothing(void **state)
{
	static const enum writer_method methods[] = {WRITER_URING, WRITER_DIRECT, WRITER_PWRITE};

	plan.flaky = true;
	for (size_t i = 0; i < 3; i++) {
		struct recording_config config = configure(methods[i]);
		struct recording recording;

		config.stream.rotation.filesize_bytes = 100000;
		config.shared = true;
		recording_start(&recording, &config);
		append_some(&recording, 1000);
		recording_finish(&recording);
		recording_check_all(&recording);
		recording_free(&recording);
	}
	assert_true(writes > 100);
}

/* Once, or for a while: the segment ends before it, and a new one is as good as any. */
static void a_failed_write_ends_its_segment(void **state)
{
	static const struct {
		enum writer_method method;
		int error, told;
		uint32_t count;
	} cases[] = {
		{WRITER_PWRITE, EIO, -EIO, 1},
		{WRITER_PWRITE, ENOSPC, -ENOSPC, 1},
		{WRITER_PWRITE, EDQUOT, -EDQUOT, 1},
		{WRITER_PWRITE, -1, -EIO, 1},
		{WRITER_URING, EIO, -EIO, 1},
		{WRITER_URING, ENOSPC, -ENOSPC, 1},
		{WRITER_URING, ECANCELED, -ECANCELED, 1},
		{WRITER_URING, -1, -ENOSPC, 1},
		{WRITER_URING, EAGAIN, -EAGAIN, UINT32_MAX}, /* it is not tried for ever */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct recording_config config = configure(cases[i].method);
		char path[SEGMENT_PATH_BYTES];
		struct recording recording;
		uint64_t lost;

		writes = 0;
		plan = (struct plan){
			.write_error = cases[i].error,
			.fail_at = 5,
			.fail_count = cases[i].count,
		};
		config.shared = true;
		/* The fifth completion is to be a write's. */
		config.reserve_bytes = 0;
		recording_start(&recording, &config);
		append_some(&recording, 200);
		recording_drain(&recording);
		lost = failed(&recording);
		/* Of a ring, any of those under way together may be the fifth that ends. */
		assert_in_range(lost, 1, cases[i].method == WRITER_URING ? 199 : 200 - 4 * 16);
		assert_int_equal(writer_take_error(recording.writer, path), cases[i].told);
		plan.write_error = 0;
		wait_for_a_new_chance(&recording);
		append_some(&recording, 100);
		recording_finish(&recording);
		assert_int_equal(failed(&recording), lost);
		recording_check_prefixes(&recording);
		recording_free(&recording);
	}
}

/* A file's with so many packets. */
static uint64_t bytes_of(uint32_t packets)
{
	return PCAP_FILE_HEADER_BYTES + packets * (PCAP_RECORD_HEADER_BYTES + 700ull);
}

static void mark_of(const char *part, uint64_t *bytes, int expected)
{
	int fd = open(part, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(committed_get(fd, part, bytes), expected);
	close(fd);
}

/* Waits until the open segment's records are committed; returns its path, for the caller to free. */
static char *wait_for_commit(uint32_t packets)
{
	char pattern[RECORDING_PATH_BYTES + 32];
	uint64_t bytes = 0;
	glob_t found;
	char *part;

	snprintf(pattern, sizeof(pattern), "%s/vni-1000/*.part", directory);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	part = strdup(found.gl_pathv[0]);
	globfree(&found);
	for (int i = 0; i < 1000 && bytes != bytes_of(packets); i++) {
		int fd = open(part, O_RDONLY);

		assert_true(fd >= 0);
		(void)committed_get(fd, part, &bytes);
		close(fd);
		poll(NULL, 0, 10);
	}
	assert_int_equal(bytes, bytes_of(packets));
	return part;
}

/*
 * A sync that failed: what was written is told to be there by the page cache, and perhaps by the
 * next sync. The segment ends, is not given its name, and keeps the committed length that it had.
 */
static void a_failed_sync_ends_its_segment(void **state)
{
	struct recording_config config = configure(WRITER_PWRITE);
	static struct recover_file recovered;
	const struct writer_file *files;
	char path[SEGMENT_PATH_BYTES];
	struct recording recording;
	uint64_t bytes;
	uint32_t count;
	char *part;

	recording_start(&recording, &config);
	append_some(&recording, 50);
	recording_drain(&recording);
	part = wait_for_commit(50);
	plan.fsync_error = EIO;
	append_some(&recording, 10); /* one chunk: written, then synced in vain */
	recording_drain(&recording);
	for (int i = 0; i < 1000 && !__atomic_load_n(&syncs, __ATOMIC_RELAXED); i++)
		poll(NULL, 0, 10);
	poll(NULL, 0, 100);
	assert_int_equal(__atomic_load_n(&syncs, __ATOMIC_RELAXED), 1); /* it might succeed */
	append_some(&recording, 20);
	recording_drain(&recording);
	assert_int_equal(failed(&recording), 20);
	plan.fsync_error = 0;
	wait_for_a_new_chance(&recording);
	append_some(&recording, 30);
	recording_finish(&recording);
	assert_int_equal(writer_take_error(recording.writer, path), -EIO);
	assert_int_equal(failed(&recording), 20);
	recording_check_prefixes(&recording);
	files = writer_files(recording.writer, &count);
	assert_int_equal(count, 2);
	assert_string_equal(files[0].path, part);
	assert_null(strstr(files[1].path, ".part"));
	mark_of(part, &bytes, 0);
	assert_int_equal(bytes, bytes_of(50));
	/* A later start makes of it what can be made. */
	assert_true(recover_file(&recovered, part, false));
	assert_int_equal(recovered.state, RECOVER_DONE);
	assert_int_equal(recovered.packets, 10);
	free(part);
	recording_free(&recording);
}

/* At the end: as recorded, but a .part, with the length that was committed before. */
static void what_cannot_be_synced_gets_no_name(void **state)
{
	struct recording_config config = configure(WRITER_PWRITE);
	const struct writer_file *files;
	char path[SEGMENT_PATH_BYTES];
	struct recording recording;
	uint64_t bytes = 0;
	uint32_t count;

	recording_start(&recording, &config);
	append_some(&recording, 50);
	recording_drain(&recording);
	free(wait_for_commit(50));
	plan.fdatasync_error = EIO;
	recording_finish(&recording);
	assert_int_equal(writer_take_error(recording.writer, path), -EIO);
	recording_check_prefixes(&recording);
	files = writer_files(recording.writer, &count);
	assert_int_equal(count, 1);
	assert_non_null(strstr(files[0].path, ".part"));
	mark_of(files[0].path, &bytes, 0);
	assert_int_equal(bytes, bytes_of(50));
	recording_free(&recording);
}

/* Without syncs none can fail. */
static void none_means_none(void **state)
{
	struct recording_config config = configure(WRITER_PWRITE);
	struct recording recording;

	plan.fsync_error = EIO;
	plan.fdatasync_error = EIO;
	config.sync_mode = WRITER_SYNC_NONE;
	recording_start(&recording, &config);
	append_some(&recording, 50);
	recording_finish(&recording);
	recording_check_all(&recording);
	recording_free(&recording);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(interrupted_and_short_writes_lose_nothing,
						make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(a_failed_write_ends_its_segment, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(a_failed_sync_ends_its_segment, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(what_cannot_be_synced_gets_no_name, make_directory,
						remove_directory),
		cmocka_unit_test_setup_teardown(none_means_none, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
