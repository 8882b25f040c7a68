/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A draft: what the writer knows of a file by the time it is published, for its manifest.
 *
 * The file's bytes are hashed as the writer gets done with them, while they are in memory: to read
 * them back would take from the disk what the writes need. But only as far as the writer keeps up:
 * told not to, the draft leaves the rest of its file to be read back.
 */
#ifndef CAPTURE_CUSTODY_DRAFT_H
#define CAPTURE_CUSTODY_DRAFT_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/chunk.h"
#include "capture/digest.h"
#include "capture/ledger.h"

/* How many packets of a session are in the file. */
struct custody_count {
	uint32_t session; /* in the session map */
	uint64_t packets;
};

struct custody_draft {
	struct digest_state *digest; /* NULL: all of the file is to be read */
	uint64_t hashed;             /* bytes, from the file's beginning on */
	bool behind;                 /* what follows is to be read */
	uint64_t packets;
	uint64_t first_ns, last_ns;
	const struct ledger_session_writer *sessions; /* borrowed, until the draft is closed */
	uint32_t session_count;                       /* of them */
	uint64_t *before;                             /* each one's `written` at the beginning */
	struct custody_count *counts;
	uint32_t count;
};

/*
 * For the file that the chunk opens. sessions: the writer's counts, session_count of them: how many
 * packets each has in the file is told by what they grow by until custody_draft_close(); no
 * other file may be written by this writer meanwhile, but where the chunk tells the one session.
 * Returns NULL when out of memory; custody_draft_free().
 */
struct custody_draft *custody_draft_new(const struct chunk *chunk,
					const struct ledger_session_writer *sessions,
					uint32_t session_count);

/* Counts the records of a chunk that is written, all before it being so. */
void custody_draft_count(struct custody_draft *draft, const struct chunk *chunk);

/*
 * Goes on with the file's bytes from offset to end, which are in data; those up to offset were
 * given before, and some of these may have been. time: is there any for it?
 */
void custody_draft_hash(struct custody_draft *draft, const uint8_t *data, uint64_t offset,
			uint64_t end, bool time);

/* What was hashed is not what the file is: all of it is to be read. */
void custody_draft_forget(struct custody_draft *draft);

/* Nothing more comes: counts the sessions' packets. Returns 0 or -ENOMEM. */
int custody_draft_close(struct custody_draft *draft);

/* NULL is accepted. */
void custody_draft_free(struct custody_draft *draft);

#endif
