/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>

#include "dataplane/port_eth.h"

enum {
	NEED_RING = 4096, /* descriptors per queue */
	NEED_SPARE = 512, /* in a worker's hands and in its cache of the pool */
	NEED_JUMBO = 9216,
	NEED_SMALL = 2048,
	NEED_LOOP_MAX = 1 << 20, /* packets of a looped file */
};

/* Counts the packets of a file that is to be looped, and finds the largest. */
static int scan_file(const char *path, uint32_t *packets, uint32_t *largest, char *error)
{
	char message[PCAP_ERRBUF_SIZE] = "";
	struct pcap_pkthdr *header;
	pcap_t *pcap = pcap_open_offline(path, message);
	const u_char *data;
	int rc;

	*packets = 0;
	*largest = 0;
	if (!pcap) {
		snprintf(error, PORT_ERROR_BYTES, "cannot be read: %s", message);
		return -EINVAL;
	}
	while ((rc = pcap_next_ex(pcap, &header, &data)) == 1 && *packets < NEED_LOOP_MAX) {
		(*packets)++;
		*largest = RTE_MAX(*largest, header->caplen);
	}
	if (rc == PCAP_ERROR)
		snprintf(error, PORT_ERROR_BYTES, "cannot be read: %s", pcap_geterr(pcap));
	else if (rc == 1)
		snprintf(error, PORT_ERROR_BYTES, "more than %d packets: loop a smaller file",
			 NEED_LOOP_MAX);
	else if (!*packets)
		snprintf(error, PORT_ERROR_BYTES, "no packets in it to loop");
	pcap_close(pcap);
	return rc == PCAP_ERROR_BREAK && *packets ? 0 : -EINVAL;
}

int port_eth_need(const struct port_spec *spec, uint32_t queues, struct port_eth_need *need,
		  char *error)
{
	uint32_t packets, largest;
	int rc;

	/* A worker for each queue at most, and the control thread: each has a cache. */
	need->mbufs = queues * NEED_RING + (queues + 1) * NEED_SPARE;
	need->data_room = NEED_JUMBO + RTE_PKTMBUF_HEADROOM;
	if (spec->kind != PORT_ETH_LOOP)
		return 0;
	rc = scan_file(spec->object, &packets, &largest, error);
	if (rc < 0)
		return rc;
	need->mbufs += packets * queues;
	need->data_room = RTE_MAX(largest, (uint32_t)NEED_SMALL) + RTE_PKTMBUF_HEADROOM;
	if (need->data_room > UINT16_MAX) {
		snprintf(error, PORT_ERROR_BYTES, "a packet of %u bytes: 65407 at most in a loop",
			 largest);
		return -EINVAL;
	}
	return 0;
}

uint64_t port_eth_memory(const struct port_eth_need *need)
{
	/* The mempool's object header and ring, and pages that the last object does not fill. */
	uint64_t each = sizeof(struct rte_mbuf) + need->data_room + 192;

	return need->mbufs * each * 17 / 16 + (4 << 20);
}
