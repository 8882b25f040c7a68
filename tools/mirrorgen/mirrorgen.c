/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorgen: a source of mirror traffic, as AWS Traffic Mirroring would send it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/mirrorgen/flow.h"
#include "tools/mirrorgen/mirror_frame.h"
#include "tools/mirrorgen/mirror_options.h"
#include "tools/mirrorgen/mirror_sink.h"
#include "tools/mirrorgen/mirror_source.h"
#include "tools/mirrorgen/neighbour.h"

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	SYNTHETIC_INTERVAL_NS = 1000, /* between frames of a file without --rate */
	PACE_BURSTS_PER_SECOND = 2000,
	PACE_MAX_BURST = 256,
	NS_PER_S = 1000000000,
};

struct run {
	const struct mirror_options *options;
	struct mirror_frame wrap;
	struct mirror_source *source;
	struct mirror_sink *sink;
	uint64_t accepted; /* frames handed to the sink */
	uint64_t cut;
	uint64_t skipped;
	uint64_t pace_start_ns;
	uint64_t pace_burst;
};

static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal_number)
{
	stop_asked = signal_number;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = ask_stop};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static int complain(const char *object, const char *what, const char *remedy)
{
	/* libpcap names the file itself, but not always. */
	size_t named = strlen(object);

	if (!strncmp(what, object, named) && !strncmp(what + named, ": ", 2))
		what += named + 2;
	fprintf(stderr, "mirrorgen: %s: %s: %s\n", object, what, remedy);
	return -EIO;
}

static int find_source_mac(struct run *run)
{
	const char *output = run->options->output_name;
	int rc;

	if (run->options->has_source_mac)
		return 0;
	if (run->options->output_is_file) {
		memcpy(run->wrap.source_mac, "\x02\0\0\0\0\x01", ETH_ALEN);
		return 0;
	}
	rc = neighbour_own(output, run->wrap.source_mac);
	if (rc < 0)
		return complain(output, strerror(-rc), "give the name of an Ethernet interface");
	return 0;
}

static int find_target_mac(struct run *run)
{
	const char *output = run->options->output_name;
	char target[INET6_ADDRSTRLEN], what[128];
	int rc;

	if (run->options->has_target_mac)
		return 0;
	if (run->options->output_is_file) {
		memcpy(run->wrap.target_mac, "\x02\0\0\0\0\x02", ETH_ALEN);
		return 0;
	}
	rc = neighbour_find(output, &run->wrap.target, run->wrap.target_mac);
	if (rc == 0)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(&run->wrap.target))
		inet_ntop(AF_INET, &run->wrap.target.s6_addr[12], target, sizeof(target));
	else
		inet_ntop(AF_INET6, &run->wrap.target, target, sizeof(target));
	snprintf(what, sizeof(what), "no link-layer address known on %s%s%s", output,
		 rc == -ENOENT ? "" : ": ", rc == -ENOENT ? "" : strerror(-rc));
	return complain(target, what, "ping it once, or give --target-mac");
}

static int open_sink(struct run *run)
{
	char error[MIRROR_SINK_ERROR_BYTES];
	const char *output = run->options->output_name;

	if (run->options->output_is_file) {
		run->sink = mirror_sink_open_file(output, error);
		return run->sink ? 0 : complain(output, error, "give a file that can be created");
	}
	run->sink = mirror_sink_open_interface(output, error);
	return run->sink ? 0
			 : complain(output, error,
				    "give the name of an interface that is up, as root or with "
				    "CAP_NET_RAW");
}

static int open_source(struct run *run)
{
	const struct mirror_options *options = run->options;
	uint64_t interval = options->rate ? NS_PER_S / options->rate : SYNTHETIC_INTERVAL_NS;
	char error[MIRROR_SOURCE_ERROR_BYTES];

	switch (options->input) {
	case MIRROR_INPUT_FILE:
		run->source = mirror_source_open_file(options->input_name, options->loops, error);
		return run->source ? 0
				   : complain(options->input_name, error,
					      "give a pcap file of Ethernet frames");
	case MIRROR_INPUT_INTERFACE:
		run->source = mirror_source_open_interface(options->input_name, error);
		return run->source ? 0
				   : complain(options->input_name, error,
					      "give the name of an interface that is up, as root "
					      "or with CAP_NET_RAW");
	default:
		run->source =
			mirror_source_open_synthetic(&options->mix, options->interfaces, interval);
		return run->source ? 0 : complain("synthetic", strerror(ENOMEM), "free memory");
	}
}

static void announce(const struct run *run)
{
	char target[INET6_ADDRSTRLEN];

	if (run->options->input != MIRROR_INPUT_INTERFACE)
		return;
	if (IN6_IS_ADDR_V4MAPPED(&run->wrap.target))
		inet_ntop(AF_INET, &run->wrap.target.s6_addr[12], target, sizeof(target));
	else
		inet_ntop(AF_INET6, &run->wrap.target, target, sizeof(target));
	fprintf(stderr, "mirrorgen: mirroring %s to %s, VNI %u\n", run->options->input_name, target,
		run->wrap.vni);
}

/* Mirror traffic seen on the mirrored interface: to mirror it again would never end. */
static bool is_mirror_traffic(const struct run *run, const struct flow *flow)
{
	uint16_t port = run->wrap.geneve ? MIRROR_FRAME_GENEVE_PORT : MIRROR_FRAME_VXLAN_PORT;

	return run->options->input == MIRROR_INPUT_INTERFACE && flow->has_ports &&
	       flow->protocol == IPPROTO_UDP && flow->destination_port == port &&
	       IN6_ARE_ADDR_EQUAL(&flow->destination, &run->wrap.target);
}

