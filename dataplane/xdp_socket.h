/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An AF_XDP socket that receives: one channel of an interface, its frames in memory that we share
 * with the kernel (kernel Documentation/networking/af_xdp.rst).
 *
 * Every frame of that memory is in one place at a time: in the fill ring (the kernel's, empty), in
 * the receive ring (a packet), or held (handed out as views until the next call).
 */
#ifndef DATAPLANE_XDP_SOCKET_H
#define DATAPLANE_XDP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/port.h"

enum {
	XDP_FRAME_BYTES = 4096,   /* a page: more of one packet AF_XDP cannot take */
	XDP_HEADROOM_BYTES = 256, /* that XDP keeps for itself in each frame */
	XDP_SOCKET_PACKET_MAX = XDP_FRAME_BYTES - XDP_HEADROOM_BYTES,
};

struct xdp_ring {
	uint32_t *producer, *consumer; /* shared; each written by one side */
	uint32_t *flags;               /* shared; the kernel's */
	void *slots;                   /* shared; struct xdp_desc (receive) or uint64_t (fill) */
	uint32_t mask;
	uint32_t next; /* our index */
	void *map;
	size_t map_bytes;
};

/* worker: writes, in cache lines of its own. */
struct xdp_socket {
	int fd;
	uint8_t *memory;
	size_t memory_bytes;
	struct xdp_ring receive, fill;
	uint64_t held[PORT_BURST]; /* frames of the latest views */
	uint32_t held_count;
} __rte_cache_aligned;

/* What the kernel had to drop, and why. Cumulative. */
struct xdp_socket_counts {
	uint64_t dropped;       /* larger than a frame, or no free frame (copy mode) */
	uint64_t ring_full;     /* no room in the receive ring */
	uint64_t fill_empty;    /* how often a free frame was asked for in vain */
	uint64_t invalid_descs; /* frames that we gave back and the kernel refused: a bug of ours */
};

/*
 * Opens a socket with its memory: so many frames (a power of two) of frame_bytes (2048 or 4096).
 * Nothing is received before xdp_socket_bind(). Returns 0, or -errno; xdp_socket_close() is due in
 * any case. *step: what was tried last, for the message; a literal.
 */
int xdp_socket_open(struct xdp_socket *socket, uint32_t frames, uint32_t frame_bytes,
		    const char **step);
void xdp_socket_close(struct xdp_socket *socket);

/*
 * Binds it to a channel; unless `copy`, the driver writes into our memory itself where it can.
 * Returns 0, or -errno: -EBUSY where another socket is bound to it, or was a moment ago.
 */
int xdp_socket_bind(struct xdp_socket *socket, uint32_t ifindex, uint32_t channel, bool copy);

/* True where the driver writes into our memory itself. */
bool xdp_socket_zero_copy(const struct xdp_socket *socket);

/*
 * Up to max (at most PORT_BURST) packets, as views that stay valid until the next call; this call
 * gives the last one's frames back. Worker thread.
 */
uint32_t xdp_socket_receive(struct xdp_socket *socket, struct packet *packets, uint32_t max);

/* Adds the socket's counts. Returns 0 or -errno. */
int xdp_socket_count(const struct xdp_socket *socket, struct xdp_socket_counts *sum);

#endif
