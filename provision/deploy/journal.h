/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an apply remembers of its creates and deletes, so that one that was killed at any moment can
 * be run again and creates nothing twice. DIRECTORY/DEPLOYMENT.journal is append-only, each record
 * a line of JSON with a checksum, synced before the request that it announces is sent. It is a
 * memory aid, not a state file: what exists is always asked of AWS, and a journal that is lost or
 * damaged costs some Describe calls.
 *
 * A resource has an identity (its place in the deployment) and generations: AWS remembers client
 * tokens after what they made is deleted, so that each deletion calls for another token.
 *
 *	journal_open(directory, "soc-prod", &journal, &failure);
 *	journal_find(journal, identity, &entry);          which generation is it?
 *	journal_intend(journal, identity, generation, token);
 *	… create …
 *	journal_created(journal, identity, id);
 *	journal_close(journal);
 */
#ifndef PROVISION_JOURNAL_H
#define PROVISION_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "provision/aws/failure.h"

enum {
	/* Records that are older are forgotten: AWS has forgotten their tokens long before. */
	JOURNAL_KEEP_SECONDS = 90 * 24 * 3600,
};

enum journal_state {
	JOURNAL_INTENDED, /* a create may have been sent; its result is not known */
	JOURNAL_CREATED,  /* id is what it returned */
	JOURNAL_DELETED,  /* generation is that of the next create */
};

/* The last record of an identity. Texts are borrowed until the next call that writes. */
struct journal_entry {
	enum journal_state state;
	uint32_t generation;
	const char *token; /* "" where not known */
	const char *id;    /* "" where not known */
	int64_t time;      /* since when that id is known, else of the record: seconds, epoch */
};

struct journal;

/*
 * Where journals are kept by default: /var/lib/mirrorcap for root, else $XDG_STATE_HOME/mirrorcap
 * or ~/.local/state/mirrorcap. Returns 0, -ENOENT (no home), -ENAMETOOLONG.
 */
int journal_default_directory(char *path, size_t size);

/*
 * Makes the directory where it is missing, takes the deployment's lock, reads the journal and
 * writes it anew with one record for each identity. A torn last line is the trace of a crash and is
 * dropped; any other damage: the file is kept aside, what could be read is used, and
 * journal_warning() tells.
 * journal: owned by the caller, journal_close(); set only on 0.
 * Returns 0, or -errno with failure set: -EBUSY (another process applies this deployment: its pid
 * is named), or what open(2), mkdir(2), write(2) said; -ENOMEM.
 */
int journal_open(const char *directory, const char *deployment, struct journal **journal,
		 struct failure *failure);

/* One line about damage that was found, or NULL. Borrowed. */
const char *journal_warning(const struct journal *journal);

/* entry: set where there is a record of that identity. Returns whether there is one. */
bool journal_find(const struct journal *journal, const char *identity, struct journal_entry *entry);

/*
 * Each appends a record and syncs it. A failure (-errno) does not undo what is in memory; nothing
 * more is written after it, and the same -errno is returned from then on.
 */
int journal_intend(struct journal *journal, const char *identity, uint32_t generation,
		   const char *token);
int journal_created(struct journal *journal, const char *identity, const char *id);

/* The next create of that identity gets a new generation. */
int journal_deleted(struct journal *journal, const char *identity);

/* Gives up the lock. */
void journal_close(struct journal *journal);

#endif
