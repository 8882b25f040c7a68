/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Custody: a manifest for each published file, in a thread of its own behind the writers.
 *
 * Writers hash what they write while it is in memory (custody_draft.h); what they had no time for
 * is read back here. A file without a manifest is one that is still pending: its number and bytes
 * are in the ledger. Manifests are stored several at once, each chain's in order. What cannot be
 * stored for want of space is tried again; for any other reason it is told, and the chain goes
 * on without: the next run makes those manifests, as it does after a crash.
 *
 * Nothing that the others call here waits.
 */
#ifndef CAPTURE_CUSTODY_H
#define CAPTURE_CUSTODY_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/custody_draft.h"
#include "capture/ledger.h"
#include "capture/manifest.h"
#include "capture/pcap_format.h"
#include "capture/segment.h"

enum custody_event {
	CUSTODY_HEAD,    /* a chain has grown */
	CUSTODY_WAITING, /* manifests cannot be stored now: tried again */
	CUSTODY_FAILED,  /* this file has no manifest */
	CUSTODY_DAMAGED, /* this manifest cannot be read, and is in no chain for us */
	CUSTODY_SHARED,  /* another process adds to the chains here: new ones begin */
};

struct custody_news {
	enum custody_event event;
	const char *path; /* the chain's directory, or the file */
	uint32_t worker;  /* CUSTODY_HEAD */
	uint64_t sequence;
	const struct digest *head;
	int error;        /* -errno */
	bool single;      /* CUSTODY_FAILED: it is in no stream: no later capture makes it */
	const char *text; /* CUSTODY_DAMAGED: what is wrong */
};

/*
 * Says it in one line, for people. text: `bytes` long; it is enough with CUSTODY_TEXT_BYTES.
 * Returns text.
 */
enum { CUSTODY_TEXT_BYTES = SEGMENT_PATH_BYTES + 512 };
const char *custody_text(const struct custody_news *news, char *text, size_t bytes);

/* Called in custody's thread. */
typedef void custody_report(void *context, const struct custody_news *news);

struct custody_config {
	const struct manifest_key *key;               /* borrowed; NULL: manifests are not signed */
	bool sync;                                    /* manifests are brought to stable storage */
	enum pcap_precision precision;                /* of the times in the files */
	const struct digest *configuration;           /* copied; NULL: unknown */
	struct segment_directory *const *directories; /* this capture's; borrowed */
	uint32_t directory_count;
	const struct session_map *map; /* borrowed; NULL: sessions are unknown */
	struct ledger *ledger;         /* borrowed; NULL: accounts are unknown */
	const uint32_t *clock_steps;   /* borrowed, read atomically; NULL: unknown */
	custody_report *report;
	void *context;
};

struct custody;

/*
 * Finds the files in the capture's own directories that have no manifest, those that an earlier
 * run did not get to, and starts the thread. Before anything is written there.
 * Returns 0 or -errno; *custody is the caller's: custody_stop(), then custody_free().
 */
int custody_start(struct custody **custody, const struct custody_config *config);

/*
 * A file has got its name. draft: closed; taken; NULL: nothing is known of it but what it is. Any
 * thread; the calls for one worker's files in the order of their publication.
 * replace: its name was another file's before, and its manifest may be there. NULL is accepted:
 * there is no custody.
 */
void custody_published(struct custody *custody, const char *path, uint64_t bytes,
		       struct custody_draft *draft, bool replace);

/*
 * A writer has more to do than it gets done: for half a second nothing is read back, for the disk
 * is needed. Any thread.
 */
void custody_hold_off(struct custody *custody);

/* A file that a capture which was cut short had left is complete now. Any thread. */
void custody_recovered(struct custody *custody, const char *path);

/* Retention has removed this file, after it has put its manifest aside. Any thread. */
void custody_pruned(struct custody *custody, const char *path);

/*
 * Waits until all manifests are made, at most until the time is over, and ends the thread.
 * Returns how many files have none yet. NULL is accepted, and a second call.
 */
uint64_t custody_stop(struct custody *custody, uint64_t timeout_ns);

/* After custody_stop(): tells each chain's head that has grown, as CUSTODY_HEAD. */
void custody_heads(struct custody *custody, custody_report *report, void *context);

void custody_free(struct custody *custody);

#endif
