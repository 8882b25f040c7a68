/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/custody_chain_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct custody_chain *new_chain(struct custody_directory *directory, uint32_t worker)
{
	struct custody_chain *chain = calloc(1, sizeof(*chain));

	if (!chain)
		return NULL;
	chain->directory = directory;
	chain->worker = worker;
	chain->next = directory->chains;
	directory->chains = chain;
	return chain;
}

bool custody_chain_is_ours(const struct custody_chain *chain)
{
	return chain->advanced || (chain->directory->owned && !chain->foreign);
}

struct custody_chain *custody_directory_chain(struct custody_directory *directory, uint32_t worker)
{
	struct custody_chain *newest = NULL;

	for (struct custody_chain *chain = directory->chains; chain; chain = chain->next)
		if (chain->worker == worker && custody_chain_is_ours(chain) &&
		    (!newest || chain->created_ns > newest->created_ns))
			newest = chain;
	if (newest)
		return newest;
	newest = new_chain(directory, worker);
	if (!newest)
		return NULL;
	/* Fails on no kernel that runs this; then it is a chain of zeros, like another's at worst. */
	(void)getrandom(newest->id, sizeof(newest->id), 0);
	newest->advanced = true;
	return newest;
}

struct custody_chain *custody_chain_of(struct custody_directory *directory,
				       const struct manifest *manifest)
{
	struct custody_chain *chain = directory->chains;

	while (chain && memcmp(chain->id, manifest->chain, sizeof(chain->id)) != 0)
		chain = chain->next;
	if (chain)
		return chain;
	chain = new_chain(directory, manifest->worker);
	if (chain)
		memcpy(chain->id, manifest->chain, sizeof(chain->id));
	return chain;
}

/* The entry for this file, if there is one that no manifest has taken yet. */
static struct manifest_pruned *find_pruned(const struct custody_chain *chain, const char *file)
{
	for (uint32_t i = chain->pruned_taken; i < chain->pruned_count; i++)
		if (chain->pruned[i].file && strcmp(chain->pruned[i].file, file) == 0)
			return &chain->pruned[i];
	return NULL;
}

