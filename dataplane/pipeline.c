/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "capture/pcapng_template.h"
#include "dataplane/default_route.h"
#include "dataplane/eal.h"
#include "dataplane/interface.h"
#include "dataplane/ports.h"
#include "dataplane/sandbox.h"
#include "dataplane/xdp_socket.h"

enum {
	RESERVE_BYTES = 256 << 20, /* of a file, ahead of its writes: 0.1 s at 2 GB/s */
	EAL_SPARE_PAGES = 32,      /* huge pages that the EAL takes for itself */
};

static int fail(char *error, int rc, const char *object, const char *what)
{
	snprintf(error, PIPELINE_ERROR_BYTES, "%s: %s", object, what);
	return rc;
}

static int check_default_route(const struct options *options, char *error)
{
	for (uint32_t i = 0; i < options->port_count; i++)
		if (options->ports[i].kind == PORT_ETH_PCI && !options->force &&
		    default_route_uses("", options->ports[i].object))
			return fail(error, -EBUSY, options->ports[i].text,
				    "carries this host's default route, DPDK would cut it off: use "
				    "another device, or --force");
	return 0;
}

/* Adds a line to what is to be said at the start. */
static void warn(struct pipeline *p, const char *object, const char *text)
{
	size_t used = strlen(p->warning);

	snprintf(p->warning + used, sizeof(p->warning) - used, "mirrorcap: %s: %s\n", object, text);
}

static int check_interfaces(struct pipeline *p, char *error)
{
	const struct options *options = p->options;
	char text[INTERFACE_TEXT_BYTES];

	for (uint32_t i = 0; i < options->port_count; i++) {
		const struct port_spec *spec = &options->ports[i];
		int rc;

		if (spec->kind == PORT_KERNEL)
			rc = interface_check(spec->object, &options->map, text);
		else if (spec->kind == PORT_XDP)
			rc = interface_check_most(spec->object, &options->map,
						  XDP_SOCKET_PACKET_MAX, text);
		else
			continue;
		if (rc < 0 && !options->force) {
			snprintf(error, PIPELINE_ERROR_BYTES, "%s: %s, or use --force", spec->text,
				 text);
			return rc;
		}
		if (text[0])
			warn(p, spec->text, text);
	}
	return 0;
}

/* Says what running on ordinary pages costs, where DPDK's buffers are. */
static void check_hugepages(struct pipeline *p, uint64_t memory_bytes)
{
	char text[PORT_ERROR_BYTES];

	if (!memory_bytes || eal_has_hugepages())
		return;
	snprintf(text, sizeof(text),
		 "not enough free: running without, which costs speed and which drivers of "
		 "physical NICs refuse (sysctl -w vm.nr_hugepages=%llu)",
		 (unsigned long long)(memory_bytes >> 21) + EAL_SPARE_PAGES);
	warn(p, "huge pages", text);
}

static int start_eal(struct pipeline *p, char *error)
{
	const struct options *options = p->options;
	char message[PORT_ERROR_BYTES] = "";
	struct eal_config config = {.specs = options->ports,
				    .spec_count = options->port_count,
				    .loop_queues =
					    options->queues ? options->queues : options->workers,
				    .control_cpu = p->placement.control,
				    .worker_cpus = p->placement.workers,
				    .workers = options->workers,
				    .extra = options->eal,
				    .extra_count = options->eal_count};

	int rc = ports_memory(options, &config.memory_bytes, error);

	if (rc < 0)
		return rc;
	if (eal_start(&config, message) < 0)
		return fail(error, -EIO, "DPDK", message);
	p->eal_up = true;
	check_hugepages(p, config.memory_bytes);
	return 0;
}

static int open_ports(struct pipeline *p, struct options *options, char *error)
{
	int rc = ports_open(options, p->ports, error);

	for (uint32_t i = 0; i < options->port_count && rc == 0; i++)
		if (p->ports[i]->note[0])
			warn(p, options->ports[i].text, p->ports[i]->note);
	return rc;
}

static int open_sessions(struct pipeline *p, char *error)
{
	char message[FILTER_ERROR_BYTES] = "";

	p->table = session_table_new(&p->options->map);
	if (!p->table)
		return fail(error, -ENOMEM, "session map", "out of memory");
	if (!p->options->filter)
		return 0;
	p->filter = filter_new(p->options->filter, message);
	return p->filter ? 0 : fail(error, -EINVAL, "filter", message);
}

static int open_output(struct pipeline *p, char *error)
{
	const struct options *options = p->options;

	p->streams = options->combined ? 1 : options->map.count;
	if (options->format == PCAP_NG) {
		p->pcapng = pcapng_template_new(&options->map, options->snaplen, options->filter);
		if (!p->pcapng)
			return fail(error, -ENOMEM, "-F pcapng", "out of memory");
	}
	return outlet_open(&p->outlet, p->options, p->streams, error);
}

