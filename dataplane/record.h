/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a packet, from a received burst to its stream.
 *
 * Per packet: decapsulate, find the session, apply the truncation rule, filter, append to the
 * session's stream (the one copy), count. Nothing here allocates, locks or logs; the only system
 * call is the sleep of an input that can wait for its disk. One worker's, and for its thread only.
 */
#ifndef DATAPLANE_RECORD_H
#define DATAPLANE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/drop_reason.h"
#include "capture/ledger.h"
#include "capture/stream.h"
#include "dataplane/filter.h"
#include "dataplane/packet.h"
#include "dataplane/port.h"
#include "dataplane/session_table.h"

enum worker_command {
	WORKER_RUN,
	WORKER_DRAIN, /* record what arrived before stop_ns, then end */
	WORKER_END,   /* end after the burst at hand */
};

/* Shared by all workers and the control thread. */
struct worker_control {
	int command;        /* enum worker_command; control thread and limit: write */
	uint32_t rotations; /* how often open segments were to be closed; control thread: writes */
	uint64_t stop_ns;   /* with WORKER_DRAIN: packets stamped later are after_stop */
	bool limited;       /* -a packets */
	int64_t remaining;  /* packets that may still be accepted; taken one by one */
	uint32_t begun;     /* workers that have begun to poll */
	uint32_t done;      /* workers that poll no more; they may still hand over */
};

struct record_config {
	uint16_t vxlan_port;
	uint32_t snaplen;              /* bytes, 0: none */
	uint32_t max_caplen;           /* bytes, what a chunk can hold of one frame */
	bool combined;                 /* all sessions in stream 0, else session i in stream i */
	const struct session_map *map; /* borrowed */
	const struct session_table **table;     /* borrowed; the pointer is read once per burst */
	const struct filter *filter;            /* borrowed; NULL: none */
	struct stream_set *streams;             /* borrowed; this worker's */
	struct ledger_worker *ledger;           /* borrowed; this worker's */
	struct ledger_session_worker *sessions; /* borrowed; this worker's, by session */
	struct worker_control *control;         /* borrowed; shared */
};

struct recorder;

/* Returns NULL when out of memory. The config is copied. recorder_free(). */
struct recorder *recorder_new(const struct record_config *config);
void recorder_free(struct recorder *recorder);

/*
 * Records or counts each of the port's packets, by the time in it. What it counted is in the
 * ledger after recorder_publish().
 */
void recorder_burst(struct recorder *recorder, const struct port *port,
		    const struct packet *packets, uint32_t count);

/* Counts packets that were received and are not to be looked at. */
void recorder_drop(struct recorder *recorder, enum drop_reason reason, uint32_t count);

/*
 * Adds what was counted since the last call to the ledger, in one change. Due before anything of
 * it is handed over to the writer, or a reader might see more written than received: before
 * recorder_tick(), stream_close_all() and the end.
 */
void recorder_publish(struct recorder *recorder);

/* stream_tick(), with a time that an input that waits goes on by. */
void recorder_tick(struct recorder *recorder, uint64_t now_ns);

#endif
