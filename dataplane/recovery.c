/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/recovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/recover.h"

/* Out of memory, it is left to whoever looks for files without a manifest. */
static void note(struct recovery *recovery, const char *path)
{
	char **grown = realloc(recovery->paths, (recovery->count + 1) * sizeof(*grown));

	if (!grown)
		return;
	recovery->paths = grown;
	grown[recovery->count] = strdup(path);
	recovery->count += grown[recovery->count] != NULL;
}

static void report(void *context, const struct recover_file *file)
{
	char text[RECOVER_TEXT_BYTES];

	/* Another capture's in the same directory, or somebody's: no news. */
	if (file->state == RECOVER_LIVE || file->state == RECOVER_FOREIGN)
		return;
	if (file->state == RECOVER_DONE)
		note(context, file->path);
	fprintf(stderr, "mirrorcap: %s\n", recover_text(file, false, text, sizeof(text)));
}

void recovery_run(struct recovery *recovery, const struct output *output)
{
	char part[SEGMENT_PATH_BYTES];
	struct recover_file file;
	int err;

	*recovery = (struct recovery){0};
	switch (output->kind) {
	case OUTPUT_DIRECTORY:
		err = recover_directory(output->path, false, report, recovery);
		/* One that is yet to be created has nothing in it; what is none is refused later. */
		if (err && err != -ENOENT && err != -ENOTDIR)
			fprintf(stderr,
				"mirrorcap: %s: not all of it could be searched for what earlier "
				"captures left: %s\n",
				output->path, strerror(-err));
		break;
	case OUTPUT_FILE:
		if (snprintf(part, sizeof(part), "%s.part", output->path) < (int)sizeof(part) &&
		    recover_file(&file, part, false))
			report(recovery, &file);
		break;
	case OUTPUT_STDOUT:
	case OUTPUT_NULL:
		break;
	}
}

void recovery_fini(struct recovery *recovery)
{
	for (uint32_t i = 0; i < recovery->count; i++)
		free(recovery->paths[i]);
	free(recovery->paths);
}
