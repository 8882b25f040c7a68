/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reading side of the ledger: copies of slots under their sequence counters, and sums.
 */
#include <string.h>
#include <time.h>

#include "capture/ledger.h"

/* A change takes nanoseconds, unless its thread loses the CPU in the middle of it. */
enum {
	SPIN_TRIES = 1000,
	SLEEP_TRIES = 250,
	SLEEP_NS = 1000000,
};

static uint64_t load(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

static void copy_counters(uint64_t *copy, const uint64_t *counters, size_t bytes)
{
	for (size_t i = 0; i < bytes / sizeof(*copy); i++)
		copy[i] = load(&counters[i]);
}

/*
 * Copies a slot, whose first counter is its sequence, as it was between two changes.
 * Returns false where it never was, for its owner died in a change: the copy is what there is.
 */
static bool copy_slot(uint64_t *copy, const uint64_t *slot, size_t bytes)
{
	const struct timespec pause = {.tv_nsec = SLEEP_NS};

	for (unsigned int tries = 0; tries < SPIN_TRIES + SLEEP_TRIES; tries++) {
		uint64_t before = __atomic_load_n(slot, __ATOMIC_ACQUIRE);

		copy_counters(copy, slot, bytes);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (before % 2 == 0 && before == load(slot))
			return true;
		if (tries >= SPIN_TRIES)
			nanosleep(&pause, NULL);
	}
	return false;
}

static bool add_writer(const struct ledger_writer *slot, struct ledger_totals *totals)
{
	struct ledger_writer writer;
	bool whole = copy_slot(&writer.sequence, &slot->sequence, sizeof(writer));

	totals->written += writer.written;
	totals->dropped[DROP_WRITE_FAILED] += writer.write_failed;
	totals->bytes += writer.bytes;
	if (writer.last_error && (writer.failing || !totals->last_error))
		totals->last_error = writer.last_error;
	totals->failing += writer.failing;
	totals->failures += writer.failures;
	return whole;
}

/* *accepted: raised by what this worker has appended. */
static bool add_worker(const struct ledger_worker *slot, struct ledger_totals *totals,
		       uint64_t *accepted)
{
	struct ledger_worker worker;
	bool whole = copy_slot(&worker.sequence, &slot->sequence, sizeof(worker));

	totals->received += worker.received;
	totals->clipped += worker.clipped;
	totals->reserved_bits += worker.reserved_bits;
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		totals->dropped[i] += worker.dropped[i];
	*accepted += worker.accepted;
	return whole;
}

/* What is not a slot's. */
static void finish(const struct ledger *ledger, struct ledger_totals *totals, uint64_t accepted)
{
	struct ledger *slots = (struct ledger *)ledger; /* only read through */
	const struct ledger_clock *clock = ledger_clock(slots);

	totals->in_flight = accepted - totals->written - totals->dropped[DROP_WRITE_FAILED];
	copy_counters(&totals->nic.missed, &ledger_nic(slots)->missed, sizeof(totals->nic));
	copy_counters(&totals->custody.manifests, &ledger_custody(slots)->manifests,
		      sizeof(totals->custody));
	totals->clock = (struct ledger_clock){
		.steps = load(&clock->steps),
		.step_ns = __atomic_load_n(&clock->step_ns, __ATOMIC_RELAXED),
		.at_ns = load(&clock->at_ns),
	};
}

bool ledger_read(const struct ledger *ledger, struct ledger_totals *totals)
{
	struct ledger *slots = (struct ledger *)ledger; /* only read through */
	uint64_t accepted = 0;
	bool whole = true;

	memset(totals, 0, sizeof(*totals));
	/* Writers first: a packet is accepted before it is written, so what they have finished
	 * by now is among what the workers, read afterwards, have accepted. */
	for (uint32_t i = 0; i < ledger_workers(ledger); i++)
		whole &= add_writer(ledger_writer(slots, i), totals);
	for (uint32_t i = 0; i < ledger_workers(ledger); i++)
		whole &= add_worker(ledger_worker(slots, i), totals, &accepted);
	finish(ledger, totals, accepted);
	return whole;
}

bool ledger_read_worker(const struct ledger *ledger, uint32_t worker, struct ledger_totals *totals)
{
	struct ledger *slots = (struct ledger *)ledger; /* only read through */
	uint64_t accepted = 0;
	bool whole;

	memset(totals, 0, sizeof(*totals));
	whole = add_writer(ledger_writer(slots, worker), totals);
	whole &= add_worker(ledger_worker(slots, worker), totals, &accepted);
	finish(ledger, totals, accepted);
	return whole;
}

void ledger_read_session(const struct ledger *ledger, uint32_t session,
			 struct ledger_session_totals *totals)
{
	struct ledger *slots = (struct ledger *)ledger; /* only read through */

	memset(totals, 0, sizeof(*totals));
	for (uint32_t i = 0; i < ledger_workers(ledger); i++) {
		const struct ledger_session_worker *kept =
			&ledger_session_worker(slots, i)[session];
		const struct ledger_session_writer *stored =
			&ledger_session_writer(slots, i)[session];

		totals->kept.whole += load(&kept->whole);
		totals->kept.cut_upstream += load(&kept->cut_upstream);
		totals->kept.cut_here += load(&kept->cut_here);
		totals->kept.inconsistent += load(&kept->inconsistent);
		totals->kept.over_length += load(&kept->over_length);
		totals->stored.written += load(&stored->written);
		totals->stored.bytes += load(&stored->bytes);
		totals->stored.write_failed += load(&stored->write_failed);
	}
}

bool ledger_balanced(const struct ledger_totals *totals)
{
	uint64_t sum = totals->written + totals->in_flight;

	/* More written than accepted wraps around, and must not pass for balanced. */
	if (totals->in_flight > totals->received || totals->written > totals->received)
		return false;
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		sum += totals->dropped[i];
	return sum == totals->received;
}
