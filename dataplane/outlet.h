/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a capture's results go: the output's directories, the way of writing there, the ledger.
 */
#ifndef DATAPLANE_OUTLET_H
#define DATAPLANE_OUTLET_H

#include "capture/ledger.h"
#include "capture/segment.h"
#include "capture/writer.h"
#include "dataplane/options.h"

enum { OUTLET_ERROR_BYTES = SEGMENT_PATH_BYTES + 512 };

struct outlet {
	enum writer_method method;
	struct segment_directory **directories; /* by stream; NULL unless a directory */
	struct ledger *ledger;
	char ledger_path[SEGMENT_PATH_BYTES]; /* empty: in memory only */
};

/*
 * Makes the output ready and finds out how to write there. streams: how many each worker has.
 * Returns 0, or -errno with a message in error (OUTLET_ERROR_BYTES) that names object and remedy.
 */
int outlet_open(struct outlet *outlet, const struct options *options, uint32_t streams,
		char *error);

/*
 * Creates the ledger where the options say, else at the default place: /run/mirrorcap for root,
 * the user's runtime directory for others; where that cannot be, in memory. As outlet_open().
 */
int outlet_open_ledger(struct outlet *outlet, const struct options *options, char *error);

void outlet_close(struct outlet *outlet, uint32_t streams);

/* The output's name for people. */
const char *outlet_name(const struct output *output);

/* What is wrong with an output, and what to do about it, by -errno. */
const char *outlet_remedy(int rc);

#endif
