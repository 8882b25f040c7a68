/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The xdp port: AF_XDP sockets on all channels of an interface, and a program of our own that
 * sends them the mirrored packets alone. The interface goes on serving everything else.
 *
 * Not DPDK's driver for the same sockets: its program takes every frame and outlives SIGKILL, it
 * has no descriptor to sleep on, changes the MTU when asked for one, and counts one of the three
 * ways in which the kernel drops.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/interface.h"
#include "dataplane/port.h"
#include "dataplane/xdp_program.h"
#include "dataplane/xdp_socket.h"
#include "dataplane/xdp_steer.h"

enum {
	/* A capture that was killed a moment ago: the kernel frees its sockets a little later. */
	CLAIM_MS = 1000,
	CLAIM_AGAIN_MS = 20,
	SMALL_FRAME_BYTES = 2048,
	FRAMES_LEAST = 1024, /* of a channel */
	FRAMES_MOST = 16384,
};

struct port_xdp {
	struct port port;
	uint32_t ifindex;
	bool generic;   /* in the kernel, not in the driver */
	bool stopped;   /* we took the program off */
	bool zero_copy; /* on some channel */
	/* Those before the capture began: nobody's loss. */
	uint64_t unserved_before;
	uint64_t fill_empty_before;
	struct xdp_socket_counts counts;
	struct xdp_program *program;
	struct xdp_socket socket[STEER_CHANNELS_MAX];
};

static struct port_xdp *self(struct port *port)
{
	return (struct port_xdp *)port;
}

static uint32_t xdp_rx_burst(struct port *port, uint32_t queue, struct packet *packets,
			     uint32_t max)
{
	return xdp_socket_receive(&self(port)->socket[queue], packets, max);
}

static int xdp_queue_fd(struct port *port, uint32_t queue)
{
	return self(port)->socket[queue].fd;
}

static uint64_t unserved(const struct port_xdp *xdp)
{
	return xdp_program_unserved(xdp->program) - xdp->unserved_before;
}

static int count(const struct port_xdp *xdp, struct xdp_socket_counts *counts)
{
	int rc = 0;

	*counts = (struct xdp_socket_counts){0};
	for (uint32_t i = 0; i < xdp->port.queues && rc == 0; i++)
		rc = xdp_socket_count(&xdp->socket[i], counts);
	return rc;
}

/* A driver that writes into our memory and finds no room drops, too, and counts it elsewhere. */
static uint64_t missed(const struct port_xdp *xdp)
{
	if (xdp->zero_copy && xdp->counts.fill_empty > xdp->fill_empty_before)
		return LEDGER_UNKNOWN;
	return xdp->counts.dropped + xdp->counts.ring_full + unserved(xdp);
}

static void xdp_tick(struct port *port)
{
	struct port_xdp *xdp = self(port);
	struct xdp_socket_counts counts;

	if (count(xdp, &counts) == 0) {
		xdp->counts = counts;
		port->counters.missed = missed(xdp);
	}
	if (!xdp->stopped && !xdp_program_attached(xdp->program)) {
		port->failed = -ENODEV;
		__atomic_store_n(&port->ended, true, __ATOMIC_RELEASE);
	}
}

static void xdp_xstats(struct port *port, json_t *into)
{
	const struct port_xdp *xdp = self(port);
	const struct xdp_socket_counts *counts = &xdp->counts;

	json_object_set_new(into, "rx_dropped", json_integer((json_int_t)counts->dropped));
	json_object_set_new(into, "rx_ring_full", json_integer((json_int_t)counts->ring_full));
	json_object_set_new(into, "rx_fill_ring_empty_descs",
			    json_integer((json_int_t)counts->fill_empty));
	json_object_set_new(into, "rx_invalid_descs",
			    json_integer((json_int_t)counts->invalid_descs));
	json_object_set_new(into, "rx_unserved", json_integer((json_int_t)unserved(xdp)));
	json_object_set_new(into, "zero_copy", json_boolean(xdp->zero_copy));
}

/* Says what failed, why, and what to do about it. Returns rc. */
static int explain(char *error, const struct port_xdp *xdp, const char *step, int rc)
{
	const char *interface = xdp->port.spec.object;

	switch (rc) {
	case -EPERM:
	case -EACCES:
		snprintf(error, PORT_ERROR_BYTES,
			 "%s: %s: run as root or with CAP_NET_RAW, CAP_NET_ADMIN and CAP_BPF", step,
			 strerror(-rc));
		break;
	case -ENOBUFS:
		snprintf(
			error, PORT_ERROR_BYTES,
			"%s: may not be locked: run with CAP_IPC_LOCK or raise LimitMEMLOCK (ulimit "
			"-l)",
			step);
		break;
	case -EBUSY:
		snprintf(error, PORT_ERROR_BYTES,
			 "%s: another AF_XDP socket is bound to the interface: end what opened it",
			 step);
		break;
	case -EAFNOSUPPORT:
	case -ENOSYS:
		snprintf(error, PORT_ERROR_BYTES,
			 "%s: this kernel has no AF_XDP (CONFIG_XDP_SOCKETS): use af_packet:%s",
			 step, interface);
		break;
	default:
		snprintf(error, PORT_ERROR_BYTES, "%s: %s: af_packet:%s works everywhere", step,
			 strerror(-rc), interface);
	}
	return rc;
}

