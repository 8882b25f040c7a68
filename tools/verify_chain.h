/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chains of one directory: the manifests that are there, in their order, and whether what is
 * missing between them was removed by retention and is recorded.
 */
#ifndef TOOLS_VERIFY_CHAIN_H
#define TOOLS_VERIFY_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/manifest.h"

struct verify_report;

/* A manifest that is there. */
struct verify_link {
	char *name; /* of its file */
	char *file; /* that it is of; NULL: of none */
	uint8_t chain[MANIFEST_CHAIN_BYTES];
	uint32_t worker;
	uint64_t sequence;
	struct digest self;
	bool has_previous;
	struct digest previous;
	struct digest file_digest;
	uint64_t file_bytes;
	bool pruned; /* its file is gone, and that is not recorded yet */
};

/* One that is listed as removed. */
struct verify_removal {
	uint8_t chain[MANIFEST_CHAIN_BYTES];
	uint64_t sequence;
	uint64_t told_in; /* sequence of the manifest that lists it */
	struct digest manifest;
};

/* All that a directory's manifests say of chains. */
struct verify_links {
	const char *directory; /* borrowed */
	struct verify_link *links;
	uint32_t count, room;
	struct verify_removal *removals;
	uint32_t removal_count, removal_room;
};

/* A chain, for the report. */
struct verify_chain {
	const char *directory;
	uint8_t id[MANIFEST_CHAIN_BYTES];
	uint32_t worker;
	uint32_t count;       /* manifests that are there */
	uint64_t first, last; /* sequences */
	struct digest head;   /* the newest one's */
};

/*
 * Takes what matters of the manifest. name: the file that it was read from, in the directory;
 * pruned: as above. Returns 0 or -ENOMEM.
 */
int verify_links_add(struct verify_links *links, const char *name, const struct manifest *manifest,
		     const struct digest *self, bool pruned);
void verify_links_fini(struct verify_links *links);

/* Sorts the links, and reports each chain and what is wrong with it. */
void verify_links_check(struct verify_links *links, struct verify_report *report);

/* What is known of a manifest. */
enum verify_presence {
	VERIFY_ABSENT,
	VERIFY_REMOVED, /* a later one of its chain lists it as removed */
	VERIFY_THERE,
};

/* Of the one with this hash. */
enum verify_presence verify_links_find(const struct verify_links *links, const struct digest *head);

#endif