static int note_pruned(struct custody_chain *chain, const struct manifest_pruned *pruned)
{
	struct manifest_pruned copy = *pruned;

	if (chain->pruned_count == chain->pruned_room) {
		uint32_t room = chain->pruned_room ? 2 * chain->pruned_room : 4;
		struct manifest_pruned *grown = realloc(chain->pruned, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		chain->pruned = grown;
		chain->pruned_room = room;
	}
	if (pruned->file) {
		copy.file = strdup(pruned->file);
		if (!copy.file)
			return -ENOMEM;
	}
	if (!chain->pruned_ns)
		chain->pruned_ns = monotonic_ns();
	chain->pruned[chain->pruned_count++] = copy;
	return 0;
}

/*
 * What the manifest that goes recorded has to stay on record, as far as manifests that are there
 * still build on it, or are older: oldest first, that is nothing at all.
 */
static int carry_on(struct custody_chain *chain, const struct manifest *manifest)
{
	uint64_t lowest = sequence_set_lowest(&chain->there);
	int err = 0;

	for (uint32_t i = 0; i < manifest->pruned_count && !err; i++) {
		uint64_t sequence = manifest->pruned[i].sequence;

		if (sequence != MANIFEST_UNKNOWN && lowest != UINT64_MAX && sequence + 1 >= lowest)
			err = note_pruned(chain, &manifest->pruned[i]);
	}
	return err;
}

static bool manifest_path(const struct custody_directory *directory, const char *name,
			  const char *suffix, char path[SEGMENT_PATH_BYTES])
{
	return snprintf(path, SEGMENT_PATH_BYTES, "%s/%s%s", directory->path, name, suffix) <
	       SEGMENT_PATH_BYTES;
}

int custody_chain_bury(struct custody_chain *chain, const struct manifest *manifest,
		       const struct digest *digest, enum manifest_reason reason, uint64_t time_ns)
{
	struct manifest_pruned pruned = {
		.file = manifest->file,
		.sequence = manifest->sequence,
		.manifest = *digest,
		.reason = reason,
		.time_ns = time_ns,
	};
	int err = sequence_set_remove(&chain->there, manifest->sequence);

	if (!err)
		err = note_pruned(chain, &pruned);
	return err ? err : carry_on(chain, manifest);
}

/* Reads what retention has put aside; where it found none, for that was made later: that. */
static int read_pruned(const struct custody_directory *directory, const char *name,
		       struct manifest *manifest, struct digest *digest)
{
	char aside[SEGMENT_PATH_BYTES], path[SEGMENT_PATH_BYTES];
	char error[MANIFEST_ERROR_BYTES];
	int err;

	if (!manifest_path(directory, name, MANIFEST_PRUNED_SUFFIX, aside) ||
	    !manifest_path(directory, name, MANIFEST_SUFFIX, path))
		return -ENAMETOOLONG;
	err = manifest_read(manifest, aside, digest, NULL, NULL, error);
	if (err != -ENOENT || rename(path, aside) < 0)
		return err;
	return manifest_read(manifest, aside, digest, NULL, NULL, error);
}

struct custody_chain *custody_chain_prune(struct custody_directory *directory, const char *name,
					  uint32_t worker, uint64_t time_ns)
{
	struct manifest_pruned bare = {.file = (char *)name,
				       .sequence = MANIFEST_UNKNOWN,
				       .reason = MANIFEST_RETENTION,
				       .time_ns = time_ns};
	struct custody_chain *chain;
	struct manifest manifest;
	struct digest digest;
	int err = read_pruned(directory, name, &manifest, &digest);

	if (err) {
		/* Never manifested, or damaged: all that is known is that it has gone. */
		chain = custody_directory_chain(directory, worker);
		return chain && note_pruned(chain, &bare) == 0 ? chain : NULL;
	}
	chain = custody_chain_of(directory, &manifest);
	/* Begun since the directory was read, and not by this process. */
	if (chain && !chain->stored.sequence)
		chain->foreign = true;
	if (chain && !custody_chain_is_ours(chain))
		chain = NULL; /* another process's: it is on record there at its next start */
	if (chain && !find_pruned(chain, name) &&
	    custody_chain_bury(chain, &manifest, &digest, MANIFEST_RETENTION, time_ns))
		chain = NULL;
	manifest_fini(&manifest);
	return chain;
}

static void link_path(const struct custody_chain *chain, uint64_t sequence,
		      char path[SEGMENT_PATH_BYTES])
{
	struct manifest link = {.sequence = sequence};
	char name[MANIFEST_FILE_BYTES];

	memcpy(link.chain, chain->id, sizeof(link.chain));
	manifest_link_name(&link, name);
	if (!manifest_path(chain->directory, name, "", path))
		path[0] = '\0';
}

/* Links without a file that nothing older is left to need: the next manifest lets them go. */
static int prune_links(struct custody_chain *chain, uint64_t time_ns)
{
	uint64_t sequence = sequence_set_lowest(&chain->there);
	char path[SEGMENT_PATH_BYTES], error[MANIFEST_ERROR_BYTES];
	struct manifest manifest;
	struct digest digest;
	int err = 0;

	while (!err && sequence_set_has(&chain->links, sequence)) {
		link_path(chain, sequence, path);
		if (manifest_read(&manifest, path, &digest, NULL, NULL, error))
			return 0; /* stays where it is */
		err = sequence_set_remove(&chain->links, sequence);
		if (!err)
			err = custody_chain_bury(chain, &manifest, &digest, MANIFEST_LINK, time_ns);
		manifest_fini(&manifest);
		sequence = sequence_set_lowest(&chain->there);
	}
	return err;
}

int custody_chain_extend(struct custody_chain *chain, struct manifest *manifest)
{
	int err = prune_links(chain, manifest->created_ns);

	memcpy(manifest->chain, chain->id, sizeof(manifest->chain));
	manifest->worker = chain->worker;
	manifest->sequence = chain->head.sequence + 1;
	manifest->has_previous = chain->head.sequence > 0;
	manifest->previous = chain->head.digest;
	for (uint32_t i = chain->pruned_taken; i < chain->pruned_count && !err; i++)
		err = manifest_add_pruned(manifest, &chain->pruned[i]);
	if (!err)
		chain->pruned_taken = chain->pruned_count;
	return err;
}

static void move(struct custody_head *head, uint64_t sequence, const struct digest *digest,
		 const struct ledger_totals *counted)
{
	head->sequence = sequence;
	head->digest = *digest;
	if (counted)
		head->counted = *counted;
}

void custody_chain_add(struct custody_chain *chain, const struct digest *digest,
		       const struct ledger_totals *counted)
{
	move(&chain->head, chain->head.sequence + 1, digest, counted);
}

/* What stood for the removed file until now. */
static void remove_witness(const struct custody_chain *chain, const struct manifest_pruned *pruned)
{
	char path[SEGMENT_PATH_BYTES];

	if (pruned->file) {
		if (manifest_path(chain->directory, pruned->file, MANIFEST_PRUNED_SUFFIX, path))
			(void)unlink(path);
		return;
	}
	link_path(chain, pruned->sequence, path);
	(void)unlink(path);
}

int custody_chain_stored(struct custody_chain *chain, const struct manifest *manifest,
			 const struct digest *digest, const struct ledger_totals *counted)
{
	uint32_t count = manifest->pruned_count;
	int err = sequence_set_add(&chain->there, manifest->sequence);

	if (!err && !manifest->file)
		err = sequence_set_add(&chain->links, manifest->sequence);
	move(&chain->stored, manifest->sequence, digest, counted);
	chain->created_ns = manifest->created_ns;
	chain->advanced = true;
	/* They are the oldest: manifests are stored in the order in which they were made. */
	for (uint32_t i = 0; i < count; i++) {
		remove_witness(chain, &chain->pruned[i]);
		free(chain->pruned[i].file);
	}
	chain->pruned_count -= count;
	chain->pruned_taken -= count;
	if (chain->pruned_count)
		memmove(chain->pruned, chain->pruned + count,
			chain->pruned_count * sizeof(*chain->pruned));
	chain->pruned_ns = chain->pruned_count ? monotonic_ns() : 0;
	return err;
}

void custody_chain_revert(struct custody_chain *chain)
{
	chain->head = chain->stored;
	chain->pruned_taken = 0;
	chain->failed = false;
}

void custody_directory_close(struct custody_directory *directory)
{
	struct custody_chain *next;

	if (!directory)
		return;
	for (struct custody_chain *chain = directory->chains; chain; chain = next) {
		next = chain->next;
		for (uint32_t i = 0; i < chain->pruned_count; i++)
			free(chain->pruned[i].file);
		free(chain->pruned);
		sequence_set_fini(&chain->there);
		sequence_set_fini(&chain->links);
		free(chain);
	}
	free(directory->path);
	free(directory);
}
