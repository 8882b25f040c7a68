/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eth port: a DPDK device, polled.
 */
#include "dataplane/port_eth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_malloc.h>
#include <rte_timer.h>
#include <rte_version.h>

static struct port_eth *self(struct port *port)
{
	return (struct port_eth *)port;
}

/* Gives back the buffers of a burst, those of one segment all at once. */
static void free_burst(struct rte_mempool *pool, struct rte_mbuf **mbufs, uint32_t count)
{
	void *unused[PORT_BURST];
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct rte_mbuf *mbuf = mbufs[i];

		if (unlikely(mbuf->nb_segs > 1 || mbuf->pool != pool)) {
			rte_pktmbuf_free(mbuf);
			continue;
		}
		mbuf = rte_pktmbuf_prefree_seg(mbuf);
		if (likely(mbuf != NULL))
			unused[n++] = mbuf;
	}
	if (n)
		rte_mempool_put_bulk(pool, unused, n);
}

static void eth_give_back(struct port *port, uint32_t index)
{
	struct port_eth_queue *queue = &self(port)->queue[index];

	free_burst(self(port)->pool, queue->held, queue->held_count);
	queue->held_count = 0;
}

static uint32_t eth_rx_burst(struct port *port, uint32_t index, struct packet *packets,
			     uint32_t max)
{
	struct port_eth *eth = self(port);
	struct port_eth_queue *queue = &eth->queue[index];
	uint32_t n;

	eth_give_back(port, index);
	n = rte_eth_rx_burst(eth->id, (uint16_t)index, queue->held, (uint16_t)max);
	queue->held_count = n;
	for (uint32_t i = 0; i < n; i++) {
		const struct rte_mbuf *mbuf = queue->held[i];

		packets[i].data = rte_pktmbuf_mtod(mbuf, const uint8_t *);
		packets[i].data_len = rte_pktmbuf_data_len(mbuf);
		packets[i].packet_len = rte_pktmbuf_pkt_len(mbuf);
		packets[i].mbuf = queue->held[i];
		rte_prefetch0(packets[i].data);
	}
	return n;
}

/*
 * Whether this driver counts what it had to leave in the ring. ENA's puts it in imissed from
 * 24.03 on only, net_af_packet never does: there a 0 proves nothing.
 */
static bool counts_missed(const char *driver)
{
	if (!strcmp(driver, "net_ena"))
		return RTE_VERSION >= RTE_VERSION_NUM(24, 3, 0, 0);
	return strcmp(driver, "net_af_packet");
}

/* Takes the place of eth_rx_burst() while the device is reset: the worker says that it is out. */
static uint32_t quiet_rx_burst(struct port *port, uint32_t index, struct packet *packets,
			       uint32_t max)
{
	struct port_eth_queue *queue = &self(port)->queue[index];

	eth_give_back(port, index);
	__atomic_store_n(&queue->quiet, true, __ATOMIC_RELEASE);
	return 0;
}

static void read_counters(struct port_eth *eth)
{
	struct rte_eth_dev_info info;
	struct rte_eth_stats stats;

	if (rte_eth_stats_get(eth->id, &stats) < 0 || rte_eth_dev_info_get(eth->id, &info) < 0)
		return;
	eth->port.counters = (struct ledger_nic){
		.missed = counts_missed(info.driver_name) ? stats.imissed : LEDGER_UNKNOWN,
		.errors = stats.ierrors,
		.no_mbuf = stats.rx_nombuf,
	};
	port_add_counters(&eth->port.counters, &eth->before);
}

static bool running(const struct port_eth *eth)
{
	return eth->reset.state == PORT_RESET_RUNNING;
}

static void eth_tick(struct port *port)
{
	struct port_eth *eth = self(port);

	rte_timer_manage(); /* ENA's watchdog lives on it */
	if (running(eth))
		read_counters(eth);
}

static void eth_xstats(struct port *port, json_t *into)
{
	uint16_t id = self(port)->id;
	int count = running(self(port)) ? rte_eth_xstats_get_names(id, NULL, 0) : 0;
	struct rte_eth_xstat_name *names;
	struct rte_eth_xstat *values;

	if (count <= 0)
		return;
	names = calloc((size_t)count, sizeof(*names));
	values = calloc((size_t)count, sizeof(*values));
	if (names && values && rte_eth_xstats_get_names(id, names, (unsigned int)count) == count &&
	    rte_eth_xstats_get(id, values, (unsigned int)count) == count)
		for (int i = 0; i < count; i++)
			json_object_set_new(into, names[values[i].id].name,
					    json_integer((json_int_t)values[i].value));
	free(names);
	free(values);
}

