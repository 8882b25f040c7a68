/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "capture/committed.h"
#include "capture/manifest.h"
#include "capture/segment_sync.h"
#include "tests/capture/recording.h"

static const uint64_t start_ns = 1795387932123456789ull;

#define START "20261122T225212.123456789Z"

static char directory[RECORDING_PATH_BYTES];

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	return chdir(directory);
}

static int remove_directory(void **state)
{
	if (chdir("..") < 0)
		return -1;
	recording_remove(directory);
	return 0;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void check_text(const char *path, const char *text)
{
	char read_back[64] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, read_back, sizeof(read_back) - 1), strlen(text));
	assert_string_equal(read_back, text);
	close(fd);
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void is_named_and_published(void **state)
{
	struct segment_directory *sessions = segment_directory_new("./", "named");
	char path[SEGMENT_PATH_BYTES];
	struct segment segment;
	struct stat st;

	assert_false(exists("named"));
	assert_int_equal(segment_open(&segment, sessions, start_ns, 3, false), 0);
	segment_path(&segment, path);
	assert_string_equal(path, "./named/" START "-w3-000001.pcap");
	assert_true(exists("named/" START "-w3-000001.pcap.part"));
	assert_false(exists(path));
	assert_int_equal(pwrite(segment.fd, "0123456789", 10, 0), 10);
	assert_int_equal(segment_publish(&segment, 7), 0);
	assert_false(exists("named/" START "-w3-000001.pcap.part"));
	check_text(path, "0123456");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	assert_int_equal(stat("named", &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0750, 0);
	segment_directory_free(sessions);
	segment_directory_free(NULL);
}

static void an_empty_one_leaves_nothing(void **state)
{
	struct segment_directory *sessions = segment_directory_new(".", "empty");
	struct segment segment;

	assert_int_equal(segment_open(&segment, sessions, start_ns, 0, false), 0);
	assert_int_equal(segment_publish(&segment, 0), 0);
	assert_int_equal(rmdir("empty"), 0);
	segment_directory_free(sessions);
}

/* Somebody cleans up while the capture runs: what comes then is recorded again. */
static void a_removed_directory_is_made_again(void **state)
{
	struct segment_directory *sessions = segment_directory_new(".", "removed");
	char path[SEGMENT_PATH_BYTES];
	struct segment segment;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(segment_open(&segment, sessions, start_ns, 0, false), 0);
		segment_path(&segment, path);
		assert_int_equal(pwrite(segment.fd, "0123456789", 10, 0), 10);
		assert_int_equal(segment_publish(&segment, 10), 0);
		assert_true(segment.named);
		check_text(path, "0123456789");
		assert_int_equal(unlink(path), 0);
		assert_int_equal(rmdir("removed"), 0);
	}
	/* Its numbers are not used again. */
	assert_true(segment.sequence > 1);
	/* The directory that it was in has gone, too: it is not ours to make. */
	segment_directory_free(sessions);
	sessions = segment_directory_new("gone", "removed");
	assert_int_equal(segment_open(&segment, sessions, start_ns, 0, false), -ENOENT);
	segment_directory_free(sessions);
}

/* Enough to be synced together; some of them are empty, or cannot be published. */
static void many_are_published_each_for_itself(void **state)
{
	enum { COUNT = 100 };
	struct segment_directory *sessions = segment_directory_new(".", "many");
	static struct segment_end ends[COUNT];
	char path[SEGMENT_PATH_BYTES];

	for (uint32_t i = 0; i < COUNT; i++) {
		ends[i] = (struct segment_end){.logical_bytes = i % 10};
		assert_int_equal(segment_open(&ends[i].segment, sessions, start_ns, 0, false), 0);
		assert_int_equal(pwrite(ends[i].segment.fd, "0123456789", 10, 0), 10);
	}
	segment_part_path(&ends[55].segment, path);
	assert_int_equal(unlink(path), 0);
	segment_publish_all(ends, COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		char text[] = "0123456789";
		bool good = i != 55 && i % 10;

		text[i % 10] = '\0';
		assert_int_equal(ends[i].error, i == 55 ? -ENOENT : 0);
		assert_int_equal(ends[i].segment.named, good);
		assert_int_equal(ends[i].segment.fd, -1);
		segment_path(&ends[i].segment, path);
		assert_int_equal(exists(path), good);
		if (good)
			check_text(path, text);
		segment_part_path(&ends[i].segment, path);
		assert_false(exists(path));
	}
	segment_directory_free(sessions);
}

