/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/retention_index.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/array.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Moves behind least to most digits. Returns false where there are fewer or more. */
static bool skip_digits(const char **at, int least, int most)
{
	int digits = 0;

	while (is_digit((*at)[digits]))
		digits++;
	*at += digits;
	return digits >= least && digits <= most;
}

static bool skip_text(const char **at, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(*at, text, length) != 0)
		return false;
	*at += length;
	return true;
}

static bool skip_start(const char **at)
{
	for (const char *form = "00000000T000000.000000000Z"; *form; form++, (*at)++)
		if (*form == '0' ? !is_digit(**at) : **at != *form)
			return false;
	return true;
}

bool retention_index_is_name(const char *name)
{
	bool recovered;

	if (!skip_start(&name) || !skip_text(&name, "-w") || !skip_digits(&name, 1, 10) ||
	    !skip_text(&name, "-") || !skip_digits(&name, 6, 10))
		return false;
	recovered = skip_text(&name, ".recovered");
	if (recovered && skip_text(&name, "-") && !skip_digits(&name, 1, 10))
		return false;
	if (!skip_text(&name, ".pcapng") && !skip_text(&name, ".pcap"))
		return false;
	(void)skip_text(&name, ".zst");
	return *name == '\0' || (recovered && strcmp(name, ".tail") == 0);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct retention_directory *)a)->path,
		      ((const struct retention_directory *)b)->path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct retention_file *)a)->name,
		      ((const struct retention_file *)b)->name);
}

/* Returns false when out of memory. The path is copied. */
static bool add_directory(struct retention_index *index, const char *path, bool own)
{
	struct retention_directory *directories =
		array_grow(index->directories, index->count, &index->room, sizeof(*directories));
	char *copy;

	if (!directories)
		return false;
	index->directories = directories;
	copy = strdup(path);
	if (!copy)
		return false;
	index->directories[index->count++] = (struct retention_directory){
		.path = copy,
		.own = own,
	};
	return true;
}

int retention_index_init(struct retention_index *index, const char *out,
			 struct segment_directory *const *own, uint32_t count, bool all)
{
	*index = (struct retention_index){.out = out, .all = all};
	for (uint32_t i = 0; i < count; i++)
		if (!add_directory(index, segment_directory_path(own[i]), true))
			return -ENOMEM;
	index->own = index->count;
	if (index->count)
		qsort(index->directories, index->count, sizeof(*index->directories), by_path);
	return 0;
}

void retention_index_fini(struct retention_index *index)
{
	for (uint32_t i = 0; i < index->count; i++) {
		free(index->directories[i].files);
		free(index->directories[i].path);
	}
	free(index->directories);
}

static struct retention_directory *find_own(struct retention_index *index, const char *path)
{
	const struct retention_directory key = {.path = (char *)path};

	if (!index->own)
		return NULL;
	return bsearch(&key, index->directories, index->own, sizeof(key), by_path);
}

static bool is_known(struct retention_index *index, const char *path)
{
	if (find_own(index, path))
		return true;
	for (uint32_t i = index->own; i < index->count; i++)
		if (strcmp(index->directories[i].path, path) == 0)
			return true;
	return false;
}

/* Other captures' session directories; links lead elsewhere, and are not followed. */
static void find_directories(struct retention_index *index)
{
	size_t length = strlen(index->out);
	DIR *dir = opendir(index->out);
	char path[SEGMENT_PATH_BYTES];
	struct dirent *entry;
	struct stat st;

	/* As segment_directory_new() puts paths together. */
	while (length > 1 && index->out[length - 1] == '/')
		length--;
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    snprintf(path, sizeof(path), "%.*s/%s", (int)length, index->out,
			     entry->d_name) >= (int)sizeof(path))
			continue;
		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && !is_known(index, path))
			(void)add_directory(index, path, false);
	}
	if (dir)
		closedir(dir);
}

/* Puts it behind those that are there already. Returns false when out of memory. */
static bool append(struct retention_directory *directory, const char *name, uint64_t bytes,
		   uint64_t changed_ns)
{
	struct retention_file *files =
		array_grow(directory->files, directory->count, &directory->room, sizeof(*files));
	struct retention_file *file;

	if (!files)
		return false;
	directory->files = files;
	file = &files[directory->count++];
	*file = (struct retention_file){.bytes = bytes, .changed_ns = changed_ns};
	snprintf(file->name, sizeof(file->name), "%.*s", (int)sizeof(file->name) - 1, name);
	directory->kept++;
	directory->bytes += bytes;
	return true;
}