/* An interface with somebody's program on it is theirs. Returns -EBUSY. */
static int refuse(char *error, const struct port_xdp *xdp, const struct xdp_occupant *occupant)
{
	if (occupant->ours)
		snprintf(error, PORT_ERROR_BYTES,
			 "another capture has it already (XDP program %u, %s): end that one first",
			 occupant->id, occupant->name);
	else
		snprintf(
			error, PORT_ERROR_BYTES,
			"carries a foreign XDP program already (id %u, %s), which is left alone: end "
			"what loaded it (ip link set dev %s xdp off), or use af_packet:%s",
			occupant->id, occupant->name[0] ? occupant->name : "name unknown",
			xdp->port.spec.object, xdp->port.spec.object);
	return -EBUSY;
}

static bool wait_again(uint32_t *waited_ms)
{
	const struct timespec pause = {.tv_nsec = CLAIM_AGAIN_MS * 1000000L};

	if (*waited_ms >= CLAIM_MS)
		return false;
	nanosleep(&pause, NULL);
	*waited_ms += CLAIM_AGAIN_MS;
	return true;
}

/* Waits for a capture's program that is just going; anybody else's is refused at once. */
static int await_vacancy(const struct port_xdp *xdp, char *error)
{
	struct xdp_occupant occupant;
	uint32_t waited_ms = 0;
	int rc;

	do {
		rc = xdp_program_look(xdp->ifindex, &occupant);
		if (rc < 0)
			return explain(error, xdp, "looking for XDP programs", rc);
		if (!occupant.id)
			return 0;
	} while (occupant.ours && wait_again(&waited_ms));
	return refuse(error, xdp, &occupant);
}

/*
 * In the driver where it can. A driver that refuses is not argued with: generic XDP does the same
 * behind it, for any MTU, only slower.
 */
static int attach(struct port_xdp *xdp, char *error)
{
	const char *interface = xdp->port.spec.object;
	int rc = xdp_program_attach(xdp->program, xdp->ifindex, false), refused = rc;

	if (rc < 0 && rc != -EBUSY && rc != -EPERM && rc != -EACCES) {
		rc = xdp_program_attach(xdp->program, xdp->ifindex, true);
		xdp->generic = rc == 0;
	}
	if (rc == -EBUSY && await_vacancy(xdp, error) == 0)
		snprintf(error, PORT_ERROR_BYTES,
			 "another XDP program came and went meanwhile: start again");
	if (rc == -EBUSY)
		return rc;
	if (rc < 0)
		return explain(error, xdp, "attaching the XDP program (needs Linux 5.9)", rc);
	if (refused == -EOPNOTSUPP)
		snprintf(xdp->port.note, PORT_NOTE_BYTES,
			 "its driver has no XDP: generic, which is slower");
	else if (refused < 0)
		snprintf(
			xdp->port.note, PORT_NOTE_BYTES,
			"its driver refuses XDP as it is set (%s): generic, which is slower; ENA wants "
			"an MTU of 3498 at most and half of the channels (ip link set dev %s mtu 3498, "
			"ethtool -L %s)",
			strerror(-refused), interface, interface);
	return 0;
}

/* The kernel frees a killed capture's sockets a little after its process. */
static int bind_patiently(struct port_xdp *xdp, uint32_t channel)
{
	uint32_t waited_ms = 0;
	int rc;

	do {
		rc = xdp_socket_bind(&xdp->socket[channel], xdp->ifindex, channel, xdp->generic);
	} while (rc == -EBUSY && wait_again(&waited_ms));
	return rc;
}

static int open_socket(struct port_xdp *xdp, uint32_t channel, char *error)
{
	const struct sizing_port *size = &xdp->port.size;
	const char *step = "";
	int rc = xdp_socket_open(&xdp->socket[channel], size->slots, size->slot_bytes, &step);

	if (rc < 0)
		return explain(error, xdp, step, rc);
	rc = bind_patiently(xdp, channel);
	return rc < 0 ? explain(error, xdp, "binding an AF_XDP socket", rc) : 0;
}

