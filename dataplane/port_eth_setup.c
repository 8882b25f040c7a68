/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_malloc.h>

#include "dataplane/loop_file.h"
#include "dataplane/port_eth.h"
#include "dataplane/port_eth_rss.h"

enum {
	DESCRIPTORS_LEAST = 256,
	DESCRIPTORS_MOST = 4096,
	DESCRIPTORS_LOOP = 64, /* net_pcap has no ring: any number */
	JUMBO_MTU = 9001,      /* EC2's */
	JUMBO_BYTES = 9216,    /* a frame of that, with all tags */
	/* A buffer of a device that puts a frame into several: what fits into a page beside the
	 * headers, the headroom, and the line that a pool may add to spread buffers over channels. */
	PART_BYTES = 3584,
	POOL_CACHE = 256,
	POOL_HEADER = 64, /* of a pool's element */
	PAGE = 4096,
};

/*
 * A device that scatters gets small buffers: more of them for the same memory, and a ring that
 * lasts longer. Another one needs a whole jumbo frame's. For a looped file: large enough for the
 * largest packet, since net_pcap's infinite_rx wants each in one.
 */
static uint32_t data_bytes(const struct loop_file *file, bool scatters)
{
	if (file)
		return RTE_MAX(file->largest, (uint32_t)PART_BYTES);
	return scatters ? PART_BYTES : JUMBO_BYTES;
}

/*
 * Without huge pages no buffer crosses a page's border but those that are larger, which begin on
 * one: each takes whole pages. A looped file has no ring of its own, but a buffer per packet and
 * queue.
 */
static struct sizing_port size_of(const struct loop_file *file, uint32_t queues, bool scatters)
{
	uint32_t bytes = POOL_HEADER + (uint32_t)sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM +
			 data_bytes(file, scatters);

	return (struct sizing_port){
		.queues = queues,
		.slot_bytes = RTE_ALIGN_CEIL(bytes, (uint32_t)PAGE),
		.slots_least = file ? DESCRIPTORS_LOOP : DESCRIPTORS_LEAST,
		.slots_most = file ? DESCRIPTORS_LOOP : DESCRIPTORS_MOST,
		.kept = PORT_BURST + (file ? file->packets : 0),
		.pooled = true,
	};
}

int port_eth_memory(const struct port_spec *spec, uint32_t queues, uint32_t most, uint32_t workers,
		    uint64_t *bytes, char *error)
{
	bool loops = spec->kind == PORT_ETH_LOOP;
	struct sizing_port size;
	struct loop_file file;
	int rc = loops ? loop_file_scan(spec->object, queues, &file, error) : 0;

	if (rc < 0)
		return rc;
	size = size_of(loops ? &file : NULL, queues ? queues : most, false);
	sizing_port(&size, workers);
	/* And the pool's ring and what the EAL's heap cannot give in one piece. */
	*bytes = size.bytes * 17 / 16 + (4 << 20);
	return 0;
}

/* As many queues as asked for, else as the device has. */
static int choose_queues(struct port_eth *eth, uint32_t offered, uint32_t most, char *error)
{
	offered = RTE_MIN(offered, (uint32_t)PORT_ETH_QUEUES_MAX);
	if (!eth->port.queues)
		eth->port.queues = RTE_MIN(offered, most);
	if (eth->port.queues && eth->port.queues <= offered)
		return 0;
	snprintf(error, PORT_ERROR_BYTES,
		 "%u queues asked for, but the device has %u: use --queues %u", eth->port.queues,
		 offered, offered);
	return -EINVAL;
}

int port_eth_probe(struct port_eth *eth, const char *device, uint32_t most, char *error)
{
	bool loops = eth->port.spec.kind == PORT_ETH_LOOP, scatters;
	struct rte_eth_dev_info info;
	struct loop_file file;
	int rc = rte_eth_dev_get_port_by_name(device, &eth->id);

	if (rc < 0) {
		snprintf(error, PORT_ERROR_BYTES,
			 "no such DPDK device: a PCI device must be bound to vfio-pci or igb_uio "
			 "(dpdk-devbind.py --status)");
		return rc;
	}
	rc = rte_eth_dev_info_get(eth->id, &info);
	if (rc < 0) {
		snprintf(error, PORT_ERROR_BYTES, "asking the device what it can do: %s",
			 rte_strerror(-rc));
		return rc;
	}
	rc = choose_queues(eth, info.max_rx_queues, most, error);
	if (rc == 0 && loops)
		rc = loop_file_scan(eth->port.spec.object, eth->port.queues, &file, error);
	if (rc < 0)
		return rc;
	scatters = info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	eth->port.size = size_of(loops ? &file : NULL, eth->port.queues, scatters);
	eth->room = RTE_PKTMBUF_HEADROOM + data_bytes(loops ? &file : NULL, scatters);
	if (info.rx_desc_lim.nb_max)
		eth->port.size.slots_most =
			RTE_MIN(eth->port.size.slots_most, (uint32_t)info.rx_desc_lim.nb_max);
	eth->port.max_frame = RTE_MAX(eth->room, (uint32_t)JUMBO_BYTES);
	return 0;
}

