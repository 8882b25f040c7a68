/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel port: AF_PACKET with a TPACKET_V3 ring of our own (packet(7), kernel
 * Documentation/networking/packet_mmap.rst).
 *
 * The DPDK driver for such interfaces loses packets without counting, cuts frames over 2048 bytes
 * and sees outgoing ones; this one counts, keeps jumbo frames whole and sees incoming ones only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/decap.h"
#include "dataplane/interface.h"
#include "dataplane/port.h"

enum {
	RING_BLOCK_BYTES = 128 << 10, /* holds the largest packet */
	/* 64 MiB for one queue: 0.3 s of 200,000 packets a second at 1 KiB. At low rates a block is
	 * handed over every RING_RETIRE_MS, however empty: then it is 5 s. Of more queues each gets
	 * a part, but not less than 8 MiB. */
	RING_BLOCKS_MOST = 512,
	RING_BLOCKS_LEAST = 64,
	RING_FRAME_BYTES = 2048,
	/* A block that is not full is handed over after this time: the wait of a lone packet. */
	RING_RETIRE_MS = 10,
	KERNEL_QUEUES_MAX = 64,
	SINKS = 2,
};

struct kernel_queue {
	int fd;
	uint8_t *ring;
	uint32_t blocks;
	uint32_t block; /* the block to look at next */
	uint32_t left;  /* packets left in it; 0: not begun */
	bool finished;  /* all of it handed out: give it back at the next call */
	struct tpacket3_hdr *next;
};

struct port_kernel {
	struct port port;
	unsigned int ifindex;
	int sinks[SINKS]; /* UDP sockets that discard, -1 where not needed */
	struct kernel_queue queue[KERNEL_QUEUES_MAX];
};

static struct port_kernel *self(struct port *port)
{
	return (struct port_kernel *)port;
}

static struct tpacket_block_desc *block_of(const struct kernel_queue *queue)
{
	return (struct tpacket_block_desc *)(queue->ring + (size_t)queue->block * RING_BLOCK_BYTES);
}

