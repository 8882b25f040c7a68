/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/record.h"

#include <stdlib.h>
#include <time.h>

#include "capture/stream_copy.h"
#include "dataplane/decap.h"
#include "dataplane/truncation.h"
#include "dataplane/usual.h"

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

/* What is to be stored of a packet. */
struct record {
	uint32_t session;
	uint32_t offset; /* of the frame in the packet */
	uint32_t caplen, len;
	uint32_t flags; /* enum truncation_flags */
	bool clipped;
};

/*
 * What the next packet of a burst mostly shares with the usual one before it. Not for longer: the
 * session table may be another by the next burst.
 */
struct latest {
	uint32_t vni;     /* UINT32_MAX: there was none */
	uint32_t session; /* the VNI's */
	uint32_t limit;   /* the session's, bytes */
	struct ledger_session_worker *counts;
};

struct recorder {
	struct record_config config;
	uint16_t vxlan_port_be; /* config.vxlan_port in network order */
	struct burst burst;
	uint32_t unsettled; /* in store(): packets of the burst that have no verdict yet; else 0 */
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

static inline uint32_t stream_of(const struct recorder *r, uint32_t session)
{
	return r->config.combined ? 0 : session;
}

/*
 * The input can wait (a file): let the writer catch up instead of dropping. The counts are
 * published first, since the tick may hand over packets of this burst.
 */
static uint8_t *append_waiting(struct recorder *r, const struct packet *packet,
			       const struct record *record)
{
	const struct timespec pause = {.tv_nsec = RECORD_WAIT_US * 1000L};
	uint8_t *dst = NULL;

	while (!dst && command(r) == WORKER_RUN) {
		recorder_publish(r);
		stream_tick(r->config.streams, r->now_ns);
		nanosleep(&pause, NULL);
		stream_tick(r->config.streams, r->now_ns);
		dst = stream_append(r->config.streams, stream_of(r, record->session),
				    record->session, packet->time_ns, record->caplen, record->len);
	}
	return dst;
}

static void count_stored(struct recorder *r, const struct record *record)
{
	struct ledger_session_worker *session = &r->config.sessions[record->session];

	session->whole += (record->flags & TRUNCATION_WHOLE) != 0;
	session->cut_upstream += (record->flags & TRUNCATION_CUT_UPSTREAM) != 0;
	session->cut_here += (record->flags & TRUNCATION_CUT_HERE) != 0;
	session->inconsistent += (record->flags & TRUNCATION_INCONSISTENT) != 0;
	session->over_length += (record->flags & TRUNCATION_OVER_LENGTH) != 0;
	r->burst.clipped += record->clipped;
	r->burst.accepted++;
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

static inline bool passes(struct recorder *r, const struct packet *packet, uint32_t offset,
			  uint32_t caplen, uint32_t len)
{
	const uint8_t *head = packet->data;
	uint32_t head_len = packet->data_len;

	if (unlikely(offset + caplen > head_len))
		head = linearize(r, packet, &head_len);
	return filter_match(r->config.filter, head + offset, caplen, len);
}

/*
 * How much of the frame is to be stored, if it passes. head: the packet's first bytes, all that
 * arrived of the frame in them or DECAP_INNER_HEAD. Returns as judge(); record->session is given.
 */
static inline enum drop_reason measure(struct recorder *r, const struct packet *packet,
				       const uint8_t *head, uint32_t head_len,
				       const struct decap *d, struct record *record)
{
	uint32_t arrived = RTE_MIN(d->arrived, r->config.max_caplen);
	struct truncation t =
		truncation_apply(head + d->offset, head_len - d->offset, arrived, d->wire_len,
				 r->packet_lengths[record->session], r->config.snaplen);

	record->offset = d->offset;
	record->caplen = t.caplen;
	record->len = t.len;
	record->flags = t.flags;
	record->clipped = arrived < d->wire_len;
	if (r->config.filter && !passes(r, packet, d->offset, t.caplen, t.len))
		return DROP_FILTERED;
	return DROP_REASON_COUNT;
}

/* Any packet. Returns why it is not to be stored, or DROP_REASON_COUNT. */
static enum drop_reason judge(struct recorder *r, const struct packet *packet,
			      struct record *record)
{
	const uint8_t *head = packet->data;
	uint32_t head_len = packet->data_len;
	enum decap_verdict verdict;
	enum drop_reason reason;
	struct decap d;

	verdict = decap_straddling(r, packet, &head, &head_len, &d);
	if (verdict != DECAP_FRAME)
		return drop_of(verdict);
	reason = admit(r, &d, &record->session);
	if (reason != DROP_REASON_COUNT)
		return reason;
	return measure(r, packet, head, head_len, &d, record);
}

static enum drop_reason append(struct recorder *r, const struct port *port,
			       const struct packet *packet, const struct record *record)
{
	uint8_t *dst;

	if (unlikely(!take_ticket(r->config.control)))
		return DROP_AFTER_STOP;
	dst = stream_append(r->config.streams, stream_of(r, record->session), record->session,
			    packet->time_ns, record->caplen, record->len);
	if (unlikely(!dst) && port->waits)
		dst = append_waiting(r, packet, record);
	if (unlikely(!dst)) {
		return_ticket(r->config.control);
		stream_refused(r->config.streams, record->session);
		/* An input that can wait ran out of chunks only because it may wait no longer. */
		return port->waits ? DROP_AFTER_STOP : DROP_NO_BUFFER;
	}
	packet_copy(packet, record->offset, dst, record->caplen);
	count_stored(r, record);
	end_at_limit(r->config.control);
	return DROP_REASON_COUNT;
}

/*
 * The long way to the stream, of a packet that needs more than a copy: a chunk, a segment, or a
 * ticket. unsettled: packets of the burst from it on.
 */
static __attribute__((noinline)) void store(struct recorder *r, const struct port *port,
					    const struct packet *packet, uint32_t unsettled,
					    struct record record)
{
	enum drop_reason reason;

	r->unsettled = unsettled;
	reason = append(r, port, packet, &record);
	if (unlikely(reason != DROP_REASON_COUNT))
		r->burst.dropped[reason]++;
	r->unsettled = 0;
}

/* The short way to the stream: where the packet's bytes are due; NULL: it is for store(). */
static inline uint8_t *append_copy(struct recorder *r, const struct packet *packet,
				   uint32_t session, uint32_t caplen, uint32_t len)
{
	if (unlikely(r->config.control->limited))
		return NULL; /* each packet takes its ticket */
	return stream_append_copy(r->config.streams, stream_of(r, session), session,
				  packet->time_ns, caplen, len);
}

/* A packet that was judged: reason as judge() says. unsettled: as above. */
static inline void record_judged(struct recorder *r, const struct port *port,
				 const struct packet *packet, uint32_t unsettled,
				 enum drop_reason reason, const struct record *record)
{
	uint8_t *dst;

	if (unlikely(reason != DROP_REASON_COUNT)) {
		r->burst.dropped[reason]++;
		return;
	}
	dst = append_copy(r, packet, record->session, record->caplen, record->len);
	if (unlikely(!dst)) {
		store(r, port, packet, unsettled, *record);
		return;
	}
	packet_copy(packet, record->offset, dst, record->caplen);
	count_stored(r, record);
}

/* Any packet. */
static __attribute__((noinline)) void record_any(struct recorder *r, const struct port *port,
						 const struct packet *packet, uint32_t unsettled)
{
	struct record record;
	enum drop_reason reason = judge(r, packet, &record);

	record_judged(r, port, packet, unsettled, reason, &record);
}

/* A usual packet whose frame was cut, or is to be. */
static __attribute__((noinline)) void record_cut(struct recorder *r, const struct port *port,
						 const struct packet *packet, uint32_t unsettled,
						 uint32_t session, uint32_t bytes)
{
	struct decap d = {.offset = USUAL_OFFSET, .wire_len = bytes, .arrived = bytes};
	struct record record = {.session = session};
	enum drop_reason reason = measure(r, packet, packet->data, packet->data_len, &d, &record);

	record_judged(r, port, packet, unsettled, reason, &record);
}

/*
 * Records the usual packet, of a VNI that is one session's, by the short way; record_any() would do
 * the same with it. False: nothing was done.
 */
static inline bool record_usual(struct recorder *r, struct latest *latest, const struct port *port,
				const struct packet *packet, uint32_t unsettled)
{
	struct usual usual;
	uint8_t *dst;

	if (unlikely(!usual_packet(packet->data, packet->data_len, packet->packet_len,
				   r->vxlan_port_be, &usual)))
		return false;
	if (usual.vni != latest->vni) {
		uint32_t session = session_table_of_vni(r->table, usual.vni);

		if (unlikely(session == SESSION_NONE))
			return false;
		latest->vni = usual.vni;
		latest->session = session;
		latest->limit = r->limits[session];
		latest->counts = &r->config.sessions[session];
	}
	if (usual.bytes > latest->limit || usual.claimed > usual.bytes) {
		record_cut(r, port, packet, unsettled, latest->session, usual.bytes);
		return true;
	}
	if (r->config.filter && !passes(r, packet, USUAL_OFFSET, usual.bytes, usual.bytes)) {
		r->burst.dropped[DROP_FILTERED]++;
		return true;
	}
	dst = append_copy(r, packet, latest->session, usual.bytes, usual.bytes);
	if (unlikely(!dst)) {
		store(r, port, packet, unsettled,
		      (struct record){.session = latest->session,
				      .offset = USUAL_OFFSET,
				      .caplen = usual.bytes,
				      .len = usual.bytes,
				      .flags = TRUNCATION_WHOLE});
		return true;
	}
	packet_copy(packet, USUAL_OFFSET, dst, usual.bytes);
	latest->counts->whole++;
	r->burst.accepted++;
	return true;
}

void recorder_burst(struct recorder *r, const struct port *port, const struct packet *packets,
		    uint32_t count)
{
	struct latest latest = {
		.vni = UINT32_MAX,
		.counts = r->config.sessions,
	};

	r->table = __atomic_load_n(r->config.table, __ATOMIC_ACQUIRE);
	r->burst.received += count;
	for (uint32_t i = 0; i < count; i++)
		if (unlikely(!record_usual(r, &latest, port, &packets[i], count - i)))
			record_any(r, port, &packets[i], count - i);
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
	*r = (struct recorder){
		.config = *config,
		.vxlan_port_be = rte_cpu_to_be_16(config->vxlan_port),
	};
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
