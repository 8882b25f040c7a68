/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/custody_internal.h"
#include "capture/retention_index.h"

bool custody_place_is_stream(const char *path, uint32_t *worker)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	const char *at;

	if (!slash || slash == path || !retention_index_is_name(name))
		return false;
	at = strstr(name, "-w");
	*worker = (uint32_t)strtoul(at + 2, NULL, 10);
	return true;
}

static struct custody_lock *find_lock(struct custody *custody, const struct stat *st)
{
	for (uint32_t i = 0; i < custody->lock_count; i++)
		if (custody->locks[i].device == st->st_dev && custody->locks[i].inode == st->st_ino)
			return &custody->locks[i];
	return NULL;
}

/* Returns false where another process has it, or it cannot be told. */
static bool add_lock(struct custody *custody, const char *path, const char *parent,
		     const struct stat *st)
{
	struct custody_lock *grown =
		realloc(custody->locks, (custody->lock_count + 1) * sizeof(*custody->locks));
	struct custody_lock lock = {.device = st->st_dev, .inode = st->st_ino};

	if (!grown)
		return false;
	custody->locks = grown;
	lock.fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock.fd >= 0 && flock(lock.fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		close(lock.fd);
		lock.fd = -1;
		custody->config.report(
			custody->config.context,
			&(struct custody_news){.event = CUSTODY_SHARED, .path = path});
	}
	/* A file system without locks does without: lock.fd then only stands for its being ours. */
	custody->locks[custody->lock_count++] = lock;
	return lock.fd >= 0;
}

/*
 * One lock stands for all directories in one: 10,000 more open files are too many. By where the
 * directory really is, so that whoever is given OUT/web locks what is locked for OUT.
 */
bool custody_place_owned(struct custody *custody, const char *path)
{
	char parent[SEGMENT_PATH_BYTES];
	struct custody_lock *lock;
	struct stat st;

	if (snprintf(parent, sizeof(parent), "%s/..", path) >= (int)sizeof(parent) ||
	    stat(parent, &st) < 0)
		return false;
	lock = find_lock(custody, &st);
	return lock ? lock->fd >= 0 : add_lock(custody, path, parent, &st);
}

static void tell_damaged(void *context, const char *path, const char *error)
{
	struct custody *custody = context;

	custody->config.report(
		custody->config.context,
		&(struct custody_news){.event = CUSTODY_DAMAGED, .path = path, .text = error});
}

/* Where the path is among the places, or would be. */
static uint32_t find(const struct custody *custody, const char *path)
{
	uint32_t low = 0, high = custody->place_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (strcmp(custody->places[middle]->path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert(struct custody *custody, uint32_t at, struct custody_directory *directory)
{
	if (custody->place_count == custody->place_room) {
		uint32_t room = custody->place_room ? 2 * custody->place_room : 16;
		struct custody_directory **grown =
			realloc(custody->places, room * sizeof(struct custody_directory *));

		if (!grown)
			return -ENOMEM;
		custody->places = grown;
		custody->place_room = room;
	}
	memmove(&custody->places[at + 1], &custody->places[at],
		(custody->place_count - at) * sizeof(struct custody_directory *));
	custody->places[at] = directory;
	custody->place_count++;
	return 0;
}

struct custody_directory *custody_place(struct custody *custody, const char *path, int *err)
{
	uint32_t at = find(custody, path);
	struct custody_directory *directory;

	*err = 0;
	if (at < custody->place_count && strcmp(custody->places[at]->path, path) == 0)
		return custody->places[at];
	*err = custody_directory_open(&directory, path, custody_place_owned(custody, path),
				      custody->began_ns, tell_damaged, custody);
	if (*err)
		return NULL;
	*err = insert(custody, at, directory);
	if (!*err)
		return directory;
	custody_directory_close(directory);
	return NULL;
}

static struct custody_directory *place_of_file(struct custody *custody, const char *path, int *err)
{
	char directory[SEGMENT_PATH_BYTES];

	snprintf(directory, sizeof(directory), "%.*s", (int)(strrchr(path, '/') - path), path);
	return custody_place(custody, directory, err);
}

int custody_place_chain(struct custody *custody, const char *path, struct custody_chain **chain)
{
	struct custody_directory *directory;
	uint32_t worker;
	int err;

	*chain = NULL;
	if (!custody_place_is_stream(path, &worker))
		return 0;
	directory = place_of_file(custody, path, &err);
	if (err)
		return err;
	*chain = custody_directory_chain(directory, worker);
	return *chain ? 0 : -ENOMEM;
}

void custody_place_prune(struct custody *custody, const struct custody_task *task)
{
	struct custody_directory *directory;
	uint32_t worker;
	int err;

	if (!custody_place_is_stream(task->path, &worker))
		return;
	directory = place_of_file(custody, task->path, &err);
	if (directory)
		(void)custody_chain_prune(directory, strrchr(task->path, '/') + 1, worker,
					  task->time_ns);
}

void custody_place_close_all(struct custody *custody)
{
	for (uint32_t i = 0; i < custody->place_count; i++)
		custody_directory_close(custody->places[i]);
	free(custody->places);
	for (uint32_t i = 0; i < custody->lock_count; i++)
		if (custody->locks[i].fd >= 0)
			close(custody->locks[i].fd);
	free(custody->locks);
}
