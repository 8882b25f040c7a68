/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/recover.h"
#include "capture/suffix.h"

enum { DEPTH = 2 }; /* the directory and those in it */

struct search {
	bool dry_run;
	recover_report *report;
	void *context;
	int error;                  /* the first */
	struct recover_file *files; /* RECOVER_TOGETHER, to be recovered together */
	uint32_t count;
	uint32_t waits; /* left for files that seem to be live */
};

static void recover_collected(struct search *search)
{
	recover_files(search->files, search->count, search->dry_run, &search->waits);
	for (uint32_t i = 0; i < search->count; i++)
		if (search->files[i].state != RECOVER_GONE)
			search->report(search->context, &search->files[i]);
	search->count = 0;
}

static void collect(struct search *search, const char *part)
{
	/* Its path fits: the caller has put it together in as much room. */
	(void)recover_begin(&search->files[search->count++], part);
	if (search->count == RECOVER_TOGETHER)
		recover_collected(search);
}

static bool ends_in(const char *text, const char *end)
{
	size_t text_length = strlen(text);
	size_t end_length = strlen(end);

	return text_length >= end_length && strcmp(text + text_length - end_length, end) == 0;
}

static bool is_part(const char *name)
{
	return ends_in(name, ".part") &&
	       suffix_find(name, strlen(name) - strlen(".part"), NULL) != NULL;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void search_directory(struct search *search, const char *path, int depth);

static void visit(struct search *search, const char *path, const struct dirent *entry, int depth)
{
	bool may_be_directory = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
	char below[SEGMENT_PATH_BYTES];

	if (!is_part(entry->d_name) && (!may_be_directory || depth == 1))
		return;
	if (snprintf(below, sizeof(below), "%s%s%s", path, ends_in(path, "/") ? "" : "/",
		     entry->d_name) >= (int)sizeof(below))
		search->error = search->error ? search->error : -ENAMETOOLONG;
	else if (may_be_directory && depth > 1 && is_directory(below))
		search_directory(search, below, depth - 1);
	else if (is_part(entry->d_name))
		collect(search, below);
}

static void search_directory(struct search *search, const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir) {
		search->error = search->error ? search->error : -errno;
		return;
	}
	while ((errno = 0, entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			visit(search, path, entry, depth);
	if (errno && !search->error)
		search->error = -errno;
	closedir(dir);
}

int recover_directory(const char *directory, bool dry_run, recover_report *report, void *context)
{
	struct search search = {
		.dry_run = dry_run,
		.report = report,
		.context = context,
		.waits = RECOVER_WAITS,
	};

	search.files = malloc(RECOVER_TOGETHER * sizeof(*search.files));
	if (!search.files)
		return -ENOMEM;
	search_directory(&search, directory, DEPTH);
	recover_collected(&search);
	free(search.files);
	return search.error;
}
