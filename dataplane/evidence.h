/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run's chain of custody: what the command line says of it, and what it tells people.
 */
#ifndef DATAPLANE_EVIDENCE_H
#define DATAPLANE_EVIDENCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "capture/custody.h"
#include "dataplane/options.h"
#include "dataplane/recovery.h"

/* All zero: no manifests are made. */
struct evidence {
	struct custody *custody;
	const struct manifest_key *key; /* borrowed; NULL: none */
	struct digest configuration;
	struct ledger *ledger; /* borrowed */
	bool single;   /* it goes to one file, which no later capture makes a manifest for */
	uint64_t left; /* files without a manifest, once stopped */
};

/*
 * The SHA-256 of the arguments, each with a zero byte behind it, and of the session map's text.
 * Returns 0 or -errno.
 */
int evidence_configuration(int argc, char **argv, const struct session_map *map,
			   struct digest *digest);

/*
 * Starts what the options ask for: nothing where manifests are off, or the output is no file.
 * recovery: what was recovered before. clock_steps, directories: as in custody.h.
 * Returns 0 or -errno; evidence_stop() and evidence_close() in any case.
 */
int evidence_start(struct evidence *evidence, const struct options *options,
		   const struct recovery *recovery, struct ledger *ledger,
		   const uint32_t *clock_steps, struct segment_directory *const *directories,
		   uint32_t directory_count);

/*
 * Once all is published and removed: waits for the manifests, for a minute at most, and says
 * what is left. Also where nothing was started, and a second time.
 */
void evidence_stop(struct evidence *evidence);

/* What the summary says of it, after evidence_stop(): a new object, or null. */
json_t *evidence_json(const struct evidence *evidence);
void evidence_text(const struct evidence *evidence, FILE *stream);

void evidence_close(struct evidence *evidence);

#endif
