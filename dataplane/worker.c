/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker.h"

#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>

enum {
	/* The timeline of all sources that do not stamp, behind those of the sources that do. */
	WORKER_CLOCKED = WORKER_SOURCES_MAX,
	WORKER_TIMELINES,
	WORKER_WAIT_US = 50,        /* for a chunk, where the input can wait */
	WORKER_STAMP_LAG_MS = 50,   /* behind the clock: stamped, but not handed over yet */
	WORKER_DRAIN_QUIET_MS = 30, /* longer than a kernel block may be held back */
	WORKER_DRAIN_MAX_MS = 500,
};

struct worker {
	struct worker_config config;
	struct recorder *recorder;
	struct idle idle;
	bool clocked;                         /* there are sources that do not stamp */
	bool clocked_only;                    /* and no others */
	uint32_t unsettled;                   /* packets recorded since the latest tick */
	bool clock_read;                      /* in this round */
	uint64_t now_ns;                      /* as of the latest tick */
	uint64_t source_ns[WORKER_TIMELINES]; /* how far each one's time has come */
	struct clock_reader readers[WORKER_TIMELINES];
	uint32_t steps[WORKER_TIMELINES]; /* clock steps that the streams know of */
	uint32_t rotations;               /* of the control's, those that were followed */
	uint64_t last_packet_ms;          /* CLOCK_MONOTONIC; for the drain's quiet time */
};

static uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static int command(const struct worker *w)
{
	return __atomic_load_n(&w->config.record.control->command, __ATOMIC_ACQUIRE);
}

/* A clock step: open files are closed, so that time never runs back within one. */
static void follow_steps(struct worker *w, uint32_t source)
{
	if (likely(w->readers[source].steps == w->steps[source]))
		return;
	w->steps[source] = w->readers[source].steps;
	if (w->config.one_file)
		return;                /* there is no other to go on in */
	recorder_publish(w->recorder); /* it hands over at once */
	stream_close_all(w->config.record.streams);
}

/* Told to rotate: between bursts, when every packet that was received has its verdict. */
static void follow_rotations(struct worker *w)
{
	uint32_t rotations =
		__atomic_load_n(&w->config.record.control->rotations, __ATOMIC_RELAXED);

	if (likely(rotations == w->rotations))
		return;
	w->rotations = rotations;
	recorder_publish(w->recorder); /* it hands over at once */
	stream_close_all(w->config.record.streams);
}

/*
 * A burst of packets that carry their own times: in runs between clock steps, and up to the time
 * of the stop.
 */
static void record_stamped(struct worker *w, uint32_t source, struct packet *packets,
			   uint32_t count)
{
	const struct port *port = w->config.sources[source].port;
	bool draining = command(w) == WORKER_DRAIN;
	uint64_t stop_ns = w->config.record.control->stop_ns;
	uint32_t begin = 0, late = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (!port->waits)
			packets[i].time_ns =
				clock_monotone(&w->readers[source], packets[i].time_ns);
		w->source_ns[source] = packets[i].time_ns;
		if (w->readers[source].steps != w->steps[source] ||
		    (draining && packets[i].time_ns > stop_ns)) {
			recorder_burst(w->recorder, port, packets + begin, i - begin);
			begin = i;
		}
		follow_steps(w, source);
		if (draining && packets[i].time_ns > stop_ns) {
			begin = i + 1;
			late++;
		}
	}
	recorder_burst(w->recorder, port, packets + begin, count - begin);
	recorder_drop(w->recorder, DROP_AFTER_STOP, late);
}

/* Of packets that come from here on none has an earlier time. */
static void read_clock(struct worker *w)
{
	w->source_ns[WORKER_CLOCKED] =
		clock_ns(w->config.clock, &w->readers[WORKER_CLOCKED], rte_rdtsc());
	w->clock_read = true;
	follow_steps(w, WORKER_CLOCKED);
}

/* Packets that have the time at which they were taken. */
static void record_clocked(struct worker *w, const struct port *port, struct packet *packets,
			   uint32_t count)
{
	read_clock(w); /* after rx_burst: no packet is stamped before it was there */
	for (uint32_t i = 0; i < count; i++)
		packets[i].time_ns = w->source_ns[WORKER_CLOCKED];
	recorder_burst(w->recorder, port, packets, count);
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
	uint64_t least = w->source_ns[WORKER_CLOCKED];

	for (uint32_t i = 0; i < w->config.source_count; i++)
		least = RTE_MIN(least, w->source_ns[i]);
	return least;
}

/* Accounts for what was recorded, and lets the streams hand over. */
static void settle(struct worker *w)
{
	if (w->unsettled)
		recorder_publish(w->recorder);
	w->unsettled = 0;
	w->now_ns = w->clocked_only ? w->source_ns[WORKER_CLOCKED] : settled_ns(w);
	recorder_tick(w->recorder, w->now_ns);
}

/*
 * One burst of one queue. Returns how many packets it had. A full one is settled at once, short
 * ones when they make up for one or at the end of the round; an empty one costs the call of the port.
 */
