/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ways of a packet lead to the same end. Bursts of any packets are recorded twice: as they
 * come, where the usual ones take the short way, and so that none can, each cut into segments in
 * its headers and counted down by a limit. Verdicts, counts and chunks must be the same.
 */
#include "dataplane/record.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/dataplane/frame.h"

#define START_NS 1760000000000000000ull

enum {
	CHUNK_BYTES = 128 << 10,
	CHUNKS = 16,
	BURSTS = 3000,
	VNI = 4242,
	VNI_CUT = 7,      /* packet length 60 */
	VNI_SOURCED = 9,  /* from 10.0.0.1 only */
	VNI_REFINED = 11, /* from 10.0.0.1 another session than from elsewhere */
	SESSIONS = 5,
	FIRST_SEGMENT_MAX = 82, /* below what the short way wants to see at once */
};

/* A burst, its packets whole and in two segments. */
struct burst {
	struct frame *frames; /* PORT_BURST */
	struct packet whole[PORT_BURST], cut[PORT_BURST];
	struct rte_mbuf segments[PORT_BURST][2];
	uint32_t count;
};

struct bench {
	struct ledger *ledger;
	struct chunk_pool *pool;
	struct ring *full, *empty;
	struct stream_set *streams;
	struct worker_control control;
	struct recorder *recorder;
};

struct world {
	struct session sessions[SESSIONS];
	struct session_map map;
	const struct session_table *table;
	struct port port;
	struct burst burst;
	struct bench fast, slow;
};

static uint32_t below(uint32_t n)
{
	return (uint32_t)rand() % n;
}

static uint32_t pick(const uint32_t *values, uint32_t count)
{
	return values[below(count)];
}

static void make_inner(struct frame *frame)
{
	uint32_t bytes = below(8) ? 42 + below(200) : 42 + below(1500);

	switch (below(8)) {
	case 0:
		frame_start(frame, below(60)); /* short frames, too */
		return;
	case 1:
		frame_start(frame, bytes);
		frame_ipv6(frame, 17, 1);
		frame_ethernet(frame, 0x86dd);
		return;
	default:
		frame_inner(frame, bytes);
		/* A header that claims more than there is, or less, or nothing. */
		if (below(4) == 0)
			frame->bytes[16 + below(2)] = (uint8_t)below(256);
	}
}

static void make_packet(struct frame *frame)
{
	static const uint32_t vnis[] = {VNI, VNI, VNI, VNI_CUT, VNI_SOURCED, VNI_REFINED, 99};
	static const uint32_t sources[] = {0x0a000001, 0x0a000005};

	frame_start(frame, 0);
	make_inner(frame);
	frame_mirror(frame, pick(vnis, sizeof(vnis) / sizeof(*vnis)), pick(sources, 2));
	if (below(8) == 0)
		frame->bytes[below(50)] ^= (uint8_t)(1u << below(8));
	if (below(16) == 0)
		frame_pad(frame, 1 + below(20));
	if (below(16) == 0)
		frame->len -= below(frame->len);
}

/* The packet once more, in two segments of which the first ends in its headers. */
static void cut_packet(struct burst *burst, uint32_t i)
{
	struct packet *whole = &burst->whole[i];
	struct rte_mbuf *segment = burst->segments[i];
	uint32_t first = RTE_MIN(whole->packet_len, 1 + below(FIRST_SEGMENT_MAX - 1));

	memset(segment, 0, sizeof(burst->segments[i]));
	segment[0].buf_addr = burst->frames[i].bytes;
	segment[0].data_len = (uint16_t)first;
	segment[0].next = &segment[1];
	segment[1].buf_addr = burst->frames[i].bytes + first;
	segment[1].data_len = (uint16_t)(whole->packet_len - first);
	burst->cut[i] = *whole;
	burst->cut[i].data_len = first;
	burst->cut[i].mbuf = segment;
}

static void make_burst(struct burst *burst, uint64_t time_ns)
{
	burst->count = 1 + below(PORT_BURST);
	for (uint32_t i = 0; i < burst->count; i++) {
		struct frame *frame = &burst->frames[i];

		make_packet(frame);
		/* A port that stamps gives most packets a time of their own. */
		if (below(4) == 0)
			time_ns += below(1000);
		burst->whole[i] = (struct packet){.data = frame->bytes,
						  .data_len = frame->len,
						  .packet_len = frame->len,
						  .time_ns = time_ns};
		cut_packet(burst, i);
	}
}

