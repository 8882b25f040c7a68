/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker.h"

#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_pause.h>

enum {
	WORKER_IDLE_ROUNDS = 64,    /* empty polls before a kernel port's worker sleeps */
	WORKER_SLEEP_MS = 5,        /* bounded, so that ageing and the stop are seen */
	WORKER_WAIT_US = 50,        /* for a chunk, where the input can wait */
	WORKER_STAMP_LAG_MS = 50,   /* behind the clock: stamped, but not handed over yet */
	WORKER_DRAIN_QUIET_MS = 30, /* longer than a kernel block may be held back */
	WORKER_DRAIN_MAX_MS = 500,
};

struct worker {
	struct worker_config config;
	struct recorder *recorder;
	uint64_t now_ns;                        /* as of the latest tick */
	uint64_t source_ns[WORKER_SOURCES_MAX]; /* how far each source's time has come */
	struct clock_reader readers[WORKER_SOURCES_MAX];
	uint32_t steps[WORKER_SOURCES_MAX]; /* clock steps that the streams know of */
	uint32_t rotations;                 /* of the control's, those that were followed */
	uint64_t last_packet_ms;            /* CLOCK_MONOTONIC; for the drain's quiet time */
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

static void record_burst(struct worker *w, uint32_t source, struct packet *packets, uint32_t count)
{
	const struct worker_source *from = &w->config.sources[source];

	if (from->port->stamps) {
		record_stamped(w, source, packets, count);
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		packets[i].time_ns = w->source_ns[source];
	recorder_burst(w->recorder, from->port, packets, count);
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

	const struct port_ops *ops = __atomic_load_n(&port->ops, __ATOMIC_ACQUIRE);
	count = ops->rx_burst(port, w->config.sources[source].queue, packets, PORT_BURST);
	/* Read after rx_burst: no packet is stamped before it was there. */
	if (!port->stamps)
		w->source_ns[source] = clock_ns(w->config.clock, &w->readers[source], rte_rdtsc());
	else if (!count && !port->waits)
		w->source_ns[source] = idle_ns(w, source);
	follow_steps(w, source);
	if (count) {
		record_burst(w, source, packets, count);
		recorder_publish(w->recorder);
	}
	w->now_ns = settled_ns(w);
	recorder_tick(w->recorder, w->now_ns);
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

	recorder_publish(w->recorder);
	while (!stream_close_all(w->config.record.streams)) {
		nanosleep(&pause, NULL);
		recorder_tick(w->recorder, w->now_ns);
	}
	recorder_tick(w->recorder, w->now_ns);
}

int worker_run(void *worker)
{
	struct worker *w = worker;

	w->now_ns = clock_ns(w->config.clock, &(struct clock_reader){0}, rte_rdtsc());
	for (uint32_t i = 0; i < w->config.source_count; i++)
		w->source_ns[i] = w->now_ns;
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
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	recorder_free(w->recorder);
	free(w);
}