int port_eth_make_pool(struct port_eth *eth, char *error)
{
	char name[RTE_MEMPOOL_NAMESIZE];

	snprintf(name, sizeof(name), "rx_%u", eth->id);
	eth->pool = rte_pktmbuf_pool_create(name, eth->port.size.buffers, POOL_CACHE, 0,
					    (uint16_t)eth->room, rte_eth_dev_socket_id(eth->id));
	if (eth->pool)
		return 0;
	snprintf(error, PORT_ERROR_BYTES,
		 "%u receive buffers, %llu MiB: %s: lower --queues, or free memory",
		 eth->port.size.buffers, (unsigned long long)(eth->port.size.bytes >> 20),
		 rte_strerror(rte_errno));
	return -ENOMEM;
}

/* Drivers that change a kernel interface's own MTU when asked for one: they are not asked. */
static bool owns_mtu(const char *driver)
{
	return strcmp(driver, "net_af_packet") && strcmp(driver, "net_af_xdp");
}

/* net_vhost hands out no packet of a device without a transmit queue; others need none. */
static uint16_t tx_queues(const struct rte_eth_dev_info *info)
{
	return !strcmp(info->driver_name, "net_vhost");
}

static int configure(struct port_eth *eth, const struct rte_eth_dev_info *info, char *error)
{
	uint16_t rx = (uint16_t)eth->port.queues, tx = tx_queues(info);
	struct rte_eth_conf conf = {0};
	int rc;

	/* What rewrites packets (LRO, VLAN strip) stays off; scatter is a fact of ENA. */
	conf.rxmode.offloads = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	if (owns_mtu(info->driver_name))
		conf.rxmode.mtu = RTE_MIN((uint32_t)JUMBO_MTU, (uint32_t)info->max_mtu);
	port_eth_rss(info, eth->port.queues, &conf);
	rc = rte_eth_dev_configure(eth->id, rx, tx, &conf);
	if (rc < 0 && conf.rx_adv_conf.rss_conf.rss_key) { /* not every device takes one */
		conf.rx_adv_conf.rss_conf.rss_key = NULL;
		conf.rx_adv_conf.rss_conf.rss_key_len = 0;
		rc = rte_eth_dev_configure(eth->id, rx, tx, &conf);
	}
	if (rc < 0)
		snprintf(error, PORT_ERROR_BYTES, "configuring the device: %s", rte_strerror(-rc));
	return rc;
}

/* Not every driver takes the MTU from its configuration; not every one has any. */
static int set_mtu(struct port_eth *eth, const struct rte_eth_dev_info *info, char *error)
{
	uint16_t mtu = RTE_MIN((uint16_t)JUMBO_MTU, info->max_mtu);
	int rc = owns_mtu(info->driver_name) ? rte_eth_dev_set_mtu(eth->id, mtu) : 0;

	if (rc == 0 || rc == -ENOTSUP)
		return 0;
	snprintf(error, PORT_ERROR_BYTES, "setting the MTU to %u: %s", mtu, rte_strerror(-rc));
	return rc;
}

static int set_up_queues(struct port_eth *eth, const struct rte_eth_dev_info *info, char *error)
{
	unsigned int socket = (unsigned int)rte_eth_dev_socket_id(eth->id);
	uint16_t descriptors = (uint16_t)eth->port.size.slots, tx = 0;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(eth->id, &descriptors, &tx);

	for (uint16_t i = 0; i < eth->port.queues && rc == 0; i++)
		rc = rte_eth_rx_queue_setup(eth->id, i, descriptors, socket, NULL, eth->pool);
	if (rc == 0 && tx_queues(info))
		rc = rte_eth_tx_queue_setup(eth->id, 0, tx, socket, NULL);
	if (rc < 0)
		snprintf(error, PORT_ERROR_BYTES, "setting up %u receive queues of %u: %s",
			 eth->port.queues, descriptors, rte_strerror(-rc));
	return rc;
}

/* A table that cannot be set is even as the driver makes it. */
static void spread(const struct port_eth *eth, const struct rte_eth_dev_info *info)
{
	struct rte_eth_rss_reta_entry64 reta[PORT_ETH_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE] = {0};

	if (eth->port.queues == 1 || !info->reta_size || info->reta_size > PORT_ETH_RETA_MAX)
		return;
	port_eth_reta(reta, info->reta_size, eth->port.queues);
	(void)rte_eth_dev_rss_reta_update(eth->id, reta, info->reta_size);
}

int port_eth_bring_up(struct port_eth *eth, char *error)
{
	struct rte_eth_dev_info info;
	int rc = rte_eth_dev_info_get(eth->id, &info);

	if (rc < 0) {
		snprintf(error, PORT_ERROR_BYTES, "asking the device what it can do: %s",
			 rte_strerror(-rc));
		return rc;
	}
	rc = configure(eth, &info, error);
	if (rc == 0)
		rc = set_mtu(eth, &info, error);
	if (rc == 0)
		rc = set_up_queues(eth, &info, error);
	if (rc < 0)
		return rc;
	rc = rte_eth_dev_start(eth->id);
	if (rc < 0) {
		snprintf(error, PORT_ERROR_BYTES, "starting the device: %s", rte_strerror(-rc));
		return rc;
	}
	eth->started = true;
	/* Mirrored packets behind an NLB carry our address; a mirror target without one does not
	 * have to. Devices that cannot do it say so, and need not. */
	rte_eth_promiscuous_enable(eth->id);
	spread(eth, &info);
	return 0;
}