static void open_bench(struct world *world, struct bench *bench, struct record_config config)
{
	uint32_t streams = config.combined ? 1 : SESSIONS;
	struct stream_config stream_config = {.streams = streams,
					      .combined = config.combined,
					      .aligned = true,
					      .flush_ns = 1000000};

	assert_int_equal(ledger_create(&bench->ledger, NULL, 1, &world->map), 0);
	bench->pool = chunk_pool_new(CHUNKS, CHUNK_BYTES, config.combined ? 2048 : 0);
	bench->full = ring_new(CHUNKS);
	bench->empty = ring_new(CHUNKS);
	bench->streams = stream_set_new(&stream_config, bench->pool, bench->full, bench->empty);
	assert_non_null(bench->streams);
	config.vxlan_port = 4789;
	if (!config.max_caplen)
		config.max_caplen = stream_set_max_caplen(bench->streams);
	config.map = &world->map;
	config.table = &world->table;
	config.streams = bench->streams;
	config.ledger = ledger_worker(bench->ledger, 0);
	config.sessions = ledger_session_worker(bench->ledger, 0);
	config.control = &bench->control;
	bench->recorder = recorder_new(&config);
	assert_non_null(bench->recorder);
}

static void close_bench(struct bench *bench)
{
	recorder_free(bench->recorder);
	stream_set_free(bench->streams);
	ring_free(bench->full);
	ring_free(bench->empty);
	chunk_pool_free(bench->pool);
	ledger_close(bench->ledger);
}

static void open_world(struct world *world, const struct record_config *config)
{
	*world = (struct world){0};
	world->sessions[0] = (struct session){.virtual_network_id = VNI};
	world->sessions[1] = (struct session){.virtual_network_id = VNI_CUT, .packet_length = 60};
	world->sessions[2] =
		(struct session){.virtual_network_id = VNI_SOURCED, .has_source = true};
	world->sessions[3] = (struct session){.virtual_network_id = VNI_REFINED};
	world->sessions[4] =
		(struct session){.virtual_network_id = VNI_REFINED, .has_source = true};
	for (uint32_t i = 2; i < SESSIONS; i += 2)
		assert_int_equal(session_source_parse("10.0.0.1", &world->sessions[i].source), 0);
	world->map = (struct session_map){.sessions = world->sessions, .count = SESSIONS};
	world->table = session_table_new(&world->map);
	assert_non_null(world->table);
	world->burst.frames = calloc(PORT_BURST, sizeof(struct frame));
	assert_non_null(world->burst.frames);
	open_bench(world, &world->fast, *config);
	open_bench(world, &world->slow, *config);
	world->slow.control = (struct worker_control){.limited = true, .remaining = INT64_MAX};
}

static void close_world(struct world *world)
{
	close_bench(&world->fast);
	close_bench(&world->slow);
	session_table_free((struct session_table *)world->table);
	free(world->burst.frames);
}

static void same_chunks(struct world *world)
{
	struct chunk *a, *b;

	while ((a = ring_get(world->fast.full))) {
		b = ring_get(world->slow.full);
		assert_non_null(b);
		assert_int_equal(a->bytes, b->bytes);
		assert_int_equal(a->records, b->records);
		assert_int_equal(a->record_bytes, b->record_bytes);
		assert_int_equal(a->last_ns, b->last_ns);
		assert_memory_equal(a->data, b->data, a->bytes);
		assert_true(ring_put(world->fast.empty, a) && ring_put(world->slow.empty, b));
	}
	assert_null(ring_get(world->slow.full));
}

static void same_counts(const struct world *world)
{
	const struct ledger_worker *a = ledger_worker(world->fast.ledger, 0);
	const struct ledger_worker *b = ledger_worker(world->slow.ledger, 0);
	uint64_t dropped = 0;

	assert_int_equal(a->received, b->received);
	assert_int_equal(a->accepted, b->accepted);
	assert_int_equal(a->clipped, b->clipped);
	assert_int_equal(a->reserved_bits, b->reserved_bits);
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		assert_int_equal(a->dropped[i], b->dropped[i]);
		dropped += a->dropped[i];
	}
	assert_int_equal(a->received, a->accepted + dropped);
	assert_memory_equal(ledger_session_worker(world->fast.ledger, 0),
			    ledger_session_worker(world->slow.ledger, 0),
			    SESSIONS * sizeof(struct ledger_session_worker));
}

