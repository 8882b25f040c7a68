/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/xdp_socket.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_prefetch.h>

enum {
	COMPLETION_SLOTS = 64, /* of a ring that the kernel demands and we never use: no sending */
};

static int set_option(int fd, int name, uint32_t value)
{
	return setsockopt(fd, SOL_XDP, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int open_memory(struct xdp_socket *s, uint32_t frames, uint32_t frame_bytes)
{
	struct xdp_umem_reg registration = {.chunk_size = frame_bytes};

	s->memory_bytes = (size_t)frames * frame_bytes;
	s->memory = mmap(NULL, s->memory_bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (s->memory == MAP_FAILED) {
		s->memory = NULL;
		return -errno;
	}
	registration.addr = (uintptr_t)s->memory;
	registration.len = s->memory_bytes;
	if (setsockopt(s->fd, SOL_XDP, XDP_UMEM_REG, &registration, sizeof(registration)) < 0)
		return -errno;
	return 0;
}

static int map_ring(int fd, off_t page, const struct xdp_ring_offset *offset, uint32_t slots,
		    size_t slot_bytes, struct xdp_ring *ring)
{
	uint8_t *map;

	ring->map_bytes = offset->desc + slots * slot_bytes;
	map = mmap(NULL, ring->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		   page);
	if (map == MAP_FAILED)
		return -errno;
	ring->map = map;
	ring->producer = (uint32_t *)(map + offset->producer);
	ring->consumer = (uint32_t *)(map + offset->consumer);
	ring->flags = (uint32_t *)(map + offset->flags);
	ring->slots = map + offset->desc;
	ring->mask = slots - 1;
	return 0;
}

/* Both rings hold all frames: neither can overflow. */
static int open_rings(struct xdp_socket *s, uint32_t frames)
{
	struct xdp_mmap_offsets offsets;
	socklen_t bytes = sizeof(offsets);
	int rc = set_option(s->fd, XDP_UMEM_FILL_RING, frames);

	if (rc == 0)
		rc = set_option(s->fd, XDP_UMEM_COMPLETION_RING, COMPLETION_SLOTS);
	if (rc == 0)
		rc = set_option(s->fd, XDP_RX_RING, frames);
	if (rc == 0 && getsockopt(s->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &bytes) < 0)
		rc = -errno;
	if (rc == 0)
		rc = map_ring(s->fd, XDP_PGOFF_RX_RING, &offsets.rx, frames,
			      sizeof(struct xdp_desc), &s->receive);
	if (rc == 0)
		rc = map_ring(s->fd, XDP_UMEM_PGOFF_FILL_RING, &offsets.fr, frames,
			      sizeof(uint64_t), &s->fill);
	return rc;
}

static void fill(struct xdp_socket *s, const uint64_t *frames, uint32_t count)
{
	uint64_t *slots = s->fill.slots;

	for (uint32_t i = 0; i < count; i++)
		slots[s->fill.next++ & s->fill.mask] = frames[i];
	__atomic_store_n(s->fill.producer, s->fill.next, __ATOMIC_RELEASE);
}

int xdp_socket_open(struct xdp_socket *s, uint32_t frames, uint32_t frame_bytes, const char **step)
{
	int rc;

	*s = (struct xdp_socket){0};
	*step = "AF_XDP socket";
	s->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	*step = "memory of an AF_XDP socket";
	rc = open_memory(s, frames, frame_bytes);
	if (rc < 0)
		return rc;
	*step = "rings of an AF_XDP socket";
	rc = open_rings(s, frames);
	if (rc < 0)
		return rc;
	for (uint64_t frame = 0; frame < s->memory_bytes; frame += frame_bytes)
		fill(s, &frame, 1);
	return 0;
}

void xdp_socket_close(struct xdp_socket *s)
{
	if (s->receive.map)
		munmap(s->receive.map, s->receive.map_bytes);
	if (s->fill.map)
		munmap(s->fill.map, s->fill.map_bytes);
	if (s->fd >= 0)
		close(s->fd);
	if (s->memory)
		munmap(s->memory, s->memory_bytes);
	*s = (struct xdp_socket){.fd = -1};
}

int xdp_socket_bind(struct xdp_socket *s, uint32_t ifindex, uint32_t channel, bool copy)
{
	/* Unless told to copy the kernel takes the better way that there is. */
	struct sockaddr_xdp address = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = (uint16_t)(XDP_USE_NEED_WAKEUP | (copy ? XDP_COPY : 0)),
		.sxdp_ifindex = ifindex,
		.sxdp_queue_id = channel};

	return bind(s->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
}

bool xdp_socket_zero_copy(const struct xdp_socket *s)
{
	struct xdp_options options = {0};
	socklen_t bytes = sizeof(options);

	return getsockopt(s->fd, SOL_XDP, XDP_OPTIONS, &options, &bytes) == 0 &&
	       (options.flags & XDP_OPTIONS_ZEROCOPY);
}

/*
 * A driver that ran out of free frames sleeps until it is told of new ones: the one system call
 * here, and only then. Looked at in every call, since the driver may decide just after one.
 */
static void wake_driver(const struct xdp_socket *s)
{
	if (unlikely(__atomic_load_n(s->fill.flags, __ATOMIC_RELAXED) & XDP_RING_NEED_WAKEUP))
		(void)recv(s->fd, NULL, 0, MSG_DONTWAIT);
}

uint32_t xdp_socket_receive(struct xdp_socket *s, struct packet *packets, uint32_t max)
{
	const struct xdp_desc *slots = s->receive.slots;
	uint32_t ready;

	if (s->held_count)
		fill(s, s->held, s->held_count);
	wake_driver(s);
	ready = __atomic_load_n(s->receive.producer, __ATOMIC_ACQUIRE) - s->receive.next;
	if (ready > max)
		ready = max;
	for (uint32_t i = 0; i < ready; i++) {
		const struct xdp_desc *slot = &slots[s->receive.next++ & s->receive.mask];
		const uint8_t *data = s->memory + slot->addr;

		rte_prefetch0(data);
		s->held[i] = slot->addr;
		packets[i] = (struct packet){
			.data = data, .data_len = slot->len, .packet_len = slot->len};
	}
	s->held_count = ready;
	if (ready)
		__atomic_store_n(s->receive.consumer, s->receive.next, __ATOMIC_RELEASE);
	return ready;
}

int xdp_socket_count(const struct xdp_socket *s, struct xdp_socket_counts *sum)
{
	struct xdp_statistics counts = {0};
	socklen_t bytes = sizeof(counts);

	if (getsockopt(s->fd, SOL_XDP, XDP_STATISTICS, &counts, &bytes) < 0)
		return -errno;
	sum->dropped += counts.rx_dropped;
	sum->ring_full += counts.rx_ring_full;
	sum->fill_empty += counts.rx_fill_ring_empty_descs;
	sum->invalid_descs += counts.rx_invalid_descs;
	return 0;
}