/* Gives the finished block back to the kernel and looks at the next. */
static bool next_block(struct kernel_queue *queue)
{
	struct tpacket_block_desc *block = block_of(queue);

	if (queue->finished) {
		__atomic_store_n(&block->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		queue->block = queue->block + 1 < queue->blocks ? queue->block + 1 : 0;
		queue->finished = false;
		block = block_of(queue);
	}
	if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	queue->left = block->hdr.bh1.num_pkts;
	queue->next =
		(struct tpacket3_hdr *)((uint8_t *)block + block->hdr.bh1.offset_to_first_pkt);
	queue->finished = queue->left == 0;
	return queue->left > 0;
}

static uint32_t kernel_rx_burst(struct port *port, uint32_t index, struct packet *packets,
				uint32_t max)
{
	struct kernel_queue *queue = &self(port)->queue[index];
	uint32_t n;

	if (!queue->left && !next_block(queue))
		return 0;
	/* Never over the end of a block: the views of this burst must stay valid. */
	for (n = 0; n < max && queue->left; n++, queue->left--) {
		struct tpacket3_hdr *header = queue->next;

		packets[n] = (struct packet){
			.data = (uint8_t *)header + header->tp_mac,
			.data_len = header->tp_snaplen,
			.packet_len = header->tp_snaplen,
			.time_ns = (uint64_t)header->tp_sec * 1000000000u + header->tp_nsec,
		};
		queue->next = (struct tpacket3_hdr *)((uint8_t *)header + header->tp_next_offset);
	}
	queue->finished = queue->left == 0;
	return n;
}

static int kernel_queue_fd(struct port *port, uint32_t queue)
{
	return self(port)->queue[queue].fd;
}

/* True when the interface is gone for good: the kernel unbinds the socket then. */
static bool interface_gone(int fd)
{
	struct sockaddr_ll address = {0};
	socklen_t length = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
	       address.sll_ifindex <= 0;
}

/* An interface that went down leaves an error by which poll() would return at once for ever. */
static void clear_error(int fd)
{
	socklen_t length = sizeof(int);
	int error;

	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
}

/* Reading the statistics resets them: add. */
static void kernel_tick(struct port *port)
{
	for (uint32_t i = 0; i < port->queues; i++) {
		struct tpacket_stats_v3 stats;
		socklen_t length = sizeof(stats);

		if (getsockopt(self(port)->queue[i].fd, SOL_PACKET, PACKET_STATISTICS, &stats,
			       &length) == 0)
			port->counters.missed += stats.tp_drops;
	}
	clear_error(self(port)->queue[0].fd);
	if (interface_gone(self(port)->queue[0].fd)) {
		port->failed = -ENODEV;
		__atomic_store_n(&port->ended, true, __ATOMIC_RELEASE);
	}
}

static int fail(char *error, const char *what)
{
	int rc = -errno;

	snprintf(error, PORT_ERROR_BYTES, "%s: %s%s", what, strerror(-rc),
		 rc == -EPERM ? ": run as root or with CAP_NET_RAW" : "");
	return rc;
}

static int set_option(int fd, int name, int value)
{
	return setsockopt(fd, SOL_PACKET, name, &value, sizeof(value));
}

static int queue_open(struct kernel_queue *queue, char *error)
{
	/* Protocol 0: nothing is received before bind. */
	queue->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (queue->fd < 0)
		return fail(error, "packet socket");
	if (set_option(queue->fd, PACKET_VERSION, TPACKET_V3) < 0)
		return fail(error, "TPACKET_V3");
	if (set_option(queue->fd, PACKET_IGNORE_OUTGOING, 1) < 0)
		return fail(error, "ignoring outgoing packets (needs Linux 4.20)");
	return 0;
}

static int make_ring(struct kernel_queue *queue, uint32_t blocks, char *error)
{
	struct tpacket_req3 ring = {
		.tp_block_size = RING_BLOCK_BYTES,
		.tp_block_nr = blocks,
		.tp_frame_size = RING_FRAME_BYTES,
		.tp_frame_nr = RING_BLOCK_BYTES / RING_FRAME_BYTES * blocks,
		.tp_retire_blk_tov = RING_RETIRE_MS,
	};
	char what[64];
	void *memory;

	snprintf(what, sizeof(what), "receive ring of %u MiB",
		 blocks / ((1 << 20) / RING_BLOCK_BYTES));
	if (setsockopt(queue->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) < 0)
		return fail(error, what);
	memory = mmap(NULL, (size_t)RING_BLOCK_BYTES * blocks, PROT_READ | PROT_WRITE, MAP_SHARED,
		      queue->fd, 0);
	if (memory == MAP_FAILED)
		return fail(error, what);
	queue->ring = memory;
	queue->blocks = blocks;
	return 0;
}

/*
 * A socket that owns the UDP port and discards, so that the host does not answer the source of
 * the mirror with ICMP port unreachable. Its filter drops each packet before it is queued.
 * A port that somebody owns already needs none.
 */
static int sink_open(const char *interface, uint16_t port, int *sink, char *error)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &drop};
	struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in any4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	int off = 0, fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr *address = (struct sockaddr *)&any;
	socklen_t length = sizeof(any);

	if (fd < 0 && errno == EAFNOSUPPORT) { /* a kernel without IPv6 */
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		address = (struct sockaddr *)&any4;
		length = sizeof(any4);
	}
	if (fd < 0)
		return fail(error, "UDP socket");
	if (address->sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, strlen(interface)) < 0 ||
	    bind(fd, address, length) < 0) {
		int rc = errno == EADDRINUSE ? 0 : fail(error, "UDP socket that discards");

		close(fd);
		return rc;
	}
	*sink = fd;
	return 0;
}

/*
 * Makes one fanout group of the port's queues, with an id that is nobody else's; by the hash of the
 * outer flow, which keeps each flow's packets in order.
 */
static int join_fanout(struct port *port)
{
	int fanout = (PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
	socklen_t length = sizeof(fanout);

	for (uint32_t i = 0; i < port->queues; i++) {
		int fd = self(port)->queue[i].fd;

		if (set_option(fd, PACKET_FANOUT, fanout) < 0)
			return -1;
		if (i == 0 && getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &fanout, &length) < 0)
			return -1;
		fanout = (fanout & 0xffff) | PACKET_FANOUT_HASH << 16;
	}
	return 0;
}

