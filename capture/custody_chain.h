/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chains of a directory: where each goes on, and what of it is still there.
 *
 * All is found out from the manifests in the directory: there is no other state to lose, or to
 * disagree with them.
 */
#ifndef CAPTURE_CUSTODY_CHAIN_H
#define CAPTURE_CUSTODY_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/ledger.h"
#include "capture/manifest.h"
#include "capture/segment.h"
#include "capture/sequence_set.h"

/* Up to where a chain goes. */
struct custody_head {
	uint64_t sequence; /* 0: nowhere yet */
	struct digest digest;
	struct ledger_totals counted; /* its worker's account, as of then; zeros in a new run */
};

struct custody_chain {
	struct custody_chain *next;          /* in its directory */
	struct custody_directory *directory; /* that it is in */
	uint8_t id[MANIFEST_CHAIN_BYTES];
	uint32_t worker;
	uint64_t created_ns;            /* of its newest manifest */
	struct custody_head stored;     /* as on the disk */
	struct custody_head head;       /* with those that are being stored */
	struct sequence_set there;      /* manifests that are on the disk */
	struct sequence_set links;      /* of them, those without a file */
	struct manifest_pruned *pruned; /* to be recorded */
	uint32_t pruned_count, pruned_room;
	uint32_t pruned_taken; /* of them, by a manifest that is being stored */
	uint64_t pruned_ns;    /* when the first of them was, monotonic; 0: there is none */
	bool failed;           /* one was not stored: nor can those after it be */
	bool hopeless;         /* what was pruned could not be recorded: the next run's */
	bool advanced;         /* in this run */
	bool foreign;          /* another process that is at work here has begun it */
	bool to_log;
	struct custody_chain *log_next; /* whose head is to be told after this one's */
	uint64_t logged_ns;             /* monotonic */
};

struct custody_directory {
	char *path;
	bool owned; /* nobody else adds to its chains */
	struct custody_chain *chains;
};

/* A manifest that cannot be read: the chain goes on as if there were none. */
typedef void custody_damaged(void *context, const char *path, const char *error);

/*
 * Reads all manifests of the directory. Where it is not owned, its chains are another process's,
 * and the worker's next file begins a new one. since_ns: when this run began (UTC). A chain with a
 * manifest that was made after that is another process's, too. What retention removed after that
 * is told by custody_chain_prune(); what it removed before, and did not get recorded, is
 * unconfirmed. What earlier runs have left half written is removed. Returns 0 or -errno; *directory is the caller's: custody_directory_close().
 */
int custody_directory_open(struct custody_directory **directory, const char *path, bool owned,
			   uint64_t since_ns, custody_damaged *damaged, void *context);
void custody_directory_close(struct custody_directory *directory);

/* Is it the name of a manifest that retention put aside? */
bool custody_directory_is_aside(const char *name);

/* May this process add to it? */
bool custody_chain_is_ours(const struct custody_chain *chain);

/* The chain that the worker's next file goes to. Returns NULL when out of memory. */
struct custody_chain *custody_directory_chain(struct custody_directory *directory, uint32_t worker);

/*
 * Retention has removed the file of this name, by this worker: notes it in the chain that its
 * manifest was in, to be recorded with the next one. Returns the chain; NULL where that is another
 * process's, or when out of memory.
 */
struct custody_chain *custody_chain_prune(struct custody_directory *directory, const char *name,
					  uint32_t worker, uint64_t time_ns);

/*
 * Fills in what a manifest says of its chain, with all that is to be recorded as pruned.
 * Returns 0 or -ENOMEM.
 */
int custody_chain_extend(struct custody_chain *chain, struct manifest *manifest);

/* Its text has this hash: the next one may build on it. counted: NULL as before. */
void custody_chain_add(struct custody_chain *chain, const struct digest *digest,
		       const struct ledger_totals *counted);

/*
 * It is on stable storage: what it records as pruned is deleted for good. Returns 0 or -ENOMEM,
 * where what is left to be pruned is not known to its last number any more.
 */
int custody_chain_stored(struct custody_chain *chain, const struct manifest *manifest,
			 const struct digest *digest, const struct ledger_totals *counted);

/* The ones that were not stored yet will not be: goes back to what is. */
void custody_chain_revert(struct custody_chain *chain);

#endif
