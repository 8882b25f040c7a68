/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port: where packets come from. Four kinds behind one small table of functions: eth (DPDK
 * devices), kernel (AF_PACKET), xdp (AF_XDP) and file (pcap).
 */
#ifndef DATAPLANE_PORT_H
#define DATAPLANE_PORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/ledger.h"
#include "dataplane/packet.h"
#include "dataplane/sizing.h"

enum {
	/* Packets per rx_burst at most: their headers and frames stay in a 32 KiB L1 cache. */
	PORT_BURST = 32,
	PORT_ERROR_BYTES = 320,
	PORT_NOTE_BYTES = 256,
};

enum port_kind {
	PORT_ETH_PCI,
	PORT_ETH_VDEV,
	PORT_ETH_LOOP, /* pcap:FILE,loop: net_pcap with infinite_rx */
	PORT_KERNEL,
	PORT_XDP,
	PORT_FILE,
};

/* The argument of -i, taken apart. */
struct port_spec {
	enum port_kind kind;
	const char *text; /* as given; borrowed */
	char *object;     /* PCI address, vdev name and arguments, interface or file; owned */
};

struct port;

struct port_ops {
	/*
	 * Allocates what port->size says and starts reception on all queues. Returns 0, or -errno with a
	 * message in error.
	 */
	int (*start)(struct port *port, char *error);
	/*
	 * Up to max (at most PORT_BURST) packets of one queue. The packets are views: they stay
	 * valid until give_back() or the next call for the same queue. Worker thread of that queue only.
	 */
	uint32_t (*rx_burst)(struct port *port, uint32_t queue, struct packet *packets,
			     uint32_t max);
	/*
	 * Gives back the buffers of the queue's latest burst, so that the next burst, of whatever
	 * queue, gets them while they are warm. NULL where the port has another time for it. It may be
	 * left out: the queue's next rx_burst(), or close(), does it then. Worker thread of that queue
	 * only.
	 */
	void (*give_back)(struct port *port, uint32_t queue);
	/* A descriptor that polls readable when the queue has packets; NULL where there is none. */
	int (*queue_fd)(struct port *port, uint32_t queue);
	/* About once a second, control thread: renews port->counters, does the port's chores. */
	void (*tick)(struct port *port);
	/* Some 100 times a second, control thread: what may not wait for a tick; NULL: nothing. */
	void (*attend)(struct port *port);
	/*
	 * Lets no more packets in, control thread; those that came before stay to be received.
	 * NULL where that cannot be done: the packets' stamps tell then, or nothing does.
	 */
	void (*stop)(struct port *port);
	/* Adds the driver's own statistics to an object; NULL where there are none. */
	void (*xstats)(struct port *port, json_t *into);
	/* Stops reception and frees everything, the port included. */
	void (*close)(struct port *port);
};

struct port {
	const struct port_ops
		*ops; /* control thread: may swap it; workers read it for each burst */
	struct port_spec spec;
	uint32_t queues;
	struct sizing_port size; /* of its queues; queues 0: none of ours */
	uint32_t max_frame;      /* bytes, the largest packet that can arrive */
	bool stamps;             /* packets carry their own time */
	bool waits;              /* the input waits for us: rather wait for a chunk than drop */
	bool ended;              /* no packet will come any more; set once, by whoever sees it */
	int failed;              /* -errno: why the input ended too early; set before ended */
	/* Control thread: */
	struct ledger_nic counters;
	uint32_t resets;            /* of the device, while the capture ran */
	uint64_t reset_ns;          /* how long nothing was received for it, in all */
	char note[PORT_NOTE_BYTES]; /* what is to be said of it at the start; "": nothing */
};

/*
 * Takes the argument of -i apart. Returns 0, or -EINVAL with a message in error
 * (PORT_ERROR_BYTES). The spec keeps a borrowed `text`; port_spec_fini() frees the rest.
 */
int port_spec_parse(const char *text, struct port_spec *spec, char *error);
void port_spec_fini(struct port_spec *spec);

/*
 * Opens a port with so many queues; 0, for an eth port: as many as the device has, up to `most`.
 * A file has one, an xdp port as many as the interface. The EAL is up. Says what memory the port is for (port->size); it takes it, and
 * packets come, with start. device: the DPDK device's name for an eth port (eal_device_name).
 * Takes the spec over on success. Returns 0, or -errno with a message in error.
 */
int port_open(struct port **port, struct port_spec *spec, uint32_t queues, uint32_t most,
	      const char *device, uint16_t vxlan_port, char *error);

/* Adds counters to others: what one of them does not know, the sum does not know. */
void port_add_counters(struct ledger_nic *sum, const struct ledger_nic *more);

/* The kinds' constructors, for port_open(). */
int port_eth_open(struct port **port, const struct port_spec *spec, uint32_t queues, uint32_t most,
		  const char *device, char *error);
int port_kernel_open(struct port **port, const struct port_spec *spec, uint32_t queues,
		     uint16_t vxlan_port, char *error);
int port_xdp_open(struct port **port, const struct port_spec *spec, uint32_t queues,
		  uint16_t vxlan_port, char *error);
int port_file_open(struct port **port, const struct port_spec *spec, char *error);

#endif