static void sequence_goes_on_after_the_highest(void **state)
{
	static const char *const there[] = {
		"20200101T000000.000000000Z-w0-000007.pcap",
		"20200101T000000.000000000Z-w9-000041.pcap.part",
		"20200101T000000.000000000Z-w0-000012.pcapng",
		"notes-99.txt",
		"99.pcap",
		"x-99999999999999.pcap",
	};
	struct segment_directory *sessions = segment_directory_new(".", "numbered");
	struct segment segment;
	char path[256];

	assert_int_equal(mkdir("numbered", 0700), 0);
	for (size_t i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
		snprintf(path, sizeof(path), "numbered/%s", there[i]);
		put(path, "");
	}
	for (uint32_t expected = 42; expected < 45; expected++) {
		assert_int_equal(segment_open(&segment, sessions, start_ns, 0, false), 0);
		assert_int_equal(segment.sequence, expected);
		assert_int_equal(segment_publish(&segment, 0), 0);
	}
	segment_directory_free(sessions);
}

/* Another capture in the same directory, at the same nanosecond. */
static void nothing_is_overwritten(void **state)
{
	struct segment_directory *sessions = segment_directory_new(".", "shared");
	char path[SEGMENT_PATH_BYTES];
	struct segment segment;

	assert_int_equal(segment_open(&segment, sessions, start_ns, 0, false), 0);
	put("shared/" START "-w0-000002.pcap.part", "theirs");
	assert_int_equal(segment_publish(&segment, 0), 0);
	assert_int_equal(segment_open(&segment, sessions, start_ns, 0, false), 0);
	assert_int_equal(segment.sequence, 3);
	assert_int_equal(write(segment.fd, "ours", 4), 4);
	put("shared/" START "-w0-000003.pcap", "theirs");
	assert_int_equal(segment_publish(&segment, 4), 0);
	segment_path(&segment, path);
	assert_string_equal(path, "./shared/" START "-w0-000004.pcap");
	check_text(path, "ours");
	check_text("shared/" START "-w0-000002.pcap.part", "theirs");
	check_text("shared/" START "-w0-000003.pcap", "theirs");
	segment_directory_free(sessions);
}

static void is_locked_while_open(void **state)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct segment segment;
	int fd;

	assert_int_equal(segment_open_file(&segment, "locked.pcap", false, false), 0);
	fd = open("locked.pcap.part", O_RDWR);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), -1);
	assert_true(errno == EAGAIN || errno == EACCES);
	assert_int_equal(segment_publish(&segment, 1), 0);
	assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
	close(fd);
}

static void a_file_that_came_up_meanwhile_stays(void **state)
{
	struct segment segment;

	assert_int_equal(segment_open_file(&segment, "single.pcap", false, false), 0);
	assert_int_equal(write(segment.fd, "ours", 4), 4);
	put("single.pcap", "theirs");
	assert_int_equal(segment_publish(&segment, 4), -EEXIST);
	check_text("single.pcap", "theirs");
	check_text("single.pcap.part", "ours");
}

static void force_replaces_at_the_end(void **state)
{
	struct segment segment;

	put("forced.pcap", "old");
	put("forced.pcap" MANIFEST_SUFFIX, "of the old one");
	assert_int_equal(segment_open_file(&segment, "forced.pcap", true, false), 0);
	assert_int_equal(write(segment.fd, "new", 3), 3);
	check_text("forced.pcap", "old");
	check_text("forced.pcap" MANIFEST_SUFFIX, "of the old one");
	assert_int_equal(segment_publish(&segment, 3), 0);
	check_text("forced.pcap", "new");
	assert_int_equal(access("forced.pcap" MANIFEST_SUFFIX, F_OK), -1);
}

