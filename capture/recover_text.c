/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capture/recover.h"

static const char *const endings[] = {
	[RECOVER_WHOLE] = "",
	[RECOVER_ZEROS] = "",
	[RECOVER_CUT] = " (an incomplete record)",
	[RECOVER_HOLE] = " (behind what the disk had got)",
	[RECOVER_DAMAGED] = " (no records)",
};

/* What is in the tail. */
static const char *ending(const struct recover_file *file)
{
	if (file->compressed && file->end == RECOVER_CUT)
		return " (an incomplete frame)";
	if (file->compressed && file->end == RECOVER_DAMAGED)
		return " (no frames)";
	return endings[file->end];
}

/* What could not be done, and what to do about it. */
static const char *failure(const struct recover_file *file, char *text, size_t bytes)
{
	snprintf(text, bytes,
		 "%s: cannot be recovered: %s: it is left as it is; try again with "
		 "mirrorcap recover",
		 file->part, strerror(-file->error));
	return text;
}

static const char *recovered(const struct recover_file *file, bool dry_run, char *text,
			     size_t bytes)
{
	int used = snprintf(text, bytes,
			    "%s: %s as %s: %" PRIu64 " bytes, %" PRIu64
			    " of them committed, %" PRIu64 " packet%s after those",
			    file->part, dry_run ? "would be recovered" : "recovered", file->path,
			    file->bytes, file->committed, file->packets,
			    file->packets == 1 ? "" : "s");

	if (file->trimmed && used >= 0 && (size_t)used < bytes)
		snprintf(text + used, bytes - (size_t)used, "; trimmed %" PRIu64 " bytes%s to %s",
			 file->trimmed, ending(file), file->tail);
	return text;
}

const char *recover_text(const struct recover_file *file, bool dry_run, char *text, size_t bytes)
{
	switch (file->state) {
	case RECOVER_DONE:
		return recovered(file, dry_run, text, bytes);
	case RECOVER_SET_ASIDE:
		snprintf(text, bytes, "%s: no %s, so nothing to recover: %s %s", file->part,
			 file->compressed ? "whole frame" : "file header",
			 dry_run ? "would be renamed" : "renamed", file->tail);
		return text;
	case RECOVER_LIVE:
		snprintf(text, bytes, "%s: a capture writes it: left alone", file->part);
		return text;
	case RECOVER_FOREIGN:
		snprintf(text, bytes, "%s: no capture file: left alone", file->part);
		return text;
	case RECOVER_GONE:
		snprintf(text, bytes, "%s: has gone meanwhile", file->part);
		return text;
	case RECOVER_FAILED:
		break;
	}
	return failure(file, text, bytes);
}
