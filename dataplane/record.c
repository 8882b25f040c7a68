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

struct recorder {
	struct record_config config;
	struct burst burst;
	uint32_t unsettled;                /* packets of the burst at hand without a verdict */
	const struct session_table *table; /* for this burst */
	uint64_t now_ns;                   /* as of the latest tick */
	uint32_t *packet_lengths;          /* by session */
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

/* Any packet: headers of any shape, straddling segments wherever they like. */
static __attribute__((noinline)) enum decap_verdict decap_general(struct recorder *r,
								  const struct packet *packet,
								  const uint8_t **head,
								  uint32_t *head_len,
								  struct decap *d)
{
	uint16_t port = r->config.vxlan_port;
	enum decap_verdict verdict = decap_packet(*head, *head_len, packet->packet_len, port, d);

	if (verdict != DECAP_MORE)
		return verdict;
	*head = linearize(r, packet, head_len);
	return decap_packet(*head, *head_len, packet->packet_len, port, d);
}

/*
 * The input can wait (a file): let the writer catch up instead of dropping. The counts are
 * published first, since the tick may hand over packets of this burst.
 */
static uint8_t *append_waiting(struct recorder *r, uint32_t stream, uint32_t session,
			       uint64_t time_ns, const struct truncation *t)
{
	const struct timespec pause = {.tv_nsec = RECORD_WAIT_US * 1000L};
	uint8_t *dst = NULL;

	while (!dst && command(r) == WORKER_RUN) {
		recorder_publish(r);
		stream_tick(r->config.streams, r->now_ns);
		nanosleep(&pause, NULL);
		stream_tick(r->config.streams, r->now_ns);
		dst = stream_append(r->config.streams, stream, session, time_ns, t->caplen, t->len);
	}
	return dst;
}

static inline uint8_t *append(struct recorder *r, const struct port *port, uint32_t session,
			      uint64_t time_ns, const struct truncation *t)
{
	uint32_t stream = r->config.combined ? 0 : session;
	uint8_t *dst =
		stream_append(r->config.streams, stream, session, time_ns, t->caplen, t->len);

	if (likely(dst != NULL) || !port->waits)
		return dst;
	return append_waiting(r, stream, session, time_ns, t);
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

/* Records one packet. Returns why not, or DROP_REASON_COUNT when it was accepted. */
static inline enum drop_reason record(struct recorder *r, const struct port *port,
				      const struct packet *packet, uint64_t time_ns)
{
	const uint8_t *head = packet->data;
	uint32_t head_len = packet->data_len, session;
	enum decap_verdict verdict;
	enum drop_reason reason;
	struct truncation t;
	struct decap d;
	uint8_t *dst;

	if (unlikely(!decap_aws(head, head_len, packet->packet_len, r->config.vxlan_port, &d))) {
		verdict = decap_general(r, packet, &head, &head_len, &d);
		if (verdict != DECAP_FRAME)
			return drop_of(verdict);
	}
	reason = admit(r, &d, &session);
	if (unlikely(reason != DROP_REASON_COUNT))
		return reason;
	t = truncation_apply(head + d.offset, head_len - d.offset,
			     RTE_MIN(d.arrived, r->config.max_caplen), d.wire_len,
			     r->packet_lengths[session], r->config.snaplen);
	if (r->config.filter) {
		if (unlikely(d.offset + t.caplen > head_len))
			head = linearize(r, packet, &head_len);
		if (!filter_match(r->config.filter, head + d.offset, t.caplen, t.len))
			return DROP_FILTERED;
	}
	if (unlikely(!take_ticket(r->config.control)))
		return DROP_AFTER_STOP;
	dst = append(r, port, session, time_ns, &t);
	if (unlikely(!dst)) {
		return_ticket(r->config.control);
		stream_refused(r->config.streams, session);
		/* An input that can wait ran out of chunks only because it may wait no longer. */
		return port->waits ? DROP_AFTER_STOP : DROP_NO_BUFFER;
	}
	packet_copy(packet, d.offset, dst, t.caplen);
	count_session(&r->config.sessions[session], t.flags);
	r->burst.clipped += RTE_MIN(d.arrived, r->config.max_caplen) < d.wire_len;
	r->burst.accepted++;
	end_at_limit(r->config.control);
	return DROP_REASON_COUNT;
}

static inline void record_or_count(struct recorder *r, const struct port *port,
				   const struct packet *packet, uint64_t time_ns)
{
	enum drop_reason reason = record(r, port, packet, time_ns);

	if (unlikely(reason != DROP_REASON_COUNT))
		r->burst.dropped[reason]++;
}

void recorder_burst(struct recorder *r, const struct port *port, const struct packet *packets,
		    uint32_t count)
{
	r->table = __atomic_load_n(r->config.table, __ATOMIC_ACQUIRE);
	r->burst.received += count;
	for (uint32_t i = 0; i < count; i++) {
		r->unsettled = count - i;
		record_or_count(r, port, &packets[i], packets[i].time_ns);
	}
	r->unsettled = 0;
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
	r->scratch = malloc(PACKET_MAX_BYTES);
	if (!r->packet_lengths || !r->scratch) {
		recorder_free(r);
		return NULL;
	}
	for (uint32_t i = 0; i < config->map->count; i++)
		r->packet_lengths[i] = config->map->sessions[i].packet_length;
	return r;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	free(r->packet_lengths);
	free(r->scratch);
	free(r);
}
