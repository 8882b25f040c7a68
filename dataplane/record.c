/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/record.h"

#include <stdlib.h>
#include <time.h>

#include "dataplane/decap.h"
#include "dataplane/decap_aws.h"
#include "dataplane/truncation.h"

enum {
	RECORD_WAIT_US = 50, /* for a chunk, where the input can wait */
};

/* What one burst adds to the ledger, published at its end. */
struct burst {
	uint64_t received;
	uint64_t accepted;
	uint64_t clipped;
	uint64_t reserved_bits;
	uint64_t dropped[DROP_REASON_COUNT];
};

/* A packet that is to be stored, as the first pass leaves it to the second. */
struct record {
	const struct packet *packet;
	uint32_t session;
	uint32_t offset; /* of the frame in the packet */
	uint32_t caplen, len;
	uint32_t flags; /* enum truncation_flags */
	bool clipped;
};

struct recorder {
	struct record_config config;
	struct burst burst;
	uint32_t unsettled;                /* packets of the burst at hand without a verdict */
	const struct session_table *table; /* for this burst */
	uint64_t now_ns;                   /* as of the latest tick */
	uint32_t *packet_lengths;          /* by session */
	uint32_t *limits; /* by session: what is stored of a frame at the most, bytes */
	uint8_t *scratch; /* PACKET_MAX_BYTES, for headers that straddle segments */
};

static int command(const struct recorder *r)
{
	return __atomic_load_n(&r->config.control->command, __ATOMIC_ACQUIRE);
}

/*
 * Adds the burst's counts to the ledger in one change and begins anew. In the middle of a burst
 * the packets that have no verdict yet are left for the next time.
 */
void recorder_publish(struct recorder *r)
{
	struct ledger_worker *ledger = r->config.ledger;
	struct burst *burst = &r->burst;

	ledger_begin(&ledger->sequence);
	ledger->received += burst->received - r->unsettled;
	ledger->accepted += burst->accepted;
	ledger->clipped += burst->clipped;
	ledger->reserved_bits += burst->reserved_bits;
	if (burst->received - r->unsettled != burst->accepted)
		for (int i = 0; i < DROP_REASON_COUNT; i++)
			ledger->dropped[i] += burst->dropped[i];
	ledger_end(&ledger->sequence);
	*burst = (struct burst){.received = r->unsettled};
}

/* Ends the capture with the last packet that it was to accept, not with the one after. */
static void end_at_limit(struct worker_control *control)
{
	if (unlikely(control->limited) &&
	    __atomic_load_n(&control->remaining, __ATOMIC_RELAXED) <= 0)
		__atomic_store_n(&control->command, WORKER_END, __ATOMIC_RELEASE);
}

static void return_ticket(struct worker_control *control)
{
	if (control->limited)
		__atomic_add_fetch(&control->remaining, 1, __ATOMIC_RELAXED);
}

/* True where one more packet may be accepted; a ticket is taken then. */
static bool take_ticket(struct worker_control *control)
{
	if (likely(!control->limited) ||
	    __atomic_sub_fetch(&control->remaining, 1, __ATOMIC_RELAXED) >= 0)
		return true;
	return_ticket(control);
	end_at_limit(control);
	return false;
}

/* Makes the packet's first bytes contiguous, as many as the scratch holds. */
static const uint8_t *linearize(struct recorder *r, const struct packet *packet, uint32_t *bytes)
{
	*bytes = RTE_MIN(packet->packet_len, (uint32_t)PACKET_MAX_BYTES);
	packet_copy(packet, 0, r->scratch, *bytes);
	return r->scratch;
}

/* Headers may straddle segments, wherever they like. */
static enum decap_verdict decap_straddling(struct recorder *r, const struct packet *packet,
					   const uint8_t **head, uint32_t *head_len,
					   struct decap *d)
{
	uint16_t port = r->config.vxlan_port;
	enum decap_verdict verdict = decap_packet(*head, *head_len, packet->packet_len, port, d);

	if (verdict != DECAP_MORE)
		return verdict;
	*head = linearize(r, packet, head_len);
	return decap_packet(*head, *head_len, packet->packet_len, port, d);
}

static uint32_t stream_of(const struct recorder *r, const struct record *record)
{
	return r->config.combined ? 0 : record->session;
}

/*
 * The input can wait (a file): let the writer catch up instead of dropping. The counts are
 * published first, since the tick may hand over packets of this burst.
 */
static uint8_t *append_waiting(struct recorder *r, const struct record *record)
{
	const struct timespec pause = {.tv_nsec = RECORD_WAIT_US * 1000L};
	uint8_t *dst = NULL;

	while (!dst && command(r) == WORKER_RUN) {
		recorder_publish(r);
		stream_tick(r->config.streams, r->now_ns);
		nanosleep(&pause, NULL);
		stream_tick(r->config.streams, r->now_ns);
		dst = stream_append(r->config.streams, stream_of(r, record), record->session,
				    record->packet->time_ns, record->caplen, record->len);
	}
	return dst;
}

