/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	WAIT_MS = 10, /* how soon the end of the inputs is noticed */
};

#define TICK_NS         1000000000ull
#define REPORT_AGAIN_NS 30000000000ull

static void ending_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGHUP);
}

void control_hold_rotation(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void control_block_signals(void)
{
	sigset_t set;

	ending_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * CLOCK_NS_PER_S + (uint64_t)now.tv_nsec;
}

static void rotate(struct pipeline *p)
{
	const struct output *output = &p->options->output;

	if (output->kind == OUTPUT_DIRECTORY)
		pipeline_rotate(p);
	else
		fprintf(stderr,
			"mirrorcap: SIGUSR1: %s: one output cannot rotate: use "
			"-w DIRECTORY/\n",
			outlet_name(output));
}

/* Rotates where told to. True when a signal that ends the capture came within WAIT_MS. */
static bool signalled(struct pipeline *p)
{
	const struct timespec wait = {.tv_nsec = WAIT_MS * 1000000L};
	sigset_t set;
	int number;

	ending_signals(&set);
	sigaddset(&set, SIGUSR1);
	number = sigtimedwait(&set, NULL, &wait);
	if (number == SIGUSR1)
		rotate(p);
	return number > 0 && number != SIGUSR1;
}

static const char *writer_remedy(const struct pipeline *p, int rc)
{
	if (rc == -ENOSPC && free_space_low(p->retain.space))
		return "less is free than --free-floor says, packets are counted as write_failed: "
		       "free some space";
	switch (rc) {
	case -ENOSPC:
	case -EDQUOT:
		return "packets are counted as write_failed until there is space: free some space";
	case -EEXIST:
		return "a file of this name has appeared: the recording stays in the .part file";
	case -EMFILE:
	case -ENFILE:
		return "too many open files: raise LimitNOFILE or use --split none";
	case -ETIMEDOUT:
		return "the reader has stopped: what it did not take is counted as write_failed";
	default:
		return "packets are counted as write_failed: check the device";
	}
}

/* What was said last: a full disk is met again with every new file. */
struct last_report {
	int rc;
	uint64_t until_ns; /* said again after this */
	bool pending;      /* that writing goes on is still to be said */
};

/* Says what a writer met. Returns true for a failure, false for a reader that went away. */
static bool report_writer(const struct pipeline *p, struct writer *writer, struct last_report *last)
{
	uint64_t now_ns = monotonic_ns();
	char path[SEGMENT_PATH_BYTES];
	int rc = writer_take_error(writer, path);

	if (!rc || (rc == last->rc && now_ns < last->until_ns))
		return rc && rc != -EPIPE;
	*last = (struct last_report){
		.rc = rc,
		.until_ns = now_ns + REPORT_AGAIN_NS,
		.pending = true,
	};
	if (rc == -EPIPE) {
		fprintf(stderr, "mirrorcap: %s: the reader has gone: ending\n", path);
		return false;
	}
	fprintf(stderr, "mirrorcap: %s: %s: %s\n", path, strerror(-rc), writer_remedy(p, rc));
	return true;
}

static bool report_writers(struct pipeline *p, struct last_report *last)
{
	bool failed = false;

	for (uint32_t i = 0; i < p->options->workers; i++)
		failed |= report_writer(p, p->lanes[i].writer, last);
	return failed;
}

static const char *port_failure(int rc)
{
	switch (rc) {
	case -EBADMSG:
		return "the file is damaged or cut short here: what came before it is recorded";
	case -ENETRESET:
		return "the device has failed and cannot be reset: what came before is recorded; "
		       "check it (dmesg), then start again";
	default:
		return "the interface has gone: what came before is recorded";
	}
}

static void print_stats(const struct pipeline *p)
{
	struct ledger_totals totals;
	uint64_t dropped = 0;

	ledger_read(p->outlet.ledger, &totals);
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		dropped += totals.dropped[i];
	fprintf(stderr,
		"mirrorcap: received %llu, written %llu, dropped %llu (no_buffer %llu, "
		"write_failed %llu), in flight %llu",
		(unsigned long long)totals.received, (unsigned long long)totals.written,
		(unsigned long long)dropped, (unsigned long long)totals.dropped[DROP_NO_BUFFER],
		(unsigned long long)totals.dropped[DROP_WRITE_FAILED],
		(unsigned long long)totals.in_flight);
	if (totals.nic.missed == LEDGER_UNKNOWN)
		fputs(", missed by the NIC: unknown\n", stderr);
	else
		fprintf(stderr, ", missed by the NIC %llu\n",
			(unsigned long long)totals.nic.missed);
}

static bool writers_broken(const struct pipeline *p)
{
	for (uint32_t i = 0; i < p->options->workers; i++)
		if (writer_broken(p->lanes[i].writer))
			return true;
	return false;
}

/* What was said of a port's resets. */
struct resets_told {
	uint32_t count;
	uint64_t gap_ns;
};

struct agenda {
	struct resets_told resets[OPTIONS_PORTS_MAX];
	bool failure_told[OPTIONS_PORTS_MAX];
	uint64_t stop_ns;
	uint64_t tick_ns;
	uint64_t stats_ns;
	uint64_t steps; /* of the clock, that were told */
	struct last_report report;
};

static bool passed(uint64_t *deadline_ns, uint64_t now_ns, uint64_t period_ns)
{
	if (now_ns < *deadline_ns)
		return false;
	*deadline_ns += period_ns;
	return true;
}

/* Inputs that ended before their time: each is told once, at once, while the others go on. */
static bool report_ports(const struct pipeline *p, struct agenda *agenda)
{
	bool failed = false;

	for (uint32_t i = 0; i < p->options->port_count; i++) {
		const struct port *port = p->ports[i];

		if (!__atomic_load_n(&port->ended, __ATOMIC_ACQUIRE) || !port->failed)
			continue;
		failed = true;
		if (!agenda->failure_told[i])
			fprintf(stderr, "mirrorcap: port %s: %s\n", p->options->ports[i].text,
				port_failure(port->failed));
		agenda->failure_told[i] = true;
	}
	return failed;
}

/* A device that was reset goes on; what it missed meanwhile nobody can count. */
static void report_resets(const struct pipeline *p, struct agenda *agenda)
{
	for (uint32_t i = 0; i < p->options->port_count; i++) {
		const struct port *port = p->ports[i];
		struct resets_told *told = &agenda->resets[i];

		if (port->resets == told->count)
			continue;
		fprintf(stderr,
			"mirrorcap: port %s: the device asked for a reset and was reset: nothing "
			"was received for %llu ms, nobody counts what was lost\n",
			p->options->ports[i].text,
			(unsigned long long)((port->reset_ns - told->gap_ns) / 1000000));
		*told = (struct resets_told){.count = port->resets, .gap_ns = port->reset_ns};
	}
}

static void tell_step(const struct pipeline *p, const struct ledger_clock *clock)
{
	fprintf(stderr, "mirrorcap: clock: stepped by %+.3f s%s\n", (double)clock->step_ns / 1e9,
		p->options->output.kind == OUTPUT_DIRECTORY
			? ": open files are closed, new ones begin"
			: "");
}

/* What the ledger has news of, once a second. */
static void tick(struct pipeline *p, struct agenda *agenda)
{
	struct ledger_totals totals;

	pipeline_tick(p);
	ledger_read(p->outlet.ledger, &totals);
	if (totals.clock.steps != agenda->steps)
		tell_step(p, &totals.clock);
	if (agenda->report.pending && !totals.failing)
		fprintf(stderr,
			"mirrorcap: %s: writing goes on: %llu packets are counted as write_failed "
			"so far\n",
			outlet_name(&p->options->output),
			(unsigned long long)totals.dropped[DROP_WRITE_FAILED]);
	agenda->steps = totals.clock.steps;
	agenda->report.pending &= totals.failing > 0;
}

/* One round of the chores. Returns true where something failed. */
static bool attend(struct pipeline *p, struct agenda *agenda, uint64_t now_ns)
{
	pipeline_attend(p);
	if (passed(&agenda->tick_ns, now_ns, TICK_NS))
		tick(p, agenda);
	report_resets(p, agenda);
	if (p->options->stats_ns && passed(&agenda->stats_ns, now_ns, p->options->stats_ns))
		print_stats(p);
	return report_ports(p, agenda) | report_writers(p, &agenda->report);
}

bool control_run(struct pipeline *p)
{
	uint64_t now_ns = monotonic_ns();
	struct agenda agenda = {
		.stop_ns =
			p->options->stop_after_ns ? now_ns + p->options->stop_after_ns : UINT64_MAX,
		.tick_ns = now_ns + TICK_NS,
		.stats_ns = now_ns + p->options->stats_ns,
	};
	bool failed = false;

	while (!pipeline_ended(p)) {
		if (signalled(p) || monotonic_ns() >= agenda.stop_ns || writers_broken(p)) {
			pipeline_stop(p, !writers_broken(p));
			break;
		}
		failed |= attend(p, &agenda, monotonic_ns());
	}
	pipeline_finish(p);
	failed |= report_writers(p, &agenda.report);
	failed |= report_ports(p, &agenda);
	return failed;
}
