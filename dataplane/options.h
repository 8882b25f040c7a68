/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of `mirrorcap capture`.
 */
#ifndef DATAPLANE_OPTIONS_H
#define DATAPLANE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/digest.h"
#include "capture/manifest_key.h"
#include "capture/output.h"
#include "capture/pcap_format.h"
#include "capture/session_map.h"
#include "capture/stream.h"
#include "capture/writer.h"
#include "dataplane/idle.h"
#include "dataplane/port.h"
#include "dataplane/retain.h"

enum {
	OPTIONS_PORTS_MAX = 16,
	OPTIONS_WORKERS_MAX = 64,
};

enum summary_form {
	SUMMARY_TEXT,
	SUMMARY_JSON,
	SUMMARY_NONE,
};

struct options {
	struct port_spec ports[OPTIONS_PORTS_MAX];
	uint32_t port_count;
	struct output output;
	struct session_map map; /* of --vni or --sessions, checked; owned */
	const char *filter;     /* NULL: none */
	uint32_t snaplen;       /* bytes, 0: none */
	enum pcap_format format;
	enum pcap_precision precision; /* of classic pcap */
	int level;                     /* of --compress; 0: none */
	bool combined;                 /* --split none, or an output that is one file */
	struct rotation rotation;
	struct retain_options retain;
	enum writer_sync_mode sync;
	uint64_t flush_ns;           /* --flush-interval */
	uint64_t stop_after_ns;      /* -a duration, 0: never */
	uint64_t stop_after_packets; /* -a packets, 0: never */
	uint32_t queues;             /* per port; 0: as many as it has (ports_queues()) */
	uint32_t workers;
	int cpus[OPTIONS_WORKERS_MAX]; /* of --lcores */
	uint32_t cpu_count;            /* 0: not given */
	enum idle_wish idle;
	enum summary_form summary;
	uint64_t stats_ns; /* --stats, 0: none */
	uint64_t buffer_bytes;
	uint16_t vxlan_port;
	bool no_manifests;        /* --manifest none */
	struct manifest_key *key; /* of --sign; owned; NULL: none */
	struct digest configuration;
	const char *ledger; /* NULL: the default place */
	bool force;
	char **eal; /* after "--"; borrowed */
	int eal_count;
};

/*
 * Reads the command line. Prints what is wrong, or help or version where asked for.
 * Returns -1 to go on with *options (options_fini()), else the exit code.
 */
int options_parse(int argc, char **argv, struct options *options);
void options_fini(struct options *options);

#endif
