/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/committed.h"
#include "capture/directory.h"
#include "capture/recover_walk.h"
#include "capture/segment_sync.h"
#include "capture/suffix.h"

enum {
	FILE_MODE = 0640,
	NAME_TRIES = 10000,
	COPY_BYTES = 65536,
	NEW_SECONDS = 10, /* an empty file this young may be one that a capture is about to lock */
};

static const char part_suffix[] = ".part";
static const char tail_suffix[] = ".tail";

/* Is it still what its name stands for, and a file? */
static int check_name(int fd, const char *part, struct stat *st)
{
	struct stat named;

	if (fstat(fd, st) < 0 || lstat(part, &named) < 0)
		return -errno;
	if (named.st_dev != st->st_dev || named.st_ino != st->st_ino)
		return -ENOENT;
	return S_ISREG(st->st_mode) ? 0 : -EPROTO;
}

/*
 * Opens and locks the file. Returns the descriptor; -EBUSY where a capture has it; -ENOENT where
 * the name is gone, or is another file's by now; -EPROTO where it is no file; or -errno.
 */
static int open_part(const char *part, struct stat *st)
{
	int err;
	int fd;

	if (lstat(part, st) < 0)
		return -errno;
	if (!S_ISREG(st->st_mode))
		return -EPROTO;
	/* Not even locked: that could keep the capture from it. */
	if (st->st_size == 0 && st->st_mtime + NEW_SECONDS > time(NULL))
		return -EBUSY;
	fd = open(part, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	err = segment_lock(fd);
	if (!err)
		err = check_name(fd, part, st);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/* Writes the name of the n-th try to path. Returns false where it is too long. */
static bool name_recovered(const char *part, unsigned int n, char path[SEGMENT_PATH_BYTES])
{
	int length = (int)(strlen(part) - strlen(part_suffix));
	const char *suffix = suffix_find(part, (size_t)length, NULL);
	int stem = suffix ? (int)(suffix - part) : length;
	char number[16] = "";
	int needed;

	if (n > 1)
		snprintf(number, sizeof(number), "-%u", n);
	needed = snprintf(path, SEGMENT_PATH_BYTES, "%.*s.recovered%s%.*s", stem, part, number,
			  length - stem, part + stem);
	return needed + (int)sizeof(tail_suffix) <= SEGMENT_PATH_BYTES;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Fills in the first names that are not in use. */
static int choose_names(struct recover_file *file)
{
	char path[SEGMENT_PATH_BYTES];
	char tail[SEGMENT_PATH_BYTES + sizeof(tail_suffix)];

	for (unsigned int n = 1; n <= NAME_TRIES; n++) {
		if (!name_recovered(file->part, n, path))
			return -ENAMETOOLONG;
		snprintf(tail, sizeof(tail), "%s%s", path, tail_suffix);
		if (exists(path) || exists(tail))
			continue;
		if (file->state == RECOVER_DONE)
			snprintf(file->path, sizeof(file->path), "%s", path);
		if (file->trimmed || file->state == RECOVER_SET_ASIDE)
			snprintf(file->tail, sizeof(file->tail), "%.*s", SEGMENT_PATH_BYTES - 1,
				 tail);
		return 0;
	}
	return -EEXIST;
}

/* Copies `bytes` bytes from offset on to a file that is new and empty. */
static int copy(int from, uint64_t offset, uint64_t bytes, int to)
{
	char buffer[COPY_BYTES];

	while (bytes) {
		size_t most = bytes < sizeof(buffer) ? (size_t)bytes : sizeof(buffer);
		ssize_t got = pread(from, buffer, most, (off_t)offset);
		ssize_t done = 0;

		if (got <= 0)
			return got < 0 ? -errno : -EIO;
		while (done < got) {
			ssize_t written = write(to, buffer + done, (size_t)(got - done));

			if (written < 0)
				return -errno;
			done += written;
		}
		offset += (uint64_t)got;
		bytes -= (uint64_t)got;
	}
	return fsync(to) < 0 ? -errno : 0;
}

/* Durable before the .part is cut: what is trimmed is at any moment in one of them. */
static int save_tail(const struct recover_file *file, int part)
{
	int fd = open(file->tail, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	int err;

	if (fd < 0)
		return -errno;
	err = copy(part, file->bytes, file->trimmed, fd);
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err)
		err = directory_sync_parent(file->tail);
	if (err)
		(void)unlink(file->tail); /* ours, and incomplete; the .part has it all */
	return err;
}

/* What is to be done with an open, locked file. */
static int decide(struct recover_file *file, int part, uint64_t size)
{
	int err = committed_get(part, file->part, &file->committed);

	/* Not said, or not of this file. */
	if (err || file->committed > size)
		file->committed = 0;
	err = recover_walk(file, part, size);
	if (err == -EPROTO || err == -ENOTSUP || err == -EFBIG) {
		file->state = RECOVER_FOREIGN;
		return 0;
	}
	file->state = err == -ENODATA ? RECOVER_SET_ASIDE : RECOVER_DONE;
	if (err && err != -ENODATA)
		return err;
	return choose_names(file);
}

/* Why a file was not even opened. */
static void note_refusal(struct recover_file *file, int error)
{
	if (error == -ENOENT)
		file->state = RECOVER_GONE;
	else if (error == -EBUSY)
		file->state = RECOVER_LIVE;
	else if (error == -EPROTO)
		file->state = RECOVER_FOREIGN;
	else
		file->error = error;
}

bool recover_begin(struct recover_file *file, const char *part)
{
	*file = (struct recover_file){.state = RECOVER_FAILED};
	return snprintf(file->part, sizeof(file->part), "%s", part) < (int)sizeof(file->part);
}

static void fail(struct recover_file *file, int error)
{
	if (!error)
		return;
	file->state = RECOVER_FAILED;
	file->error = error;
}

static bool is_to_publish(const struct recover_file *file)
{
	return file->state == RECOVER_DONE || file->state == RECOVER_SET_ASIDE;
}

/* Opens the file and cuts it to what is kept. Returns its descriptor, or -1. */
static int prepare(struct recover_file *file, bool dry_run)
{
	struct stat st;
	int err;
	int fd = open_part(file->part, &st);

	file->state = RECOVER_FAILED;
	if (fd < 0) {
		note_refusal(file, fd);
		return -1;
	}
	err = decide(file, fd, (uint64_t)st.st_size);
	if (!err && !dry_run && file->state == RECOVER_DONE) {
		if (file->trimmed)
			err = save_tail(file, fd);
		if (!err && ftruncate(fd, (off_t)file->bytes) < 0)
			err = -errno;
	}
	fail(file, err);
	return fd;
}

static const char *published_path(const struct recover_file *file)
{
	return file->state == RECOVER_SET_ASIDE ? file->tail : file->path;
}

/* Data first, then the name: as segment_publish_all(). */
static void publish(struct recover_file *files, const int *fds, uint32_t count)
{
	bool many = count > SEGMENT_SYNC_EACH_MAX;
	struct segment_sync data = {0}, names = {0};

	for (uint32_t i = 0; i < count; i++) {
		const struct segment segment = {.fd = fds[i]};

		if (is_to_publish(&files[i]))
			fail(&files[i], segment_sync_data(&segment, many ? &data : NULL));
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!is_to_publish(&files[i]))
			continue;
		/* It has served; one that stays is true. */
		(void)committed_clear(fds[i], files[i].part);
		fail(&files[i], directory_rename(files[i].part, published_path(&files[i])));
	}
	for (uint32_t i = 0; i < count; i++) {
		const struct segment segment = {.fd = fds[i], .file = published_path(&files[i])};

		if (is_to_publish(&files[i]))
			fail(&files[i], segment_sync_name(&segment, many ? &names : NULL));
	}
}

static bool any_live(const struct recover_file *files, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (files[i].state == RECOVER_LIVE)
			return true;
	return false;
}

void recover_files(struct recover_file *files, uint32_t count, bool dry_run, uint32_t *waits)
{
	const struct timespec pause = {.tv_nsec = RECOVER_WAIT_MS * 1000000L};
	int fds[RECOVER_TOGETHER];

	for (uint32_t i = 0; i < count; i++)
		fds[i] = prepare(&files[i], dry_run);
	for (; *waits && any_live(files, count); (*waits)--) {
		nanosleep(&pause, NULL);
		for (uint32_t i = 0; i < count; i++)
			if (files[i].state == RECOVER_LIVE)
				fds[i] = prepare(&files[i], dry_run);
	}
	if (!dry_run)
		publish(files, fds, count);
	/* Closed last: until then the lock keeps others away. */
	for (uint32_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

bool recover_file(struct recover_file *file, const char *part, bool dry_run)
{
	uint32_t waits = RECOVER_WAITS;

	if (recover_begin(file, part))
		recover_files(file, 1, dry_run, &waits);
	else
		file->error = -ENAMETOOLONG;
	return file->state != RECOVER_GONE;
}
