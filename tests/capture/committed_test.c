/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Committed lengths where they are attributes and where they are files of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "capture/committed.h"
#include "tests/capture/recording.h"

static const char attribute[] = "user.mirrorcap.committed";

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

static int create(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	return fd;
}

/* Whatever way it is kept. */
static void check_life(int fd, const char *part)
{
	static const uint64_t lengths[] = {24, 0, 1ull << 40, UINT64_MAX, 4096};
	uint64_t bytes = 1;

	assert_int_equal(committed_get(fd, part, &bytes), -ENODATA);
	assert_int_equal(committed_clear(fd, part), 0);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_int_equal(committed_set(fd, part, lengths[i]), 0);
		assert_int_equal(committed_get(fd, part, &bytes), 0);
		assert_true(bytes == lengths[i]);
	}
	assert_int_equal(committed_clear(fd, part), 0);
	assert_int_equal(committed_get(fd, part, &bytes), -ENODATA);
}

static void is_an_attribute(void **state)
{
	int fd = create("attribute.part");

	if (fsetxattr(fd, attribute, "x", 1, 0) < 0)
		skip();
	assert_int_equal(fremovexattr(fd, attribute), 0);
	check_life(fd, "attribute.part");
	assert_int_equal(committed_set(fd, "attribute.part", 7), 0);
	assert_int_equal(access("attribute.part.committed", F_OK), -1);
	close(fd);
}

static void is_a_file_where_there_are_no_attributes(void **state)
{
	struct stat st;
	int fd;

	assert_int_equal(mkdir("ram", 0700), 0);
	if (mount("none", "ram", "ramfs", 0, NULL) < 0)
		skip();
	fd = create("ram/file.part");
	assert_int_equal(fsetxattr(fd, attribute, "x", 1, 0), -1);
	check_life(fd, "ram/file.part");
	assert_int_equal(committed_set(fd, "ram/file.part", 7), 0);
	assert_int_equal(stat("ram/file.part.committed", &st), 0);
	assert_int_equal(st.st_size, 20);
	assert_int_equal(committed_clear(fd, "ram/file.part"), 0);
	assert_int_equal(access("ram/file.part.committed", F_OK), -1);
	close(fd);
	assert_int_equal(umount("ram"), 0);
}

/* Someone else's, or damaged: as if there were none. */
static void nonsense_is_none(void **state)
{
	static const char *const texts[] = {
		"",
		"4096",
		"0000000000000000409",
		"000000000000000004096",
		"0000000000000000x096",
		"-0000000000000004096",
		" 0000000000000004096",
		"99999999999999999999",
	};
	int fd = create("nonsense.part");
	uint64_t bytes;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (fsetxattr(fd, attribute, texts[i], strlen(texts[i]), 0) < 0)
			skip();
		assert_int_equal(committed_get(fd, "nonsense.part", &bytes), -ENODATA);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_an_attribute),
		cmocka_unit_test(is_a_file_where_there_are_no_attributes),
		cmocka_unit_test(nonsense_is_none),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