/* Bytes of the largest record that any session can have, header included. */
static uint32_t max_record(const struct pipeline *p)
{
	const struct options *options = p->options;
	uint32_t frame = 0, session = 0;

	for (uint32_t i = 0; i < options->port_count; i++)
		frame = RTE_MAX(frame, p->ports[i]->max_frame);
	for (uint32_t i = 0; i < options->map.count; i++) {
		uint32_t length = options->map.sessions[i].packet_length;

		session = RTE_MAX(session, length ? length : UINT32_MAX);
	}
	frame = RTE_MIN(frame, session);
	if (options->snaplen)
		frame = RTE_MIN(frame, options->snaplen);
	return frame + (p->pcapng ? pcapng_template_overhead(p->pcapng) : PCAP_RECORD_HEADER_BYTES);
}

static int compute_sizes(struct pipeline *p, char *error)
{
	const struct options *options = p->options;
	char message[SIZING_ERROR_BYTES] = "";
	struct sizing_input input = {
		.streams = p->streams,
		.workers = options->workers,
		.max_record_bytes = max_record(p),
		.buffer_bytes = options->buffer_bytes,
		.combined = options->combined && options->map.count > 1,
		.files = options->output.kind == OUTPUT_DIRECTORY,
		.level = options->level,
		.port_count = options->port_count,
	};

	for (uint32_t i = 0; i < options->port_count; i++)
		input.ports[i] = &p->ports[i]->size;
	if (sizing_compute(&input, &p->sizing, message) < 0)
		return fail(error, -EINVAL, "memory", message);
	return 0;
}

/* Half of the time for a record to be handed over, half for what was written to be synced. */
static uint64_t flush_ns(const struct options *options)
{
	return options->sync == WRITER_SYNC_INTERVAL ? options->flush_ns / 2 : options->flush_ns;
}

static struct stream_config stream_settings(const struct pipeline *p)
{
	const struct options *options = p->options;

	return (struct stream_config){
		.streams = p->streams,
		.combined = p->sizing.log_records > 0,
		.aligned = options->output.kind != OUTPUT_STDOUT && !options->level,
		.pipe = options->output.kind == OUTPUT_STDOUT,
		.oldest_first = output_makes_files(&options->output),
		.precision = options->precision,
		.snaplen = options->snaplen,
		.pcapng = p->pcapng,
		.rotation = options->rotation,
		/* A file's times are not ours to age by. */
		.flush_ns = p->ports[0]->waits ? UINT64_MAX : flush_ns(options),
	};
}

static int open_worker(struct pipeline *p, uint32_t i)
{
	struct pipeline_lane *lane = &p->lanes[i];
	struct worker_config config = {
		.record = {.vxlan_port = p->options->vxlan_port,
			   .snaplen = p->options->snaplen,
			   .max_caplen = stream_set_max_caplen(lane->streams),
			   .combined = p->options->combined,
			   .map = &p->options->map,
			   .table = &p->table,
			   .filter = p->filter,
			   .streams = lane->streams,
			   .ledger = ledger_worker(p->outlet.ledger, i),
			   .sessions = ledger_session_worker(p->outlet.ledger, i),
			   .control = &p->control},
		.one_file = p->options->output.kind == OUTPUT_FILE ||
			    p->options->output.kind == OUTPUT_STDOUT,
		.idle = p->options->idle,
		.clock = &p->clock,
	};

	ports_deal(p->ports, p->options->port_count, p->options->workers, i, &config);
	lane->worker = worker_new(&config);
	return lane->worker ? 0 : -ENOMEM;
}

static int open_writer(struct pipeline *p, uint32_t i)
{
	struct pipeline_lane *lane = &p->lanes[i];
	struct writer_config config = {
		.output = p->options->output,
		.method = p->outlet.method,
		.replace = p->options->force,
		.worker = i,
		.streams = p->streams,
		.files_max = p->sizing.segment_files,
		.directories = p->outlet.directories,
		.pool = lane->pool,
		.full = lane->full,
		.empty = lane->empty,
		.ledger = ledger_writer(p->outlet.ledger, i),
		.sessions = ledger_session_writer(p->outlet.ledger, i),
		.sync_mode = p->options->sync,
		.sync_ns = flush_ns(p->options),
		/* The page cache gains nothing by it. */
		.reserve_bytes = p->outlet.method == WRITER_PWRITE ? 0 : RESERVE_BYTES,
		.filesize_bytes = p->options->rotation.filesize_bytes,
		.cpu = p->placement.writers[i],
		.session_count = p->options->map.count,
		.custody = p->evidence.custody,
		.retention = p->retain.retention,
		.space = p->retain.space,
		.level = p->options->level,
	};

	return writer_start(&lane->writer, &config);
}