/* While sockets are bound but not in one group yet, each would get every packet. */
static int hold_packets(int fd)
{
	struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = {.len = 1, .filter = &drop};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int kernel_start(struct port *port, char *error)
{
	struct port_kernel *kernel = self(port);
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_ALL),
				      .sll_ifindex = (int)kernel->ifindex};
	int off = 0;

	for (uint32_t i = 0; i < port->queues; i++) {
		int fd = kernel->queue[i].fd;
		int rc = make_ring(&kernel->queue[i], port->size.slots, error);

		if (rc < 0)
			return rc;
		if (port->queues > 1 && hold_packets(fd) < 0)
			return fail(error, "holding packets back");
		if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
			return fail(error, "binding to the interface");
	}
	if (port->queues == 1)
		return 0;
	if (join_fanout(port) < 0)
		return fail(error, "spreading over several queues");
	for (uint32_t i = 0; i < port->queues; i++)
		if (setsockopt(kernel->queue[i].fd, SOL_SOCKET, SO_DETACH_FILTER, &off,
			       sizeof(off)) < 0)
			return fail(error, "letting packets in");
	return 0;
}

static void kernel_close(struct port *port)
{
	struct port_kernel *kernel = self(port);

	for (uint32_t i = 0; i < port->queues; i++) {
		if (kernel->queue[i].ring)
			munmap(kernel->queue[i].ring,
			       (size_t)RING_BLOCK_BYTES * kernel->queue[i].blocks);
		if (kernel->queue[i].fd >= 0)
			close(kernel->queue[i].fd);
	}
	for (int i = 0; i < SINKS; i++)
		if (kernel->sinks[i] >= 0)
			close(kernel->sinks[i]);
	port_spec_fini(&port->spec);
	free(port);
}

static const struct port_ops kernel_ops = {
	.start = kernel_start,
	.rx_burst = kernel_rx_burst,
	.queue_fd = kernel_queue_fd,
	.tick = kernel_tick,
	.close = kernel_close,
};

static int open_parts(struct port_kernel *kernel, uint16_t vxlan_port, char *error)
{
	const uint16_t ports[SINKS] = {vxlan_port, DECAP_GENEVE_PORT};
	const char *interface = kernel->port.spec.object;

	for (uint32_t i = 0; i < kernel->port.queues; i++) {
		int rc = queue_open(&kernel->queue[i], error);

		if (rc < 0)
			return rc;
	}
	for (int i = 0; i < SINKS; i++) {
		int rc = sink_open(interface, ports[i], &kernel->sinks[i], error);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int port_kernel_open(struct port **out, const struct port_spec *spec, uint32_t queues,
		     uint16_t vxlan_port, char *error)
{
	unsigned int ifindex = if_nametoindex(spec->object);
	struct port_kernel *kernel;
	int rc;

	if (!ifindex) {
		snprintf(error, PORT_ERROR_BYTES,
			 "no such interface: see `ip link` for those here");
		return -ENODEV;
	}
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel || queues > KERNEL_QUEUES_MAX) {
		snprintf(error, PORT_ERROR_BYTES,
			 kernel ? "too many queues: 64 at most" : "out of memory");
		free(kernel);
		return -EINVAL;
	}
	kernel->port = (struct port){
		.ops = &kernel_ops,
		.spec = *spec,
		.queues = queues,
		.size = {.queues = queues,
			 .slot_bytes = RING_BLOCK_BYTES,
			 .slots_least = RING_BLOCKS_LEAST,
			 .slots_most = RING_BLOCKS_MOST},
		/* Should the MTU be raised later, what exceeds this is stored clipped, and counted. */
		.max_frame = interface_largest_packet(spec->object),
		.stamps = true,
		.counters = {.errors = LEDGER_UNKNOWN, .no_mbuf = LEDGER_UNKNOWN},
	};
	kernel->ifindex = ifindex;
	for (int i = 0; i < KERNEL_QUEUES_MAX; i++)
		kernel->queue[i].fd = -1;
	for (int i = 0; i < SINKS; i++)
		kernel->sinks[i] = -1;
	rc = open_parts(kernel, vxlan_port, error);
	if (rc < 0) {
		kernel->port.spec.object = NULL; /* stays the caller's */
		kernel_close(&kernel->port);
		return rc;
	}
	*out = &kernel->port;
	return 0;
}
