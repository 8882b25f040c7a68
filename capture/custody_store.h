/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests on their way to stable storage, several at once: a journal commit for each of 10,000
 * would take minutes.
 */
#ifndef CAPTURE_CUSTODY_STORE_H
#define CAPTURE_CUSTODY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct custody_text {
	const char *path; /* the manifest's; borrowed */
	const char *text; /* borrowed */
	size_t length;
	bool replace; /* an existing file goes */
	bool *failed; /* of the chain it is in: set where it fails, looked at before; NULL: none */
	int error;    /* out: 0, -errno, or -ECANCELED where one before it in the chain failed */
	int unsynced; /* out: it is there, but its name could not be synced: -errno */
};

/*
 * Stores each under PATH.part, syncs them (sync), renames them in the order given, syncs their
 * directories. One whose predecessor in its chain failed is not stored.
 */
void custody_store(struct custody_text *texts, size_t count, bool sync);

#endif
