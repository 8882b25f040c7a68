/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker with everything behind it real: streams, rings, a writer thread and files that
 * libpcap reads back. Only the port is the test's own: it hands over packets made here, whole or
 * in mbuf segments.
 */
#include "dataplane/worker.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_cycles.h>
#include <rte_eal.h>

#include "capture/writer.h"
#include "tests/dataplane/frame.h"

#define START_NS 1760000000000000000ull
#define SOURCE   0x0a000005

enum {
	PACKETS_MAX = 256,
	CHUNK_BYTES = 128 << 10,
	CHUNKS = 32,
	VNI = 4242,
	VNI_CUT = 7,     /* packet length 60 */
	VNI_SOURCED = 9, /* from 10.0.0.1 only */
};

/* What the port hands over. */
struct input {
	struct packet packets[PACKETS_MAX];
	uint8_t *copies[PACKETS_MAX];
	struct rte_mbuf *mbufs[PACKETS_MAX];
	uint32_t count;
	uint32_t next;
	uint32_t out; /* of the latest burst, not given back yet */
};

struct bench;

static void bench_writer(struct bench *b, const char *output);

static struct input input;
static struct bench *late_writer; /* whose writer starts at the end of the input only */
static struct frame frame;
static struct rte_mempool *pool;
static char directory[] = "/var/tmp/worker_test.XXXXXX";
static char path[64];

static uint32_t test_rx_burst(struct port *port, uint32_t queue, struct packet *packets,
			      uint32_t max)
{
	uint32_t n = 0;

	assert_int_equal(input.out, 0);
	while (n < max && n < 7 && input.next < input.count)
		packets[n++] = input.packets[input.next++];
	if (!n && !port->ended) {
		if (late_writer)
			bench_writer(late_writer, "null:");
		__atomic_store_n(&port->ended, true, __ATOMIC_RELEASE);
	}
	input.out = n;
	return n;
}

/* The buffers are another packet's from here on. */
static void test_give_back(struct port *port, uint32_t queue)
{
	assert_true(input.out > 0);
	for (; input.out; input.out--) {
		struct packet *packet = &input.packets[input.next - input.out];

		if (!packet->mbuf)
			memset(input.copies[input.next - input.out], 0xee, packet->data_len);
		for (struct rte_mbuf *mbuf = packet->mbuf; mbuf; mbuf = mbuf->next)
			memset(rte_pktmbuf_mtod(mbuf, void *), 0xee, rte_pktmbuf_data_len(mbuf));
	}
}

static const struct port_ops test_ops = {.rx_burst = test_rx_burst, .give_back = test_give_back};

/* Adds the packet at hand, in one piece. */
static void give(void)
{
	uint32_t i = input.count++;

	input.copies[i] = malloc(frame.len ? frame.len : 1);
	memcpy(input.copies[i], frame.bytes, frame.len);
	input.packets[i] = (struct packet){.data = input.copies[i],
					   .data_len = frame.len,
					   .packet_len = frame.len,
					   .time_ns = START_NS + i * 1000ull};
}

/* A segment of the packet at hand. */
static struct rte_mbuf *segment(uint32_t at, uint32_t bytes)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

	assert_non_null(mbuf);
	bytes = RTE_MIN(bytes, frame.len - at);
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)bytes), frame.bytes + at, bytes);
	return mbuf;
}

/* Adds the packet at hand as an mbuf chain of segments of so many bytes. */
static void give_segmented(uint32_t segment_bytes)
{
	struct rte_mbuf *head = segment(0, segment_bytes);
	uint32_t i = input.count++;

	for (uint32_t at = segment_bytes; at < frame.len; at += segment_bytes)
		assert_int_equal(rte_pktmbuf_chain(head, segment(at, segment_bytes)), 0);
	input.mbufs[i] = head;
	input.packets[i] = (struct packet){.data = rte_pktmbuf_mtod(head, uint8_t *),
					   .data_len = rte_pktmbuf_data_len(head),
					   .packet_len = rte_pktmbuf_pkt_len(head),
					   .time_ns = START_NS + i * 1000ull,
					   .mbuf = head};
}

