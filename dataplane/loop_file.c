/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/loop_file.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>

#include "dataplane/port.h"

enum {
	PACKETS_MAX = 1 << 20, /* of all queues: each has its own copies */
	PACKET_BYTES_MAX = UINT16_MAX - RTE_PKTMBUF_HEADROOM,
};

static int check(const struct loop_file *file, uint32_t queues, char *error)
{
	if (!file->packets)
		snprintf(error, PORT_ERROR_BYTES, "no packets in it to loop");
	else if (file->packets > PACKETS_MAX / queues)
		snprintf(error, PORT_ERROR_BYTES,
			 "more than %u packets for each of %u queues: loop a smaller file",
			 PACKETS_MAX / queues, queues);
	else if (file->largest > PACKET_BYTES_MAX)
		snprintf(error, PORT_ERROR_BYTES, "a packet of %u bytes: %u at most in a loop",
			 file->largest, PACKET_BYTES_MAX);
	else
		return 0;
	return -EINVAL;
}

int loop_file_scan(const char *path, uint32_t queues, struct loop_file *file, char *error)
{
	char message[PCAP_ERRBUF_SIZE] = "";
	struct pcap_pkthdr *header;
	pcap_t *pcap = pcap_open_offline(path, message);
	const u_char *data;
	int rc = 0;

	*file = (struct loop_file){0};
	if (!pcap) {
		snprintf(error, PORT_ERROR_BYTES, "cannot be read: %s", message);
		return -EINVAL;
	}
	while (file->packets <= PACKETS_MAX && (rc = pcap_next_ex(pcap, &header, &data)) == 1) {
		file->packets++;
		if (header->caplen > file->largest)
			file->largest = header->caplen;
	}
	if (rc == PCAP_ERROR) {
		snprintf(error, PORT_ERROR_BYTES, "cannot be read: %s", pcap_geterr(pcap));
		rc = -EINVAL;
	} else {
		rc = check(file, queues, error);
	}
	pcap_close(pcap);
	return rc;
}
