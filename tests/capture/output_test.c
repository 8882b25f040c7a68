/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/output.h"
#include "tests/capture/recording.h"

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

static void touch(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static void parses_the_forms(void **state)
{
	static const struct {
		const char *arg;
		int err;
		enum output_kind kind;
	} cases[] = {
		{"", -EINVAL, 0},
		{"captures", -EINVAL, 0},
		{"out.txt", -EINVAL, 0},
		{"out.pcap.part", -EINVAL, 0},
		{"out.pcapng.part", -EINVAL, 0},
		{"out.pcap.zst.part", -EINVAL, 0},
		{"out.zst", -EINVAL, 0},
		{"out.pcapng", 0, OUTPUT_FILE},
		{"out.pcap.zst", 0, OUTPUT_FILE},
		{"null", -EINVAL, 0},
		{"--", -EINVAL, 0},
		{"-", 0, OUTPUT_STDOUT},
		{"null:", 0, OUTPUT_NULL},
		{".", 0, OUTPUT_DIRECTORY},
		{"captures/", 0, OUTPUT_DIRECTORY},
		{"out.pcap/", 0, OUTPUT_DIRECTORY},
		{"out.pcap", 0, OUTPUT_FILE},
		{"a/b/out.pcap", 0, OUTPUT_FILE},
		{"there.pcap", 0, OUTPUT_DIRECTORY},
	};

	assert_int_equal(mkdir("there.pcap", 0700), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct output output;

		assert_int_equal(output_parse(cases[i].arg, &output), cases[i].err);
		if (cases[i].err)
			continue;
		assert_int_equal(output.kind, cases[i].kind);
		if (output.kind == OUTPUT_STDOUT || output.kind == OUTPUT_NULL)
			assert_null(output.path);
		else
			assert_ptr_equal(output.path, cases[i].arg);
	}
}

static int prepare(const char *arg, bool force)
{
	struct output output;

	assert_int_equal(output_parse(arg, &output), 0);
	return output_prepare(&output, force);
}

static void prepares_or_tells_why_not(void **state)
{
	touch("plain");
	touch("old.pcap");
	touch("stale.pcap.part");
	assert_int_equal(prepare("missing/out.pcap", false), -ENOENT);
	assert_int_equal(prepare("missing/deeper/", false), -ENOENT);
	assert_int_equal(prepare("plain/", false), -ENOTDIR);
	assert_int_equal(prepare("plain/out.pcap", false), -ENOTDIR);
	assert_int_equal(prepare("old.pcap", false), -EEXIST);
	assert_int_equal(prepare("old.pcap", true), 0);
	assert_int_equal(access("old.pcap", F_OK), 0);
	assert_int_equal(prepare("stale.pcap", false), -EBUSY);
	assert_int_equal(prepare("stale.pcap", true), -EBUSY);
	assert_int_equal(symlink("nowhere", "link.pcap"), 0);
	assert_int_equal(prepare("link.pcap", true), -EEXIST);
	assert_int_equal(prepare("new.pcap", false), 0);
	assert_int_equal(access("new.pcap", F_OK), -1);
	assert_int_equal(prepare("new/", false), 0);
	assert_int_equal(prepare("new/", false), 0);
	assert_int_equal(prepare("new", false), 0);
	assert_int_equal(rmdir("new"), 0); /* nothing was left in it */
	assert_int_equal(prepare("-", false), 0);
	assert_int_equal(prepare("null:", false), 0);
}

/* Empty files can be created on a full disk: the trial writes. */
static void finds_a_full_disk(void **state)
{
	static const char block[4096];
	int fd;

	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("full", 0700), 0);
	assert_int_equal(mount("none", "full", "tmpfs", 0, "size=16k"), 0);
	fd = open("full/filler", O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
	close(fd);
	assert_int_equal(prepare("full/", false), -ENOSPC);
	assert_int_equal(prepare("full/out.pcap", false), -ENOSPC);
	assert_int_equal(umount("full"), 0);
}

static void finds_a_directory_read_only(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir("readonly", 0700), 0);
	assert_int_equal(mount("none", "readonly", "tmpfs", MS_RDONLY, "size=16k"), 0);
	assert_int_equal(prepare("readonly/", false), -EROFS);
	assert_int_equal(umount("readonly"), 0);
}

static void names_the_directory(void **state)
{
	static const struct {
		const char *arg, *directory;
	} cases[] = {
		{"out.pcap", "."},
		{"/out.pcap", "/"},
		{"a/b/out.pcap", "a/b"},
		{"a/b/", "a/b/"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct output output;
		char path[16];

		assert_int_equal(output_parse(cases[i].arg, &output), 0);
		assert_int_equal(output_directory(&output, path, sizeof(path)), 0);
		assert_string_equal(path, cases[i].directory);
		assert_int_equal(output_directory(&output, path, 1), -ENAMETOOLONG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_the_forms),
		cmocka_unit_test(prepares_or_tells_why_not),
		cmocka_unit_test(finds_a_full_disk),
		cmocka_unit_test(finds_a_directory_read_only),
		cmocka_unit_test(names_the_directory),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
