/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mirrorgen/mirror_source.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	LIVE_SNAPLEN = 262144,
	LIVE_BUFFER_BYTES = 32 << 20,
	/* The kernel hands a block over when it is full or this old. libpcap's immediate mode
	 * would do with less delay, but spends a slot of the largest size on each frame. */
	LIVE_TIMEOUT_MS = 1,
	LIVE_DRAIN_MS = 20,
	LIVE_DRAIN_LIMIT_S = 2, /* traffic that never pauses must not keep a stopped capture */
	WAIT_LIMIT_MS = 100,    /* a signal that came just before the wait is seen after it */
};

/* A fixed start makes synthetic files the same in every run: 2024-01-01T00:00:00Z. */
static const uint64_t synthetic_start_ns = 1704067200ULL * 1000000000ULL;

struct mirror_source {
	char *path; /* of a file, NULL otherwise */
	uint64_t loops_left;
	bool endless;
	pcap_t *pcap; /* NULL for synthetic */
	bool live;
	bool stopped;
	struct timespec drain_end;
	struct synthetic mix;
	uint32_t interfaces;
	uint64_t interval_ns;
	uint64_t sequence;
	uint8_t *frame; /* synthetic only */
	char error[MIRROR_SOURCE_ERROR_BYTES];
};

static pcap_t *open_file(const char *path, char *error)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, why);

	if (!pcap) {
		snprintf(error, MIRROR_SOURCE_ERROR_BYTES, "%s", why);
		return NULL;
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		snprintf(error, MIRROR_SOURCE_ERROR_BYTES, "link type %s, not Ethernet",
			 pcap_datalink_val_to_name(pcap_datalink(pcap)) ?: "unknown");
		pcap_close(pcap);
		return NULL;
	}
	return pcap;
}

struct mirror_source *mirror_source_open_file(const char *path, uint64_t loops, char *error)
{
	struct mirror_source *source = calloc(1, sizeof(*source));

	snprintf(error, MIRROR_SOURCE_ERROR_BYTES, "out of memory");
	if (!source)
		return NULL;
	source->loops_left = loops;
	source->endless = loops == 0;
	source->path = strdup(path);
	if (source->path)
		source->pcap = open_file(path, error);
	if (!source->pcap) {
		mirror_source_close(source);
		return NULL;
	}
	return source;
}

static int activate(pcap_t *pcap, char *why)
{
	int rc;

	pcap_set_snaplen(pcap, LIVE_SNAPLEN);
	pcap_set_timeout(pcap, LIVE_TIMEOUT_MS);
	pcap_set_buffer_size(pcap, LIVE_BUFFER_BYTES);
	pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
	rc = pcap_activate(pcap);
	if (rc < 0) {
		const char *detail = pcap_geterr(pcap);

		snprintf(why, PCAP_ERRBUF_SIZE, "%s", detail[0] ? detail : pcap_statustostr(rc));
		return -EIO;
	}
	if (pcap_datalink(pcap) != DLT_EN10MB) {
		snprintf(why, PCAP_ERRBUF_SIZE, "not an Ethernet interface");
		return -EINVAL;
	}
	return pcap_setnonblock(pcap, 1, why) < 0 ? -EIO : 0;
}

struct mirror_source *mirror_source_open_interface(const char *interface, char *error)
{
	struct mirror_source *source = calloc(1, sizeof(*source));
	char why[PCAP_ERRBUF_SIZE] = "out of memory";

	if (!source)
		goto fail;
	source->live = true;
	source->pcap = pcap_create(interface, why);
	if (!source->pcap || activate(source->pcap, why) < 0)
		goto fail;
	return source;

fail:
	snprintf(error, MIRROR_SOURCE_ERROR_BYTES, "%s", why);
	mirror_source_close(source);
	return NULL;
}

struct mirror_source *mirror_source_open_synthetic(const struct synthetic *mix, uint32_t interfaces,
						   uint64_t interval_ns)
{
	struct mirror_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->mix = *mix;
	source->interfaces = interfaces;
	source->interval_ns = interval_ns;
	source->frame = malloc(SYNTHETIC_MAX_SIZE);
	if (!source->frame) {
		mirror_source_close(source);
		return NULL;
	}
	return source;
}

static int next_synthetic(struct mirror_source *source, struct mirror_packet *packet)
{
	uint64_t sequence = source->sequence++;

	packet->bytes = (uint32_t)synthetic_frame(&source->mix, sequence, source->frame);
	packet->data = source->frame;
	packet->interface = synthetic_flow(&source->mix, sequence) % source->interfaces;
	packet->time_ns = synthetic_start_ns + sequence * source->interval_ns;
	return 1;
}

/* Starts the file once more, or ends it. */
static int rewind_file(struct mirror_source *source)
{
	if (!source->endless && --source->loops_left == 0)
		return -ENODATA;
	pcap_close(source->pcap);
	source->pcap = open_file(source->path, source->error);
	return source->pcap ? 0 : -EIO;
}

static bool drained(const struct mirror_source *source)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > source->drain_end.tv_sec ||
	       (now.tv_sec == source->drain_end.tv_sec && now.tv_nsec > source->drain_end.tv_nsec);
}

static int next_pcap(struct mirror_source *source, struct mirror_packet *packet)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int rc = pcap_next_ex(source->pcap, &header, &data);

	if (rc == 0)
		return source->stopped ? -ENODATA : 0;
	if (rc < 0) {
		snprintf(source->error, sizeof(source->error), "%s", pcap_geterr(source->pcap));
		return rc == PCAP_ERROR_BREAK ? -ENODATA : -EIO;
	}
	if (source->stopped && drained(source))
		return -ENODATA;
	packet->data = data;
	packet->bytes = header->caplen;
	packet->interface = 0;
	/* tv_usec holds nanoseconds: that is what the handle was opened for. */
	packet->time_ns = (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec;
	return 1;
}

int mirror_source_next(struct mirror_source *source, struct mirror_packet *packet)
{
	bool rewound = false;
	int rc;

	if (!source->pcap)
		return source->frame ? next_synthetic(source, packet) : -EIO;
	for (;;) {
		rc = next_pcap(source, packet);
		/* An empty file, looped without end, would never return: once is enough. */
		if (rc != -ENODATA || source->live || rewound)
			return rc;
		rc = rewind_file(source);
		if (rc < 0)
			return rc;
		rewound = true;
	}
}

void mirror_source_wait(struct mirror_source *source)
{
	struct pollfd readable = {.events = POLLIN};

	if (!source->live)
		return;
	readable.fd = pcap_get_selectable_fd(source->pcap);
	poll(&readable, 1, WAIT_LIMIT_MS);
}

void mirror_source_stop(struct mirror_source *source)
{
	struct timespec pause = {.tv_nsec = LIVE_DRAIN_MS * 1000000L};

	if (!source->live || source->stopped)
		return;
	source->stopped = true;
	nanosleep(&pause, NULL);
	clock_gettime(CLOCK_MONOTONIC, &source->drain_end);
	source->drain_end.tv_sec += LIVE_DRAIN_LIMIT_S;
}

int64_t mirror_source_missed(struct mirror_source *source)
{
	struct pcap_stat stats;

	if (!source->live || pcap_stats(source->pcap, &stats) < 0)
		return -1;
	return stats.ps_drop;
}

const char *mirror_source_error(const struct mirror_source *source)
{
	return source->error;
}

void mirror_source_close(struct mirror_source *source)
{
	if (!source)
		return;
	if (source->pcap)
		pcap_close(source->pcap);
	free(source->frame);
	free(source->path);
	free(source);
}