static int mirror(struct run *run, const struct mirror_packet *packet)
{
	size_t overhead = mirror_frame_overhead(&run->wrap);
	size_t keep = mirror_frame_keep(&run->wrap, packet->bytes);
	struct flow flow;
	uint8_t *room;

	flow_parse(packet->data, packet->bytes, &flow);
	if (!keep || is_mirror_traffic(run, &flow)) {
		run->skipped++;
		return 0;
	}
	room = mirror_sink_reserve(run->sink, overhead + keep);
	if (!room)
		return -EIO;
	mirror_frame_headers(&run->wrap, packet->interface, flow_outer_port(&flow), keep, room);
	memcpy(room + overhead, packet->data, keep);
	mirror_sink_commit(run->sink, overhead + keep, overhead, packet->time_ns);
	run->accepted++;
	run->cut += keep < packet->bytes;
	return 0;
}

static void pace_start(struct run *run)
{
	run->pace_start_ns = monotonic_ns();
	run->pace_burst = run->options->rate / PACE_BURSTS_PER_SECOND + 1;
	if (run->pace_burst > PACE_MAX_BURST)
		run->pace_burst = PACE_MAX_BURST;
}

/* Between bursts: sends what waits, then sleeps until the next one is due. */
static int pace(struct run *run)
{
	struct timespec due;
	uint64_t due_ns;
	int rc;

	if (!run->options->rate || run->options->output_is_file ||
	    run->accepted % run->pace_burst != 0)
		return 0;
	rc = mirror_sink_flush(run->sink);
	if (rc < 0)
		return rc;
	due_ns = run->pace_start_ns +
		 (uint64_t)((unsigned __int128)run->accepted * NS_PER_S / run->options->rate);
	due.tv_sec = (time_t)(due_ns / NS_PER_S);
	due.tv_nsec = (long)(due_ns % NS_PER_S);
	while (!stop_asked && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		;
	return 0;
}

/* No frame at the moment: what waits must not wait longer. */
static int idle(struct run *run)
{
	int rc = mirror_sink_flush(run->sink);

	if (rc == 0)
		mirror_source_wait(run->source);
	return rc;
}

static int transfer(struct run *run)
{
	uint64_t limit = run->options->count ? run->options->count : UINT64_MAX;
	bool live = run->options->input == MIRROR_INPUT_INTERFACE;
	struct mirror_packet packet;
	int rc;

	pace_start(run);
	while (run->accepted < limit) {
		if (stop_asked && !live)
			break;
		if (stop_asked)
			mirror_source_stop(run->source);
		rc = mirror_source_next(run->source, &packet);
		if (rc == -ENODATA)
			break;
		if (rc < 0)
			return complain(run->options->input_name, mirror_source_error(run->source),
					"what came before was mirrored");
		rc = rc ? mirror(run, &packet) : idle(run);
		if (rc == 0)
			rc = pace(run);
		if (rc < 0)
			return complain(run->options->output_name, mirror_sink_error(run->sink),
					"what came before was sent");
	}
	if (mirror_sink_flush(run->sink) < 0)
		return complain(run->options->output_name, mirror_sink_error(run->sink),
				"what came before was sent");
	return 0;
}

static void report(const struct run *run)
{
	struct mirror_sink_totals totals = mirror_sink_totals(run->sink);
	int64_t missed = mirror_source_missed(run->source);

	if (totals.too_large)
		fprintf(stderr,
			"mirrorgen: %s: %" PRIu64
			" frames exceeded its MTU and were not sent: raise "
			"the MTU or lower --packet-length\n",
			run->options->output_name, totals.too_large);
	printf("{\"sent\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"cut\":%" PRIu64
	       ",\"skipped\":%" PRIu64,
	       totals.frames, totals.bytes, run->cut, run->skipped + totals.too_large);
	if (missed < 0)
		printf(",\"missed\":null}\n");
	else
		printf(",\"missed\":%" PRId64 "}\n", missed);
}

static int run_all(const struct mirror_options *options)
{
	struct run run = {.options = options, .wrap = options->wrap};
	int rc;

	catch_signals();
	rc = find_source_mac(&run);
	rc = rc < 0 ? rc : find_target_mac(&run);
	rc = rc < 0 ? rc : open_sink(&run);
	rc = rc < 0 ? rc : open_source(&run);
	if (rc == 0) {
		announce(&run);
		/* Whoever started it lets it go: no frame is sent before. */
		if (options->hold)
			raise(SIGSTOP);
		rc = transfer(&run);
		report(&run);
	}
	mirror_source_close(run.source);
	mirror_sink_close(run.sink);
	if (fflush(stdout) != 0)
		rc = complain("stdout", strerror(errno), "give it a reader");
	return rc < 0 ? EXIT_FAILED : EXIT_DONE;
}

int main(int argc, char **argv)
{
	char error[MIRROR_OPTIONS_ERROR_BYTES];
	struct mirror_options options;

	if (mirror_options_parse(&options, argc, argv, error) < 0) {
		fprintf(stderr, "mirrorgen: %s\n", error);
		return EXIT_USAGE;
	}
	if (options.help) {
		mirror_options_help(stdout);
		return EXIT_DONE;
	}
	return run_all(&options);
}
