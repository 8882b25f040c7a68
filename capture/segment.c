/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/segment.h"

enum {
	DIRECTORY_MODE = 0750,
	FILE_MODE = 0640,
	NAME_TRIES = 10000,
	MAX_SEQUENCE_DIGITS = 9,
};

static const char part_suffix[] = ".part";

struct segment_directory {
	char *path;
	pthread_mutex_t lock; /* around the first use */
	bool ready;           /* created and searched; under lock */
	uint32_t sequence;    /* the last one used; atomic */
};

struct segment_directory *segment_directory_new(const char *out, const char *name)
{
	struct segment_directory *directory = calloc(1, sizeof(*directory));
	size_t length = strlen(out);

	if (!directory)
		return NULL;
	while (length > 1 && out[length - 1] == '/')
		length--;
	if (asprintf(&directory->path, "%.*s/%s", (int)length, out, name) < 0) {
		free(directory);
		return NULL;
	}
	pthread_mutex_init(&directory->lock, NULL);
	return directory;
}

void segment_directory_free(struct segment_directory *directory)
{
	if (!directory)
		return;
	pthread_mutex_destroy(&directory->lock);
	free(directory->path);
	free(directory);
}

const char *segment_directory_path(const struct segment_directory *directory)
{
	return directory->path;
}

/* The SEQ of a name START-wW-SEQ.pcap or .pcapng, published or .part; 0 for any other name. */
static uint32_t name_sequence(const char *name)
{
	const char *dash = strrchr(name, '-');
	uint32_t sequence = 0;
	const char *c;

	if (!dash)
		return 0;
	for (c = dash + 1; *c >= '0' && *c <= '9'; c++) {
		if (c - dash > MAX_SEQUENCE_DIGITS)
			return 0;
		sequence = sequence * 10 + (uint32_t)(*c - '0');
	}
	return strncmp(c, ".pcap", strlen(".pcap")) == 0 ? sequence : 0;
}

/* The highest SEQ in the directory, 0 where there is none. */
static int find_sequence(const char *path, uint32_t *highest)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int err;

	if (!dir)
		return -errno;
	*highest = 0;
	while ((errno = 0, entry = readdir(dir))) {
		uint32_t sequence = name_sequence(entry->d_name);

		if (sequence > *highest)
			*highest = sequence;
	}
	err = -errno;
	closedir(dir);
	return err;
}

/* Syncs a directory, so that the names in it outlast a crash. */
static int sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* The directory that path is in, into parent. */
static void parent_of(const char *path, char parent[SEGMENT_PATH_BYTES])
{
	const char *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path) : 0;

	if (length == 0)
		snprintf(parent, SEGMENT_PATH_BYTES, "%s", slash ? "/" : ".");
	else
		snprintf(parent, SEGMENT_PATH_BYTES, "%.*s", length, path);
}

static int make_ready(struct segment_directory *directory)
{
	char parent[SEGMENT_PATH_BYTES];
	uint32_t highest = 0;
	int err;

	if (mkdir(directory->path, DIRECTORY_MODE) == 0) {
		parent_of(directory->path, parent);
		err = sync_directory(parent);
		if (err)
			return err;
	} else if (errno != EEXIST) {
		return -errno;
	}
	err = find_sequence(directory->path, &highest);
	if (err)
		return err;
	__atomic_store_n(&directory->sequence, highest, __ATOMIC_RELAXED);
	directory->ready = true;
	return 0;
}

static int directory_prepare(struct segment_directory *directory)
{
	int err = 0;

	pthread_mutex_lock(&directory->lock);
	if (!directory->ready)
		err = make_ready(directory);
	pthread_mutex_unlock(&directory->lock);
	return err;
}

static uint32_t next_sequence(struct segment_directory *directory)
{
	return __atomic_add_fetch(&directory->sequence, 1, __ATOMIC_RELAXED);
}

static void part_path(const struct segment *segment, char path[SEGMENT_PATH_BYTES])
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
	snprintf(path, SEGMENT_PATH_BYTES, "%s/%s.%09uZ-w%u-%06u.pcap", segment->directory->path,
		 start, (unsigned int)(segment->start_ns % 1000000000), segment->worker,
		 segment->sequence);
}

/*
 * An open file description lock: it goes with the descriptor, also when the process is killed.
 * Returns 0 or -errno; a file system without locks does without.
 */
static int lock_file(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return -EBUSY;
	return errno == ENOLCK || errno == EOPNOTSUPP || errno == EINVAL ? 0 : -errno;
}

/* Creates NAME.part; an existing one is -EEXIST. */
static int create_part(struct segment *segment, bool direct)
{
	char path[SEGMENT_PATH_BYTES];
	int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
	int err;

	part_path(segment, path);
	segment->fd = open(path, flags | (direct ? O_DIRECT : 0), FILE_MODE);
	if (segment->fd < 0)
		return -errno;
	err = lock_file(segment->fd);
	if (err) {
		close(segment->fd);
		segment->fd = -1;
	}
	return err;
}

int segment_open(struct segment *segment, struct segment_directory *directory, uint64_t start_ns,
		 uint32_t worker, bool direct)
{
	int err = directory_prepare(directory);

	*segment = (struct segment){
		.fd = -1,
		.directory = directory,
		.start_ns = start_ns,
		.worker = worker,
	};
	if (err)
		return err;
	if (strlen(directory->path) + 128 > SEGMENT_PATH_BYTES)
		return -ENAMETOOLONG;
	for (unsigned int tries = 0; tries < NAME_TRIES; tries++) {
		segment->sequence = next_sequence(directory);
		err = create_part(segment, direct);
		if (err != -EEXIST)
			break;
	}
	return err;
}

/* Why PATH.part could not be created: another process's, or nobody's. */
static int explain_existing(const struct segment *segment)
{
	char path[SEGMENT_PATH_BYTES];
	int err;
	int fd;

	part_path(segment, path);
	fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -EEXIST;
	err = lock_file(fd);
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

/* rename() that never overwrites. */
static int rename_new(const char *part, const char *path)
{
	if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* NFS and some others: link() does not overwrite either. */
	if (link(part, path) < 0 || unlink(part) < 0)
		return -errno;
	return 0;
}

/* Gives the synced .part its name. */
static int rename_part(struct segment *segment, const char *part)
{
	char path[SEGMENT_PATH_BYTES];
	int err;

	for (unsigned int tries = 0; tries < NAME_TRIES; tries++) {
		segment_path(segment, path);
		if (segment->replace)
			return rename(part, path) < 0 ? -errno : 0;
		err = rename_new(part, path);
		if (err != -EEXIST || !segment->directory)
			return err;
		segment->sequence = next_sequence(segment->directory);
	}
	return -EEXIST;
}

/* Data first, then the name: a name never stands for bytes that are not there. */
static int finish(struct segment *segment, uint64_t logical_bytes)
{
	char part[SEGMENT_PATH_BYTES];
	char parent[SEGMENT_PATH_BYTES];
	int err;

	part_path(segment, part);
	if (logical_bytes == 0)
		return unlink(part) < 0 ? -errno : 0;
	if (ftruncate(segment->fd, (off_t)logical_bytes) < 0 || fdatasync(segment->fd) < 0)
		return -errno;
	err = rename_part(segment, part);
	if (err)
		return err;
	parent_of(part, parent);
	return sync_directory(parent);
}

int segment_publish(struct segment *segment, uint64_t logical_bytes)
{
	int err = finish(segment, logical_bytes);

	/* Closed last: until then the lock shows recovery that somebody is at work. */
	if (close(segment->fd) < 0 && !err)
		err = -errno;
	segment->fd = -1;
	return err;
}
