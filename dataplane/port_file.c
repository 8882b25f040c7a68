/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file port: packets of a pcap or pcapng file, with their own times, once.
 */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/port.h"

struct port_file {
	struct port port;
	pcap_t *pcap;
};

static struct port_file *self(struct port *port)
{
	return (struct port_file *)port;
}

static int file_start(struct port *port, char *error)
{
	return 0;
}

/*
 * One packet a burst: libpcap keeps the bytes of the latest packet only, and a view must stay
 * valid over its burst.
 */
static uint32_t file_rx_burst(struct port *port, uint32_t queue, struct packet *packets,
			      uint32_t max)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int rc;

	if (port->ended)
		return 0;
	rc = pcap_next_ex(self(port)->pcap, &header, &data);
	if (rc != 1) {
		if (rc != PCAP_ERROR_BREAK)
			port->failed = -EBADMSG;
		__atomic_store_n(&port->ended, true, __ATOMIC_RELEASE);
		return 0;
	}
	/* With nanosecond precision libpcap's tv_usec holds nanoseconds. */
	packets[0] = (struct packet){
		.data = data,
		.data_len = header->caplen,
		.packet_len = header->caplen,
		.time_ns = (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec,
	};
	return 1;
}

/* A file loses nothing between itself and us. */
static void file_tick(struct port *port)
{
	port->counters = (struct ledger_nic){0};
}

static void file_close(struct port *port)
{
	pcap_close(self(port)->pcap);
	port_spec_fini(&port->spec);
	free(port);
}

static const struct port_ops file_ops = {
	.start = file_start,
	.rx_burst = file_rx_burst,
	.tick = file_tick,
	.close = file_close,
};

int port_file_open(struct port **out, const struct port_spec *spec, char *error)
{
	char message[PCAP_ERRBUF_SIZE] = "";
	struct port_file *file = calloc(1, sizeof(*file));

	if (!file) {
		snprintf(error, PORT_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	file->pcap = pcap_open_offline_with_tstamp_precision(spec->object,
							     PCAP_TSTAMP_PRECISION_NANO, message);
	if (!file->pcap) {
		snprintf(error, PORT_ERROR_BYTES, "cannot be read: %s", message);
		goto fail;
	}
	if (pcap_datalink(file->pcap) != DLT_EN10MB) {
		snprintf(
			error, PORT_ERROR_BYTES,
			"link type %s, but only Ethernet can be read: capture on an Ethernet interface",
			pcap_datalink_val_to_name(pcap_datalink(file->pcap)));
		goto fail;
	}
	file->port = (struct port){.ops = &file_ops,
				   .spec = *spec,
				   .queues = 1,
				   .max_frame = PACKET_MAX_BYTES,
				   .stamps = true,
				   .waits = true};
	*out = &file->port;
	return 0;
fail:
	if (file->pcap)
		pcap_close(file->pcap);
	free(file);
	return -EINVAL;
}
