/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/custody_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/directory.h"
#include "capture/segment.h"
#include "capture/segment_sync.h"

enum { FILE_MODE = 0640 };

static const char part_suffix[] = ".part";

/* Returns false where it is not to be gone on with. */
static bool is_good(struct custody_text *text)
{
	if (!text->error && text->failed && *text->failed)
		text->error = -ECANCELED;
	return !text->error;
}

static void fail(struct custody_text *text, int error)
{
	text->error = error;
	if (text->failed)
		*text->failed = true;
}

static int part_path(const struct custody_text *text, char path[SEGMENT_PATH_BYTES])
{
	return snprintf(path, SEGMENT_PATH_BYTES, "%s%s", text->path, part_suffix) <
			       SEGMENT_PATH_BYTES
		       ? 0
		       : -ENAMETOOLONG;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

/* What is there under this name is the rest of one that was never finished. */
static int write_part(const struct custody_text *text, bool sync)
{
	char path[SEGMENT_PATH_BYTES];
	int err = part_path(text, path);
	int fd;

	if (err)
		return err;
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0)
		return -errno;
	err = write_all(fd, text->text, text->length);
	if (!err && sync && fdatasync(fd) < 0)
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	if (err)
		(void)unlink(path);
	return err;
}

static int name_part(const struct custody_text *text)
{
	char path[SEGMENT_PATH_BYTES];
	int err = part_path(text, path);

	if (err)
		return err;
	if (text->replace)
		return rename(path, text->path) < 0 ? -errno : 0;
	err = directory_rename(path, text->path);
	if (err)
		(void)unlink(path);
	return err;
}

/* Syncs the file system that the path is on, but where it was the last one. */
static int sync_file_system(const char *path, struct segment_sync *synced)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = segment_sync_file_system(fd, synced);
	close(fd);
	return err;
}

static void sync_data(struct custody_text *texts, size_t count)
{
	char path[SEGMENT_PATH_BYTES];
	struct segment_sync synced = {0};

	for (size_t i = 0; i < count; i++) {
		int err;

		if (!is_good(&texts[i]))
			continue;
		(void)part_path(&texts[i], path);
		err = sync_file_system(path, &synced);
		if (err)
			fail(&texts[i], err);
	}
}

static bool in_same_directory(const char *a, const char *b)
{
	const char *slash = strrchr(a, '/');
	size_t length = slash ? (size_t)(slash - a) + 1 : 0;

	return strncmp(a, b, length) == 0 && !strchr(b + length, '/');
}

static void sync_names(struct custody_text *texts, size_t count, bool many)
{
	const char *last = NULL;
	struct segment_sync synced = {0};
	int err = 0;

	/* From the end: a directory that is synced is so for all its names before. */
	for (size_t i = count; i-- > 0;) {
		if (texts[i].error)
			continue;
		if (many)
			err = sync_file_system(texts[i].path, &synced);
		else if (!last || !in_same_directory(last, texts[i].path))
			err = directory_sync_parent(texts[i].path);
		last = texts[i].path;
		texts[i].unsynced = err;
	}
}

void custody_store(struct custody_text *texts, size_t count, bool sync)
{
	bool many = count > SEGMENT_SYNC_EACH_MAX;

	for (size_t i = 0; i < count; i++) {
		int err = is_good(&texts[i]) ? write_part(&texts[i], sync && !many) : 0;

		if (err)
			fail(&texts[i], err);
	}
	if (sync && many)
		sync_data(texts, count);
	for (size_t i = 0; i < count; i++) {
		int err = is_good(&texts[i]) ? name_part(&texts[i]) : 0;

		if (err)
			fail(&texts[i], err);
	}
	if (sync)
		sync_names(texts, count, many);
}
