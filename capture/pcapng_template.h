/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every pcapng file of a capture begins with, put together once: the section header, which
 * names program and host, and an interface block for each session.
 *
 * All interfaces have one snaplen, the largest: libpcap, and with it tcpdump, Zeek and Suricata,
 * refuses a file where they differ. A session's own packet length is in its comment.
 */
#ifndef CAPTURE_PCAPNG_TEMPLATE_H
#define CAPTURE_PCAPNG_TEMPLATE_H

#include <stdint.h>

#include "capture/session_map.h"

struct pcapng_template_interface {
	uint8_t *block;
	uint32_t bytes;
};

struct pcapng_template {
	uint8_t *section;
	uint32_t section_bytes;
	struct pcapng_template_interface *interfaces; /* by session */
	uint32_t count;
	uint32_t interface_bytes_max;
};

/*
 * snaplen: that the capture cuts packets to, bytes, 0 for none. filter: of all sessions, or NULL.
 * Returns NULL when out of memory. Owned by the caller: pcapng_template_free().
 */
struct pcapng_template *pcapng_template_new(const struct session_map *map, uint32_t snaplen,
					    const char *filter);
void pcapng_template_free(struct pcapng_template *template);

/* The bytes that a packet's block may need beside the packet, what comes first in a file included. */
uint32_t pcapng_template_overhead(const struct pcapng_template *template);

#endif
