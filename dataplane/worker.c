/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_pause.h>

#include "dataplane/decap.h"
#include "dataplane/decap_aws.h"
#include "dataplane/truncation.h"

enum {
	WORKER_IDLE_ROUNDS = 64,    /* empty polls before a kernel port's worker sleeps */
	WORKER_SLEEP_MS = 5,        /* bounded, so that ageing and the stop are seen */
	WORKER_WAIT_US = 50,        /* for a chunk, where the input can wait */
	WORKER_STAMP_LAG_MS = 50,   /* behind the clock: stamped, but not handed over yet */
	WORKER_DRAIN_QUIET_MS = 30, /* longer than a kernel block may be held back */
	WORKER_DRAIN_MAX_MS = 500,
};

/* What one burst adds to the ledger, published at its end. */
struct burst {
	uint64_t received;
	uint64_t accepted;
	uint64_t clipped;
	uint64_t reserved_bits;
	uint64_t dropped[DROP_REASON_COUNT];
};

struct worker {
	struct worker_config config;
	struct burst burst;
	uint32_t unsettled;                     /* packets of the burst at hand without a verdict */
	const struct session_table *table;      /* for this burst */
	uint64_t now_ns;                        /* as of the latest tick */
	uint64_t source_ns[WORKER_SOURCES_MAX]; /* how far each source's time has come */
	struct clock_reader readers[WORKER_SOURCES_MAX];
	uint32_t steps[WORKER_SOURCES_MAX]; /* clock steps that the streams know of */
	uint32_t rotations;                 /* of the control's, those that were followed */
	uint64_t last_packet_ms;            /* CLOCK_MONOTONIC; for the drain's quiet time */
	uint32_t *packet_lengths;           /* by session */
	uint8_t *scratch; /* PACKET_MAX_BYTES, for headers that straddle segments */
};

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static int command(const struct worker *w)
{
	return __atomic_load_n(&w->config.control->command, __ATOMIC_ACQUIRE);
}

/*
 * Adds the burst's counts to the ledger in one change and begins anew. In the middle of a burst
 * the packets that have no verdict yet are left for the next time.
 */
