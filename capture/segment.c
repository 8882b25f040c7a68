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

#include "capture/directory.h"
#include "capture/segment.h"

enum {
	DIRECTORY_MODE = 0750,
	FILE_MODE = 0640,
	NAME_TRIES = 10000,
	MAX_SEQUENCE_DIGITS = 9,
	SYNC_EACH_MAX = 64, /* files; more cost less with one sync of the whole file system */
};

static const char part_suffix[] = ".part";

struct segment_directory {
	char *path;
	pthread_mutex_t lock; /* around the first use */
	bool ready;           /* created and searched; under lock */
	bool unsynced;        /* created, but a crash could still take it; atomic */
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

static int make_ready(struct segment_directory *directory)
{
	uint32_t highest = 0;
	int err;

	if (mkdir(directory->path, DIRECTORY_MODE) == 0)
		__atomic_store_n(&directory->unsynced, true, __ATOMIC_RELAXED);
	else if (errno != EEXIST)
		return -errno;
	err = find_sequence(directory->path, &highest);
	if (err)
		return err;
	if (highest > __atomic_load_n(&directory->sequence, __ATOMIC_RELAXED))
		__atomic_store_n(&directory->sequence, highest, __ATOMIC_RELAXED);
	directory->ready = true;
	return 0;
}

/* again: it was ready once, but somebody has removed it. */
static int directory_prepare(struct segment_directory *directory, bool again)
{
	int err = 0;

	pthread_mutex_lock(&directory->lock);
	if (again || !directory->ready)
		err = make_ready(directory);
	pthread_mutex_unlock(&directory->lock);
	return err;
}

static uint32_t next_sequence(struct segment_directory *directory)
{
	return __atomic_add_fetch(&directory->sequence, 1, __ATOMIC_RELAXED);
}

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

	segment_part_path(segment, path);
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

static int create_numbered(struct segment *segment, bool direct)
{
	int err = -EEXIST;

	for (unsigned int tries = 0; err == -EEXIST && tries < NAME_TRIES; tries++) {
		segment->sequence = next_sequence(segment->directory);
		err = create_part(segment, direct);
	}
	return err;
}

int segment_open(struct segment *segment, struct segment_directory *directory, uint64_t start_ns,
		 uint32_t worker, bool direct)
{
	int err = directory_prepare(directory, false);

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
	err = create_numbered(segment, direct);
	if (err != -ENOENT)
		return err;
	err = directory_prepare(directory, true);
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
static int rename_part(struct segment *segment)
{
	char part[SEGMENT_PATH_BYTES];
	char path[SEGMENT_PATH_BYTES];
	int err = -EEXIST;

	segment_part_path(segment, part);
	for (unsigned int tries = 0; err == -EEXIST && tries < NAME_TRIES; tries++) {
		if (tries)
			segment->sequence = next_sequence(segment->directory);
		segment_path(segment, path);
		if (segment->replace)
			err = rename(part, path) < 0 ? -errno : 0;
		else
			err = rename_new(part, path);
		if (!segment->directory)
			break;
	}
	segment->named = err == 0;
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

/* The file system that was synced last. */
struct synced {
	bool any;
	dev_t device;
	int error;
};

/* Syncs the whole file system that fd is on, but where that was done already. */
static int sync_file_system(int fd, struct synced *synced)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (!synced->any || synced->device != st.st_dev) {
		*synced = (struct synced){.any = true, .device = st.st_dev};
		synced->error = syncfs(fd) < 0 ? -errno : 0;
	}
	return synced->error;
}

/* The file's data; synced: NULL for just this file's. */
static int sync_data(int fd, struct synced *synced)
{
	/* Of a write that failed in the page cache, only the file itself tells for certain. */
	if (synced && sync_file_system(fd, synced) == 0 &&
	    sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE) == 0)
		return 0;
	return fdatasync(fd) < 0 ? -errno : 0;
}

/* The file's name, and its directory's where that is new; synced: as above. */
static int sync_name(const struct segment *segment, struct synced *synced)
{
	struct segment_directory *directory = segment->directory;
	char path[SEGMENT_PATH_BYTES];
	int err;

	segment_path(segment, path);
	if (!synced || sync_file_system(segment->fd, synced) != 0) {
		err = directory_sync_parent(path);
		if (!err && directory && __atomic_load_n(&directory->unsynced, __ATOMIC_RELAXED))
			err = directory_sync_parent(directory->path);
		if (err)
			return err;
	}
	if (directory)
		__atomic_store_n(&directory->unsynced, false, __ATOMIC_RELAXED);
	return 0;
}

static bool is_good(const struct segment_end *end)
{
	return end->error == 0 && end->logical_bytes > 0;
}

/* Data first, then the name: a name never stands for bytes that are not there. */
void segment_publish_all(struct segment_end *ends, uint32_t count)
{
	struct synced data = {0};
	struct synced names = {0};
	bool many = count > SYNC_EACH_MAX;

	for (uint32_t i = 0; i < count; i++)
		ends[i].error = cut(&ends[i]);
	for (uint32_t i = 0; i < count; i++)
		if (is_good(&ends[i]))
			ends[i].error = sync_data(ends[i].segment.fd, many ? &data : NULL);
	for (uint32_t i = 0; i < count; i++)
		if (is_good(&ends[i]))
			ends[i].error = rename_part(&ends[i].segment);
	for (uint32_t i = 0; i < count; i++)
		if (is_good(&ends[i]))
			ends[i].error = sync_name(&ends[i].segment, many ? &names : NULL);
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
