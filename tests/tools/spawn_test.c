/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program started cleanly can see: judged by programs that the test really starts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/spawn.h"

static const struct {
	const char *variable;
	bool kept;
} variables[] = {
	{"AWS_ACCESS_KEY_ID=AKIDEXAMPLE", false},
	{"AWS_SECRET_ACCESS_KEY=secret", false},
	{"AWS_SESSION_TOKEN=token", false},
	{"HTTPS_PROXY=http://user:password@proxy", false},
	{"LD_PRELOAD=/tmp/evil.so", false},
	{"LD_LIBRARY_PATH=/tmp", false},
	{"PATHS=/not/path", false},
	{"PATH", false},
	{"LC=C", false},
	{"LANGUAGE=de", false},
	{"", false},
	{"=", false},
	{"PATH=/usr/bin", true},
	{"PATH=", true},
	{"HOME=/root", true},
	{"LANG=C.UTF-8", true},
	{"LC_ALL=C", true},
	{"LC_TIME=C", true},
	{"TZ=UTC", true},
	{"NOTIFY_SOCKET=/run/systemd/notify", true},
	{"XDG_RUNTIME_DIR=/run/user/0", true},
};

#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

static bool holds(char *const environment[], const char *variable)
{
	for (; *environment; environment++)
		if (strcmp(*environment, variable) == 0)
			return true;
	return false;
}

static void environment_by_allow_list(void **state)
{
	char *all[VARIABLES + 1] = {NULL};
	char **clean;

	for (size_t i = 0; i < VARIABLES; i++)
		all[i] = (char *)variables[i].variable;
	clean = spawn_clean_environment(all);
	assert_non_null(clean);
	for (size_t i = 0; i < VARIABLES; i++) {
		if (holds(clean, variables[i].variable) != variables[i].kept)
			fail_msg("%s", variables[i].variable);
	}
	free(clean);
}

static void empty_environment(void **state)
{
	char *none[] = {NULL};
	char **clean = spawn_clean_environment(none);

	assert_non_null(clean);
	assert_null(clean[0]);
	free(clean);
}

/* Runs script in a shell started cleanly; returns its exit code. */
static int run_clean(const char *script, unsigned int first_fd)
{
	char *const argv[] = {(char *)"sh", (char *)"-c", (char *)script, NULL};
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		spawn_exec_clean("/bin/sh", argv, first_fd);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void no_credentials_after_exec(void **state)
{
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("LC_TIME", "C", 1);
	assert_int_equal(run_clean("! env | grep -q AWS", SPAWN_FIRST_FD), 0);
	assert_int_equal(run_clean("test \"$LC_TIME\" = C", SPAWN_FIRST_FD), 0);
	unsetenv("AWS_SECRET_ACCESS_KEY");
}

static void no_descriptors_after_exec(void **state)
{
	int low = open("/dev/null", O_RDONLY);
	int high = fcntl(low, F_DUPFD, 900);

	assert_true(low >= 3 && high >= 900);
	/* ls itself has 3 open: the directory. */
	assert_int_equal(run_clean("test \"$(ls /proc/self/fd | tr '\\n' ' ')\" = '0 1 2 3 '",
				   SPAWN_FIRST_FD),
			 0);
	close(high);
	close(low);
}

static void handed_over_descriptor_stays(void **state)
{
	int null = open("/dev/null", O_RDONLY);

	assert_true(null >= 0);
	assert_true(dup2(null, 3) == 3);
	assert_int_equal(run_clean("test -e /proc/self/fd/3", 4), 0);
	close(3);
	if (null != 3)
		close(null);
}

static void no_signal_blocked_after_exec(void **state)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	assert_int_equal(
		run_clean("grep -q '^SigBlk:[[:space:]]*0*$' /proc/self/status", SPAWN_FIRST_FD),
		0);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void missing_program_is_an_error(void **state)
{
	char *const argv[] = {(char *)"none", NULL};
	char path[PATH_MAX];

	assert_int_equal(spawn_exec("/nonexistent/program", argv), -ENOENT);
	assert_int_equal(spawn_exec("/", argv), -EACCES);
	assert_int_equal(spawn_find_program("no-such-program", path, sizeof(path)), -ENOENT);
}

static void finds_programs_beside_itself(void **state)
{
	char path[PATH_MAX], tiny[4];

	assert_int_equal(spawn_find_program("spawn_test", path, sizeof(path)), 0);
	assert_int_equal(path[0], '/');
	assert_int_equal(access(path, X_OK), 0);
	assert_int_equal(spawn_find_program("spawn_test", tiny, sizeof(tiny)), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(environment_by_allow_list),
		cmocka_unit_test(empty_environment),
		cmocka_unit_test(no_credentials_after_exec),
		cmocka_unit_test(no_descriptors_after_exec),
		cmocka_unit_test(handed_over_descriptor_stays),
		cmocka_unit_test(no_signal_blocked_after_exec),
		cmocka_unit_test(missing_program_is_an_error),
		cmocka_unit_test(finds_programs_beside_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