static void input_reset(void)
{
	for (uint32_t i = 0; i < input.count; i++) {
		free(input.copies[i]);
		rte_pktmbuf_free(input.mbufs[i]);
	}
	input = (struct input){0};
}

/* One worker with its writer, recording into one file. */
struct bench {
	struct session sessions[3];
	struct session_map map;
	struct ledger *ledger;
	struct chunk_pool *chunks;
	struct ring *full, *empty;
	struct stream_set *streams;
	struct writer *writer;
	struct clock clock;
	const struct session_table *table;
	struct worker_control control;
	struct port port;
	struct worker_config config;
};

static void bench_sessions(struct bench *b)
{
	b->sessions[0] = (struct session){.virtual_network_id = VNI, .name = "plain"};
	b->sessions[1] =
		(struct session){.virtual_network_id = VNI_CUT, .packet_length = 60, .name = "cut"};
	b->sessions[2] = (struct session){
		.virtual_network_id = VNI_SOURCED, .has_source = true, .name = "sourced"};
	assert_int_equal(session_source_parse("10.0.0.1", &b->sessions[2].source), 0);
	b->map = (struct session_map){.sessions = b->sessions, .count = 3};
	b->table = session_table_new(&b->map);
	assert_non_null(b->table);
	assert_int_equal(ledger_create(&b->ledger, NULL, 1, &b->map), 0);
}

static void bench_streams(struct bench *b, uint32_t chunks, uint32_t chunk_bytes)
{
	struct stream_config config = {
		.streams = 1, .combined = true, .aligned = true, .flush_ns = UINT64_MAX};

	b->chunks = chunk_pool_new(chunks, chunk_bytes, 2048);
	b->full = ring_new(chunks);
	b->empty = ring_new(chunks);
	assert_true(b->chunks && b->full && b->empty);
	b->streams = stream_set_new(&config, b->chunks, b->full, b->empty);
	assert_non_null(b->streams);
}

static void bench_writer(struct bench *b, const char *output)
{
	struct writer_config config = {
		.method = WRITER_PWRITE,
		.streams = 1,
		.pool = b->chunks,
		.full = b->full,
		.empty = b->empty,
		.ledger = ledger_writer(b->ledger, 0),
		.sessions = ledger_session_writer(b->ledger, 0),
		.cpu = -1,
	};

	assert_int_equal(output_parse(output, &config.output), 0);
	assert_int_equal(writer_start(&b->writer, &config), 0);
}

static void bench_open_sized(struct bench *b, uint32_t chunks, uint32_t chunk_bytes)
{
	*b = (struct bench){.port = {.ops = &test_ops, .queues = 1, .stamps = true}};
	unlink(path);
	bench_sessions(b);
	bench_streams(b, chunks, chunk_bytes);
	clock_init(&b->clock, rte_rdtsc(), START_NS, 1e9 / (double)rte_get_tsc_hz());
	b->config = (struct worker_config){
		.record = {.vxlan_port = 4789,
			   .max_caplen = stream_max_caplen(chunk_bytes),
			   .combined = true,
			   .map = &b->map,
			   .table = &b->table,
			   .streams = b->streams,
			   .ledger = ledger_worker(b->ledger, 0),
			   .sessions = ledger_session_worker(b->ledger, 0),
			   .control = &b->control},
		.clock = &b->clock,
		.sources = {{.port = &b->port}},
		.source_count = 1,
	};
}

static void bench_open(struct bench *b)
{
	bench_open_sized(b, CHUNKS, CHUNK_BYTES);
}

/* Runs the worker over the input to its end and returns the account. */
static struct ledger_totals bench_run(struct bench *b)
{
	struct worker *worker = worker_new(&b->config);
	struct ledger_totals totals;

	assert_non_null(worker);
	if (late_writer != b)
		bench_writer(b, path);
	assert_int_equal(worker_run(worker), 0);
	assert_int_equal(input.out, 0);
	writer_stop(b->writer);
	worker_free(worker);
	assert_true(ledger_read(b->ledger, &totals));
	assert_true(ledger_balanced(&totals));
	assert_int_equal(totals.in_flight, 0);
	assert_int_equal(totals.received, input.next);
	return totals;
}