static inline void count_session(struct ledger_session_worker *session, uint32_t flags)
{
	if (likely(flags == TRUNCATION_WHOLE)) {
		session->whole++;
		return;
	}
	session->whole += (flags & TRUNCATION_WHOLE) != 0;
	session->cut_upstream += (flags & TRUNCATION_CUT_UPSTREAM) != 0;
	session->cut_here += (flags & TRUNCATION_CUT_HERE) != 0;
	session->inconsistent += (flags & TRUNCATION_INCONSISTENT) != 0;
	session->over_length += (flags & TRUNCATION_OVER_LENGTH) != 0;
}

static enum drop_reason drop_of(enum decap_verdict verdict)
{
	switch (verdict) {
	case DECAP_NOT_VXLAN:
		return DROP_NOT_VXLAN;
	case DECAP_FRAGMENT:
		return DROP_FRAGMENT;
	case DECAP_NO_VNI:
		return DROP_NO_VNI;
	default:
		return DROP_MALFORMED;
	}
}

/* The part of a packet's way that needs no more than its head. DROP_REASON_COUNT: go on. */
static inline enum drop_reason admit(struct recorder *r, const struct decap *d, uint32_t *session)
{
	enum session_verdict found;

	r->burst.reserved_bits += d->reserved_bits;
	found = session_table_find(r->table, d->vni, &d->source, session);
	if (unlikely(found != SESSION_FOUND))
		return found == SESSION_UNKNOWN_VNI ? DROP_UNKNOWN_VNI : DROP_SOURCE_DENIED;
	if (unlikely(d->arrived < 14))
		return DROP_SHORT_FRAME;
	return DROP_REASON_COUNT;
}

static inline bool passes(struct recorder *r, const struct packet *packet,
			  const struct record *record)
{
	const uint8_t *head = packet->data;
	uint32_t head_len = packet->data_len;

	if (likely(!r->config.filter))
		return true;
	if (unlikely(record->offset + record->caplen > head_len))
		head = linearize(r, packet, &head_len);
	return filter_match(r->config.filter, head + record->offset, record->caplen, record->len);
}

/* Any packet. Returns why it is not to be stored, or DROP_REASON_COUNT. */
static __attribute__((noinline)) enum drop_reason judge_any(struct recorder *r,
							    const struct packet *packet,
							    struct record *record)
{
	const uint8_t *head = packet->data;
	uint32_t head_len = packet->data_len;
	enum decap_verdict verdict;
	enum drop_reason reason;
	struct truncation t;
	struct decap d;

	verdict = decap_straddling(r, packet, &head, &head_len, &d);
	if (verdict != DECAP_FRAME)
		return drop_of(verdict);
	reason = admit(r, &d, &record->session);
	if (reason != DROP_REASON_COUNT)
		return reason;
	t = truncation_apply(head + d.offset, head_len - d.offset,
			     RTE_MIN(d.arrived, r->config.max_caplen), d.wire_len,
			     r->packet_lengths[record->session], r->config.snaplen);
	record->offset = d.offset;
	record->caplen = t.caplen;
	record->len = t.len;
	record->flags = t.flags;
	record->clipped = RTE_MIN(d.arrived, r->config.max_caplen) < d.wire_len;
	return DROP_REASON_COUNT;
}

/*
 * The usual packet: shaped as AWS sends them, of a VNI that is one session's, its frame whole.
 * judge_any() would say the same of it. False where it is not plain to see that it is one.
 */
static inline bool judge_usual(struct recorder *r, const struct packet *packet,
			       struct record *record)
{
	struct decap d;

	if (unlikely(!decap_aws(packet->data, packet->data_len, packet->packet_len,
				r->config.vxlan_port, &d)))
		return false;
	record->session = session_table_of_vni(r->table, d.vni);
	if (unlikely(record->session == SESSION_NONE) ||
	    !truncation_none(packet->data + d.offset, d.arrived, d.wire_len,
			     r->limits[record->session]))
		return false;
	r->burst.reserved_bits += d.reserved_bits;
	record->offset = d.offset;
	record->caplen = d.wire_len;
	record->len = d.wire_len;
	record->flags = TRUNCATION_WHOLE;
	record->clipped = false;
	return true;
}

/* The first pass over a packet: what is to be stored of it, or why nothing is. */
static inline enum drop_reason judge(struct recorder *r, const struct packet *packet,
				     struct record *record)
{
	enum drop_reason reason;

	if (!judge_usual(r, packet, record)) {
		reason = judge_any(r, packet, record);
		if (reason != DROP_REASON_COUNT)
			return reason;
	}
	record->packet = packet;
	return passes(r, packet, record) ? DROP_REASON_COUNT : DROP_FILTERED;
}