static int read_files(struct retention_directory *directory, DIR *dir)
{
	struct dirent *entry;
	struct stat st;

	while ((errno = 0, entry = readdir(dir))) {
		if (!retention_index_is_name(entry->d_name) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (!append(directory, entry->d_name, (uint64_t)st.st_size,
			    (uint64_t)st.st_mtim.tv_sec * 1000000000 +
				    (uint64_t)st.st_mtim.tv_nsec))
			return -ENOMEM;
	}
	return -errno;
}

static void compact(struct retention_directory *directory)
{
	uint32_t kept = 0;

	directory->next = 0;
	for (uint32_t i = 0; i < directory->count && directory->kept < directory->count; i++)
		if (!directory->files[i].gone)
			directory->files[kept++] = directory->files[i];
	directory->count = (uint32_t)directory->kept;
}

/* A directory that changes while it is read may tell a name twice. */
static void sort_files(struct retention_directory *directory)
{
	struct retention_file *files = directory->files;

	if (!directory->count)
		return;
	qsort(files, directory->count, sizeof(*files), by_name);
	for (uint32_t i = 1; i < directory->count; i++)
		if (by_name(&files[i - 1], &files[i]) == 0)
			retention_index_drop(directory, &files[i - 1]);
	compact(directory);
}

/* What was told of a file that could not be removed need not be told again. */
static void keep_errors(struct retention_directory *directory,
			const struct retention_directory *before)
{
	for (uint32_t i = 0; directory->count && i < before->count; i++) {
		const struct retention_file *old = &before->files[i];
		struct retention_file *file;

		if (!old->error)
			continue;
		file = bsearch(old, directory->files, directory->count, sizeof(*file), by_name);
		if (file) {
			file->error = old->error;
			file->retry_ns = old->retry_ns;
		}
	}
}

static void search_directory(struct retention_directory *directory)
{
	struct retention_directory found = {.path = directory->path, .own = directory->own};
	DIR *dir = opendir(directory->path);

	if (dir) {
		found.error = read_files(&found, dir);
		closedir(dir);
	} else if (errno != ENOENT) { /* which has no session's first segment yet */
		found.error = -errno;
	}
	found.error_new = found.error && found.error != directory->error;
	sort_files(&found);
	keep_errors(&found, directory);
	free(directory->files);
	*directory = found;
}

void retention_index_search(struct retention_index *index)
{
	if (index->all)
		find_directories(index);
	for (uint32_t i = 0; i < index->count; i++)
		search_directory(&index->directories[i]);
}

void retention_index_add(struct retention_index *index, const char *path, uint64_t bytes,
			 uint64_t changed_ns)
{
	const char *slash = strrchr(path, '/');
	struct retention_directory *directory;
	char parent[SEGMENT_PATH_BYTES];
	struct retention_file file;
	uint32_t at;

	if (!slash || !retention_index_is_name(slash + 1))
		return;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - path), path);
	directory = find_own(index, parent);
	if (!directory || !append(directory, slash + 1, bytes, changed_ns))
		return;
	at = directory->count - 1;
	file = directory->files[at];
	for (; at > 0 && by_name(&directory->files[at - 1], &file) > 0; at--)
		directory->files[at] = directory->files[at - 1];
	directory->files[at] = file;
	/* A search has seen it already. */
	if (at > 0 && by_name(&directory->files[at - 1], &file) == 0)
		retention_index_drop(directory, &directory->files[at - 1]);
}

void retention_index_total(const struct retention_index *index, uint64_t *files, uint64_t *bytes)
{
	*files = 0;
	*bytes = 0;
	for (uint32_t i = 0; i < index->count; i++) {
		*files += index->directories[i].kept;
		*bytes += index->directories[i].bytes;
	}
}

struct retention_file *retention_index_next(struct retention_directory *directory, uint64_t now_ns)
{
	for (; directory->next < directory->count; directory->next++) {
		struct retention_file *file = &directory->files[directory->next];

		if (!file->gone && file->retry_ns <= now_ns)
			return file;
	}
	return NULL;
}

void retention_index_drop(struct retention_directory *directory, struct retention_file *file)
{
	if (file->gone)
		return;
	file->gone = true;
	directory->kept--;
	directory->bytes -= file->bytes;
}

void retention_index_compact(struct retention_index *index)
{
	for (uint32_t i = 0; i < index->count; i++)
		compact(&index->directories[i]);
}