static void bench_close(struct bench *b)
{
	writer_free(b->writer);
	stream_set_free(b->streams);
	ring_free(b->full);
	ring_free(b->empty);
	chunk_pool_free(b->chunks);
	session_table_free((struct session_table *)b->table);
	ledger_close(b->ledger);
	input_reset();
}

static void mirrored(uint32_t vni, uint32_t inner_len)
{
	frame_inner(&frame, inner_len);
	frame_mirror(&frame, vni, SOURCE);
}

static void drop_not_vxlan(void)
{
	mirrored(VNI, 100);
	frame.bytes[34 + 3] ^= 1;
}

static void drop_malformed(void)
{
	mirrored(VNI, 100);
	frame.bytes[34 + 5] = 15;
	frame.bytes[34 + 4] = 0;
}

static void drop_fragment(void)
{
	mirrored(VNI, 100);
	frame.bytes[14 + 6] = 0x20;
}

static void drop_no_vni(void)
{
	mirrored(VNI, 100);
	frame.bytes[42] = 0;
}

static void drop_unknown_vni(void)
{
	mirrored(VNI + 1, 100);
}

static void drop_source_denied(void)
{
	mirrored(VNI_SOURCED, 100);
}

static void drop_short_frame(void)
{
	frame_start(&frame, 13);
	frame_mirror(&frame, VNI, SOURCE);
	frame_pad(&frame, 20);
}

static void drop_filtered(void)
{
	mirrored(VNI, 100);
	frame.bytes[50 + 14 + 9] = 6; /* the filter wants UDP */
}

/* A packet for each reason that packets alone can bring about; the rest have tests below. */
static void (*const vectors[DROP_REASON_COUNT])(void) = {
	[DROP_NOT_VXLAN] = drop_not_vxlan,     [DROP_MALFORMED] = drop_malformed,
	[DROP_FRAGMENT] = drop_fragment,       [DROP_NO_VNI] = drop_no_vni,
	[DROP_UNKNOWN_VNI] = drop_unknown_vni, [DROP_SOURCE_DENIED] = drop_source_denied,
	[DROP_SHORT_FRAME] = drop_short_frame, [DROP_FILTERED] = drop_filtered,
};

static bool has_own_test(enum drop_reason reason)
{
	return reason == DROP_AFTER_STOP || reason == DROP_NO_BUFFER || reason == DROP_WRITE_FAILED;
}

static void test_every_reason(void **state)
{
	char error[FILTER_ERROR_BYTES];
	struct filter *filter = filter_new("udp", error);
	struct ledger_totals totals;
	struct bench b;

	bench_open(&b);
	b.config.record.filter = filter;
	for (int reason = 0; reason < DROP_REASON_COUNT; reason++) {
		if (!vectors[reason] && !has_own_test((enum drop_reason)reason))
			fail_msg("%s has no vector", drop_reason_name((enum drop_reason)reason));
		/* As often as its place in the list, so that none stands in for another. */
		for (int n = 0; vectors[reason] && n <= reason; n++) {
			vectors[reason]();
			give();
		}
		mirrored(VNI, 100);
		give();
	}
	totals = bench_run(&b);
	for (int reason = 0; reason < DROP_REASON_COUNT; reason++)
		assert_int_equal(totals.dropped[reason], vectors[reason] ? reason + 1 : 0);
	assert_int_equal(totals.written, DROP_REASON_COUNT);
	bench_close(&b);
	filter_free(filter);
}

/* Reads the file back and compares one record with what it should hold. */
static void expect_record(pcap_t *pcap, const uint8_t *bytes, uint32_t caplen, uint32_t len,
			  uint64_t time_ns)
{
	struct pcap_pkthdr *header;
	const u_char *data;

	assert_int_equal(pcap_next_ex(pcap, &header, &data), 1);
	assert_int_equal(header->caplen, caplen);
	assert_int_equal(header->len, len);
	assert_int_equal((uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec,
			 time_ns);
	assert_memory_equal(data, bytes, caplen);
}

static pcap_t *open_result(void)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);

	if (!pcap)
		fail_msg("%s", error);
	return pcap;
}

