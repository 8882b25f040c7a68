/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char PORT_FORMS[] = "use af_packet:IFACE, af_xdp:IFACE, pcap:FILE, pcap:FILE,loop, "
				 "vdev:NAME,ARGS or a PCI address such as 0000:00:06.0";

static const char *after(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) ? NULL : text + length;
}

/* [domain:]bus:device.function in hexadecimal. */
static bool is_pci_address(const char *text)
{
	unsigned int domain, bus, device, function;
	int end = 0;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) == 4)
		return !text[end];
	return sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) == 3 && !text[end];
}

/* Tells a file's kind by its ",loop", which it cuts off. */
static enum port_kind file_kind(char *object)
{
	size_t length = strlen(object), suffix = strlen(",loop");

	if (length <= suffix || strcmp(object + length - suffix, ",loop"))
		return PORT_FILE;
	object[length - suffix] = '\0';
	return PORT_ETH_LOOP;
}

int port_spec_parse(const char *text, struct port_spec *spec, char *error)
{
	const char *object;

	*spec = (struct port_spec){.text = text};
	if ((object = after(text, "af_packet:")))
		spec->kind = PORT_KERNEL;
	else if ((object = after(text, "af_xdp:")))
		spec->kind = PORT_XDP;
	else if ((object = after(text, "pcap:")))
		spec->kind = PORT_FILE;
	else if ((object = after(text, "vdev:")))
		spec->kind = PORT_ETH_VDEV;
	else if (is_pci_address(text) && (object = text))
		spec->kind = PORT_ETH_PCI;
	if (!object || !*object) {
		snprintf(error, PORT_ERROR_BYTES, "not a port: %s", PORT_FORMS);
		return -EINVAL;
	}
	spec->object = strdup(object);
	if (!spec->object) {
		snprintf(error, PORT_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	if (spec->kind == PORT_FILE)
		spec->kind = file_kind(spec->object);
	if (spec->kind == PORT_ETH_LOOP && strchr(spec->object, ',')) {
		snprintf(error, PORT_ERROR_BYTES,
			 "a file that is looped may have no comma in its name: rename it");
		port_spec_fini(spec);
		return -EINVAL;
	}
	return 0;
}

void port_spec_fini(struct port_spec *spec)
{
	free(spec->object);
	spec->object = NULL;
}

static void add_counter(uint64_t *sum, uint64_t value)
{
	*sum = *sum == LEDGER_UNKNOWN || value == LEDGER_UNKNOWN ? LEDGER_UNKNOWN : *sum + value;
}

void port_add_counters(struct ledger_nic *sum, const struct ledger_nic *more)
{
	add_counter(&sum->missed, more->missed);
	add_counter(&sum->errors, more->errors);
	add_counter(&sum->no_mbuf, more->no_mbuf);
}

int port_open(struct port **port, struct port_spec *spec, uint32_t queues, uint32_t most,
	      const char *device, uint16_t vxlan_port, char *error)
{
	int rc;

	if (spec->kind == PORT_KERNEL)
		rc = port_kernel_open(port, spec, queues, vxlan_port, error);
	else if (spec->kind == PORT_XDP)
		rc = port_xdp_open(port, spec, queues, vxlan_port, error);
	else if (spec->kind == PORT_FILE)
		rc = port_file_open(port, spec, error);
	else
		rc = port_eth_open(port, spec, queues, most, device, error);
	if (rc == 0)
		spec->object = NULL; /* the port's now */
	return rc;
}
