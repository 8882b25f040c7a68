/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Link-layer addresses on an interface: its own, and its neighbours' as the kernel knows them.
 */
#ifndef TOOLS_MIRRORGEN_NEIGHBOUR_H
#define TOOLS_MIRRORGEN_NEIGHBOUR_H

#include <netinet/in.h>
#include <stdint.h>

/* The interface's own address; mac has 6 bytes. Returns 0, -ENODEV, -EAFNOSUPPORT, -errno. */
int neighbour_own(const char *interface, uint8_t *mac);

/*
 * The address of a neighbour from the kernel's table, IPv4 (as ::ffff:a.b.c.d) or IPv6. Nothing
 * is asked of the network. Returns 0, -ENOENT where the table has no usable entry, or -errno.
 */
int neighbour_find(const char *interface, const struct in6_addr *address, uint8_t *mac);

#endif
