/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Against real directories. What is not real is a file system that takes its time to remove a
 * file, and clocks that are set: unlink(2) is held here for as long as a test wants, and
 * clock_gettime(2) told what to add.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/manifest.h"
#include "capture/retention.h"
#include "capture/retention_index.h"
#include "tests/capture/recording.h"

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

static bool held;           /* atomic: nothing is removed */
static uint32_t held_count; /* atomic: calls that are held */
static int refused;         /* atomic: nothing is removed, for this reason */

int __wrap_unlink(const char *path)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	if (__atomic_load_n(&held, __ATOMIC_RELAXED))
		__atomic_add_fetch(&held_count, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&held, __ATOMIC_RELAXED))
		nanosleep(&pause, NULL);
	errno = __atomic_load_n(&refused, __ATOMIC_RELAXED);
	return errno ? -1 : __real_unlink(path);
}

int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

static int64_t later_s, set_s; /* atomic: added to all clocks; and to the wall clock alone */

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = __real_clock_gettime(clock, now);

	now->tv_sec += __atomic_load_n(&later_s, __ATOMIC_RELAXED);
	if (clock == CLOCK_REALTIME)
		now->tv_sec += __atomic_load_n(&set_s, __ATOMIC_RELAXED);
	return rc;
}

#define BYTES 1000ull

static char base[RECORDING_PATH_BYTES];

/* What retention told. */
struct told {
	uint32_t removed, failed;
	int error;
	char path[SEGMENT_PATH_BYTES];
};

static void note(void *context, const struct retention_removal *removal)
{
	struct told *told = context;

	if (!removal->error) {
		assert_int_equal(removal->bytes, BYTES);
		assert_int_equal(access(removal->path, F_OK), -1);
		told->removed++;
		return;
	}
	told->failed++;
	told->error = removal->error;
	snprintf(told->path, sizeof(told->path), "%s", removal->path);
}

static int make_directory(void **state)
{
	recording_directory(NULL, base);
	return chdir(base);
}

static int remove_directory(void **state)
{
	if (chdir("..") < 0)
		return -1;
	recording_remove(base);
	return 0;
}

/* Makes a file of BYTES that was last changed so many seconds ago. */
static void put(const char *path, time_t age)
{
	const struct timespec times[2] = {{.tv_sec = time(NULL) - age},
					  {.tv_sec = time(NULL) - age}};
	static const char content[BYTES];
	char directory[RECORDING_PATH_BYTES];
	int fd;

	assert_non_null(strchr(path, '/'));
	memcpy(directory, path, strlen(path) + 1);
	*strchr(directory, '/') = '\0';
	mkdir(directory, 0755);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, BYTES), BYTES);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* The n-th file's name in the directory; its START is n seconds after a full hour. */
static const char *name_of(const char *directory, unsigned int n)
{
	static char names[4][128];
	static unsigned int next;
	char *name = names[next++ % 4];

	snprintf(name, sizeof(names[0]), "%s/20260102T03%02u%02u.000000000Z-w0-%06u.pcap",
		 directory, n / 60, n % 60, n);
	return name;
}

static void put_some(const char *directory, unsigned int from, unsigned int to)
{
	for (unsigned int n = from; n <= to; n++)
		put(name_of(directory, n), 10000 - 10 * (time_t)n);
}

/* Files from..to are there, and none of the first ones. */
static void check_left(const char *directory, unsigned int from, unsigned int to)
{
	for (unsigned int n = 1; n <= to + 1; n++)
		if (exists(name_of(directory, n)) != (n >= from && n <= to))
			fail_msg("%s: %s", name_of(directory, n), n < from ? "is left" : "is gone");
}

/* One run of retention over what is there, for one own session "web". */
static struct told run_once(struct retention_config config)
{
	struct segment_directory *web = segment_directory_new("./", "web");
	struct retention *retention;
	struct told told = {0};

	config.out = "./";
	config.directories = &web;
	config.directory_count = 1;
	config.report = note;
	config.context = &told;
	assert_int_equal(retention_start(&retention, &config), 0);
	retention_stop(retention);
	segment_directory_free(web);
	return told;
}

