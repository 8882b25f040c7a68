/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts mirrorcap's other programs: finds them, and starts capture such that it holds nothing
 * of its parent's: no credentials in the environment, no open descriptors.
 */
#ifndef TOOLS_SPAWN_H
#define TOOLS_SPAWN_H

#include <stddef.h>

#define SPAWN_FIRST_FD 3 /* the first descriptor above stdin, stdout and stderr */

/*
 * Finds one of mirrorcap's programs by name: beside the running program, in the build tree's
 * folder for it, or in libexec. PATH is not searched: what runs belongs to this installation.
 * path receives its absolute path; size in bytes. Returns 0, or -ENOENT, -ENAMETOOLONG, or
 * another -errno where /proc/self/exe cannot be read.
 */
int spawn_find_program(const char *name, char *path, size_t size);

/*
 * The variables of environment that a program without credentials may have, by an allow-list.
 * Returns a NULL-terminated array, or NULL without memory; the array is the caller's to free(),
 * its strings stay environment's.
 */
char **spawn_clean_environment(char *const environment[]);

/*
 * Replaces this process by the program at path, with environment and descriptors as they are.
 * Returns only on failure: -errno.
 */
int spawn_exec(const char *path, char *const argv[]);

/*
 * The same with a cleaned environment, no signal blocked, and every descriptor from first_fd on
 * closed (SPAWN_FIRST_FD; higher where a pipe is handed over). Between fork and exec it is safe
 * in a process of one thread. Returns only on failure: -errno; descriptors may then be closed.
 */
int spawn_exec_clean(const char *path, char *const argv[], unsigned int first_fd);

#endif