static void record_twice(struct world *world, uint64_t time_ns)
{
	const struct burst *burst = &world->burst;

	recorder_burst(world->fast.recorder, &world->port, burst->whole, burst->count);
	recorder_burst(world->slow.recorder, &world->port, burst->cut, burst->count);
	recorder_publish(world->fast.recorder);
	recorder_publish(world->slow.recorder);
	same_counts(world);
	recorder_tick(world->fast.recorder, time_ns);
	recorder_tick(world->slow.recorder, time_ns);
	same_chunks(world);
}

static void compare(const struct record_config *config)
{
	struct world *world = malloc(sizeof(*world));
	const struct ledger_worker *ledger;
	uint64_t time_ns = START_NS;

	assert_non_null(world);
	open_world(world, config);
	for (uint32_t i = 0; i < BURSTS; i++, time_ns += 100000) {
		make_burst(&world->burst, time_ns);
		record_twice(world, time_ns);
	}
	assert_true(stream_close_all(world->fast.streams));
	assert_true(stream_close_all(world->slow.streams));
	same_chunks(world);
	/* The packets were of all kinds. */
	ledger = ledger_worker(world->fast.ledger, 0);
	assert_true(ledger->accepted > BURSTS && ledger->reserved_bits);
	assert_true(ledger->dropped[DROP_NOT_VXLAN] && ledger->dropped[DROP_MALFORMED] &&
		    ledger->dropped[DROP_UNKNOWN_VNI] && ledger->dropped[DROP_SOURCE_DENIED] &&
		    ledger->dropped[DROP_SHORT_FRAME]);
	assert_int_equal(ledger->dropped[DROP_NO_BUFFER], 0);
	close_world(world);
	free(world);
}

static void both_ways_by_session(void **state)
{
	srand(1);
	compare(&(struct record_config){.combined = false});
}

static void both_ways_combined(void **state)
{
	srand(2);
	compare(&(struct record_config){.combined = true});
}

static void both_ways_with_a_snaplen(void **state)
{
	srand(3);
	compare(&(struct record_config){.combined = true, .snaplen = 100});
}

/* Frames that no chunk could hold. */
static void both_ways_clipped(void **state)
{
	srand(5);
	compare(&(struct record_config){.max_caplen = 90});
}

static void both_ways_filtered(void **state)
{
	char error[FILTER_ERROR_BYTES];
	struct filter *filter = filter_new("ip and greater 100", error);

	assert_non_null(filter);
	srand(4);
	compare(&(struct record_config){.filter = filter});
	filter_free(filter);
}

/* Without a free chunk the packets are counted, and no other's bytes are touched. */
static void both_ways_without_chunks(void **state)
{
	struct world *world = malloc(sizeof(*world));
	uint64_t time_ns = START_NS;

	assert_non_null(world);
	srand(5);
	open_world(world, &(struct record_config){.combined = true});
	for (uint32_t i = 0; i < BURSTS; i++) {
		make_burst(&world->burst, time_ns);
		recorder_burst(world->fast.recorder, &world->port, world->burst.whole,
			       world->burst.count);
		recorder_burst(world->slow.recorder, &world->port, world->burst.cut,
			       world->burst.count);
	}
	recorder_publish(world->fast.recorder);
	recorder_publish(world->slow.recorder);
	same_counts(world);
	assert_true(ledger_worker(world->fast.ledger, 0)->dropped[DROP_NO_BUFFER] > 0);
	recorder_tick(world->fast.recorder, time_ns);
	recorder_tick(world->slow.recorder, time_ns);
	same_chunks(world);
	close_world(world);
	free(world);
}

/* The largest that IPv6 and two tags can carry, and a filter that looks at its last byte. */
static void the_largest_packet_is_filtered_whole(void **state)
{
	const uint32_t inner = 65535 - 8 - 8, headers = 14 + 8 + 40 + 8 + 8;
	char error[FILTER_ERROR_BYTES];
	struct filter *filter = filter_new("ether[65518] = 0x5a", error);
	struct world *world = malloc(sizeof(*world));
	struct burst *burst;
	struct frame *frame;

	assert_true(filter && world);
	open_world(world, &(struct record_config){.combined = true, .filter = filter});
	burst = &world->burst;
	frame = &burst->frames[0];
	frame_inner(frame, inner);
	frame->bytes[inner - 1] = 0x5a;
	frame_vxlan(frame, VNI);
	frame_udp(frame, 4789);
	frame_ipv6(frame, 17, 1);
	frame_vlan(frame, 0x86dd);
	frame_vlan(frame, 0x8100);
	frame_ethernet(frame, 0x88a8);
	assert_int_equal(frame->len, headers + inner);
	assert_int_equal(frame->len, PACKET_MAX_BYTES);
	burst->count = 1;
	burst->whole[0] = (struct packet){.data = frame->bytes,
					  .data_len = frame->len,
					  .packet_len = frame->len,
					  .time_ns = START_NS};
	srand(6);
	do
		cut_packet(burst, 0);
	while (frame->len - burst->cut[0].data_len > UINT16_MAX);
	record_twice(world, START_NS);
	assert_int_equal(ledger_worker(world->slow.ledger, 0)->accepted, 1);
	close_world(world);
	free(world);
	filter_free(filter);
}

