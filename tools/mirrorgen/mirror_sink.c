/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mirrorgen/mirror_sink.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/mirrorgen/mirror_frame.h"

enum {
	BATCH_FRAMES = 256,
	BATCH_BYTES = 1 << 20,
	SEND_BUFFER_BYTES = 16 << 20,
	RETRY_US = 50,
};

/* Frames wait in one buffer, end to end, for one system call. */
struct mirror_sink {
	int fd;
	pcap_t *pcap; /* file only, as the dumper */
	pcap_dumper_t *dumper;
	uint8_t *buffer;
	size_t used;
	unsigned int waiting;
	size_t overheads[BATCH_FRAMES];
	uint64_t times_ns[BATCH_FRAMES];
	struct iovec frames[BATCH_FRAMES];
	struct mmsghdr messages[BATCH_FRAMES];
	struct mirror_sink_totals totals;
	char error[MIRROR_SINK_ERROR_BYTES];
};

static struct mirror_sink *sink_new(void)
{
	struct mirror_sink *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return NULL;
	sink->fd = -1;
	sink->buffer = malloc(BATCH_BYTES);
	if (!sink->buffer) {
		free(sink);
		return NULL;
	}
	for (unsigned int i = 0; i < BATCH_FRAMES; i++) {
		sink->messages[i].msg_hdr.msg_iov = &sink->frames[i];
		sink->messages[i].msg_hdr.msg_iovlen = 1;
	}
	return sink;
}

/* Protocol 0: the socket receives nothing. */
static int open_socket(const char *interface)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET};
	int size = SEND_BUFFER_BYTES;
	int fd, rc;

	address.sll_ifindex = (int)if_nametoindex(interface);
	if (!address.sll_ifindex)
		return -ENODEV;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Best effort: without CAP_NET_ADMIN the system's limit stays. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

struct mirror_sink *mirror_sink_open_interface(const char *interface, char *error)
{
	struct mirror_sink *sink = sink_new();

	if (!sink) {
		snprintf(error, MIRROR_SINK_ERROR_BYTES, "%s", strerror(ENOMEM));
		return NULL;
	}
	sink->fd = open_socket(interface);
	if (sink->fd < 0) {
		snprintf(error, MIRROR_SINK_ERROR_BYTES, "%s", strerror(-sink->fd));
		mirror_sink_close(sink);
		return NULL;
	}
	return sink;
}

struct mirror_sink *mirror_sink_open_file(const char *path, char *error)
{
	struct mirror_sink *sink = sink_new();

	snprintf(error, MIRROR_SINK_ERROR_BYTES, "%s", strerror(ENOMEM));
	if (!sink)
		return NULL;
	sink->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, MIRROR_FRAME_MAX_BYTES,
							  PCAP_TSTAMP_PRECISION_NANO);
	if (sink->pcap)
		sink->dumper = pcap_dump_open(sink->pcap, path);
	if (!sink->dumper) {
		if (sink->pcap)
			snprintf(error, MIRROR_SINK_ERROR_BYTES, "%s", pcap_geterr(sink->pcap));
		mirror_sink_close(sink);
		return NULL;
	}
	return sink;
}

uint8_t *mirror_sink_reserve(struct mirror_sink *sink, size_t bytes)
{
	if (sink->waiting == BATCH_FRAMES || sink->used + bytes > BATCH_BYTES) {
		if (mirror_sink_flush(sink) < 0)
			return NULL;
	}
	return sink->buffer + sink->used;
}

void mirror_sink_commit(struct mirror_sink *sink, size_t bytes, size_t overhead, uint64_t time_ns)
{
	unsigned int slot = sink->waiting++;

	sink->frames[slot].iov_base = sink->buffer + sink->used;
	sink->frames[slot].iov_len = bytes;
	sink->overheads[slot] = overhead;
	sink->times_ns[slot] = time_ns;
	sink->used += bytes;
}

static void count_sent(struct mirror_sink *sink, unsigned int first, unsigned int count)
{
	for (unsigned int i = first; i < first + count; i++)
		sink->totals.bytes += sink->frames[i].iov_len - sink->overheads[i];
	sink->totals.frames += count;
}

static int write_file(struct mirror_sink *sink)
{
	for (unsigned int i = 0; i < sink->waiting; i++) {
		struct pcap_pkthdr header = {
			.ts.tv_sec = (time_t)(sink->times_ns[i] / 1000000000),
			.ts.tv_usec = (suseconds_t)(sink->times_ns[i] % 1000000000),
			.caplen = (bpf_u_int32)sink->frames[i].iov_len,
			.len = (bpf_u_int32)sink->frames[i].iov_len,
		};

		pcap_dump((u_char *)sink->dumper, &header, sink->frames[i].iov_base);
	}
	/* pcap_dump() says nothing; a full disk shows here. */
	if (pcap_dump_flush(sink->dumper) < 0 || ferror(pcap_dump_file(sink->dumper)))
		return errno ? -errno : -EIO;
	count_sent(sink, 0, sink->waiting);
	return 0;
}

/* The interface's queue is full: waits for room in the socket, or a moment. */
static void wait_for_room(int fd)
{
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	struct timespec pause = {.tv_nsec = RETRY_US * 1000L};

	poll(&room, 1, 1);
	nanosleep(&pause, NULL);
}

static int send_frames(struct mirror_sink *sink)
{
	unsigned int done = 0;

	while (done < sink->waiting) {
		int sent = sendmmsg(sink->fd, &sink->messages[done], sink->waiting - done, 0);

		if (sent > 0) {
			count_sent(sink, done, (unsigned int)sent);
			done += (unsigned int)sent;
			continue;
		}
		if (errno == ENOBUFS || errno == EAGAIN) {
			wait_for_room(sink->fd);
		} else if (errno == EMSGSIZE) {
			sink->totals.too_large++;
			done++;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int mirror_sink_flush(struct mirror_sink *sink)
{
	int rc;

	if (!sink->waiting)
		return 0;
	rc = sink->dumper ? write_file(sink) : send_frames(sink);
	if (rc < 0)
		snprintf(sink->error, sizeof(sink->error), "%s", strerror(-rc));
	sink->waiting = 0;
	sink->used = 0;
	return rc;
}

struct mirror_sink_totals mirror_sink_totals(const struct mirror_sink *sink)
{
	return sink->totals;
}

const char *mirror_sink_error(const struct mirror_sink *sink)
{
	return sink->error;
}

void mirror_sink_close(struct mirror_sink *sink)
{
	if (!sink)
		return;
	if (sink->dumper)
		pcap_dump_close(sink->dumper);
	if (sink->pcap)
		pcap_close(sink->pcap);
	if (sink->fd >= 0)
		close(sink->fd);
	free(sink->buffer);
	free(sink);
}
