/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eth port: a DPDK device, polled.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>
#include <rte_timer.h>
#include <rte_version.h>

#include "dataplane/port.h"
#include "dataplane/port_eth.h"

enum {
	ETH_QUEUES_MAX = 64,
	ETH_DESCRIPTORS = 4096,
	ETH_JUMBO_MTU = 9001, /* EC2's */
	ETH_CACHE = 256,
};

struct eth_queue {
	struct rte_mbuf *held[PORT_BURST]; /* of the burst before: free at the next */
	uint32_t held_count;
};

struct port_eth {
	struct port port;
	bool reset_wanted; /* the device asked for a reset; EAL's interrupt thread: writes */
	uint16_t id;
	bool started;
	struct rte_mempool *pool;
	struct eth_queue queue[ETH_QUEUES_MAX];
};

static struct port_eth *self(struct port *port)
{
	return (struct port_eth *)port;
}

static uint32_t eth_rx_burst(struct port *port, uint32_t index, struct packet *packets,
			     uint32_t max)
{
	struct port_eth *eth = self(port);
	struct eth_queue *queue = &eth->queue[index];
	uint32_t n;

	if (queue->held_count)
		rte_pktmbuf_free_bulk(queue->held, queue->held_count);
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

/* ENA's watchdog asks for a reset when the device has died: nothing will be received any more. */
static int on_reset(uint16_t id, enum rte_eth_event_type event, void *port, void *result)
{
	__atomic_store_n(&self(port)->reset_wanted, true, __ATOMIC_RELEASE);
	return 0;
}

static void end_on_reset(struct port *port)
{
	if (!__atomic_load_n(&self(port)->reset_wanted, __ATOMIC_ACQUIRE))
		return;
	port->failed = -ENETRESET;
	__atomic_store_n(&port->ended, true, __ATOMIC_RELEASE);
}

static void eth_tick(struct port *port)
{
	struct rte_eth_dev_info info;
	struct rte_eth_stats stats;

	rte_timer_manage(); /* ENA's watchdog lives on it */
	end_on_reset(port);
	if (rte_eth_stats_get(self(port)->id, &stats) < 0 ||
	    rte_eth_dev_info_get(self(port)->id, &info) < 0)
		return;
	port->counters.missed = counts_missed(info.driver_name) ? stats.imissed : LEDGER_UNKNOWN;
	port->counters.errors = stats.ierrors;
	port->counters.no_mbuf = stats.rx_nombuf;
}

static void eth_xstats(struct port *port, json_t *into)
{
	uint16_t id = self(port)->id;
	int count = rte_eth_xstats_get_names(id, NULL, 0);
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

static int eth_start(struct port *port, char *error)
{
	struct port_eth *eth = self(port);
	int rc = rte_eth_dev_start(eth->id);

	if (rc < 0) {
		snprintf(error, PORT_ERROR_BYTES, "starting the device: %s", rte_strerror(-rc));
		return rc;
	}
	eth->started = true;
	/* Mirrored packets behind an NLB carry our address; a mirror target without one does not
	 * have to. Devices that cannot do it say so, and need not. */
	rte_eth_promiscuous_enable(eth->id);
	rte_eth_dev_callback_register(eth->id, RTE_ETH_EVENT_INTR_RESET, on_reset, port);
	return 0;
}

static void eth_close(struct port *port)
{
	struct port_eth *eth = self(port);

	for (uint32_t i = 0; i < port->queues; i++)
		rte_pktmbuf_free_bulk(eth->queue[i].held, eth->queue[i].held_count);
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
	.tick = eth_tick,
	.xstats = eth_xstats,
	.close = eth_close,
};

/* Drivers that change a kernel interface's own MTU when asked for one: they are not asked. */
static bool owns_mtu(const char *driver)
{
	return strcmp(driver, "net_af_packet") && strcmp(driver, "net_af_xdp");
}

static int configure(struct port_eth *eth, const struct rte_eth_dev_info *info, char *error)
{
	struct rte_eth_conf conf = {0};
	int rc;

	/* What rewrites packets (LRO, VLAN strip) stays off; scatter is a fact of ENA. */
	conf.rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	if (owns_mtu(info->driver_name))
		conf.rxmode.mtu = RTE_MIN((uint32_t)ETH_JUMBO_MTU, (uint32_t)info->max_mtu);
	if (eth->port.queues > 1) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf =
			info->flow_type_rss_offloads &
			(RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_NONFRAG_IPV6_UDP);
	}
	rc = rte_eth_dev_configure(eth->id, (uint16_t)eth->port.queues, 0, &conf);
	if (rc < 0)
		snprintf(error, PORT_ERROR_BYTES, "configuring the device: %s", rte_strerror(-rc));
	return rc;
}

/* Not every driver takes the MTU from its configuration; not every one has any. */
static int set_mtu(struct port_eth *eth, const struct rte_eth_dev_info *info, char *error)
{
	uint16_t mtu = RTE_MIN((uint16_t)ETH_JUMBO_MTU, info->max_mtu);
	int rc = owns_mtu(info->driver_name) ? rte_eth_dev_set_mtu(eth->id, mtu) : 0;

	if (rc == 0 || rc == -ENOTSUP)
		return 0;
	snprintf(error, PORT_ERROR_BYTES, "setting the MTU to %u: %s", mtu, rte_strerror(-rc));
	return rc;
}

static int set_up_queues(struct port_eth *eth, const struct port_eth_need *need, char *error)
{
	uint16_t descriptors = ETH_DESCRIPTORS, tx = 0;
	char name[RTE_MEMPOOL_NAMESIZE];
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(eth->id, &descriptors, &tx);

	snprintf(name, sizeof(name), "rx_%u", eth->id);
	if (rc == 0)
		eth->pool = rte_pktmbuf_pool_create(name, need->mbufs, ETH_CACHE, 0,
						    (uint16_t)need->data_room,
						    rte_eth_dev_socket_id(eth->id));
	if (!eth->pool) {
		snprintf(error, PORT_ERROR_BYTES, "%u receive buffers of %u bytes: %s", need->mbufs,
			 need->data_room, rte_strerror(rte_errno));
		return -ENOMEM;
	}
	for (uint16_t i = 0; i < eth->port.queues && rc == 0; i++)
		rc = rte_eth_rx_queue_setup(eth->id, i, descriptors,
					    (unsigned int)rte_eth_dev_socket_id(eth->id), NULL,
					    eth->pool);
	if (rc < 0)
		snprintf(error, PORT_ERROR_BYTES, "setting up %u receive queues: %s",
			 eth->port.queues, rte_strerror(-rc));
	return rc;
}

static int set_up(struct port_eth *eth, const char *device, char *error)
{
	struct rte_eth_dev_info info;
	struct port_eth_need need;
	int rc = rte_eth_dev_get_port_by_name(device, &eth->id);

	if (rc < 0) {
		snprintf(error, PORT_ERROR_BYTES,
			 "no such DPDK device: a PCI device must be bound to vfio-pci or igb_uio "
			 "(dpdk-devbind.py --status)");
		return rc;
	}
	rc = rte_eth_dev_info_get(eth->id, &info);
	if (rc < 0 || eth->port.queues > RTE_MIN(info.max_rx_queues, (uint32_t)ETH_QUEUES_MAX)) {
		snprintf(error, PORT_ERROR_BYTES, "%u queues, but the device has %u: use --queues",
			 eth->port.queues, info.max_rx_queues);
		return -EINVAL;
	}
	rc = port_eth_need(&eth->port.spec, eth->port.queues, &need, error);
	if (rc == 0)
		rc = configure(eth, &info, error);
	if (rc == 0)
		rc = set_mtu(eth, &info, error);
	if (rc == 0)
		rc = set_up_queues(eth, &need, error);
	eth->port.max_frame = need.data_room;
	return rc;
}

int port_eth_open(struct port **out, const struct port_spec *spec, uint32_t queues,
		  const char *device, char *error)
{
	struct port_eth *eth = calloc(1, sizeof(*eth));
	int rc;

	if (!eth) {
		snprintf(error, PORT_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	eth->port = (struct port){.ops = &eth_ops, .spec = *spec, .queues = queues};
	eth->port.counters = (struct ledger_nic){LEDGER_UNKNOWN, LEDGER_UNKNOWN, LEDGER_UNKNOWN};
	rc = set_up(eth, device, error);
	if (rc < 0) {
		rte_mempool_free(eth->pool);
		free(eth);
		return rc;
	}
	*out = &eth->port;
	return 0;
}