/* The writer of an input that waits: slow, and suspicious of the ledger. */
struct slow_writer {
	struct bench *bench;
	bool last;        /* atomic; what is in the ring is all */
	uint64_t written; /* records */
	uint32_t wrong;   /* moments at which the ledger was */
};

static uint64_t sum_of(const uint64_t *counts, int count)
{
	uint64_t sum = 0;

	for (int i = 0; i < count; i++)
		sum += __atomic_load_n(&counts[i], __ATOMIC_RELAXED);
	return sum;
}

/* At every moment: received = accepted + dropped, and nothing is written that is not accepted. */
static void check_ledger(struct slow_writer *writer)
{
	const struct ledger_worker *ledger = ledger_worker(writer->bench->ledger, 0);
	uint64_t sequence = __atomic_load_n(&ledger->sequence, __ATOMIC_ACQUIRE);
	uint64_t received = __atomic_load_n(&ledger->received, __ATOMIC_RELAXED);
	uint64_t accepted = __atomic_load_n(&ledger->accepted, __ATOMIC_RELAXED);
	uint64_t dropped = sum_of(ledger->dropped, DROP_REASON_COUNT);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (sequence % 2 || __atomic_load_n(&ledger->sequence, __ATOMIC_RELAXED) != sequence)
		return;
	writer->wrong += received != accepted + dropped || writer->written > accepted;
}

static void *write_slowly(void *context)
{
	const struct timespec pause = {.tv_nsec = 20000};
	struct slow_writer *writer = context;
	bool last;

	do {
		struct chunk *chunk;

		last = __atomic_load_n(&writer->last, __ATOMIC_ACQUIRE);
		while ((chunk = ring_get(writer->bench->full))) {
			writer->written += chunk->records;
			check_ledger(writer);
			(void)ring_put(writer->bench->empty, chunk); /* it holds them all */
			nanosleep(&pause, NULL);
		}
		check_ledger(writer);
		nanosleep(&pause, NULL);
	} while (!last);
	return NULL;
}

/* In the middle of a burst, too, where an input waits for a chunk. */
static void the_account_balances_while_an_input_waits(void **state)
{
	struct world *world = malloc(sizeof(*world));
	struct slow_writer writer = {.bench = &world->fast};
	struct recorder *recorder;
	uint64_t time_ns = START_NS;
	pthread_t thread;

	assert_non_null(world);
	srand(7);
	open_world(world, &(struct record_config){.combined = true});
	world->port.waits = true;
	recorder = world->fast.recorder;
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &writer), 0);
	for (uint32_t i = 0; i < BURSTS * 4; i++, time_ns += 1000) {
		make_burst(&world->burst, time_ns);
		recorder_burst(recorder, &world->port, world->burst.whole, world->burst.count);
	}
	recorder_publish(recorder);
	while (!stream_close_all(world->fast.streams))
		recorder_tick(recorder, time_ns);
	recorder_tick(recorder, time_ns);
	__atomic_store_n(&writer.last, true, __ATOMIC_RELEASE);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(writer.written, ledger_worker(world->fast.ledger, 0)->accepted);
	assert_true(writer.written > BURSTS);
	assert_int_equal(writer.wrong, 0);
	close_world(world);
	free(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ways_by_session),
		cmocka_unit_test(both_ways_combined),
		cmocka_unit_test(both_ways_with_a_snaplen),
		cmocka_unit_test(both_ways_clipped),
		cmocka_unit_test(both_ways_filtered),
		cmocka_unit_test(both_ways_without_chunks),
		cmocka_unit_test(the_largest_packet_is_filtered_whole),
		cmocka_unit_test(the_account_balances_while_an_input_waits),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
