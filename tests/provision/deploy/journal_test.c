/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/journal.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SESSION "111122223333/eu-central-1/session/web/eni-1"

enum { ROOM = 1 << 16 };

static char directory[64], path[128];

/* Opens it anew, as the next apply would. */
static struct journal *reopen(struct journal *journal)
{
	struct failure failure = {0};

	journal_close(journal);
	assert_int_equal(journal_open(directory, "soc", &journal, &failure), 0);
	return journal;
}

static size_t read_file(char *text)
{
	FILE *file = fopen(path, "re");
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, ROOM - 1, file);
	text[length] = '\0';
	fclose(file);
	return length;
}

static void write_file(const char *text, size_t length)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static unsigned int count_kept(void)
{
	DIR *stream = opendir(directory);
	const struct dirent *name;
	unsigned int count = 0;

	assert_non_null(stream);
	while ((name = readdir(stream)))
		count += strstr(name->d_name, ".damaged-") != NULL;
	closedir(stream);
	return count;
}

static void expect(const struct journal *journal, const char *identity, enum journal_state state,
		   uint32_t generation, const char *token, const char *id)
{
	struct journal_entry entry;

	assert_true(journal_find(journal, identity, &entry));
	assert_int_equal(entry.state, state);
	assert_int_equal(entry.generation, generation);
	assert_string_equal(entry.token, token);
	assert_string_equal(entry.id, id);
}

static int setup(void **state)
{
	snprintf(directory, sizeof(directory), "/tmp/journal-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/soc.journal", directory);
	return 0;
}

static int teardown(void **state)
{
	char name[512];
	DIR *stream = opendir(directory);
	const struct dirent *entry;

	while ((entry = readdir(stream))) {
		snprintf(name, sizeof(name), "%s/%s", directory, entry->d_name);
		if (*entry->d_name != '.')
			remove(name);
	}
	closedir(stream);
	return rmdir(directory);
}

static void follows_a_resource(void **state)
{
	struct journal *journal = reopen(NULL);
	struct journal_entry entry;

	assert_false(journal_find(journal, SESSION, &entry));
	assert_int_equal(journal_intend(journal, SESSION, 0, "token-0"), 0);
	journal = reopen(journal);
	expect(journal, SESSION, JOURNAL_INTENDED, 0, "token-0", "");
	assert_int_equal(journal_created(journal, SESSION, "tms-1"), 0);
	journal = reopen(journal);
	expect(journal, SESSION, JOURNAL_CREATED, 0, "token-0", "tms-1");
	assert_int_equal(journal_deleted(journal, SESSION), 0);
	assert_int_equal(journal_deleted(journal, SESSION), 0);
	journal = reopen(journal);
	expect(journal, SESSION, JOURNAL_DELETED, 1, "", "");
	assert_int_equal(journal_deleted(journal, SESSION), 0);
	expect(journal, SESSION, JOURNAL_DELETED, 1, "", "");
	assert_int_equal(journal_intend(journal, SESSION, 1, "token-1"), 0);
	/* What it did not see made may be deleted all the same. */
	assert_int_equal(journal_deleted(journal, "other"), 0);
	journal = reopen(journal);
	expect(journal, SESSION, JOURNAL_INTENDED, 1, "token-1", "");
	expect(journal, "other", JOURNAL_DELETED, 1, "", "");
	assert_null(journal_warning(journal));
	journal_close(journal);
}

/* Every length to which a crash may have cut the file. */
static void survives_a_torn_end(void **state)
{
	static char whole[ROOM];
	struct journal *journal = reopen(NULL);
	struct journal_entry entry;
	size_t first, length;

	assert_int_equal(journal_intend(journal, SESSION, 0, "token-0"), 0);
	first = read_file(whole);
	assert_int_equal(journal_created(journal, SESSION, "tms-1"), 0);
	journal_close(journal);
	length = read_file(whole);
	for (size_t cut = 0; cut <= length; cut++) {
		write_file(whole, cut);
		journal = reopen(NULL);
		assert_null(journal_warning(journal));
		assert_int_equal(journal_find(journal, SESSION, &entry), cut >= first);
		if (cut >= first)
			assert_int_equal(entry.state,
					 cut < length ? JOURNAL_INTENDED : JOURNAL_CREATED);
		/* What follows is not appended to the torn line. */
		assert_int_equal(journal_intend(journal, "next", 0, "t"), 0);
		journal = reopen(journal);
		expect(journal, "next", JOURNAL_INTENDED, 0, "t", "");
		assert_null(journal_warning(journal));
		journal_close(journal);
	}
	assert_int_equal(count_kept(), 0);
}