static int start_evidence(struct pipeline *p, const struct recovery *recovery, char *error)
{
	int rc = evidence_start(&p->evidence, p->options, recovery, p->outlet.ledger,
				&p->clock.line.steps, p->outlet.directories, p->streams);

	return rc < 0 ? fail(error, rc, "--manifest", strerror(-rc)) : 0;
}

/* After the EAL, whose main thread has left the workers' CPUs: this one's go where it is. */
static int start_retention(struct pipeline *p, char *error)
{
	const struct options *options = p->options;
	int rc;

	if (options->output.kind != OUTPUT_DIRECTORY)
		return 0;
	rc = retain_start(&p->retain, &options->retain, options->output.path, p->outlet.directories,
			  p->streams, p->evidence.custody);
	return rc < 0 ? fail(error, rc, "--retain", strerror(-rc)) : 0;
}

static int touch_pool(void *pool)
{
	chunk_pool_touch(pool);
	return 0;
}

/* All of the buffer's memory, before the first packet comes and where its worker is. */
static struct chunk_pool *open_pool(const struct sizing *sizing, uint32_t worker)
{
	struct chunk_pool *pool =
		chunk_pool_new(sizing->chunks, sizing->chunk_bytes, sizing->log_records);

	if (pool) {
		rte_eal_remote_launch(touch_pool, pool, worker + 1);
		rte_eal_wait_lcore(worker + 1);
	}
	return pool;
}

static int open_lane(struct pipeline *p, uint32_t i, char *error)
{
	struct pipeline_lane *lane = &p->lanes[i];
	struct stream_config streams = stream_settings(p);
	int rc = -ENOMEM;

	lane->pool = open_pool(&p->sizing, i);
	lane->full = ring_new(p->sizing.chunks);
	lane->empty = ring_new(p->sizing.chunks);
	if (lane->pool && lane->full && lane->empty)
		lane->streams = stream_set_new(&streams, lane->pool, lane->full, lane->empty);
	if (lane->streams)
		rc = open_worker(p, i);
	if (rc < 0)
		return fail(error, rc, "memory", "not enough for the buffer: lower --buffer");
	rc = open_writer(p, i);
	return rc < 0 ? fail(error, rc, outlet_name(&p->options->output), outlet_remedy(rc)) : 0;
}

static void start_clock(struct pipeline *p)
{
	struct clock_mark now;
	uint64_t ticks, ns;

	clock_mark(&now);
	clock_sample(&ticks, &ns);
	clock_init(&p->clock, ticks, ns, clock_rate(&p->start, &now));
}

int pipeline_open(struct pipeline *p, struct options *options, const struct recovery *recovery,
		  char *error)
{
	char message[PORT_ERROR_BYTES] = "";
	int rc;

	*p = (struct pipeline){.options = options};
	clock_mark(&p->start); /* starting the EAL takes long enough to measure the rate by */
	p->control.limited = options->stop_after_packets > 0;
	p->control.remaining = (int64_t)options->stop_after_packets;
	if (placement_choose(options, &p->placement, message) < 0)
		return fail(error, -EINVAL, "CPUs", message);
	rc = check_default_route(options, error);
	if (rc == 0)
		rc = check_interfaces(p, error);
	if (rc == 0)
		rc = open_sessions(p, error);
	if (rc == 0)
		rc = open_output(p, error);
	if (rc == 0)
		rc = start_eal(p, error);
	if (rc == 0)
		rc = open_ports(p, options, error);
	if (rc == 0)
		rc = compute_sizes(p, error);
	if (rc == 0)
		rc = outlet_open_ledger(&p->outlet, options, error);
	if (rc == 0 && !p->outlet.ledger_path[0])
		warn(p, "ledger", "no place for its file: kept in memory only (--ledger FILE)");
	if (rc == 0)
		rc = start_evidence(p, recovery, error);
	if (rc == 0)
		rc = start_retention(p, error);
	for (uint32_t i = 0; i < options->workers && rc == 0; i++)
		rc = open_lane(p, i, error);
	if (rc == 0)
		start_clock(p);
	return rc;
}

