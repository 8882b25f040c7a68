/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/committed.h"
#include "capture/directory.h"
#include "capture/manifest.h"
#include "capture/segment_sync.h"

enum {
	FILE_MODE = 0640,
	NAME_TRIES = 10000,
	NAME_WAIT_MS = 100,
	NAME_WAITS = 100, /* 10 s for a batch: the files behind it wait, too */
};

static const char part_suffix[] = ".part";

void segment_part_path(const struct segment *segment, char path[SEGMENT_PATH_BYTES])
{
	size_t length;

	segment_path(segment, path);
	length = strlen(path);
	snprintf(path + length, SEGMENT_PATH_BYTES - length, "%s", part_suffix);
}

void segment_path(const struct segment *segment, char path[SEGMENT_PATH_BYTES])
{
	time_t seconds = (time_t)(segment->start_ns / 1000000000);
	char start[32];
	struct tm utc;

	if (!segment->directory) {
		snprintf(path, SEGMENT_PATH_BYTES, "%s", segment->file);
		return;
	}
	gmtime_r(&seconds, &utc);
	strftime(start, sizeof(start), "%Y%m%dT%H%M%S", &utc);
	snprintf(path, SEGMENT_PATH_BYTES, "%s/%s.%09uZ-w%u-%06u%s",
		 segment_directory_path(segment->directory), start,
		 (unsigned int)(segment->start_ns % 1000000000), segment->worker, segment->sequence,
		 segment_directory_suffix(segment->directory));
}

int segment_lock(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
}

/* Creates NAME.part; an existing one is -EEXIST. */
static int create_part(struct segment *segment, bool direct)
{
	char path[SEGMENT_PATH_BYTES];
	int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int err;

	segment_part_path(segment, path);
	segment->fd = open(path, flags | (direct ? O_DIRECT : 0), FILE_MODE);
	if (segment->fd < 0)
		return -errno;
	err = segment_lock(segment->fd);
	/* A file system without locks does without; recovery leaves its files alone. */
	if (err == -ENOLCK || err == -EOPNOTSUPP || err == -EINVAL)
		err = 0;
	if (err) {
		close(segment->fd);
		segment->fd = -1;
	}
	return err;
}

static int create_numbered(struct segment *segment, bool direct)
{
	int err = -EEXIST;

	for (unsigned int tries = 0; err == -EEXIST && tries < NAME_TRIES; tries++) {
		segment->sequence = segment_directory_next(segment->directory);
		err = create_part(segment, direct);
	}
	return err;
}

int segment_open(struct segment *segment, struct segment_directory *directory, uint64_t start_ns,
		 uint32_t worker, bool direct)
{
	int err = segment_directory_prepare(directory, false);

	*segment = (struct segment){
		.fd = -1,
		.directory = directory,
		.start_ns = start_ns,
		.worker = worker,
	};
	if (err)
		return err;
	if (strlen(segment_directory_path(directory)) + 128 > SEGMENT_PATH_BYTES)
		return -ENAMETOOLONG;
	err = create_numbered(segment, direct);
	if (err != -ENOENT)
		return err;
	err = segment_directory_prepare(directory, true);
	return err ? err : create_numbered(segment, direct);
}

/* Why PATH.part could not be created: another process's, or nobody's. */
static int explain_existing(const struct segment *segment)
{
	char path[SEGMENT_PATH_BYTES];
	int err;
	int fd;

	segment_part_path(segment, path);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -EEXIST;
	err = segment_lock(fd);
	close(fd);
	return err == -EBUSY ? -EBUSY : -EEXIST;
}

int segment_open_file(struct segment *segment, const char *path, bool replace, bool direct)
{
	int err;

	*segment = (struct segment){.fd = -1, .replace = replace, .file = path};
	if (strlen(path) + sizeof(part_suffix) > SEGMENT_PATH_BYTES)
		return -ENAMETOOLONG;
	err = create_part(segment, direct);
	return err == -EEXIST ? explain_existing(segment) : err;
}

/*
 * The manifest of the file that was replaced says nothing of the new one. Where it stays, the file is
 * taken for one that was altered until the new one's is there.
 */