/* Returns how many of the packets are to be stored. */
static uint32_t judge_all(struct recorder *r, const struct packet *packets, uint32_t count,
			  struct record *records)
{
	uint32_t stored = 0;

	for (uint32_t i = 0; i < count; i++) {
		enum drop_reason reason = judge(r, &packets[i], &records[stored]);

		if (likely(reason == DROP_REASON_COUNT))
			stored++;
		else
			r->burst.dropped[reason]++;
	}
	return stored;
}

static inline void keep(struct recorder *r, const struct record *record, uint8_t *dst)
{
	packet_copy(record->packet, record->offset, dst, record->caplen);
	count_session(&r->config.sessions[record->session], record->flags);
	r->burst.clipped += record->clipped;
	r->burst.accepted++;
}

/* The way of a packet that needs more than a copy: a chunk, a segment, or a ticket. */
static __attribute__((noinline)) enum drop_reason store(struct recorder *r, const struct port *port,
							const struct record *record)
{
	uint64_t time_ns = record->packet->time_ns;
	uint8_t *dst;

	if (unlikely(!take_ticket(r->config.control)))
		return DROP_AFTER_STOP;
	dst = stream_append(r->config.streams, stream_of(r, record), record->session, time_ns,
			    record->caplen, record->len);
	if (unlikely(!dst) && port->waits)
		dst = append_waiting(r, record);
	if (unlikely(!dst)) {
		return_ticket(r->config.control);
		stream_refused(r->config.streams, record->session);
		/* An input that can wait ran out of chunks only because it may wait no longer. */
		return port->waits ? DROP_AFTER_STOP : DROP_NO_BUFFER;
	}
	keep(r, record, dst);
	end_at_limit(r->config.control);
	return DROP_REASON_COUNT;
}

/*
 * Stores as many of the records as are of one stream and one time and need no more than a copy.
 * Returns how many.
 */
static inline uint32_t store_run(struct recorder *r, const struct record *records, uint32_t count)
{
	uint64_t time_ns = records[0].packet->time_ns;
	uint32_t stream = stream_of(r, &records[0]), n = 0;
	struct stream_run run;

	stream_run_begin(r->config.streams, &run, stream, time_ns);
	do {
		uint8_t *dst = stream_run_append(&run, records[n].session, records[n].caplen,
						 records[n].len);

		if (unlikely(!dst))
			break;
		keep(r, &records[n], dst);
		n++;
	} while (n < count && stream_of(r, &records[n]) == stream &&
		 records[n].packet->time_ns == time_ns);
	stream_run_end(r->config.streams, &run, time_ns);
	return n;
}

static void store_all(struct recorder *r, const struct port *port, const struct record *records,
		      uint32_t count)
{
	/* Where packets are counted down each takes its ticket. */
	bool runs = !r->config.control->limited;
	uint32_t i = 0;

	while (i < count) {
		enum drop_reason reason;

		if (likely(runs))
			i += store_run(r, records + i, count - i);
		if (i == count)
			break;
		r->unsettled = count - i;
		reason = store(r, port, &records[i++]);
		if (unlikely(reason != DROP_REASON_COUNT))
			r->burst.dropped[reason]++;
	}
	r->unsettled = 0;
}

void recorder_burst(struct recorder *r, const struct port *port, const struct packet *packets,
		    uint32_t count)
{
	struct record records[PORT_BURST];

	r->table = __atomic_load_n(r->config.table, __ATOMIC_ACQUIRE);
	r->burst.received += count;
	store_all(r, port, records, judge_all(r, packets, count, records));
}

void recorder_drop(struct recorder *r, enum drop_reason reason, uint32_t count)
{
	r->burst.received += count;
	r->burst.dropped[reason] += count;
}

void recorder_tick(struct recorder *r, uint64_t now_ns)
{
	r->now_ns = now_ns;
	stream_tick(r->config.streams, now_ns);
}

struct recorder *recorder_new(const struct record_config *config)
{
	struct recorder *r =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(sizeof(*r), RTE_CACHE_LINE_SIZE));

	if (!r)
		return NULL;
	*r = (struct recorder){.config = *config};
	r->packet_lengths = calloc(config->map->count, sizeof(*r->packet_lengths));
	r->limits = calloc(config->map->count, sizeof(*r->limits));
	r->scratch = malloc(PACKET_MAX_BYTES);
	if (!r->packet_lengths || !r->limits || !r->scratch) {
		recorder_free(r);
		return NULL;
	}
	for (uint32_t i = 0; i < config->map->count; i++) {
		uint32_t packet_length = config->map->sessions[i].packet_length;

		r->packet_lengths[i] = packet_length;
		r->limits[i] = RTE_MIN(truncation_limit(packet_length, config->snaplen),
				       config->max_caplen);
	}
	return r;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	free(r->packet_lengths);
	free(r->limits);
	free(r->scratch);
	free(r);
}