/* ENA's watchdog asks for a reset when the device has died: nothing will be received any more. */
static int on_reset(uint16_t id, enum rte_eth_event_type event, void *port, void *result)
{
	port_reset_want(&self(port)->reset);
	return 0;
}

static int eth_start(struct port *port, char *error)
{
	struct port_eth *eth = self(port);
	int rc = port_eth_make_pool(eth, error);

	if (rc == 0)
		rc = port_eth_bring_up(eth, error);
	if (rc == 0)
		rte_eth_dev_callback_register(eth->id, RTE_ETH_EVENT_INTR_RESET, on_reset, port);
	return rc;
}

static void eth_attend(struct port *port)
{
	struct port_reset *reset = &self(port)->reset;

	if (port->ended || port_reset_step(reset) != PORT_RESET_FAILED) {
		port->resets = reset->count;
		port->reset_ns = reset->gap_ns;
		return;
	}
	port->counters.missed = LEDGER_UNKNOWN; /* since the device died, by nobody */
	port->failed = -ENETRESET;
	__atomic_store_n(&port->ended, true, __ATOMIC_RELEASE);
}

static void eth_close(struct port *port)
{
	struct port_eth *eth = self(port);

	for (uint32_t i = 0; i < port->queues; i++)
		eth_give_back(port, i);
	if (eth->started)
		rte_eth_dev_stop(eth->id);
	rte_eth_dev_close(eth->id);
	rte_mempool_free(eth->pool);
	port_spec_fini(&port->spec);
	free(eth);
}

static const struct port_ops eth_ops = {
	.start = eth_start,
	.rx_burst = eth_rx_burst,
	.give_back = eth_give_back,
	.tick = eth_tick,
	.attend = eth_attend,
	.xstats = eth_xstats,
	.close = eth_close,
};

/* The workers take their functions from here at each burst: swapping it leads them out. */
static const struct port_ops quiet_ops = {
	.start = eth_start,
	.rx_burst = quiet_rx_burst,
	.tick = eth_tick,
	.attend = eth_attend,
	.xstats = eth_xstats,
	.close = eth_close,
};

static uint64_t device_now_ns(void *device)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void device_quiesce(void *device)
{
	struct port_eth *eth = device;

	for (uint32_t i = 0; i < eth->port.queues; i++)
		eth->queue[i].quiet = false;
	__atomic_store_n(&eth->port.ops, &quiet_ops, __ATOMIC_RELEASE);
}

static bool device_quiet(void *device)
{
	struct port_eth *eth = device;

	for (uint32_t i = 0; i < eth->port.queues; i++)
		if (!__atomic_load_n(&eth->queue[i].quiet, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

/* A device that was reset counts from 0 again, and nobody counts what it misses meanwhile. */
static int device_reset(void *device)
{
	struct port_eth *eth = device;
	int rc;

	if (eth->started && !eth->reset.tries) {
		read_counters(eth);
		eth->before = eth->port.counters;
		eth->before.missed = LEDGER_UNKNOWN;
		eth->port.counters = eth->before;
	}
	rc = rte_eth_dev_reset(eth->id);
	if (rc == 0)
		eth->started = false; /* else it may not be stopped: eth_close() has to see to it */
	return rc;
}

static int device_restart(void *device)
{
	char error[PORT_ERROR_BYTES];

	return port_eth_bring_up(device, error);
}

static void device_resume(void *device)
{
	struct port_eth *eth = device;

	__atomic_store_n(&eth->port.ops, &eth_ops, __ATOMIC_RELEASE);
}

static const struct port_reset_ops reset_ops = {
	.now_ns = device_now_ns,
	.quiesce = device_quiesce,
	.quiet = device_quiet,
	.reset = device_reset,
	.restart = device_restart,
	.resume = device_resume,
};

int port_eth_open(struct port **out, const struct port_spec *spec, uint32_t queues, uint32_t most,
		  const char *device, char *error)
{
	struct port_eth *eth = aligned_alloc(_Alignof(struct port_eth), sizeof(*eth));
	int rc;

	if (!eth) {
		snprintf(error, PORT_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	memset(eth, 0, sizeof(*eth));
	eth->port = (struct port){.ops = &eth_ops, .spec = *spec, .queues = queues};
	eth->port.counters = (struct ledger_nic){LEDGER_UNKNOWN, LEDGER_UNKNOWN, LEDGER_UNKNOWN};
	eth->reset = (struct port_reset){.ops = &reset_ops, .device = eth};
	rc = port_eth_probe(eth, device, most, error);
	if (rc < 0) {
		free(eth);
		return rc;
	}
	*out = &eth->port;
	return 0;
}