int pipeline_start(struct pipeline *p, char *error)
{
	char message[PORT_ERROR_BYTES] = "";
	int rc;

	for (uint32_t i = 0; i < p->options->port_count; i++) {
		rc = p->ports[i]->ops->start(p->ports[i], message);
		if (rc < 0) {
			snprintf(error, PIPELINE_ERROR_BYTES, "port %s: %s",
				 p->options->ports[i].text, message);
			return rc;
		}
	}
	rc = sandbox_close(p->options->key != NULL);
	if (rc < 0)
		return fail(error, rc, "sandbox",
			    "the kernel refuses seccomp filters: it needs CONFIG_SECCOMP_FILTER");
	for (uint32_t i = 0; i < p->options->workers; i++)
		rte_eal_remote_launch(worker_run, p->lanes[i].worker, i + 1);
	while (__atomic_load_n(&p->control.begun, __ATOMIC_ACQUIRE) < p->options->workers)
		rte_delay_us_sleep(100);
	return 0;
}

void pipeline_stop(struct pipeline *p, bool drain)
{
	uint64_t ticks;

	/* By the clock that the kernel stamps with. */
	clock_sample(&ticks, &p->control.stop_ns);
	for (uint32_t i = 0; i < p->options->port_count; i++)
		if (p->ports[i]->ops->stop)
			p->ports[i]->ops->stop(p->ports[i]);
	__atomic_store_n(&p->control.command, drain ? WORKER_DRAIN : WORKER_END, __ATOMIC_RELEASE);
}

void pipeline_rotate(struct pipeline *p)
{
	__atomic_add_fetch(&p->control.rotations, 1, __ATOMIC_RELAXED);
}

bool pipeline_ended(const struct pipeline *p)
{
	return __atomic_load_n(&p->control.done, __ATOMIC_ACQUIRE) == p->options->workers;
}

void pipeline_finish(struct pipeline *p)
{
	while (!pipeline_ended(p))
		rte_delay_us_sleep(100);
	/* Before the writers end: what the ports miss from here on is nobody's loss. */
	pipeline_tick(p);
	rte_eal_mp_wait_lcore();
	for (uint32_t i = 0; i < p->options->workers; i++)
		writer_stop(p->lanes[i].writer);
	retain_stop(&p->retain);
	evidence_stop(&p->evidence);
}

void pipeline_attend(struct pipeline *p)
{
	for (uint32_t i = 0; i < p->options->port_count; i++)
		if (p->ports[i]->ops->attend)
			p->ports[i]->ops->attend(p->ports[i]);
}

/* Of the machine's clock, to now_ns: for the ledger. 0: none. */
static void note_step(struct pipeline *p, int64_t step_ns, uint64_t now_ns)
{
	struct ledger_clock *clock = ledger_clock(p->outlet.ledger);

	if (!step_ns)
		return;
	__atomic_store_n(&clock->step_ns, step_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&clock->at_ns, now_ns, __ATOMIC_RELAXED);
	ledger_add(&clock->steps, 1);
	/* To the workers, kernel stamps that jump ahead look like a pause. */
	if (step_ns > 0 && p->options->output.kind == OUTPUT_DIRECTORY)
		pipeline_rotate(p);
}

void pipeline_tick(struct pipeline *p)
{
	struct ledger_nic sum, *nic = ledger_nic(p->outlet.ledger);
	uint64_t ticks, ns;

	clock_sample(&ticks, &ns);
	note_step(p, clock_renew(&p->clock, ticks, ns), ns);
	for (uint32_t i = 0; i < p->options->port_count; i++)
		p->ports[i]->ops->tick(p->ports[i]);
	sum = ports_counters(p->ports, p->options->port_count);
	__atomic_store_n(&nic->missed, sum.missed, __ATOMIC_RELAXED);
	__atomic_store_n(&nic->errors, sum.errors, __ATOMIC_RELAXED);
	__atomic_store_n(&nic->no_mbuf, sum.no_mbuf, __ATOMIC_RELAXED);
}

static void close_lane(struct pipeline_lane *lane)
{
	if (lane->writer) {
		writer_stop(lane->writer);
		writer_free(lane->writer);
	}
	worker_free(lane->worker);
	stream_set_free(lane->streams);
	ring_free(lane->full);
	ring_free(lane->empty);
	chunk_pool_free(lane->pool);
}

void pipeline_close(struct pipeline *p)
{
	for (uint32_t i = 0; i < p->options->workers; i++)
		close_lane(&p->lanes[i]);
	for (uint32_t i = 0; i < p->options->port_count; i++)
		if (p->ports[i])
			p->ports[i]->ops->close(p->ports[i]);
	retain_stop(&p->retain);
	evidence_close(&p->evidence);
	outlet_close(&p->outlet, p->streams);
	pcapng_template_free(p->pcapng);
	filter_free(p->filter);
	session_table_free((struct session_table *)p->table);
	if (p->eal_up)
		eal_stop();
}
