/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirrorcap-capture: receives mirrored traffic and records it. Started as `mirrorcap capture`.
 */
#include <stdio.h>
#include <string.h>

#include "dataplane/control.h"
#include "dataplane/eal.h"
#include "dataplane/filter.h"
#include "dataplane/notify.h"
#include "dataplane/options.h"
#include "dataplane/pipeline.h"
#include "dataplane/recovery.h"
#include "dataplane/summary.h"

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_LOST = 3,
};

static unsigned long long mib(uint64_t bytes)
{
	return (bytes + (1 << 19)) >> 20;
}

/* What the memory is for, since it is what is to be planned for. */
static void print_memory(const struct pipeline *p)
{
	const struct sizing *size = &p->sizing;

	fprintf(stderr, "mirrorcap: memory %llu MiB: buffer %llu, receive queues %llu",
		mib(size->buffer_bytes + size->receive_bytes + size->stream_bytes +
		    size->compress_bytes),
		mib(size->buffer_bytes), mib(size->receive_bytes));
	if (size->stream_bytes >= 1 << 20)
		fprintf(stderr, ", sessions %llu", mib(size->stream_bytes));
	if (size->compress_bytes)
		fprintf(stderr, ", compression %llu", mib(size->compress_bytes));
	fputs("; beside the program's own\n", stderr);
}

static void print_placement(const struct pipeline *p)
{
	char text[PLACEMENT_TEXT_BYTES];

	placement_describe(&p->placement, p->options->workers, text);
	fprintf(stderr, "mirrorcap: CPUs: %s\n", text);
}

static void print_ports(const struct pipeline *p)
{
	for (uint32_t i = 0; i < p->options->port_count; i++) {
		const struct sizing_port *size = &p->ports[i]->size;

		if (!size->queues)
			continue;
		fprintf(stderr, "mirrorcap: port %s: %u queue%s", p->options->ports[i].text,
			size->queues, size->queues == 1 ? "" : "s");
		if (p->options->ports[i].kind == PORT_ETH_LOOP)
			fputs("\n", stderr);
		else
			fprintf(stderr, " of %u %s\n", size->slots,
				p->options->ports[i].kind == PORT_KERNEL ? "blocks of 128 KiB"
									 : "packets");
	}
}

static void print_filter(const struct pipeline *p)
{
	const char *why;

	if (!p->filter)
		return;
	why = filter_interpreted(p->filter);
	fprintf(stderr, "mirrorcap: filter \"%s\": %s%s\n", p->options->filter,
		why ? "run by libpcap's interpreter, right but slower: " : "run as machine code",
		why ? why : "");
}

/* How long DPDK's ports may be left alone, where that was asked for. */
static void print_idle(const struct pipeline *p)
{
	uint32_t least = UINT32_MAX;

	for (uint32_t i = 0; i < p->options->port_count; i++)
		if (p->ports[i]->size.pooled && p->ports[i]->size.slots < least)
			least = p->ports[i]->size.slots;
	if (p->options->idle == IDLE_SLEEP && least < UINT32_MAX)
		fprintf(stderr,
			"mirrorcap: idle: sleeps of %llu us at most: half of %u packets at %.1f "
			"million a second\n",
			(unsigned long long)idle_most_ns(least) / 1000, least, IDLE_PEAK_PPS / 1e6);
}

/* What the run has to work with, once and for people. */
static void print_start(const struct pipeline *p)
{
	const struct options *options = p->options;
	uint64_t buffer = (uint64_t)p->sizing.chunks * p->sizing.chunk_bytes * options->workers;

	fprintf(stderr,
		"mirrorcap: %u session%s; buffer %llu MiB in chunks of %u KiB (rides out %llu ms "
		"at 10 Gb/s); %s\n",
		options->map.count, options->map.count == 1 ? "" : "s",
		(unsigned long long)(buffer >> 20), p->sizing.chunk_bytes >> 10,
		(unsigned long long)(buffer * 8 / 10000000), writer_method_name(p->outlet.method));
	print_placement(p);
	print_ports(p);
	print_idle(p);
	print_memory(p);
	print_filter(p);
	fputs(p->warning, stderr);
	if (p->outlet.ledger_path[0])
		fprintf(stderr, "mirrorcap: ledger %s\n", p->outlet.ledger_path);
}

static int print_summary(const struct pipeline *p)
{
	const struct options *options = p->options;

	if (options->summary == SUMMARY_JSON)
		return summary_json(p, options->output.kind == OUTPUT_STDOUT ? stderr : stdout);
	return options->summary == SUMMARY_TEXT ? summary_text(p, stderr) : 0;
}

static int capture(struct pipeline *p)
{
	bool failed;
	int rc;

	fprintf(stderr, "mirrorcap: receiving\n");
	rc = notify_send("READY=1");
	if (rc < 0)
		fprintf(stderr, "mirrorcap: NOTIFY_SOCKET: %s: whoever waits for it is not told\n",
			strerror(-rc));
	failed = control_run(p);
	if (print_summary(p) < 0) {
		fputs("mirrorcap: summary: cannot be written\n", stderr);
		failed = true;
	}
	if (summary_lost(p))
		return EXIT_LOST;
	return failed ? EXIT_FAILED : EXIT_DONE;
}

int main(int argc, char **argv)
{
	char error[PIPELINE_ERROR_BYTES] = "";
	struct options options;
	struct recovery recovery;
	struct pipeline pipeline;
	int exit_code;

	control_hold_rotation();
	exit_code = options_parse(argc, argv, &options);
	if (exit_code >= 0)
		return exit_code;
	recovery_run(&recovery, &options.output);
	if (evidence_configuration(argc, argv, &options.map, &options.configuration) < 0)
		fputs("mirrorcap: configuration: cannot be hashed: out of memory\n", stderr);
	control_block_signals();
	exit_code = EXIT_FAILED;
	if (pipeline_open(&pipeline, &options, &recovery, error) < 0) {
		fprintf(stderr, "mirrorcap: %s\n", error);
	} else {
		print_start(&pipeline);
		if (pipeline_start(&pipeline, error) < 0)
			fprintf(stderr, "mirrorcap: %s\n", error);
		else
			exit_code = capture(&pipeline);
	}
	pipeline_close(&pipeline);
	recovery_fini(&recovery);
	options_fini(&options);
	return exit_code;
}
