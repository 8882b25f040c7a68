/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: every received packet's account, in a mapped file that survives the process.
 *
 * A worker's slot and a writer's slot have one writing thread each, which never waits. A reader
 * copies slots under their sequence counter and sums. At every read:
 *
 *     received = written + sum of dropped + in_flight
 *
 * received and the worker's drops are counted where packets arrive, written and write_failed
 * only when an I/O has ended; none of them is computed from another. in_flight is what the
 * workers accepted and no writer has finished yet. The file's layout is described in
 * docs/ledger.md; readers check LEDGER_MAGIC and LEDGER_VERSION.
 */
#ifndef CAPTURE_LEDGER_H
#define CAPTURE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/drop_reason.h"
#include "capture/session_map.h"

#define LEDGER_MAGIC   0x5245474445434d00ULL
#define LEDGER_VERSION 1u
#define LEDGER_UNKNOWN UINT64_MAX /* a count that nobody can give: null in JSON */

/* worker: writes, readers: read. One per worker, on its own cache lines. */
struct ledger_worker {
	uint64_t sequence; /* odd while the worker changes the slot */
	uint64_t received;
	uint64_t accepted; /* appended to a chunk: written, in flight, or failed later */
	uint64_t clipped;
	uint64_t reserved_bits;
	uint64_t dropped[DROP_REASON_COUNT]; /* all but write_failed */
} __attribute__((aligned(128)));

/* writer: writes, readers: read. One per writer (a writer serves one worker). */
struct ledger_writer {
	uint64_t sequence;
	uint64_t written;
	uint64_t write_failed;
	uint64_t bytes;      /* captured bytes (sum of caplen) in the written packets */
	uint64_t file_bytes; /* bytes given to the disk, headers and rewritten blocks included */
	uint64_t failing;    /* streams whose latest file failed: the next packet tries a new one */
	uint64_t failures;   /* files that failed, or could not be made */
	uint64_t last_error; /* errno of the latest failure; 0: there was none */
} __attribute__((aligned(128)));

/* worker: writes, readers: read. One per worker and session; plain stores, no sequence. */
struct ledger_session_worker {
	uint64_t whole;
	uint64_t cut_upstream;
	uint64_t cut_here;
	uint64_t inconsistent;
	uint64_t over_length;
};

/* writer: writes, readers: read. One per writer and session; plain stores, no sequence. */
struct ledger_session_writer {
	uint64_t written;
	uint64_t bytes;
	uint64_t write_failed;
};

/* control thread: writes, readers: read. LEDGER_UNKNOWN where nobody counts. */
struct ledger_nic {
	uint64_t missed;
	uint64_t errors;
	uint64_t no_mbuf;
};

/* custody thread: writes, readers: read. All LEDGER_UNKNOWN where no manifests are made. */
struct ledger_custody {
	uint64_t manifests;     /* made */
	uint64_t failed;        /* files that have none, and get none from this run */
	uint64_t pending_files; /* published, their manifests not made yet */
	uint64_t pending_bytes; /* of them, to be read back */
};

/* control thread: writes, readers: read. Steps of the machine's clock by a second or more. */
struct ledger_clock {
	uint64_t steps;
	int64_t step_ns; /* the latest: how far, back where it is negative */
	uint64_t at_ns;  /* and to which time */
};

struct ledger; /* an open ledger: the mapping and where its parts are */

/* What a reader gets: the sums over all slots. */
struct ledger_totals {
	uint64_t received;
	uint64_t written;
	uint64_t in_flight;
	uint64_t dropped[DROP_REASON_COUNT];
	uint64_t clipped;
	uint64_t reserved_bits;
	uint64_t bytes;
	uint64_t failing;
	uint64_t failures;
	uint64_t last_error; /* of a writer that is failing, if any is */
	struct ledger_nic nic;
	struct ledger_custody custody;
	struct ledger_clock clock;
};

struct ledger_session_totals {
	struct ledger_session_worker kept;
	struct ledger_session_writer stored;
};

/*
 * Creates and preallocates the ledger file at path (mode 0640, never over an existing one) and
 * maps it; path NULL: anonymous memory. The map's sessions are copied into it, names included.
 * Returns 0 or -errno; *ledger is owned by the caller: ledger_close().
 */
int ledger_create(struct ledger **ledger, const char *path, uint32_t workers,
		  const struct session_map *map);

/*
 * Maps an existing ledger file read-only, that of a running capture too; sizes, magic and
 * version are checked before anything is read through them. Returns 0 or -errno (-EPROTO: not a
 * ledger; -ENOTSUP: other version).
 */
int ledger_open(struct ledger **ledger, const char *path);

/* Unmaps; the file stays. NULL is accepted. */
void ledger_close(struct ledger *ledger);

uint32_t ledger_workers(const struct ledger *ledger);
uint32_t ledger_sessions(const struct ledger *ledger);

/* The slots; borrowed, valid until ledger_close(). */
struct ledger_worker *ledger_worker(struct ledger *ledger, uint32_t worker);
struct ledger_writer *ledger_writer(struct ledger *ledger, uint32_t worker);
struct ledger_nic *ledger_nic(struct ledger *ledger);
struct ledger_custody *ledger_custody(struct ledger *ledger);
struct ledger_clock *ledger_clock(struct ledger *ledger);
/* Arrays of ledger_sessions() elements. */
struct ledger_session_worker *ledger_session_worker(struct ledger *ledger, uint32_t worker);
struct ledger_session_writer *ledger_session_writer(struct ledger *ledger, uint32_t worker);

/* The session's identity as stored: VNI, length, source, name. Borrowed. */
const struct session *ledger_session(const struct ledger *ledger, uint32_t session);

/*
 * Sums all slots. The writers are read before the workers, so in_flight is never negative.
 * Returns false where a slot was caught mid-change for a quarter of a second (its owner died
 * there); the totals are then as of that moment. Sleeps between tries: not for a worker.
 */
bool ledger_read(const struct ledger *ledger, struct ledger_totals *totals);

/*
 * One worker's and its writer's account alone, with all interfaces'; otherwise as above: in_flight
 * is what this worker has on its way.
 */
bool ledger_read_worker(const struct ledger *ledger, uint32_t worker, struct ledger_totals *totals);

/* Sums one session over all workers and writers. */
void ledger_read_session(const struct ledger *ledger, uint32_t session,
			 struct ledger_session_totals *totals);

/* True where received = written + sum of dropped + in_flight, none of them negative. */
bool ledger_balanced(const struct ledger_totals *totals);

/* Brackets around a slot's change, for its one writing thread. */
static inline void ledger_begin(uint64_t *sequence)
{
	__atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void ledger_end(uint64_t *sequence)
{
	__atomic_store_n(sequence, *sequence + 1, __ATOMIC_RELEASE);
}

/* Adds n to a counter of which this thread is the only writer. */
static inline void ledger_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

#endif
