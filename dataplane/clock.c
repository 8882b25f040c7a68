/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/clock.h"

#include <stdbool.h>
#include <time.h>

#include <rte_cycles.h>

/* A measured difference is worked off over this time, and at this rate at most (500 ppm, as
 * NTP's own slew): a reading is never further off than the difference was. */
#define SLEW_OVER_NS  (4.0 * CLOCK_NS_PER_S)
#define SLEW_RATE_MAX 500e-6
/* How much one second's comparison moves the measured rate: readings are noisy. */
#define RATE_WEIGHT 0.25

static uint64_t line_ns(const struct clock_line *line, uint64_t ticks)
{
	/* A reading may lie before the base: taken on another core just before the renewal. */
	__int128 elapsed = (__int128)ticks - line->base_ticks;

	return line->base_ns + (uint64_t)(int64_t)(elapsed * line->rate >> 32);
}

static uint64_t fixed_rate(double ns_per_tick)
{
	return (uint64_t)(ns_per_tick * 4294967296.0);
}

static void publish(struct clock_line *line, uint64_t ticks, uint64_t ns, double ns_per_tick,
		    uint32_t steps)
{
	__atomic_store_n(&line->sequence, line->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	__atomic_store_n(&line->base_ticks, ticks, __ATOMIC_RELAXED);
	__atomic_store_n(&line->base_ns, ns, __ATOMIC_RELAXED);
	__atomic_store_n(&line->rate, fixed_rate(ns_per_tick), __ATOMIC_RELAXED);
	__atomic_store_n(&line->steps, steps, __ATOMIC_RELAXED);
	__atomic_store_n(&line->sequence, line->sequence + 1, __ATOMIC_RELEASE);
}

static struct clock_line read_line(const struct clock_line *line)
{
	struct clock_line copy;
	uint32_t before, after;

	do {
		before = __atomic_load_n(&line->sequence, __ATOMIC_ACQUIRE);
		copy.base_ticks = __atomic_load_n(&line->base_ticks, __ATOMIC_RELAXED);
		copy.base_ns = __atomic_load_n(&line->base_ns, __ATOMIC_RELAXED);
		copy.rate = __atomic_load_n(&line->rate, __ATOMIC_RELAXED);
		copy.steps = __atomic_load_n(&line->steps, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		after = __atomic_load_n(&line->sequence, __ATOMIC_RELAXED);
	} while (before != after || before & 1);
	return copy;
}

static uint64_t now_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Reads the counter and a clock together. */
static void sample(clockid_t id, uint64_t *ticks, uint64_t *ns)
{
	uint64_t best = UINT64_MAX;

	/* The tightest of a few brackets: an interrupt between the readings spoils one. */
	for (int i = 0; i < 5; i++) {
		uint64_t before = rte_rdtsc(), read_ns = now_ns(id), after = rte_rdtsc();

		if (after - before >= best)
			continue;
		best = after - before;
		*ticks = before + best / 2;
		*ns = read_ns;
	}
}

void clock_sample(uint64_t *ticks, uint64_t *realtime_ns)
{
	sample(CLOCK_REALTIME, ticks, realtime_ns);
}

void clock_mark(struct clock_mark *mark)
{
	sample(CLOCK_MONOTONIC, &mark->ticks, &mark->monotonic_ns);
}

double clock_rate(const struct clock_mark *from, const struct clock_mark *to)
{
	return (double)(to->monotonic_ns - from->monotonic_ns) / (double)(to->ticks - from->ticks);
}

void clock_init(struct clock *clock, uint64_t ticks, uint64_t realtime_ns, double ns_per_tick)
{
	*clock = (struct clock){
		.last_ticks = ticks, .last_ns = realtime_ns, .true_rate = ns_per_tick};
	publish(&clock->line, ticks, realtime_ns, ns_per_tick, 0);
}

static double clamp(double value, double limit)
{
	if (value > limit)
		return limit;
	return value < -limit ? -limit : value;
}

/*
 * The measured rate follows the comparisons: a little each time, since readings are noisy and a
 * clock that was set in between makes one of them absurd.
 */
static void measure_rate(struct clock *clock, uint64_t ticks, uint64_t realtime_ns)
{
	double elapsed = (double)(ticks - clock->last_ticks);
	double measured = (double)(int64_t)(realtime_ns - clock->last_ns) / elapsed;
	double off = clamp(measured / clock->true_rate - 1.0, SLEW_RATE_MAX);

	clock->true_rate *= 1.0 + off * RATE_WEIGHT;
}

static double slew(double offset_ns)
{
	return clamp(offset_ns / SLEW_OVER_NS, SLEW_RATE_MAX);
}

int64_t clock_renew(struct clock *clock, uint64_t ticks, uint64_t realtime_ns)
{
	struct clock_line *line = &clock->line;
	uint64_t ours = line_ns(line, ticks);
	int64_t offset = (int64_t)(realtime_ns - ours);

	bool step = offset >= CLOCK_STEP_NS || offset <= -CLOCK_STEP_NS;

	if (ticks <= clock->last_ticks)
		return 0;
	if (step) {
		publish(line, ticks, realtime_ns, clock->true_rate, line->steps + 1);
	} else {
		measure_rate(clock, ticks, realtime_ns);
		publish(line, ticks, ours, clock->true_rate * (1.0 + slew((double)offset)),
			line->steps);
	}
	clock->last_ticks = ticks;
	clock->last_ns = realtime_ns;
	return step ? offset : 0;
}

uint64_t clock_ns(const struct clock *clock, struct clock_reader *reader, uint64_t ticks)
{
	struct clock_line line = read_line(&clock->line);
	uint64_t ns = line_ns(&line, ticks);

	if (line.steps == reader->steps && ns < reader->last_ns)
		ns = reader->last_ns;
	reader->steps = line.steps;
	reader->last_ns = ns;
	return ns;
}

uint64_t clock_monotone(struct clock_reader *reader, uint64_t stamp_ns)
{
	int64_t ahead = (int64_t)(stamp_ns - reader->last_ns);

	if (__builtin_expect(ahead >= 0, 1)) {
		reader->last_ns = stamp_ns;
		return stamp_ns;
	}
	if (ahead > -CLOCK_STEP_NS)
		return reader->last_ns;
	reader->steps++;
	reader->last_ns = stamp_ns;
	return stamp_ns;
}
