/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan on disk: what was to be changed, and a fingerprint of what was observed. It is never
 * carried out as it stands: apply observes and plans anew, and goes on only where that comes to the
 * same changes. Holds no secrets.
 */
#ifndef PROVISION_PLAN_FILE_H
#define PROVISION_PLAN_FILE_H

#include <jansson.h>
#include <stdbool.h>

#include "provision/aws/buffer.h"
#include "provision/aws/failure.h"
#include "provision/deploy/plan.h"

struct plan_file {
	json_t *document;       /* owned */
	const char *deployment; /* borrowed from the document */
	/* What the plan was made with: apply uses the same. */
	struct plan_options options;
};

/*
 * Writes the plan to a new file beside path, then renames it there (mode 0600, synced). A plan that
 * was refused, or with failed scopes, is not written.
 * Returns 0, or -errno with failure set.
 */
int plan_file_write(const char *path, const struct plan *plan, const struct plan_options *options,
		    struct failure *failure);

/*
 * Reads and checks a file. file: needs no initialisation; plan_file_fini() on 0.
 * Returns 0, or -errno with failure set: what open(2) or read(2) said, -EBADMSG (not a plan, one of
 * another version, or damaged), -ENOMEM.
 */
int plan_file_read(const char *path, struct plan_file *file, struct failure *failure);

/*
 * Compares with a plan that was made now. Returns whether it comes to the same changes; where not,
 * says in difference, by lines, what differs (the first few); where it does but something else that
 * was observed differs, a line says that too.
 */
bool plan_file_same(const struct plan_file *file, const struct plan *plan,
		    struct buffer *difference);

void plan_file_fini(struct plan_file *file);

#endif
