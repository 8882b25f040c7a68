/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the chains of a directory are found again.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/custody_chain_internal.h"
#include "capture/directory.h"
#include "capture/retention_index.h"

/* A file system stamps with the time of the last tick: so much may that be ago. */
#define TICK_NS 10000000u

struct search {
	struct custody_directory *directory;
	uint64_t since_ns;
	custody_damaged *damaged;
	void *context;
};

/* Is it one of our complete files' names with this behind it? */
static bool is_beside(const char *name, const char *suffix)
{
	size_t length = strlen(name), end = strlen(suffix);
	char file[RETENTION_NAME_BYTES];

	if (length <= end || length - end >= sizeof(file) ||
	    strcmp(name + length - end, suffix) != 0)
		return false;
	snprintf(file, sizeof(file), "%.*s", (int)(length - end), name);
	return retention_index_is_name(file);
}

static int take_manifest(const struct search *search, const struct manifest *manifest,
			 const struct digest *digest)
{
	struct custody_chain *chain = custody_chain_of(search->directory, manifest);
	int err = chain ? sequence_set_add(&chain->there, manifest->sequence) : -ENOMEM;

	if (!err && !manifest->file)
		err = sequence_set_add(&chain->links, manifest->sequence);
	if (!err && manifest->sequence > chain->stored.sequence) {
		chain->stored =
			(struct custody_head){.sequence = manifest->sequence, .digest = *digest};
		chain->created_ns = manifest->created_ns;
	}
	return err;
}

/* Before the others are all known: what has to stay on record is known only then. */
struct aside {
	char *path;
	uint64_t time_ns; /* it was put aside */
	bool returned;    /* its file is there: it is none */
};

struct asides {
	struct aside *list;
	size_t count, room;
};

static uint64_t time_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec;
}

/* Was it done by a run that has ended, in a directory that is this one's now? */
static bool is_left(const struct search *search, uint64_t time_ns)
{
	return search->directory->owned && time_ns + TICK_NS < search->since_ns;
}