/* Wherever segments end, all bytes of all segments are recorded, also with a filter. */
static void test_segments(void **state)
{
	static const uint32_t sizes[] = {1, 13, 14, 33, 42, 49, 50, 51, 64, 81, 100, 2048};
	enum { SIZES = sizeof(sizes) / sizeof(*sizes) };
	char error[FILTER_ERROR_BYTES];
	struct filter *filter = filter_new("udp port 53", error);
	static uint8_t inner[9000];
	struct ledger_totals totals;
	pcap_t *pcap;
	struct bench b;

	for (int filtered = 0; filtered < 2; filtered++) {
		bench_open(&b);
		b.config.record.filter = filtered ? filter : NULL;
		for (int i = 0; i < SIZES; i++) {
			mirrored(VNI, sizes[i] < 50 ? 200 : 8900);
			give_segmented(sizes[i]);
		}
		totals = bench_run(&b);
		assert_int_equal(totals.written, SIZES);
		pcap = open_result();
		for (uint32_t i = 0; i < SIZES; i++) {
			uint32_t len = sizes[i] < 50 ? 200 : 8900;

			frame_inner(&frame, len);
			memcpy(inner, frame.bytes, len);
			expect_record(pcap, inner, len, len, START_NS + i * 1000ull);
		}
		pcap_close(pcap);
		bench_close(&b);
	}
	filter_free(filter);
}

static void test_lengths(void **state)
{
	struct ledger_session_totals cut;
	struct ledger_totals totals;
	pcap_t *pcap;
	struct bench b;

	bench_open(&b);
	b.config.record.snaplen = 80;
	mirrored(VNI, 100); /* cut here by -s */
	give();
	frame_inner(&frame, 1000); /* cut upstream to 60 */
	frame.len = 60;
	frame_mirror(&frame, VNI_CUT, SOURCE);
	give();
	mirrored(VNI_CUT, 100); /* over the session's length */
	give();
	mirrored(VNI, 70); /* clipped by the input */
	frame.len -= 10;
	give();
	mirrored(VNI, 64); /* reserved bits */
	frame.bytes[49] = 1;
	give();
	totals = bench_run(&b);
	assert_int_equal(totals.written, 5);
	assert_int_equal(totals.clipped, 1);
	assert_int_equal(totals.reserved_bits, 1);
	assert_int_equal(totals.bytes, 80 + 60 + 60 + 60 + 64);
	ledger_read_session(b.ledger, 1, &cut);
	assert_int_equal(cut.stored.written, 2);
	assert_int_equal(cut.stored.bytes, 120);
	assert_int_equal(cut.kept.cut_upstream, 1);
	assert_int_equal(cut.kept.cut_here, 1);
	assert_int_equal(cut.kept.over_length, 1);
	pcap = open_result();
	frame_inner(&frame, 100);
	expect_record(pcap, frame.bytes, 80, 100, START_NS);
	frame_inner(&frame, 1000);
	expect_record(pcap, frame.bytes, 60, 1000, START_NS + 1000);
	frame_inner(&frame, 100);
	expect_record(pcap, frame.bytes, 60, 100, START_NS + 2000);
	frame_inner(&frame, 70);
	expect_record(pcap, frame.bytes, 60, 70, START_NS + 3000);
	pcap_close(pcap);
	bench_close(&b);
}

/* -a packets: exactly so many, the rest of the burst is after_stop, no more is asked for. */
static void test_limit(void **state)
{
	struct ledger_totals totals;
	struct bench b;

	bench_open(&b);
	b.control = (struct worker_control){.limited = true, .remaining = 10};
	for (int i = 0; i < 40; i++) {
		mirrored(i % 4 ? VNI : VNI + 1, 100);
		give();
	}
	totals = bench_run(&b);
	assert_int_equal(totals.written, 10);
	assert_int_equal(totals.received, 14); /* two bursts of the port's seven */
	assert_int_equal(totals.dropped[DROP_UNKNOWN_VNI], 4);
	assert_int_equal(totals.dropped[DROP_AFTER_STOP], 0);
	bench_close(&b);
	bench_open(&b);
	b.control = (struct worker_control){.limited = true, .remaining = 10};
	for (int i = 0; i < 40; i++) {
		mirrored(VNI, 100);
		give();
	}
	totals = bench_run(&b);
	assert_int_equal(totals.written, 10);
	assert_int_equal(totals.dropped[DROP_AFTER_STOP], 4);
	bench_close(&b);
}