static void the_rest_of_a_crash_is_not_touched(void **state)
{
	struct segment running;
	struct segment segment;

	put("crashed.pcap.part", "recorded");
	assert_int_equal(segment_open_file(&segment, "crashed.pcap", true, false), -EEXIST);
	check_text("crashed.pcap.part", "recorded");
	assert_int_equal(segment_open_file(&running, "running.pcap", false, false), 0);
	assert_int_equal(segment_open_file(&segment, "running.pcap", true, false), -EBUSY);
	assert_int_equal(segment_publish(&running, 0), 0);
}

static void failures_say_why(void **state)
{
	struct segment_directory *nowhere = segment_directory_new("missing", "x");
	struct segment_directory *plain = segment_directory_new(".", "plain");
	struct segment segment;

	put("plain", "");
	assert_int_equal(segment_open(&segment, nowhere, start_ns, 0, false), -ENOENT);
	assert_int_equal(segment_open(&segment, plain, start_ns, 0, false), -ENOTDIR);
	assert_int_equal(segment_open_file(&segment, "missing/x.pcap", false, false), -ENOENT);
	segment_directory_free(nowhere);
	segment_directory_free(plain);
}

enum { MANY = 65 }; /* more than are synced one by one */

/* What a traced child publishes. */
static int publish_one(void)
{
	struct segment segment;

	if (segment_open_file(&segment, "traced.pcap", false, false) ||
	    write(segment.fd, "x", 1) != 1)
		return 1;
	raise(SIGSTOP);
	return segment_publish(&segment, 1) ? 1 : 0;
}

/* In a directory of their own. */
static int publish_some(uint32_t count)
{
	struct segment_directory *new_one = segment_directory_new(".", "traced");
	struct segment_end ends[MANY] = {0};

	for (uint32_t i = 0; i < count; i++) {
		ends[i].logical_bytes = 1;
		if (segment_open(&ends[i].segment, new_one, start_ns, 0, false) ||
		    write(ends[i].segment.fd, "x", 1) != 1)
			return 1;
	}
	raise(SIGSTOP);
	segment_publish_all(ends, count);
	for (uint32_t i = 0; i < count; i++)
		if (ends[i].error)
			return 1;
	segment_directory_free(new_one);
	return 0;
}

static int publish_one_in_new_directory(void)
{
	return publish_some(1);
}

static int publish_many(void)
{
	return publish_some(MANY);
}

/* What a traced child commits, in a directory of their own, and then publishes one of. */
static int commit_some(const char *name, uint32_t count)
{
	struct segment_directory *new_one = segment_directory_new(".", name);
	struct segment_commit commits[MANY] = {0};

	for (uint32_t i = 0; i < count; i++) {
		commits[i].bytes = 1;
		commits[i].first = true;
		if (segment_open(&commits[i].segment, new_one, start_ns, 0, false) ||
		    write(commits[i].segment.fd, "x", 1) != 1)
			return 1;
	}
	raise(SIGSTOP);
	segment_sync_commit(commits, count);
	for (uint32_t i = 0; i < count; i++)
		if (commits[i].error)
			return 1;
	commits[0].segment.marked = true;
	return segment_publish(&commits[0].segment, 1) ? 1 : 0;
}

static int commit_one(void)
{
	return commit_some("committed", 1);
}

static int commit_many(void)
{
	return commit_some("many-committed", MANY);
}

static char letter_of(uint64_t call)
{
	switch (call) {
	case SYS_ftruncate:
		return 't';
	case SYS_fdatasync:
		return 'd';
	case SYS_sync_file_range:
		return 'w';
	case SYS_syncfs:
		return 'F';
	case SYS_renameat2:
		return 'r';
	case SYS_fsync:
		return 's';
	case SYS_fsetxattr:
		return 'x';
	case SYS_fremovexattr:
		return 'X';
	default:
		return 0;
	}
}

/* Adds a call's letter; what each of many files needs shows once. */
static void note(char *order, size_t bytes, uint64_t call)
{
	size_t length = strlen(order);
	char letter = letter_of(call);

	if (!letter || length + 1 >= bytes)
		return;
	if (length && order[length - 1] == letter && strchr("twrx", letter))
		return;
	order[length] = letter;
	order[length + 1] = '\0';
}