static void knows_our_names_to_the_letter(void **state)
{
	static const struct {
		const char *name;
		bool ours;
	} cases[] = {
		{"", false},
		{".", false},
		{"notes.txt", false},
		{"capture.pcap", false},
		{"20260102T030405.123456789Z-w0-000001.pcap.part", false},
		{"20260102T030405.123456789Z-w0-000001.pcapng.part", false},
		{"20260102T030405.123456789Z-w0-000001.pcap.part.committed", false},
		{"20260102T030405.123456789Z-w0-000001.pcap.gz", false},
		{"20260102T030405.123456789Z-w0-000001.pcap.tail", false},
		{"20260102T030405.123456789Z-w0-000001.pcap~", false},
		{"x20260102T030405.123456789Z-w0-000001.pcap", false},
		{"20260102T030405.12345678Z-w0-000001.pcap", false},
		{"20260102T030405.1234567890Z-w0-000001.pcap", false},
		{"2026-01-02T030405.123456789Z-w0-000001.pcap", false},
		{"20260102T030405.123456789Z-w0-00001.pcap", false},
		{"20260102T030405.123456789Z-w0-00000000001.pcap", false},
		{"20260102T030405.123456789Z-w-000001.pcap", false},
		{"20260102T030405.123456789Z-w0-000001", false},
		{"20260102T030405.123456789Z-w0-000001.", false},
		{"20260102T030405.123456789Z-w0-000001.recovered-.pcap", false},
		{"20260102T030405.123456789Z-w0-000001.recovered.pcap.tail.old", false},
		{"20260102T030405.123456789Z-w0-000001.recover.pcap", false},
		{"20260102T030405.123456789Z-w0-000001.zst", false},
		{"20260102T030405.123456789Z-w0-000001.pcap.zst.part", false},
		{"20260102T030405.123456789Z-w0-000001.pcap.zst.zst", false},
		{"20260102T030405.123456789Z-w0-000001.pcap.zst.tail", false},
		{"20260102T030405.123456789Z-w0-000001.pcap", true},
		{"20260102T030405.123456789Z-w0-000001.pcap.zst", true},
		{"20260102T030405.123456789Z-w0-000001.pcapng.zst", true},
		{"20260102T030405.123456789Z-w0-000001.recovered-2.pcapng.zst", true},
		{"20260102T030405.123456789Z-w0-000001.recovered.pcap.zst.tail", true},
		{"20260102T030405.123456789Z-w0-000001.pcapng", true},
		{"20260102T030405.123456789Z-w63-1234567.pcap", true},
		{"20260102T030405.123456789Z-w0-000001.recovered.pcap", true},
		{"20260102T030405.123456789Z-w0-000001.recovered-12.pcapng", true},
		{"20260102T030405.123456789Z-w0-000001.recovered.pcap.tail", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (retention_index_is_name(cases[i].name) != cases[i].ours)
			fail_msg("%s", cases[i].name);
}

static void nothing_there_is_nothing_to_do(void **state)
{
	struct retention_config config = {.session.files = 1, .overall.bytes = 1};
	struct told told = run_once(config);

	assert_int_equal(told.removed + told.failed, 0);
	retention_published(NULL, "a/b", 1);
	retention_stop(NULL);
}

/* Everything in the directory that is not ours, or not complete, or not a file. */
static void leaves_foreign_and_open_files(void **state)
{
	static const char *const foreign[] = {
		"web/notes.txt",
		"web/20200102T030405.000000000Z-w0-000001.pcap.part",
		"web/20200102T030405.000000000Z-w0-000002.pcap.gz",
		"web/20200102T030405.000000000Z-w0-000003.pcapng.json",
		"web/old.pcap",
	};
	struct retention_config config = {.session.files = 3};
	struct told told;

	put_some("web", 1, 10);
	put_some("db", 1, 10); /* not of this capture */
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		put(foreign[i], 100000);
	assert_int_equal(symlink("notes.txt", name_of("web", 0)), 0);
	assert_int_equal(mkdir("web/20200102T030405.000000000Z-w0-000009.pcap", 0755), 0);
	put("web/20300102T030405.000000000Z-w0-000011.recovered.pcapng", 0);
	told = run_once(config);
	assert_int_equal(told.removed, 8);
	assert_int_equal(told.failed, 0);
	check_left("web", 9, 10);
	check_left("db", 1, 10);
	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		assert_true(exists(foreign[i]));
	assert_true(exists(name_of("web", 0)));
	assert_true(exists("web/20200102T030405.000000000Z-w0-000009.pcap"));
	assert_true(exists("web/20300102T030405.000000000Z-w0-000011.recovered.pcapng"));
}

static void keeps_to_each_limit(void **state)
{
	static const struct {
		struct retention_config config;
		unsigned int web, db; /* the first that is left of ten */
	} cases[] = {
		{{.session.files = 10}, 1, 1},
		{{.session.files = 9}, 2, 1},
		{{.session.bytes = 10 * BYTES}, 1, 1},
		{{.session.bytes = 10 * BYTES - 1}, 2, 1},
		{{.session.bytes = BYTES - 1}, 11, 1},
		{{.session.age_ns = 9945000000000}, 6, 1}, /* completed 10,000 - 10 n s ago */
		{{.overall.age_ns = 9945000000000}, 6, 6},
		{{.session.age_ns = 9945000000000, .overall.age_ns = 9975000000000}, 6, 3},
		{{.overall.files = 20}, 1, 1},
		{{.overall.files = 10}, 6, 6}, /* of equal times both */
		{{.overall.bytes = 4 * BYTES + 1}, 9, 9},
		{{.session.files = 3, .overall.files = 7}, 8, 7},
		{{.session.files = 3, .overall.bytes = 4 * BYTES}, 9, 9},
		{{.free.bytes = UINT64_MAX / 2}, 11, 11},
		{{.free.bytes = 1}, 1, 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct told told;

		put_some("web", 1, 10);
		put_some("db", 1, 10);
		put("./lost+found", 5000); /* a file where directories are looked for */
		told = run_once(cases[i].config);
		check_left("web", cases[i].web, 10);
		check_left("db", cases[i].db, 10);
		assert_int_equal(told.removed, cases[i].web + cases[i].db - 2);
		assert_int_equal(told.failed, 0);
		recording_remove("web");
		recording_remove("db");
		__real_unlink("lost+found");
	}
}

/* A name is old, but its file has just been completed: as recorded from a file of old times. */
static void age_is_since_completion(void **state)
{
	struct retention_config config = {.overall.age_ns = 60000000000};

	put(name_of("web", 1), 10);
	put(name_of("web", 2), 100);
	put(name_of("web", 3), -100000); /* the clock was set back */
	assert_int_equal(run_once(config).removed, 1);
	assert_true(exists(name_of("web", 1)));
	assert_false(exists(name_of("web", 2)));
	assert_true(exists(name_of("web", 3)));
}

static void wait_for(bool (*done)(void))
{
	const struct timespec pause = {.tv_nsec = 10000000};

	for (int tries = 0; tries < 2000 && !done(); tries++)
		nanosleep(&pause, NULL);
	assert_true(done());
}

static bool first_has_gone(void)
{
	return !exists(name_of("web", 1));
}

/* Ten seconds go by, in which the wall clock is set to another year: that is no age. */
static void a_clock_that_is_set_deletes_nothing(void **state)
{
	struct segment_directory *web = segment_directory_new(".", "web");
	struct told told = {0};
	struct retention_config config = {.out = ".",
					  .directories = &web,
					  .directory_count = 1,
					  .session.age_ns = 3600000000000,
					  .report = note,
					  .context = &told};
	struct retention *retention;

	put(name_of("web", 1), 7200);
	put(name_of("web", 2), 3595);
	put(name_of("web", 3), 60);
	assert_int_equal(retention_start(&retention, &config), 0);
	wait_for(first_has_gone);
	__atomic_store_n(&set_s, 366 * 86400, __ATOMIC_RELAXED);
	__atomic_store_n(&later_s, 10, __ATOMIC_RELAXED);
	retention_stop(retention);
	__atomic_store_n(&set_s, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&later_s, 0, __ATOMIC_RELAXED);
	assert_int_equal(told.removed, 2);
	assert_false(exists(name_of("web", 2))); /* by the seconds alone */
	assert_true(exists(name_of("web", 3)));
	segment_directory_free(web);
}

static bool third_is_gone(void)
{
	return !exists(name_of("web", 3));
}

static bool first_is_gone(void)
{
	return !exists(name_of("web", 1));
}

/* Told once, left aside, counted, and removed when the lock has gone and its time comes again. */
static void a_locked_file_waits(void **state)
{
	const struct timespec aside = {.tv_sec = 5, .tv_nsec = 500000000};
	struct segment_directory *web = segment_directory_new(".", "web");
	struct told told = {0};
	struct retention_config config = {.out = ".",
					  .directories = &web,
					  .directory_count = 1,
					  .session.files = 3,
					  .report = note,
					  .context = &told};
	struct retention *retention;
	int fd;

	put_some("web", 1, 5);
	fd = open(name_of("web", 1), O_RDWR);
	assert_int_equal(segment_lock(fd), 0);
	assert_int_equal(retention_start(&retention, &config), 0);
	wait_for(third_is_gone);
	assert_true(exists(name_of("web", 1)));
	assert_true(exists(name_of("web", 4)));
	close(fd);
	nanosleep(&aside, NULL);
	put(name_of("web", 6), 0);
	retention_published(retention, name_of("./web", 6), BYTES);
	wait_for(first_is_gone);
	retention_stop(retention);
	check_left("web", 4, 6);
	assert_int_equal(told.removed, 3);
	assert_int_equal(told.failed, 1);
	assert_int_equal(told.error, -EBUSY);
	assert_string_equal(told.path, name_of("./web", 1));
	segment_directory_free(web);
}

/* What others have removed is no reason to remove more. */
static void others_may_remove_too(void **state)
{
	struct segment_directory *web = segment_directory_new(".", "web");
	const struct timespec second = {.tv_sec = 1, .tv_nsec = 500000000};
	struct told told = {0};
	struct retention_config config = {.out = ".",
					  .directories = &web,
					  .directory_count = 1,
					  .session.files = 5,
					  .report = note,
					  .context = &told};
	struct retention *retention;

	put_some("web", 1, 5);
	assert_int_equal(retention_start(&retention, &config), 0);
	nanosleep(&second, NULL);
	for (unsigned int n = 3; n <= 5; n++)
		assert_int_equal(__real_unlink(name_of("web", n)), 0);
	put_some("web", 6, 8);
	for (unsigned int n = 6; n <= 8; n++)
		retention_published(retention, name_of("./web", n), BYTES);
	/* Not ours to count, wherever they come from. */
	retention_published(retention, "./web/other.pcap", BYTES);
	retention_published(retention, "elsewhere", BYTES);
	retention_published(retention, name_of("./db", 1), BYTES);
	retention_stop(retention);
	assert_int_equal(told.removed, 0);
	assert_true(exists(name_of("web", 1)));
	assert_true(exists(name_of("web", 8)));
	segment_directory_free(web);
}

static bool is_held(void)
{
	return __atomic_load_n(&held_count, __ATOMIC_RELAXED) > 0;
}

static uint32_t count_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	uint32_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		count += retention_index_is_name(entry->d_name);
	closedir(dir);
	return count;
}

static void note_any(void *context, const struct retention_removal *removal)
{
	assert_int_equal(removal->error, 0);
	++*(uint32_t *)context;
}

/*
 * The removal of a file does not return. Meanwhile fifty files are recorded, closed and published,
 * and the recording ends: nothing there waits for it.
 */
static void a_slow_removal_holds_up_nobody(void **state)
{
	struct recording_config recording_config = {
		.method = WRITER_PWRITE,
		.output = {.kind = OUTPUT_DIRECTORY, .path = "."},
		.sessions = 1,
		.chunks = 32,
		.chunk_bytes = 16384,
		.stream = {.aligned = true, .rotation.packets = 10, .flush_ns = UINT64_MAX},
		.shared = true,
	};
	struct segment_directory *web = segment_directory_new(".", "vni-1000");
	uint32_t removed = 0;
	struct retention_config config = {.out = ".",
					  .directories = &web,
					  .directory_count = 1,
					  .session.files = 7,
					  .report = note_any,
					  .context = &removed};
	struct recording recording;

	put_some("vni-1000", 1, 10);
	__atomic_store_n(&held, true, __ATOMIC_RELAXED);
	assert_int_equal(retention_start(&recording_config.retention, &config), 0);
	wait_for(is_held);
	recording_start(&recording, &recording_config);
	for (int i = 0; i < 500; i++) {
		recording_append_surely(&recording, 0, 0, 100, 100);
		recording.now_ns += 1000;
	}
	recording_finish(&recording);
	assert_int_equal(count_files("vni-1000"), 60);
	assert_int_equal(held_count, 1);
	__atomic_store_n(&held, false, __ATOMIC_RELAXED);
	retention_stop(recording_config.retention);
	/* Those recorded have the older names. */
	assert_int_equal(count_files("vni-1000"), 7);
	assert_int_equal(removed, 53);
	assert_true(exists(name_of("vni-1000", 10)));
	recording_free(&recording);
	segment_directory_free(web);
}

/* Below the floor nothing is written, and every packet is counted; nothing is deleted. */
static void below_the_floor_all_is_counted(void **state)
{
	static const struct free_space floor = {.bytes = UINT64_MAX / 4}, none = {.bytes = 1};
	struct recording_config config = {
		.method = WRITER_PWRITE,
		.output = {.kind = OUTPUT_DIRECTORY, .path = "."},
		.sessions = 2,
		.chunks = 32,
		.chunk_bytes = 16384,
		.stream = {.aligned = true, .flush_ns = UINT64_MAX},
	};
	char path[SEGMENT_PATH_BYTES] = "";
	struct free_space_watch *watch;
	struct ledger_totals totals;
	struct recording recording;

	put(name_of("vni-1000", 1), 100000);
	assert_int_equal(free_space_missing(".", &none), 0);
	assert_int_equal(free_space_missing("nowhere", &floor), 0);
	assert_int_equal(free_space_watch_start(&watch, ".", &none), 0);
	assert_false(free_space_low(watch));
	free_space_watch_stop(watch);
	assert_int_equal(free_space_watch_start(&watch, ".", &floor), 0);
	assert_true(free_space_low(watch));
	config.space = watch;
	recording_start(&recording, &config);
	for (uint32_t i = 0; i < 1000; i++)
		recording_append_surely(&recording, i % 2, i % 2, 100, 100);
	recording_finish(&recording);
	ledger_read(recording.ledger, &totals);
	assert_int_equal(totals.written, 0);
	assert_int_equal(totals.dropped[DROP_WRITE_FAILED], 1000);
	assert_int_equal(totals.in_flight, 0);
	assert_int_equal(writer_take_error(recording.writer, path), -ENOSPC);
	assert_string_equal(path, ".");
	assert_true(exists(name_of("vni-1000", 1)));
	assert_false(exists("vni-1001"));
	recording_free(&recording);
	free_space_watch_stop(watch);
}

static const char *beside(const char *path, const char *suffix)
{
	static char paths[2][192];
	static unsigned int next;
	char *beside = paths[next++ % 2];

	snprintf(beside, sizeof(paths[0]), "%s%s", path, suffix);
	return beside;
}

/* Whoever makes manifests next records it: also where this capture makes none. */
static void a_manifest_is_put_aside(void **state)
{
	struct retention_config config = {.session.files = 1};

	put_some("web", 1, 3);
	put(beside(name_of("web", 1), MANIFEST_SUFFIX), 0);
	put(beside(name_of("web", 3), MANIFEST_SUFFIX), 0);
	assert_int_equal(run_once(config).removed, 2);
	assert_true(exists(beside(name_of("web", 1), MANIFEST_PRUNED_SUFFIX)));
	assert_false(exists(beside(name_of("web", 1), MANIFEST_SUFFIX)));
	assert_false(exists(beside(name_of("web", 2), MANIFEST_PRUNED_SUFFIX)));
	assert_true(exists(beside(name_of("web", 3), MANIFEST_SUFFIX)));
}

/* A file that stays keeps its manifest; what is another's to put back, or gone, is left alone. */
static void puts_back_only_its_own(void **state)
{
	static const struct {
		int error;   /* of unlink(2) */
		bool theirs; /* another process has put the manifest aside */
		bool back;
	} cases[] = {{EPERM, false, true}, {ENOENT, false, false}, {EPERM, true, false}};
	struct retention_config config = {.session.files = 1};
	const char *name;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char directory[] = "web";

		put_some(directory, 1, 2);
		name = name_of(directory, 1);
		put(beside(name, cases[i].theirs ? MANIFEST_PRUNED_SUFFIX : MANIFEST_SUFFIX), 0);
		__atomic_store_n(&refused, cases[i].error, __ATOMIC_RELAXED);
		(void)run_once(config);
		__atomic_store_n(&refused, 0, __ATOMIC_RELAXED);
		assert_int_equal(exists(beside(name, MANIFEST_SUFFIX)), cases[i].back);
		assert_int_equal(exists(beside(name, MANIFEST_PRUNED_SUFFIX)), !cases[i].back);
		recording_remove(directory);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_our_names_to_the_letter),
		TEST(nothing_there_is_nothing_to_do),
		TEST(leaves_foreign_and_open_files),
		TEST(keeps_to_each_limit),
		TEST(age_is_since_completion),
		TEST(a_clock_that_is_set_deletes_nothing),
		TEST(a_locked_file_waits),
		TEST(others_may_remove_too),
		TEST(a_slow_removal_holds_up_nobody),
		TEST(below_the_floor_all_is_counted),
		TEST(a_manifest_is_put_aside),
		TEST(puts_back_only_its_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
