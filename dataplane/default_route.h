/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a PCI network device carries the host's default route: DPDK would cut the host off.
 */
#ifndef DATAPLANE_DEFAULT_ROUTE_H
#define DATAPLANE_DEFAULT_ROUTE_H

#include <stdbool.h>

/*
 * True where an interface of the PCI device (sysfs) has an IPv4 or IPv6 default route (procfs).
 * root: "" for the running system, or a directory that holds sys/ and proc/.
 */
bool default_route_uses(const char *root, const char *pci_address);

#endif
