/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/output.h"

enum {
	DIRECTORY_MODE = 0750,
	TRIAL_BYTES = 4096, /* a full disk creates empty files without complaint */
};

static bool ends_in(const char *text, const char *end)
{
	size_t text_length = strlen(text);
	size_t end_length = strlen(end);

	return text_length >= end_length && strcmp(text + text_length - end_length, end) == 0;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int output_parse(const char *arg, struct output *out)
{
	*out = (struct output){.kind = OUTPUT_DIRECTORY};
	if (strcmp(arg, "-") == 0) {
		out->kind = OUTPUT_STDOUT;
		return 0;
	}
	if (strcmp(arg, "null:") == 0) {
		out->kind = OUTPUT_NULL;
		return 0;
	}
	out->path = arg;
	if (ends_in(arg, "/") || is_directory(arg))
		return 0;
	if (suffix_find(arg, strlen(arg), &out->suffix)) {
		out->kind = OUTPUT_FILE;
		return 0;
	}
	return -EINVAL;
}

int output_directory(const struct output *out, char *directory, size_t bytes)
{
	const char *slash = strrchr(out->path, '/');
	size_t length = strlen(out->path);

	if (out->kind == OUTPUT_FILE) {
		if (!slash)
			return snprintf(directory, bytes, ".") < (int)bytes ? 0 : -ENAMETOOLONG;
		length = slash == out->path ? 1 : (size_t)(slash - out->path);
	}
	if (length >= bytes)
		return -ENAMETOOLONG;
	memcpy(directory, out->path, length);
	directory[length] = '\0';
	return 0;
}

int output_open_unnamed(const char *directory, int flags)
{
	char path[PATH_MAX];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | flags, 0600);

	if (fd >= 0)
		return fd;
	/* NFS and older file systems have no unnamed files. */
	if (errno != EOPNOTSUPP && errno != EISDIR)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/.mirrorcap-trial-XXXXXX", directory) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = mkostemp(path, O_CLOEXEC | flags);
	if (fd < 0)
		return -errno;
	if (unlink(path) < 0) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* Returns 0 where a file with something in it can be created in directory, or -errno. */
static int try_directory(const char *directory)
{
	static const char block[TRIAL_BYTES];
	ssize_t written;
	int err = 0;
	int fd = output_open_unnamed(directory, 0);

	if (fd < 0)
		return fd;
	written = write(fd, block, sizeof(block));
	if (written >= 0 && written != sizeof(block))
		err = -ENOSPC;
	else if (written < 0 || fdatasync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Returns 0 where the file's name may be taken at the end of the capture, or -errno. */
static int check_file(const char *path, bool force)
{
	char part[PATH_MAX];
	struct stat st;

	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part))
		return -ENAMETOOLONG;
	if (lstat(part, &st) == 0)
		return -EBUSY;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	return force && S_ISREG(st.st_mode) ? 0 : -EEXIST;
}

int output_prepare(const struct output *out, bool force)
{
	char directory[PATH_MAX];
	int err;

	if (!out->path)
		return 0;
	err = output_directory(out, directory, sizeof(directory));
	if (err)
		return err;
	if (out->kind == OUTPUT_DIRECTORY && ends_in(out->path, "/") &&
	    mkdir(out->path, DIRECTORY_MODE) < 0 && errno != EEXIST)
		return -errno;
	if (out->kind == OUTPUT_FILE) {
		err = check_file(out->path, force);
		if (err)
			return err;
	}
	return try_directory(directory);
}
