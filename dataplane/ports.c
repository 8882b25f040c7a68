/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/ports.h"

#include <errno.h>
#include <stdio.h>

#include "dataplane/eal.h"
#include "dataplane/port_eth.h"

static int fail(char *error, int rc, const struct port_spec *spec, const char *what)
{
	snprintf(error, PORTS_ERROR_BYTES, "port %s: %s", spec->text, what);
	return rc;
}

static bool is_eth(const struct port_spec *spec)
{
	return spec->kind != PORT_KERNEL && spec->kind != PORT_XDP && spec->kind != PORT_FILE;
}

uint32_t ports_queues(const struct options *options, const struct port_spec *spec)
{
	if (spec->kind == PORT_FILE)
		return 1;
	if (options->queues)
		return options->queues;
	/* Where queues are ours to make, more than one for each worker would gain nothing. */
	return spec->kind == PORT_KERNEL || spec->kind == PORT_ETH_LOOP ? options->workers : 0;
}

uint32_t ports_queues_most(const struct options *options)
{
	uint32_t most = options->workers * WORKER_SOURCES_MAX / options->port_count;

	return RTE_MIN(most, (uint32_t)PORT_ETH_QUEUES_DEFAULT);
}

int ports_memory(const struct options *options, uint64_t *bytes, char *error)
{
	char message[PORT_ERROR_BYTES] = "";

	*bytes = 0;
	for (uint32_t i = 0; i < options->port_count; i++) {
		const struct port_spec *spec = &options->ports[i];
		uint64_t one;

		if (!is_eth(spec))
			continue;
		if (port_eth_memory(spec, ports_queues(options, spec), ports_queues_most(options),
				    options->workers, &one, message) < 0)
			return fail(error, -EINVAL, spec, message);
		*bytes += one;
	}
	return 0;
}

/* Known only now, where the devices say how many queues there are. */
static int check_workers(const struct options *options, struct port *const *ports, char *error)
{
	uint32_t queues = 0, most = options->workers * WORKER_SOURCES_MAX;

	for (uint32_t i = 0; i < options->port_count; i++)
		queues += ports[i]->queues;
	if (queues > most) {
		snprintf(error, PORTS_ERROR_BYTES,
			 "--workers %u: polls %u queues at most, but the ports have %u: use "
			 "--workers %u",
			 options->workers, most, queues, (queues - 1) / WORKER_SOURCES_MAX + 1);
		return -EINVAL;
	}
	if (queues >= options->workers)
		return 0;
	snprintf(error, PORTS_ERROR_BYTES,
		 "--workers %u: a worker needs a queue, but the %u port%s %u in all: use "
		 "--workers %u",
		 options->workers, options->port_count,
		 options->port_count == 1 ? " has" : "s have", queues, queues);
	return -EINVAL;
}

int ports_open(struct options *options, struct port **ports, char *error)
{
	char device[64], message[PORT_ERROR_BYTES] = "";

	for (uint32_t i = 0; i < options->port_count; i++) {
		struct port_spec *spec = &options->ports[i];
		int rc;

		eal_device_name(options->ports, i, device, sizeof(device));
		rc = port_open(&ports[i], spec, ports_queues(options, spec),
			       ports_queues_most(options), device, options->vxlan_port, message);
		if (rc < 0)
			return fail(error, rc, spec, message);
	}
	return check_workers(options, ports, error);
}

void ports_deal(struct port *const *ports, uint32_t port_count, uint32_t workers, uint32_t i,
		struct worker_config *config)
{
	uint32_t n = 0;

	for (uint32_t port = 0; port < port_count; port++) {
		for (uint32_t queue = 0; queue < ports[port]->queues; queue++, n++) {
			if (n % workers != i || config->source_count == WORKER_SOURCES_MAX)
				continue;
			config->sources[config->source_count++] =
				(struct worker_source){.port = ports[port], .queue = queue};
		}
	}
}

struct ledger_nic ports_counters(struct port *const *ports, uint32_t port_count)
{
	struct ledger_nic sum = {0};

	for (uint32_t i = 0; i < port_count; i++)
		port_add_counters(&sum, &ports[i]->counters);
	return sum;
}
