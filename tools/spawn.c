/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and starts mirrorcap's other programs.
 */
#include "tools/spawn.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Relative to the directory of the running program. */
static const char *const places[] = {
	".",            /* installed: all in one directory */
	"../dataplane", /* the build tree: one folder per layer */
	"../provision",
	"../tools",
	"../libexec/mirrorcap",
};

/*
 * What capture needs to know: where to find things, how to speak to people and to systemd.
 * A name that ends in '_' stands for all that begin with it.
 */
static const char *const allowed_variables[] = {
	"PATH",
	"HOME",
	"LANG",
	"LC_",
	"TZ",
	"TERM",
	"TMPDIR",
	"XDG_RUNTIME_DIR",   /* EAL's files of an unprivileged run */
	"RUNTIME_DIRECTORY", /* the same under systemd */
	"NOTIFY_SOCKET",
	"WATCHDOG_PID",
	"WATCHDOG_USEC",
	"ASAN_OPTIONS", /* without effect in builds without sanitizers */
	"LSAN_OPTIONS",
	"UBSAN_OPTIONS",
};

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Cuts the running program's path down to its directory; size in bytes. */
static int own_directory(char *directory, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", directory, size);
	char *slash;

	if (length < 0)
		return -errno;
	if ((size_t)length >= size)
		return -ENAMETOOLONG;
	directory[length] = '\0';
	slash = strrchr(directory, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	return 0;
}

int spawn_find_program(const char *name, char *path, size_t size)
{
	char directory[PATH_MAX];
	int rc = own_directory(directory, sizeof(directory));
	int length;

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		length = snprintf(path, size, "%s/%s/%s", directory, places[i], name);
		if (length < 0 || (size_t)length >= size)
			return -ENAMETOOLONG;
		if (access(path, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

static bool variable_is(const char *variable, const char *allowed)
{
	size_t length = strlen(allowed);

	if (strncmp(variable, allowed, length) != 0)
		return false;
	return allowed[length - 1] == '_' || variable[length] == '=';
}

static bool variable_allowed(const char *variable)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed_variables); i++)
		if (variable_is(variable, allowed_variables[i]))
			return true;
	return false;
}

char **spawn_clean_environment(char *const environment[])
{
	size_t count = 0, kept = 0;
	char **clean;

	while (environment[count])
		count++;
	clean = calloc(count + 1, sizeof(*clean));
	if (!clean)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (variable_allowed(environment[i]))
			clean[kept++] = environment[i];
	return clean;
}

int spawn_exec(const char *path, char *const argv[])
{
	execv(path, argv);
	return -errno;
}

int spawn_exec_clean(const char *path, char *const argv[], unsigned int first_fd)
{
	char **clean = spawn_clean_environment(environ);
	sigset_t none;
	int rc;

	if (!clean)
		return -ENOMEM;
	sigemptyset(&none);
	if (close_range(first_fd, UINT_MAX, 0) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0) {
		rc = -errno;
		goto free_clean;
	}
	execve(path, argv, clean);
	rc = -errno;
free_clean:
	free(clean);
	return rc;
}
