/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/committed.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "capture/directory.h"

static const char attribute[] = "user.mirrorcap.committed";
static const char suffix[] = ".committed";

enum {
	FILE_MODE = 0640,
	TEXT_BYTES = 20, /* always as long, so that it is replaced in place, within one sector */
};

static bool has_no_attributes(int error)
{
	return error == ENOTSUP || error == ENOSYS;
}

static int sidecar_path(const char *part, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s%s", part, suffix) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int write_text(int fd, const char *text)
{
	ssize_t written = pwrite(fd, text, TEXT_BYTES, 0);

	if (written < 0)
		return -errno;
	if (written != TEXT_BYTES)
		return -ENOSPC;
	return fdatasync(fd) < 0 ? -errno : 0;
}

static int set_sidecar(const char *part, const char *text)
{
	char path[PATH_MAX];
	int err = sidecar_path(part, path);
	bool created;
	int fd;

	if (err)
		return err;
	created = access(path, F_OK) < 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0)
		return -errno;
	err = write_text(fd, text);
	close(fd);
	return !err && created ? directory_sync_parent(path) : err;
}

int committed_set(int fd, const char *part, uint64_t bytes)
{
	char text[TEXT_BYTES + 1];

	snprintf(text, sizeof(text), "%0*" PRIu64, TEXT_BYTES, bytes);
	if (fsetxattr(fd, attribute, text, TEXT_BYTES, 0) == 0)
		return 0;
	return has_no_attributes(errno) ? set_sidecar(part, text) : -errno;
}

static ssize_t get_sidecar(const char *part, char *text)
{
	char path[PATH_MAX];
	ssize_t length = sidecar_path(part, path);
	int fd;

	if (length < 0)
		return length;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ENODATA : -errno;
	length = pread(fd, text, TEXT_BYTES, 0);
	if (length < 0)
		length = -errno;
	close(fd);
	return length;
}

/* Exactly as committed_set() writes it. */
static int read_text(const char *text, ssize_t length, uint64_t *bytes)
{
	if (length != TEXT_BYTES)
		return -ENODATA;
	for (int i = 0; i < TEXT_BYTES; i++)
		if (text[i] < '0' || text[i] > '9')
			return -ENODATA;
	errno = 0;
	*bytes = strtoull(text, NULL, 10);
	return errno ? -ENODATA : 0;
}

int committed_get(int fd, const char *part, uint64_t *bytes)
{
	char text[TEXT_BYTES + 1] = "";
	ssize_t length = fgetxattr(fd, attribute, text, TEXT_BYTES);

	if (length < 0)
		length = errno == ERANGE ? -ENODATA : -errno;
	if (length < 0 && has_no_attributes((int)-length))
		length = get_sidecar(part, text);
	return length < 0 ? (int)length : read_text(text, length, bytes);
}

int committed_clear(int fd, const char *part)
{
	char path[PATH_MAX];
	int err;

	if (fremovexattr(fd, attribute) == 0 || errno == ENODATA)
		return 0;
	if (!has_no_attributes(errno))
		return -errno;
	err = sidecar_path(part, path);
	if (!err && unlink(path) < 0 && errno != ENOENT)
		err = -errno;
	return err;
}