/* From here on what is not received is missed. */
static int xdp_start(struct port *port, char *error)
{
	struct port_xdp *xdp = self(port);
	struct xdp_socket_counts before = {0};
	int rc = 0;

	for (uint32_t i = 0; i < port->queues && rc == 0; i++) {
		rc = open_socket(xdp, i, error);
		xdp->zero_copy |= rc == 0 && xdp_socket_zero_copy(&xdp->socket[i]);
	}
	xdp->unserved_before = xdp_program_unserved(xdp->program);
	if (rc == 0 && count(xdp, &before) == 0)
		xdp->fill_empty_before = before.fill_empty;
	for (uint32_t i = 0; i < port->queues && rc == 0; i++) {
		rc = xdp_program_serve(xdp->program, i, xdp->socket[i].fd);
		if (rc < 0)
			explain(error, xdp, "directing a channel to its socket", rc);
	}
	return rc;
}

static void xdp_stop(struct port *port)
{
	self(port)->stopped = true;
	xdp_program_detach(self(port)->program);
}

static void xdp_close(struct port *port)
{
	struct port_xdp *xdp = self(port);

	xdp_program_free(xdp->program);
	for (uint32_t i = 0; i < port->queues; i++)
		xdp_socket_close(&xdp->socket[i]);
	port_spec_fini(&port->spec);
	free(xdp);
}

static const struct port_ops xdp_ops = {
	.start = xdp_start,
	.rx_burst = xdp_rx_burst,
	.queue_fd = xdp_queue_fd,
	.tick = xdp_tick,
	.stop = xdp_stop,
	.xstats = xdp_xstats,
	.close = xdp_close,
};

static int set_up(struct port_xdp *xdp, uint16_t vxlan_port, char *error)
{
	int rc = xdp_program_load(&xdp->program, vxlan_port);

	if (rc < 0)
		return explain(error, xdp, "loading the XDP program", rc);
	rc = await_vacancy(xdp, error);
	return rc < 0 ? rc : attach(xdp, error);
}

/* All or none: packets of a channel without a socket would be lost. */
static int check_channels(const struct port_spec *spec, uint32_t channels, uint32_t queues,
			  char *error)
{
	if (channels > STEER_CHANNELS_MAX) {
		snprintf(error, PORT_ERROR_BYTES,
			 "%u channels, 64 at most: ethtool -L %s combined 64", channels,
			 spec->object);
		return -EINVAL;
	}
	if (queues && queues != channels) {
		snprintf(error, PORT_ERROR_BYTES,
			 "%u queues, but the interface has %u channels and all are needed: leave "
			 "--queues out, or ethtool -L %s combined %u",
			 queues, channels, spec->object, queues);
		return -EINVAL;
	}
	return 0;
}

/* Half the memory where packets are small, and less aliasing in the cache. */
static uint32_t frame_bytes(const char *interface)
{
	uint32_t largest = interface_largest_frame(interface);

	return largest <= SMALL_FRAME_BYTES - XDP_HEADROOM_BYTES ? SMALL_FRAME_BYTES
								 : XDP_FRAME_BYTES;
}

static struct port_xdp *new_port(const struct port_spec *spec, uint32_t ifindex, uint32_t channels)
{
	struct port_xdp *xdp = aligned_alloc(_Alignof(struct port_xdp), sizeof(*xdp));

	if (!xdp)
		return NULL;
	memset(xdp, 0, sizeof(*xdp));
	xdp->port = (struct port){
		.ops = &xdp_ops,
		.spec = *spec,
		.queues = channels,
		.size = {.queues = channels,
			 .slot_bytes = frame_bytes(spec->object),
			 .slots_least = FRAMES_LEAST,
			 .slots_most = FRAMES_MOST},
		.counters = {.errors = LEDGER_UNKNOWN, .no_mbuf = LEDGER_UNKNOWN},
	};
	xdp->port.max_frame = xdp->port.size.slot_bytes - XDP_HEADROOM_BYTES;
	xdp->ifindex = ifindex;
	for (uint32_t i = 0; i < channels; i++)
		xdp->socket[i].fd = -1;
	return xdp;
}

int port_xdp_open(struct port **out, const struct port_spec *spec, uint32_t queues,
		  uint16_t vxlan_port, char *error)
{
	uint32_t ifindex = if_nametoindex(spec->object);
	uint32_t channels = interface_channels(spec->object);
	struct port_xdp *xdp;
	int rc;

	if (!ifindex) {
		snprintf(error, PORT_ERROR_BYTES,
			 "no such interface: see `ip link` for those here");
		return -ENODEV;
	}
	rc = check_channels(spec, channels, queues, error);
	if (rc < 0)
		return rc;
	xdp = new_port(spec, ifindex, channels);
	if (!xdp) {
		snprintf(error, PORT_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	rc = set_up(xdp, vxlan_port, error);
	if (rc < 0) {
		xdp->port.spec.object = NULL; /* stays the caller's */
		xdp_close(&xdp->port);
		return rc;
	}
	*out = &xdp->port;
	return 0;
}
