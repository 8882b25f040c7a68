/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/eal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

enum {
	ARGUMENT_BYTES = 4096,
	ARGUMENTS_MAX = 256,
	/* What the EAL and its drivers take beside the ports' buffers. */
	EAL_OVERHEAD_BYTES = 32 << 20,
};

struct arguments {
	char *list[ARGUMENTS_MAX];
	int count;
	int error; /* of an argument that could not be added: -E2BIG or -ENOMEM */
};

static bool on_hugepages;

static void add(struct arguments *arguments, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct arguments *arguments, const char *format, ...)
{
	char text[ARGUMENT_BYTES];
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	if (arguments->count == ARGUMENTS_MAX - 1 || length >= ARGUMENT_BYTES) {
		arguments->error = -E2BIG;
		return;
	}
	arguments->list[arguments->count] = strdup(text);
	if (arguments->list[arguments->count])
		arguments->count++;
	else
		arguments->error = -ENOMEM;
}

/* Free huge pages of 2 MiB (x86-64, arm64 with 4 KiB pages); other sizes are asked for after --. */
static uint64_t free_hugepage_bytes(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	char line[32];
	uint64_t pages = 0;

	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file))
		pages = strtoull(line, NULL, 10);
	fclose(file);
	return pages << 21;
}

bool eal_has_hugepages(void)
{
	return on_hugepages;
}

void eal_device_name(const struct port_spec *specs, uint32_t i, char *name, size_t bytes)
{
	if (specs[i].kind == PORT_ETH_LOOP)
		snprintf(name, bytes, "net_pcap_loop%u", i);
	else if (specs[i].kind == PORT_ETH_VDEV)
		snprintf(name, bytes, "%.*s", (int)strcspn(specs[i].object, ","), specs[i].object);
	else
		snprintf(name, bytes, "%s", specs[i].object);
}

/* net_pcap has as many receive queues as it is given files. */
static void add_loop(struct arguments *arguments, const char *name, const char *file,
		     uint32_t queues)
{
	char text[ARGUMENT_BYTES] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < queues && used < sizeof(text); i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ",rx_pcap=%s", file);
	if (used >= sizeof(text))
		arguments->error = -E2BIG;
	add(arguments, "--vdev=%s%s,infinite_rx=1", name, text);
}

static void add_devices(struct arguments *arguments, const struct eal_config *config)
{
	bool pci = false;
	char name[64];

	for (uint32_t i = 0; i < config->spec_count; i++) {
		const struct port_spec *spec = &config->specs[i];

		eal_device_name(config->specs, i, name, sizeof(name));
		if (spec->kind == PORT_ETH_PCI) {
			add(arguments, "--allow=%s", spec->object);
			pci = true;
		} else if (spec->kind == PORT_ETH_VDEV) {
			add(arguments, "--vdev=%s", spec->object);
		} else if (spec->kind == PORT_ETH_LOOP) {
			add_loop(arguments, name, spec->object, config->loop_queues);
		}
	}
	if (!pci)
		add(arguments, "--no-pci");
}

static void add_lcores(struct arguments *arguments, const struct eal_config *config)
{
	char text[ARGUMENT_BYTES];
	size_t at = (size_t)snprintf(text, sizeof(text), "0@%d", config->control_cpu);

	for (uint32_t i = 0; i < config->workers && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, ",%u@%d", i + 1,
				       config->worker_cpus[i]);
	add(arguments, "--lcores=%s", text);
}

static void add_memory(struct arguments *arguments, const struct eal_config *config)
{
	uint64_t needed = config->memory_bytes + EAL_OVERHEAD_BYTES;

	/* The two exclude each other. */
	on_hugepages = config->memory_bytes && free_hugepage_bytes() >= needed;
	if (on_hugepages) {
		add(arguments, "--in-memory");
	} else {
		add(arguments, "--no-huge");
		add(arguments, "-m");
		add(arguments, "%llu", (unsigned long long)((needed + (1 << 20) - 1) >> 20));
	}
}

int eal_start(const struct eal_config *config, char *error)
{
	/* The EAL keeps pointers into the arguments, and reorders what it is given. */
	static struct arguments arguments, given;
	int rc;

	add(&arguments, "mirrorcap");
	add(&arguments, "--file-prefix=mirrorcap-%ld", (long)getpid());
	add(&arguments, "--no-telemetry");
	add(&arguments, "--log-level=error");
	add_lcores(&arguments, config);
	add_memory(&arguments, config);
	add_devices(&arguments, config);
	for (int i = 0; i < config->extra_count; i++)
		add(&arguments, "%s", config->extra[i]);
	if (arguments.error) {
		snprintf(error, PORT_ERROR_BYTES, "starting DPDK: %s",
			 arguments.error == -ENOMEM
				 ? "out of memory"
				 : "the arguments after -- are too many or too long: give fewer");
		return arguments.error;
	}
	rte_openlog_stream(stderr); /* stdout carries data only */
	given = arguments;
	rc = rte_eal_init(given.count, given.list);
	if (rc < 0)
		snprintf(error, PORT_ERROR_BYTES,
			 "starting DPDK: %s: look above for its own messages; more with "
			 "-- --log-level=debug",
			 rte_strerror(rte_errno));
	return rc < 0 ? -rte_errno : 0;
}

void eal_stop(void)
{
	rte_eal_cleanup();
}