/* Any byte of a line that others follow. */
static void recognises_damage(void **state)
{
	static char whole[ROOM], damaged[ROOM];
	struct journal *journal = reopen(NULL);
	struct journal_entry entry;
	size_t first, length;

	assert_int_equal(journal_intend(journal, SESSION, 0, "token-0"), 0);
	first = read_file(whole);
	assert_int_equal(journal_intend(journal, "second", 7, "token-7"), 0);
	journal_close(journal);
	length = read_file(whole);
	for (size_t i = 0; i + 1 < first; i++) {
		memcpy(damaged, whole, length);
		damaged[i] ^= 1;
		write_file(damaged, length);
		journal = reopen(NULL);
		assert_non_null(journal_warning(journal));
		assert_non_null(strstr(journal_warning(journal), "line 1 is damaged"));
		assert_false(journal_find(journal, SESSION, &entry));
		expect(journal, "second", JOURNAL_INTENDED, 7, "token-7", "");
		journal = reopen(journal);
		assert_null(journal_warning(journal));
		journal_close(journal);
	}
	assert_int_equal(count_kept(), first - 1);
}

static void never_refuses_what_it_finds(void **state)
{
	static char zeros[5000];
	static const struct {
		const char *text;
		size_t length;
		bool warns;
	} table[] = {
		{"", 0, false},
		{"\n", 1, true},
		{"{}\n{}\n", 6, true},
		{"null\n[1]\n", 9, true},
		{"\xff\xfe garbage\nmore", 14, true},
		{zeros, sizeof(zeros), false},
		{"{\"identity\":\"x\",\"state\":\"created\",\"generation\":-1}\n", 51, true},
	};
	struct journal *journal;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		write_file(table[i].text, table[i].length);
		journal = reopen(NULL);
		assert_int_equal(journal_warning(journal) != NULL, table[i].warns);
		assert_int_equal(journal_intend(journal, "x", 1, "t"), 0);
		journal = reopen(journal);
		expect(journal, "x", JOURNAL_INTENDED, 1, "t", "");
		journal_close(journal);
	}
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	journal = reopen(NULL);
	assert_non_null(journal_warning(journal));
	journal_close(journal);
}

static void keeps_others_out(void **state)
{
	struct journal *journal = reopen(NULL), *other = NULL;
	struct failure failure = {0};
	char pid[32];
	int status;

	assert_int_equal(journal_open(directory, "soc", &other, &failure), -EBUSY);
	assert_null(other);
	snprintf(pid, sizeof(pid), "pid %ld", (long)getpid());
	assert_non_null(strstr(failure.message, pid));
	/* Another deployment is another matter. */
	assert_int_equal(journal_open(directory, "other", &other, &failure), 0);
	journal_close(other);
	journal_close(journal);
	/* A lock goes with its process. */
	if (fork() == 0) {
		journal = NULL;
		_exit(journal_open(directory, "soc", &journal, &failure) != 0);
	}
	wait(&status);
	assert_int_equal(status, 0);
	journal_close(reopen(NULL));
}

static void says_where_it_cannot_write(void **state)
{
	struct failure failure = {0};
	struct journal *journal;
	char file[128];

	journal_close(reopen(NULL));
	snprintf(file, sizeof(file), "%s/soc.journal/deeper", directory);
	assert_int_equal(journal_open(file, "soc", &journal, &failure), -ENOTDIR);
	assert_non_null(strstr(failure.message, file));
	assert_non_null(strstr(failure.remedy, "--state-dir"));
}

static void makes_directories(void **state)
{
	struct failure failure = {0};
	char deep[128], name[160];
	struct journal *journal;

	snprintf(deep, sizeof(deep), "%s/a/b/", directory);
	assert_int_equal(journal_open(deep, "soc", &journal, &failure), 0);
	journal_close(journal);
	static const char *const made[] = {"a/b/soc.journal", "a/b/soc.lock", "a/b", "a"};
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", directory, made[i]);
		assert_int_equal(remove(name), 0);
	}
}

/* Old records go; the file does not grow with each run. */
static void compacts(void **state)
{
	static char text[ROOM];
	struct journal *journal = reopen(NULL);
	char identity[32];
	size_t length;

	for (uint32_t i = 0; i < 50; i++)
		assert_int_equal(journal_intend(journal, "one", i, "token"), 0);
	length = read_file(text);
	journal = reopen(journal);
	assert_true(read_file(text) * 40 < length);
	expect(journal, "one", JOURNAL_INTENDED, 49, "token", "");
	for (uint32_t i = 0; i < 20; i++) {
		snprintf(identity, sizeof(identity), "many-%u", i);
		assert_int_equal(journal_intend(journal, identity, i, "token"), 0);
	}
	journal = reopen(journal);
	expect(journal, "many-19", JOURNAL_INTENDED, 19, "token", "");
	journal_close(journal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(follows_a_resource, setup, teardown),
		cmocka_unit_test_setup_teardown(survives_a_torn_end, setup, teardown),
		cmocka_unit_test_setup_teardown(recognises_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(never_refuses_what_it_finds, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_others_out, setup, teardown),
		cmocka_unit_test_setup_teardown(says_where_it_cannot_write, setup, teardown),
		cmocka_unit_test_setup_teardown(makes_directories, setup, teardown),
		cmocka_unit_test_setup_teardown(compacts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
