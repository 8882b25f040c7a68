/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/capture_files.h"

#include <errno.h>
#include <fts.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/suffix.h"

#define SEGMENT_NAME "^[0-9]{8}T[0-9]{6}[.][0-9]{9}Z-w[0-9]+-[0-9]+[.]pcap(ng)?([.]zst)?([.]part)?$"

bool capture_files_is_part(const char *path)
{
	size_t length = strlen(path);

	return length >= strlen(".part") && strcmp(path + length - strlen(".part"), ".part") == 0;
}

static bool is_capture(const char *name, bool parts)
{
	size_t length = strlen(name);

	if (parts && capture_files_is_part(name))
		length -= strlen(".part");
	return suffix_find(name, length, NULL) != NULL;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int visit_entry(const FTSENT *entry, bool parts, capture_files_visit *visit, void *context)
{
	switch (entry->fts_info) {
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return visit(context, entry->fts_path, -entry->fts_errno);
	case FTS_F:
	case FTS_DEFAULT:
		if (entry->fts_level == FTS_ROOTLEVEL || is_capture(entry->fts_name, parts))
			return visit(context, entry->fts_path, 0);
		return 0;
	default:
		return 0;
	}
}

int capture_files_walk(const char *path, bool parts, capture_files_visit *visit, void *context)
{
	char *const roots[] = {(char *)path, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
	FTSENT *entry;
	int rc = 0;

	if (!tree)
		return -ENOMEM;
	while (rc == 0 && (errno = 0, entry = fts_read(tree)))
		rc = visit_entry(entry, parts, visit, context);
	if (rc == 0 && errno)
		rc = -errno;
	fts_close(tree);
	return rc;
}

bool capture_files_session(const char *path, char *session, size_t bytes)
{
	const char *name = strrchr(path, '/');
	const char *directory = name;
	regex_t pattern;
	bool matches;

	session[0] = '\0';
	if (!name || name == path || regcomp(&pattern, SEGMENT_NAME, REG_EXTENDED | REG_NOSUB))
		return false;
	matches = regexec(&pattern, name + 1, 0, NULL, 0) == 0;
	regfree(&pattern);
	while (directory > path && directory[-1] != '/')
		directory--;
	if (!matches || directory == name)
		return false;
	snprintf(session, bytes, "%.*s", (int)(name - directory), directory);
	return true;
}