static void remove_manifest(const char *path)
{
	char manifest[SEGMENT_PATH_BYTES + sizeof(MANIFEST_SUFFIX)];

	snprintf(manifest, sizeof(manifest), "%s" MANIFEST_SUFFIX, path);
	(void)unlink(manifest);
}

/* Gives the synced .part its name. */
static int rename_part(struct segment *segment)
{
	char part[SEGMENT_PATH_BYTES];
	char path[SEGMENT_PATH_BYTES];
	int err = -EEXIST;

	segment_part_path(segment, part);
	for (unsigned int tries = 0; err == -EEXIST && tries < NAME_TRIES; tries++) {
		if (tries)
			segment->sequence = segment_directory_next(segment->directory);
		segment_path(segment, path);
		if (segment->replace)
			err = rename(part, path) < 0 ? -errno : 0;
		else
			err = directory_rename(part, path);
		if (!segment->directory)
			break;
	}
	if (!err && segment->replace)
		remove_manifest(path);
	segment->named = err == 0;
	return err;
}

/*
 * On a full disk a directory may have no room for the name, though it needs no file any more. The
 * space may return: it is waited for. *waits: how often it still may be, for all files together.
 */
static int name_part(struct segment *segment, unsigned int *waits)
{
	const struct timespec pause = {.tv_nsec = NAME_WAIT_MS * 1000000L};
	int err = rename_part(segment);

	for (; (err == -ENOSPC || err == -EDQUOT) && *waits; (*waits)--) {
		nanosleep(&pause, NULL);
		err = rename_part(segment);
	}
	return err;
}

/* Makes the file as long as it is to be; an empty one goes. */
static int cut(const struct segment_end *end)
{
	char part[SEGMENT_PATH_BYTES];

	if (end->logical_bytes)
		return ftruncate(end->segment.fd, (off_t)end->logical_bytes) < 0 ? -errno : 0;
	segment_part_path(&end->segment, part);
	return unlink(part) < 0 ? -errno : 0;
}

static bool is_good(const struct segment_end *end)
{
	return end->error == 0 && end->logical_bytes > 0;
}

/* The name is next: what recovery would have gone by has served. */
static void clear_mark(const struct segment *segment)
{
	char part[SEGMENT_PATH_BYTES];

	if (!segment->marked)
		return;
	segment_part_path(segment, part);
	/* One that stays is still true, and nobody reads it once the file has its name. */
	(void)committed_clear(segment->fd, part);
}

/* All but the name. */
static void finish_data(struct segment_end *end, struct segment_sync *whole)
{
	if (is_good(end) && !end->unsynced)
		end->error = segment_sync_data(&end->segment, whole);
	if (is_good(end))
		clear_mark(&end->segment);
}

/* Data first, then the name: a name never stands for bytes that are not there. */
void segment_publish_all(struct segment_end *ends, uint32_t count)
{
	struct segment_sync data = {0};
	struct segment_sync names = {0};
	bool many = count > SEGMENT_SYNC_EACH_MAX;
	unsigned int waits = NAME_WAITS;

	for (uint32_t i = 0; i < count; i++) {
		int err = cut(&ends[i]);

		ends[i].error = ends[i].error ? ends[i].error : err;
	}
	for (uint32_t i = 0; i < count; i++)
		finish_data(&ends[i], many ? &data : NULL);
	for (uint32_t i = 0; i < count; i++)
		if (is_good(&ends[i]))
			ends[i].error = name_part(&ends[i].segment, &waits);
	for (uint32_t i = 0; i < count; i++)
		if (is_good(&ends[i]) && !ends[i].unsynced)
			ends[i].error = segment_sync_name(&ends[i].segment, many ? &names : NULL);
	/* Closed last: until then the lock shows recovery that somebody is at work. */
	for (uint32_t i = 0; i < count; i++) {
		if (close(ends[i].segment.fd) < 0 && !ends[i].error)
			ends[i].error = -errno;
		ends[i].segment.fd = -1;
	}
}

int segment_publish(struct segment *segment, uint64_t logical_bytes)
{
	struct segment_end end = {.segment = *segment, .logical_bytes = logical_bytes};

	segment_publish_all(&end, 1);
	*segment = end.segment;
	return end.error;
}
