/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The DPDK environment: its arguments are made here and hidden from users, but for what they
 * give after "--".
 */
#ifndef DATAPLANE_EAL_H
#define DATAPLANE_EAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/port.h"

struct eal_config {
	const struct port_spec *specs; /* devices to attach */
	uint32_t spec_count;
	uint32_t loop_queues;   /* of each looped file */
	int control_cpu;        /* of the main lcore */
	const int *worker_cpus; /* of lcores 1 … workers */
	uint32_t workers;
	uint64_t memory_bytes; /* what the ports' buffers need */
	char **extra;          /* the user's own EAL arguments */
	int extra_count;
};

/*
 * Starts the EAL: on huge pages where enough are free, else on ordinary ones; no PCI scan unless
 * a port needs it; a file prefix of its own, so that several captures run side by side. Lcore 0
 * is the control thread, lcore 1 + i is worker i. DPDK's own log goes to stderr, errors only.
 * Returns 0, or -errno with a message in error (PORT_ERROR_BYTES).
 */
int eal_start(const struct eal_config *config, char *error);
void eal_stop(void);

/* True where the EAL runs on huge pages; after eal_start(). */
bool eal_has_hugepages(void);

/*
 * The name of the DPDK device of spec i: the PCI address, the vdev's name, or the looped file's
 * net_pcap. name: bytes long.
 */
void eal_device_name(const struct port_spec *specs, uint32_t i, char *name, size_t bytes);

#endif