static int note_aside(struct asides *asides, const char *path, const struct stat *st)
{
	if (asides->count == asides->room) {
		size_t room = asides->room ? 2 * asides->room : 4;
		struct aside *grown = realloc(asides->list, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		asides->list = grown;
		asides->room = room;
	}
	asides->list[asides->count] = (struct aside){
		.path = strdup(path),
		.time_ns = time_of(&st->st_ctim),
	};
	return asides->list[asides->count].path ? (asides->count++, 0) : -ENOMEM;
}

/* Reads the one at path. Returns 0, also for one that is damaged, or -ENOMEM. */
static int read_one(const struct search *search, const char *path,
		    int (*take)(const struct search *search, const struct manifest *manifest,
				const struct digest *digest))
{
	char error[MANIFEST_ERROR_BYTES];
	struct manifest manifest;
	struct digest digest;
	int err = manifest_read(&manifest, path, &digest, NULL, NULL, error);

	if (err == -ENOENT)
		return 0;
	if (err) {
		search->damaged(search->context, path, error);
		return err == -ENOMEM ? err : 0;
	}
	err = take(search, &manifest, &digest);
	manifest_fini(&manifest);
	return err;
}

bool custody_directory_is_aside(const char *name)
{
	return is_beside(name, MANIFEST_PRUNED_SUFFIX);
}

/* The rest of a manifest that an earlier run did not finish: nothing else would remove it. */
static bool is_manifest_part(const char *name)
{
	static const char suffix[] = ".part";
	size_t length = strlen(name), end = strlen(suffix);
	char manifest[RETENTION_NAME_BYTES + sizeof(MANIFEST_SUFFIX)];

	if (length <= end || length - end >= sizeof(manifest) ||
	    strcmp(name + length - end, suffix) != 0)
		return false;
	snprintf(manifest, sizeof(manifest), "%.*s", (int)(length - end), name);
	return is_beside(manifest, MANIFEST_SUFFIX) || manifest_is_link_name(manifest);
}

static void remove_left_part(const struct search *search, const char *name)
{
	char path[SEGMENT_PATH_BYTES];
	struct stat st;

	if (snprintf(path, sizeof(path), "%s/%s", search->directory->path, name) <
		    (int)sizeof(path) &&
	    lstat(path, &st) == 0 && is_left(search, time_of(&st.st_mtim)))
		(void)unlink(path);
}

static int visit(const struct search *search, const char *name, struct asides *asides)
{
	bool aside = custody_directory_is_aside(name);
	char path[SEGMENT_PATH_BYTES];
	struct stat st;

	if (is_manifest_part(name)) {
		remove_left_part(search, name);
		return 0;
	}
	if (!aside && !is_beside(name, MANIFEST_SUFFIX) && !manifest_is_link_name(name))
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", search->directory->path, name) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	if (!aside)
		return read_one(search, path, take_manifest);
	return lstat(path, &st) == 0 ? note_aside(asides, path, &st) : 0;
}

/* It was the chain's, whoever was to record that it is no more. */
static int take_aside(const struct search *search, const struct manifest *manifest,
		      const struct digest *digest)
{
	struct custody_chain *chain = custody_chain_of(search->directory, manifest);
	int err = chain ? 0 : -ENOMEM;

	if (!err && manifest->sequence > chain->stored.sequence) {
		chain->stored =
			(struct custody_head){.sequence = manifest->sequence, .digest = *digest};
		chain->created_ns = manifest->created_ns;
	}
	return err;
}

/*
 * The file is there all the same: who was to remove it was killed in between, or somebody has put its
 * manifest aside by hand. It gets that back, and is nothing that was removed. Returns 0 or -ENOMEM.
 */
static int restore_aside(const struct search *search, struct aside *aside)
{
	size_t stem = strlen(aside->path) - strlen(MANIFEST_PRUNED_SUFFIX);
	char path[SEGMENT_PATH_BYTES];
	struct stat st;

	if (!is_left(search, aside->time_ns))
		return 0;
	snprintf(path, sizeof(path), "%.*s", (int)stem, aside->path);
	if (lstat(path, &st) < 0)
		return 0;
	snprintf(path, sizeof(path), "%.*s" MANIFEST_SUFFIX, (int)stem, aside->path);
	aside->returned = true;
	return directory_rename(aside->path, path) < 0 ? 0 : read_one(search, path, take_manifest);
}

static int bury_aside(const struct search *search, const struct aside *aside)
{
	char error[MANIFEST_ERROR_BYTES];
	struct custody_chain *chain;
	struct manifest manifest;
	struct digest digest;
	int err;

	/* Younger than this process: who removed the file is going to tell. */
	if (aside->returned || !is_left(search, aside->time_ns))
		return 0;
	if (manifest_read(&manifest, aside->path, &digest, NULL, NULL, error))
		return 0;
	chain = custody_chain_of(search->directory, &manifest);
	err = chain ? custody_chain_bury(chain, &manifest, &digest, MANIFEST_UNCONFIRMED,
					 aside->time_ns)
		    : -ENOMEM;
	manifest_fini(&manifest);
	return err;
}

static int search_directory(const struct search *search, struct asides *asides)
{
	DIR *dir = opendir(search->directory->path);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err && (errno = 0, entry = readdir(dir)))
		err = visit(search, entry->d_name, asides);
	err = err ? err : -errno;
	closedir(dir);
	for (size_t i = 0; i < asides->count && !err; i++)
		err = restore_aside(search, &asides->list[i]);
	for (size_t i = 0; i < asides->count && !err; i++)
		err = read_one(search, asides->list[i].path, take_aside);
	for (size_t i = 0; i < asides->count && !err; i++)
		err = bury_aside(search, &asides->list[i]);
	return err;
}

int custody_directory_open(struct custody_directory **directory, const char *path, bool owned,
			   uint64_t since_ns, custody_damaged *damaged, void *context)
{
	struct custody_directory *opened = calloc(1, sizeof(*opened));
	struct search search = {
		.directory = opened, .since_ns = since_ns, .damaged = damaged, .context = context};
	struct asides asides = {0};
	int err;

	if (!opened)
		return -ENOMEM;
	opened->owned = owned;
	opened->path = strdup(path);
	err = opened->path ? search_directory(&search, &asides) : -ENOMEM;
	for (size_t i = 0; i < asides.count; i++)
		free(asides.list[i].path);
	free(asides.list);
	if (err) {
		custody_directory_close(opened);
		return err;
	}
	for (struct custody_chain *chain = opened->chains; chain; chain = chain->next) {
		chain->head = chain->stored;
		chain->foreign = chain->created_ns >= since_ns;
	}
	*directory = opened;
	return 0;
}
