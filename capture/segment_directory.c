/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/directory.h"
#include "capture/segment_directory.h"

enum {
	DIRECTORY_MODE = 0750,
	MAX_SEQUENCE_DIGITS = 9,
};

struct segment_directory {
	char *path;
	struct suffix suffix;
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

void segment_directory_set_suffix(struct segment_directory *directory, struct suffix suffix)
{
	directory->suffix = suffix;
}

const char *segment_directory_suffix(const struct segment_directory *directory)
{
	return suffix_text(directory->suffix);
}

const char *segment_directory_path(const struct segment_directory *directory)
{
	return directory->path;
}

/* The SEQ of a name START-wW-SEQ.pcap, .pcapng or .zst of those, published, .part or recovered; else 0. */
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
	if (strncmp(c, ".recovered", strlen(".recovered")) == 0)
		return sequence;
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

int segment_directory_prepare(struct segment_directory *directory, bool again)
{
	int err = 0;

	pthread_mutex_lock(&directory->lock);
	if (again || !directory->ready)
		err = make_ready(directory);
	pthread_mutex_unlock(&directory->lock);
	return err;
}

uint32_t segment_directory_next(struct segment_directory *directory)
{
	return __atomic_add_fetch(&directory->sequence, 1, __ATOMIC_RELAXED);
}

int segment_directory_sync(struct segment_directory *directory)
{
	int err;

	if (!__atomic_load_n(&directory->unsynced, __ATOMIC_RELAXED))
		return 0;
	err = directory_sync_parent(directory->path);
	if (!err)
		segment_directory_synced(directory);
	return err;
}

void segment_directory_synced(struct segment_directory *directory)
{
	__atomic_store_n(&directory->unsynced, false, __ATOMIC_RELAXED);
}