/* Told to drain: what was stamped before the stop is recorded, what came later is not. */
static void test_drain(void **state)
{
	struct ledger_totals totals;
	struct bench b;

	bench_open(&b);
	b.control = (struct worker_control){.command = WORKER_DRAIN, .stop_ns = START_NS + 4500};
	for (int i = 0; i < 12; i++) {
		mirrored(VNI, 100);
		give();
	}
	totals = bench_run(&b);
	assert_int_equal(totals.received, 12);
	assert_int_equal(totals.written, 5);
	assert_int_equal(totals.dropped[DROP_AFTER_STOP], 7);
	bench_close(&b);
}

static void give_many(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		mirrored(VNI, 984); /* a record of 1000 bytes */
		give();
	}
}

static uint64_t count_records(void)
{
	struct pcap_pkthdr *header;
	pcap_t *pcap = open_result();
	const u_char *data;
	uint64_t count = 0;
	int rc;

	while ((rc = pcap_next_ex(pcap, &header, &data)) == 1)
		count++;
	assert_int_equal(rc, PCAP_ERROR_BREAK);
	pcap_close(pcap);
	return count;
}

/* While the disk stands still no chunk comes back: what finds none is counted, one by one. */
static void test_no_buffer(void **state)
{
	struct ledger_totals totals;
	struct bench b;

	bench_open_sized(&b, 2, 16 << 10);
	late_writer = &b;
	give_many(200);
	totals = bench_run(&b);
	late_writer = NULL;
	/* Two chunks hold 32 such records; the header and the carried block cost some. */
	assert_in_range(totals.written, 24, 32);
	assert_int_equal(totals.written + totals.dropped[DROP_NO_BUFFER], 200);
	bench_close(&b);
}

/* An input that can wait loses nothing, however few the chunks. */
static void test_waiting_input(void **state)
{
	struct ledger_totals totals;
	struct bench b;

	bench_open_sized(&b, 2, 16 << 10);
	b.port.waits = true;
	give_many(200);
	totals = bench_run(&b);
	assert_int_equal(totals.written, 200);
	assert_int_equal(count_records(), 200);
	bench_close(&b);
}

/* The file may not grow beyond 64 KiB: what is in it is whole, the rest is write_failed. */
static void test_write_failed(void **state)
{
	struct ledger_totals totals;
	struct rlimit limit, small;
	struct bench b;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){.rlim_cur = 64 << 10, .rlim_max = limit.rlim_max};
	bench_open_sized(&b, 16, 16 << 10);
	give_many(200);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	totals = bench_run(&b);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_in_range(totals.written, 32, 65);
	assert_int_equal(totals.written + totals.dropped[DROP_WRITE_FAILED], 200);
	assert_int_equal(count_records(), totals.written);
	bench_close(&b);
}

static int start(void **state)
{
	char *arguments[] = {"worker_test",
			     "--no-huge",
			     "-m",
			     "64",
			     "--no-pci",
			     "--no-telemetry",
			     "--log-level=error",
			     "--file-prefix=worker_test",
			     "--lcores=0"};

	if (rte_eal_init(sizeof(arguments) / sizeof(*arguments), arguments) < 0 ||
	    !mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/out.pcap", directory);
	pool = rte_pktmbuf_pool_create("worker_test", 2047, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM,
				       SOCKET_ID_ANY);
	return pool ? 0 : -1;
}

static int end(void **state)
{
	unlink(path);
	rmdir(directory);
	return rte_eal_cleanup();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reason),  cmocka_unit_test(test_segments),
		cmocka_unit_test(test_lengths),       cmocka_unit_test(test_limit),
		cmocka_unit_test(test_drain),         cmocka_unit_test(test_no_buffer),
		cmocka_unit_test(test_waiting_input), cmocka_unit_test(test_write_failed),
	};

	return cmocka_run_group_tests_name("worker", tests, start, end);
}