/* Follows the child's system calls to its end; returns its exit status. */
static int follow(pid_t child, char *order, size_t bytes)
{
	struct __ptrace_syscall_info info;
	int status;

	order[0] = '\0';
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD), 0);
	for (;;) {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status))
			return WEXITSTATUS(status);
		if (ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) > 0 &&
		    info.op == PTRACE_SYSCALL_INFO_ENTRY)
			note(order, bytes, info.entry.nr);
	}
}

static void check_order(int (*publish)(void), const char *expected)
{
	char order[64];
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 ? 77 : publish());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_true(WIFSTOPPED(status));
	assert_int_equal(follow(child, order, sizeof(order)), 0);
	assert_string_equal(order, expected);
}

/* A crash between any two steps leaves no name without its bytes. */
static void data_are_synced_before_the_name(void **state)
{
	check_order(publish_one, "tdrs");
	check_order(publish_one_in_new_directory, "tdrss"); /* the directory's own name, too */
	check_order(publish_many, "tFwrF");
}

/* A committed length never speaks for bytes, or for a name, that a crash could still take. */
static void data_are_synced_before_their_length(void **state)
{
	if (setxattr(".", "user.mirrorcap.test", "", 0, 0) < 0)
		skip();
	check_order(commit_one, "sssxtdXrs");
	check_order(commit_many, "FwxtdXrs");
}

static void a_commit_can_be_read(void **state)
{
	struct segment_directory *sessions = segment_directory_new(".", "read");
	struct segment_commit commit = {.bytes = 7, .first = true};
	char part[SEGMENT_PATH_BYTES];
	uint64_t bytes;
	int fd;

	assert_int_equal(segment_open(&commit.segment, sessions, start_ns, 0, false), 0);
	assert_int_equal(pwrite(commit.segment.fd, "0123456789", 10, 0), 10);
	segment_sync_commit(&commit, 1);
	assert_int_equal(commit.error, 0);
	segment_part_path(&commit.segment, part);
	assert_int_equal(committed_get(commit.segment.fd, part, &bytes), 0);
	assert_int_equal(bytes, 7);
	commit.segment.marked = true;
	assert_int_equal(segment_publish(&commit.segment, 10), 0);
	segment_path(&commit.segment, part);
	fd = open(part, O_RDONLY);
	assert_int_equal(committed_get(fd, part, &bytes), -ENODATA);
	close(fd);
	/* What cannot be synced has no length. */
	commit.segment.fd = open("/dev/null", O_RDWR);
	commit.first = false;
	segment_sync_commit(&commit, 1);
	assert_int_equal(commit.error, -EINVAL);
	close(commit.segment.fd);
	segment_directory_free(sessions);
}

/* A segment that could not be synced while it was open is not given its name. */
static void an_unsafe_one_stays_a_part(void **state)
{
	struct segment_end end = {.logical_bytes = 4, .error = -EIO};

	assert_int_equal(segment_open_file(&end.segment, "unsafe.pcap", false, false), 0);
	assert_int_equal(write(end.segment.fd, "01234567", 8), 8);
	segment_publish_all(&end, 1);
	assert_int_equal(end.error, -EIO);
	assert_false(end.segment.named);
	check_text("unsafe.pcap.part", "0123");
	assert_false(exists("unsafe.pcap"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_named_and_published),
		cmocka_unit_test(an_empty_one_leaves_nothing),
		cmocka_unit_test(a_removed_directory_is_made_again),
		cmocka_unit_test(many_are_published_each_for_itself),
		cmocka_unit_test(sequence_goes_on_after_the_highest),
		cmocka_unit_test(nothing_is_overwritten),
		cmocka_unit_test(is_locked_while_open),
		cmocka_unit_test(a_file_that_came_up_meanwhile_stays),
		cmocka_unit_test(force_replaces_at_the_end),
		cmocka_unit_test(the_rest_of_a_crash_is_not_touched),
		cmocka_unit_test(failures_say_why),
		cmocka_unit_test(data_are_synced_before_the_name),
		cmocka_unit_test(data_are_synced_before_their_length),
		cmocka_unit_test(a_commit_can_be_read),
		cmocka_unit_test(an_unsafe_one_stays_a_part),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