static uint32_t poll_source(struct worker *w, uint32_t source)
{
	struct port *port = w->config.sources[source].port;
	const struct port_ops *ops = __atomic_load_n(&port->ops, __ATOMIC_ACQUIRE);
	struct packet packets[PORT_BURST];
	uint32_t count;

	count = ops->rx_burst(port, w->config.sources[source].queue, packets, PORT_BURST);
	if (!count) {
		if (port->stamps && !port->waits)
			w->source_ns[source] = idle_ns(w, source);
		return 0;
	}
	if (port->stamps)
		record_stamped(w, source, packets, count);
	else
		record_clocked(w, port, packets, count);
	if (ops->give_back)
		ops->give_back(port, w->config.sources[source].queue);
	w->unsettled += count;
	if (w->unsettled >= PORT_BURST)
		settle(w);
	return count;
}

/* A burst of each source in turn: none can keep another from its own. */
static uint32_t poll_all(struct worker *w)
{
	uint32_t count = 0;

	w->clock_read = false;
	for (uint32_t i = 0; i < w->config.source_count; i++)
		count += poll_source(w, i);
	if (w->clocked && !w->clock_read)
		read_clock(w);
	if (w->unsettled || !count)
		settle(w);
	return count;
}

static bool inputs_ended(const struct worker *w)
{
	for (uint32_t i = 0; i < w->config.source_count; i++)
		if (!__atomic_load_n(&w->config.sources[i].port->ended, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/*
 * Kernel ports stamp what arrives, so what came before the stop can be told apart; others let
 * nothing in after it. A file would be read to its end; a polled device's ring is next to empty.
 */
static bool can_drain(const struct worker *w)
{
	for (uint32_t i = 0; i < w->config.source_count; i++) {
		const struct port *port = w->config.sources[i].port;

		if ((!port->stamps && !port->ops->stop) || port->waits)
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

static void poll_until_told(struct worker *w)
{
	while (likely(command(w) == WORKER_RUN)) {
		follow_rotations(w);
		if (likely(poll_all(w))) {
			idle_end(&w->idle);
			continue;
		}
		idle_wait(&w->idle);
		if (idle_long(&w->idle) && inputs_ended(w))
			return;
	}
}

static void drain(struct worker *w)
{
	uint64_t since_ms = monotonic_ms();
	uint32_t count;

	do {
		count = poll_all(w);
		if (!count)
			idle_wait(&w->idle);
	} while (command(w) == WORKER_DRAIN && !inputs_ended(w) && !drained(w, count, since_ms));
}

static void close_streams(struct worker *w)
{
	const struct timespec pause = {.tv_nsec = WORKER_WAIT_US * 1000L};

	recorder_publish(w->recorder);
	while (!stream_close_all(w->config.record.streams)) {
		nanosleep(&pause, NULL);
		recorder_tick(w->recorder, w->now_ns);
	}
	recorder_tick(w->recorder, w->now_ns);
}

/* A timeline that has no source holds up nothing. */
static void start_time(struct worker *w)
{
	w->now_ns = clock_ns(w->config.clock, &(struct clock_reader){0}, rte_rdtsc());
	w->source_ns[WORKER_CLOCKED] = w->clocked ? w->now_ns : UINT64_MAX;
	for (uint32_t i = 0; i < w->config.source_count; i++)
		w->source_ns[i] = w->config.sources[i].port->stamps ? w->now_ns : UINT64_MAX;
}

int worker_run(void *worker)
{
	struct worker *w = worker;

	start_time(w);
	if (w->config.idle == IDLE_SLEEP)
		idle_sharpen();
	if (w->config.one_file)
		stream_begin(w->config.record.streams, 0, w->now_ns);
	recorder_tick(w->recorder, w->now_ns);
	__atomic_add_fetch(&w->config.record.control->begun, 1, __ATOMIC_RELEASE);
	poll_until_told(w);
	if (command(w) == WORKER_DRAIN && can_drain(w))
		drain(w);
	__atomic_add_fetch(&w->config.record.control->done, 1, __ATOMIC_RELEASE);
	close_streams(w);
	return 0;
}

static void survey_sources(struct worker *w)
{
	bool stamped = false;

	idle_init(&w->idle, w->config.idle);
	for (uint32_t i = 0; i < w->config.source_count; i++) {
		const struct worker_source *source = &w->config.sources[i];
		const struct port_ops *ops = source->port->ops;

		if (source->port->stamps)
			stamped = true;
		else
			w->clocked = true;
		idle_add(&w->idle, ops->queue_fd ? ops->queue_fd(source->port, source->queue) : -1,
			 source->port->size.slots);
	}
	w->clocked_only = w->clocked && !stamped;
}

struct worker *worker_new(const struct worker_config *config)
{
	struct worker *w =
		aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(sizeof(*w), RTE_CACHE_LINE_SIZE));

	if (!w)
		return NULL;
	*w = (struct worker){.config = *config};
	w->recorder = recorder_new(&config->record);
	if (!w->recorder) {
		worker_free(w);
		return NULL;
	}
	survey_sources(w);
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	recorder_free(w->recorder);
	free(w);
}