static void publish(struct worker *w)
{
	struct ledger_worker *ledger = w->config.ledger;
	struct burst *burst = &w->burst;

	ledger_begin(&ledger->sequence);
	ledger->received += burst->received - w->unsettled;
	ledger->accepted += burst->accepted;
	ledger->clipped += burst->clipped;
	ledger->reserved_bits += burst->reserved_bits;
	if (burst->received - w->unsettled != burst->accepted)
		for (int i = 0; i < DROP_REASON_COUNT; i++)
			ledger->dropped[i] += burst->dropped[i];
	ledger_end(&ledger->sequence);
	*burst = (struct burst){.received = w->unsettled};
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
static const uint8_t *linearize(struct worker *w, const struct packet *packet, uint32_t *bytes)
{
	*bytes = RTE_MIN(packet->packet_len, (uint32_t)PACKET_MAX_BYTES);
	packet_copy(packet, 0, w->scratch, *bytes);
	return w->scratch;
}

/* Any packet: headers of any shape, straddling segments wherever they like. */
static __attribute__((noinline)) enum decap_verdict decap_general(struct worker *w,
								  const struct packet *packet,
								  const uint8_t **head,
								  uint32_t *head_len,
								  struct decap *d)
{
	uint16_t port = w->config.vxlan_port;
	enum decap_verdict verdict = decap_packet(*head, *head_len, packet->packet_len, port, d);

	if (verdict != DECAP_MORE)
		return verdict;
	*head = linearize(w, packet, head_len);
	return decap_packet(*head, *head_len, packet->packet_len, port, d);
}

/*
 * The input can wait (a file): let the writer catch up instead of dropping. The counts are
 * published first, since the tick may hand over packets of this burst.
 */
static uint8_t *append_waiting(struct worker *w, uint32_t stream, uint32_t session,
			       uint64_t time_ns, const struct truncation *t)
{
	const struct timespec pause = {.tv_nsec = WORKER_WAIT_US * 1000L};
	uint8_t *dst = NULL;

	while (!dst && command(w) == WORKER_RUN) {
		publish(w);
		stream_tick(w->config.streams, w->now_ns);
		nanosleep(&pause, NULL);
		stream_tick(w->config.streams, w->now_ns);
		dst = stream_append(w->config.streams, stream, session, time_ns, t->caplen, t->len);
	}
	return dst;
}

static inline uint8_t *append(struct worker *w, const struct port *port, uint32_t session,
			      uint64_t time_ns, const struct truncation *t)
{
	uint32_t stream = w->config.combined ? 0 : session;
	uint8_t *dst =
		stream_append(w->config.streams, stream, session, time_ns, t->caplen, t->len);

	if (likely(dst != NULL) || !port->waits)
		return dst;
	return append_waiting(w, stream, session, time_ns, t);
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
static inline enum drop_reason admit(struct worker *w, const struct decap *d, uint32_t *session)
{
	enum session_verdict found;

	w->burst.reserved_bits += d->reserved_bits;
	found = session_table_find(w->table, d->vni, &d->source, session);
	if (unlikely(found != SESSION_FOUND))
		return found == SESSION_UNKNOWN_VNI ? DROP_UNKNOWN_VNI : DROP_SOURCE_DENIED;
	if (unlikely(d->arrived < 14))
		return DROP_SHORT_FRAME;
	return DROP_REASON_COUNT;
}

/* Records one packet. Returns why not, or DROP_REASON_COUNT when it was accepted. */
static inline enum drop_reason record(struct worker *w, const struct port *port,
				      const struct packet *packet, uint64_t time_ns)
{
	const uint8_t *head = packet->data;
	uint32_t head_len = packet->data_len, session;
	enum decap_verdict verdict;
	enum drop_reason reason;
	struct truncation t;
	struct decap d;
	uint8_t *dst;

	if (unlikely(!decap_aws(head, head_len, packet->packet_len, w->config.vxlan_port, &d))) {
		verdict = decap_general(w, packet, &head, &head_len, &d);
		if (verdict != DECAP_FRAME)
			return drop_of(verdict);
	}
	reason = admit(w, &d, &session);
	if (unlikely(reason != DROP_REASON_COUNT))
		return reason;
	t = truncation_apply(head + d.offset, head_len - d.offset,
			     RTE_MIN(d.arrived, w->config.max_caplen), d.wire_len,
			     w->packet_lengths[session], w->config.snaplen);
	if (w->config.filter) {
		if (unlikely(d.offset + t.caplen > head_len))
			head = linearize(w, packet, &head_len);
		if (!filter_match(w->config.filter, head + d.offset, t.caplen, t.len))
			return DROP_FILTERED;
	}
	if (unlikely(!take_ticket(w->config.control)))
		return DROP_AFTER_STOP;
	dst = append(w, port, session, time_ns, &t);
	if (unlikely(!dst)) {
		return_ticket(w->config.control);
		stream_refused(w->config.streams, session);
		/* An input that can wait ran out of chunks only because it may wait no longer. */
		return port->waits ? DROP_AFTER_STOP : DROP_NO_BUFFER;
	}
	packet_copy(packet, d.offset, dst, t.caplen);
	count_session(&w->config.sessions[session], t.flags);
	w->burst.clipped += RTE_MIN(d.arrived, w->config.max_caplen) < d.wire_len;
	w->burst.accepted++;
	end_at_limit(w->config.control);
	return DROP_REASON_COUNT;
}

/* A clock step: open files are closed, so that time never runs back within one. */
static void follow_steps(struct worker *w, uint32_t source)
{
	if (likely(w->readers[source].steps == w->steps[source]))
		return;
	w->steps[source] = w->readers[source].steps;
	if (w->config.one_file)
		return; /* there is no other to go on in */
	publish(w);     /* it hands over at once */
	stream_close_all(w->config.streams);
}

/* Told to rotate: between bursts, when every packet that was received has its verdict. */
static void follow_rotations(struct worker *w)
{
	uint32_t rotations = __atomic_load_n(&w->config.control->rotations, __ATOMIC_RELAXED);

	if (likely(rotations == w->rotations))
		return;
	w->rotations = rotations;
	publish(w); /* it hands over at once */
	stream_close_all(w->config.streams);
}

static inline void record_or_count(struct worker *w, const struct port *port,
				   const struct packet *packet, uint64_t time_ns)
{
	enum drop_reason reason = record(w, port, packet, time_ns);

	if (unlikely(reason != DROP_REASON_COUNT))
		w->burst.dropped[reason]++;
}

/* A burst of packets that carry their own times. */
static void record_stamped(struct worker *w, uint32_t source, const struct packet *packets,
			   uint32_t count)
{
	const struct port *port = w->config.sources[source].port;
	bool draining = command(w) == WORKER_DRAIN;
	uint64_t stop_ns = w->config.control->stop_ns;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t time_ns = packets[i].time_ns;

		w->unsettled = count - i;
		if (!port->waits)
			time_ns = clock_monotone(&w->readers[source], time_ns);
		w->source_ns[source] = time_ns;
		follow_steps(w, source);
		if (draining && time_ns > stop_ns)
			w->burst.dropped[DROP_AFTER_STOP]++;
		else
			record_or_count(w, port, &packets[i], time_ns);
	}
	w->unsettled = 0;
}

static void record_burst(struct worker *w, uint32_t source, const struct packet *packets,
			 uint32_t count)
{
	const struct port *port = w->config.sources[source].port;

	w->burst.received += count;
	if (port->stamps) {
		record_stamped(w, source, packets, count);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		record_or_count(w, port, &packets[i], w->source_ns[source]);
}

/*
 * The time by a port that stamps, while nothing comes from it: trails the clock, since packets
 * that are stamped already may not have been handed over yet.
 */
static uint64_t idle_ns(const struct worker *w, uint32_t source)
{
	struct clock_reader reader = w->readers[source];

	return clock_ns(w->config.clock, &reader, rte_rdtsc()) - WORKER_STAMP_LAG_MS * 1000000ull;
}

/* Up to here all sources' packets have come: files that end by time may be closed. */
static uint64_t settled_ns(const struct worker *w)
{
	uint64_t least = w->source_ns[0];

	for (uint32_t i = 1; i < w->config.source_count; i++)
		least = RTE_MIN(least, w->source_ns[i]);
	return least;
}

/* One burst of one queue. Returns how many packets it had. */
static uint32_t poll_source(struct worker *w, uint32_t source)
{
	struct port *port = w->config.sources[source].port;
	struct packet packets[PORT_BURST];
	uint32_t count;

	count = port->ops->rx_burst(port, w->config.sources[source].queue, packets, PORT_BURST);
	/* Read after rx_burst: no packet is stamped before it was there. */
	if (!port->stamps)
		w->source_ns[source] = clock_ns(w->config.clock, &w->readers[source], rte_rdtsc());
	else if (!count && !port->waits)
		w->source_ns[source] = idle_ns(w, source);
	follow_steps(w, source);
	if (count) {
		w->table = __atomic_load_n(w->config.table, __ATOMIC_ACQUIRE);
		record_burst(w, source, packets, count);
		publish(w);
	}
	w->now_ns = settled_ns(w);
	stream_tick(w->config.streams, w->now_ns);
	return count;
}

static bool inputs_ended(const struct worker *w)
{
	for (uint32_t i = 0; i < w->config.source_count; i++)
		if (!__atomic_load_n(&w->config.sources[i].port->ended, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* Sleeps until a kernel port has packets, where all of this worker's ports are such. */
static void idle(const struct worker *w)
{
	struct pollfd fds[WORKER_SOURCES_MAX];

	for (uint32_t i = 0; i < w->config.source_count; i++) {
		const struct worker_source *source = &w->config.sources[i];

		if (!source->port->ops->queue_fd) {
			rte_pause();
			return;
		}
		fds[i].fd = source->port->ops->queue_fd(source->port, source->queue);
		fds[i].events = POLLIN;
	}
	poll(fds, w->config.source_count, WORKER_SLEEP_MS);
}

/*
 * Kernel ports stamp what arrives, so what came before the stop can be told apart. A file would
 * be read to its end; a polled device's ring is next to empty.
 */
static bool can_drain(const struct worker *w)
{
	for (uint32_t i = 0; i < w->config.source_count; i++) {
		const struct port *port = w->config.sources[i].port;

		if (!port->stamps || port->waits)
			return false;
	}
	return true;
}

/* True where a live port may still hold packets that arrived before the stop. */
static bool drained(struct worker *w, uint32_t count, uint64_t since_ms)
{
	uint64_t now_ms = monotonic_ms();

	if (count)
		w->last_packet_ms = now_ms;
	return now_ms - since_ms > WORKER_DRAIN_MAX_MS ||
	       now_ms - RTE_MAX(w->last_packet_ms, since_ms) > WORKER_DRAIN_QUIET_MS;
}

static uint32_t poll_all(struct worker *w)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < w->config.source_count; i++)
		count += poll_source(w, i);
	return count;
}

static void poll_until_told(struct worker *w)
{
	uint32_t empty = 0;

	while (likely(command(w) == WORKER_RUN)) {
		follow_rotations(w);
		if (likely(poll_all(w))) {
			empty = 0;
		} else if (++empty >= WORKER_IDLE_ROUNDS) {
			if (inputs_ended(w))
				return;
			idle(w);
		}
	}
}

static void drain(struct worker *w)
{
	uint64_t since_ms = monotonic_ms();
	uint32_t count;

	do {
		count = poll_all(w);
		if (!count)
			idle(w);
	} while (command(w) == WORKER_DRAIN && !inputs_ended(w) && !drained(w, count, since_ms));
}

static void close_streams(struct worker *w)
{
	const struct timespec pause = {.tv_nsec = WORKER_WAIT_US * 1000L};

	publish(w);
	while (!stream_close_all(w->config.streams)) {
		nanosleep(&pause, NULL);
		stream_tick(w->config.streams, w->now_ns);
	}
	stream_tick(w->config.streams, w->now_ns);
}

int worker_run(void *worker)
{
	struct worker *w = worker;

	w->now_ns = clock_ns(w->config.clock, &(struct clock_reader){0}, rte_rdtsc());
	for (uint32_t i = 0; i < w->config.source_count; i++)
		w->source_ns[i] = w->now_ns;
	if (w->config.one_file)
		stream_begin(w->config.streams, 0, w->now_ns);
	stream_tick(w->config.streams, w->now_ns);
	__atomic_add_fetch(&w->config.control->begun, 1, __ATOMIC_RELEASE);
	poll_until_told(w);
	if (command(w) == WORKER_DRAIN && can_drain(w))
		drain(w);
	__atomic_add_fetch(&w->config.control->done, 1, __ATOMIC_RELEASE);
	close_streams(w);
	return 0;
}

struct worker *worker_new(const struct worker_config *config)
{
	struct worker *w =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(sizeof(*w), RTE_CACHE_LINE_SIZE));

	if (!w)
		return NULL;
	*w = (struct worker){.config = *config};
	w->packet_lengths = calloc(config->map->count, sizeof(*w->packet_lengths));
	w->scratch = malloc(PACKET_MAX_BYTES);
	if (!w->packet_lengths || !w->scratch) {
		worker_free(w);
		return NULL;
	}
	for (uint32_t i = 0; i < config->map->count; i++)
		w->packet_lengths[i] = config->map->sessions[i].packet_length;
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	free(w->packet_lengths);
	free(w->scratch);
	free(w);
}
