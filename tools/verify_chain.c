/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/verify_chain.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/array.h"
#include "tools/verify_report.h"

enum { PATH_BYTES = 4096 + MANIFEST_FILE_BYTES };

static int add_removals(struct verify_links *links, const struct manifest *manifest)
{
	for (uint32_t i = 0; i < manifest->pruned_count; i++) {
		const struct manifest_pruned *pruned = &manifest->pruned[i];
		struct verify_removal *removals =
			array_grow(links->removals, links->removal_count, &links->removal_room,
				   sizeof(*removals));

		if (!removals)
			return -ENOMEM;
		links->removals = removals;
		if (pruned->sequence == MANIFEST_UNKNOWN)
			continue;
		removals[links->removal_count] = (struct verify_removal){
			.sequence = pruned->sequence,
			.told_in = manifest->sequence,
			.manifest = pruned->manifest,
		};
		memcpy(removals[links->removal_count++].chain, manifest->chain,
		       MANIFEST_CHAIN_BYTES);
	}
	return 0;
}

int verify_links_add(struct verify_links *links, const char *name, const struct manifest *manifest,
		     const struct digest *self, bool pruned)
{
	struct verify_link *grown =
		array_grow(links->links, links->count, &links->room, sizeof(*grown));
	struct verify_link *link;

	if (!grown)
		return -ENOMEM;
	links->links = grown;
	link = &grown[links->count];
	*link = (struct verify_link){
		.name = strdup(name),
		.file = manifest->file ? strdup(manifest->file) : NULL,
		.worker = manifest->worker,
		.sequence = manifest->sequence,
		.self = *self,
		.has_previous = manifest->has_previous,
		.previous = manifest->previous,
		.file_digest = manifest->digest,
		.file_bytes = manifest->bytes,
		.pruned = pruned,
	};
	memcpy(link->chain, manifest->chain, MANIFEST_CHAIN_BYTES);
	links->count++;
	if (!link->name || (manifest->file && !link->file))
		return -ENOMEM;
	return add_removals(links, manifest);
}

void verify_links_fini(struct verify_links *links)
{
	for (uint32_t i = 0; i < links->count; i++) {
		free(links->links[i].name);
		free(links->links[i].file);
	}
	free(links->links);
	free(links->removals);
	*links = (struct verify_links){0};
}

static int compare_places(const uint8_t *chain_a, uint64_t a, const uint8_t *chain_b, uint64_t b)
{
	int order = memcmp(chain_a, chain_b, MANIFEST_CHAIN_BYTES);

	if (order)
		return order;
	return a < b ? -1 : a > b;
}

static int by_place(const void *a, const void *b)
{
	const struct verify_link *one = a, *other = b;

	return compare_places(one->chain, one->sequence, other->chain, other->sequence);
}

static int by_removed_place(const void *a, const void *b)
{
	const struct verify_removal *one = a, *other = b;

	return compare_places(one->chain, one->sequence, other->chain, other->sequence);
}

/* The first removal of the chain's manifests from this number on; removal_count: none. */
static uint32_t find_removal(const struct verify_links *links, const uint8_t *chain,
			     uint64_t sequence)
{
	uint32_t low = 0, high = links->removal_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct verify_removal *removal = &links->removals[middle];

		if (compare_places(removal->chain, removal->sequence, chain, sequence) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The next number from this on that a manifest after it lists as removed; or `to`. */
static uint64_t next_removed(const struct verify_links *links, const uint8_t *chain,
			     uint64_t sequence, uint64_t to)
{
	for (uint32_t i = find_removal(links, chain, sequence); i < links->removal_count; i++) {
		const struct verify_removal *removal = &links->removals[i];

		if (compare_places(removal->chain, removal->sequence, chain, to) >= 0)
			break;
		if (removal->told_in > removal->sequence)
			return removal->sequence;
	}
	return to;
}

/* Is one with this number listed as removed, with this hash? It may be told more than once. */
static bool was_removed(const struct verify_links *links, const uint8_t *chain, uint64_t sequence,
			const struct digest *digest)
{
	for (uint32_t i = find_removal(links, chain, sequence); i < links->removal_count; i++) {
		const struct verify_removal *removal = &links->removals[i];

		if (compare_places(removal->chain, removal->sequence, chain, sequence) != 0)
			break;
		if (removal->told_in > sequence && digest_equal(&removal->manifest, digest))
			return true;
	}
	return false;
}

static const char *path_of(const struct verify_links *links, const struct verify_link *link,
			   char path[PATH_BYTES])
{
	snprintf(path, PATH_BYTES, "%s/%s", links->directory, link->name);
	return path;
}

static void report_gap(const struct verify_links *links, const struct verify_link *link,
		       uint64_t first, uint64_t last, struct verify_report *report)
{
	char path[PATH_BYTES];

	verify_report_add(report, VERIFY_CHAIN_GAP, path_of(links, link, path),
			  "before this manifest, number %" PRIu64 " of its chain, those with the "
			  "numbers %" PRIu64 " to %" PRIu64 " are missing with their files, and no "
			  "manifest that is there says that retention removed them",
			  link->sequence, first, last);
}

/*
 * The manifests before this one are not there, from the number `from` on: retention must have
 * removed them. Of those before the oldest one only the last has to be known.
 */
static void check_gap(const struct verify_links *links, const struct verify_link *link,
		      uint64_t from, struct verify_report *report)
{
	uint64_t to = link->sequence;
	bool last_is_lost = next_removed(links, link->chain, to - 1, to) == to;
	char path[PATH_BYTES];

	while (from < to) {
		uint64_t removed = next_removed(links, link->chain, from, to);

		if (removed > from)
			report_gap(links, link, from, removed - 1, report);
		from = removed + 1;
	}
	if (!last_is_lost && !was_removed(links, link->chain, to - 1, &link->previous))
		verify_report_add(report, VERIFY_CHAIN_BROKEN, path_of(links, link, path),
				  "the manifest before it in its chain, number %" PRIu64
				  ", was another one than what is recorded as removed",
				  to - 1);
}

/* Two links, the second one's number not below the first one's. */
static void check_pair(const struct verify_links *links, const struct verify_link *before,
		       const struct verify_link *link, struct verify_report *report)
{
	char path[PATH_BYTES];

	if (link->sequence == before->sequence) {
		verify_report_add(report, VERIFY_CHAIN_DOUBLED, path_of(links, link, path),
				  "its number in the chain, %" PRIu64 ", is that of %s, too",
				  link->sequence, before->name);
	} else if (link->sequence > before->sequence + 1) {
		check_gap(links, link, before->sequence + 1, report);
	} else if (!digest_equal(&link->previous, &before->self)) {
		char told[DIGEST_TEXT_BYTES], found[DIGEST_TEXT_BYTES];

		digest_hex(link->previous.bytes, DIGEST_BYTES, told);
		digest_hex(before->self.bytes, DIGEST_BYTES, found);
		verify_report_add(
			report, VERIFY_CHAIN_BROKEN, path_of(links, link, path),
			"the manifest before it in its chain, number %" PRIu64
			", had the hash %s; what is there now, %s, has %s: one of the two "
			"was replaced",
			before->sequence, told, before->name, found);
	}
}

/* One chain: the links from `first` on, before `end`. */
static void check_chain(const struct verify_links *links, uint32_t first, uint32_t end,
			struct verify_report *report)
{
	const struct verify_link *oldest = &links->links[first];
	const struct verify_link *newest = &links->links[end - 1];
	struct verify_chain chain = {
		.directory = links->directory,
		.worker = newest->worker,
		.count = end - first,
		.first = oldest->sequence,
		.last = newest->sequence,
		.head = newest->self,
	};

	memcpy(chain.id, newest->chain, MANIFEST_CHAIN_BYTES);
	if (oldest->sequence > 1)
		check_gap(links, oldest, oldest->sequence - 1, report);
	for (uint32_t i = first + 1; i < end; i++)
		check_pair(links, &links->links[i - 1], &links->links[i], report);
	verify_report_chain(report, &chain);
}

void verify_links_check(struct verify_links *links, struct verify_report *report)
{
	uint32_t first = 0;

	if (links->count)
		qsort(links->links, links->count, sizeof(*links->links), by_place);
	if (links->removal_count)
		qsort(links->removals, links->removal_count, sizeof(*links->removals),
		      by_removed_place);
	for (uint32_t i = 1; i <= links->count; i++) {
		if (i < links->count && memcmp(links->links[i].chain, links->links[first].chain,
					       MANIFEST_CHAIN_BYTES) == 0)
			continue;
		check_chain(links, first, i, report);
		first = i;
	}
}

enum verify_presence verify_links_find(const struct verify_links *links, const struct digest *head)
{
	for (uint32_t i = 0; i < links->count; i++)
		if (digest_equal(&links->links[i].self, head))
			return VERIFY_THERE;
	for (uint32_t i = 0; i < links->removal_count; i++) {
		const struct verify_removal *removal = &links->removals[i];

		if (removal->told_in > removal->sequence && digest_equal(&removal->manifest, head))
			return VERIFY_REMOVED;
	}
	return VERIFY_ABSENT;
}
