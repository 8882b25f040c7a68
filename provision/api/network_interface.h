/* SPDX-License-Identifier: Apache-2.0 */
/* A network interface as DescribeNetworkInterfaces tells it. */
#ifndef PROVISION_NETWORK_INTERFACE_H
#define PROVISION_NETWORK_INTERFACE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All owned; NULL, 0 or false where EC2 said nothing. */
struct network_interface {
	char *network_interface_id;
	char *interface_type; /* "interface", "network_load_balancer", … */
	char *description;
	char *status; /* "in-use", "available", … */
	char *vpc_id;
	char *subnet_id;
	char *owner_id;
	char *requester_id;
	char *private_ip_address; /* the primary one: mirrored packets' outer source */
	char **private_ip_addresses;
	size_t private_ip_address_count;
	char **ipv6_addresses;
	size_t ipv6_address_count;
	bool requester_managed;
	char *instance_id;       /* NULL: not attached to an instance */
	char *attachment_status; /* "attached", "detaching", … */
	bool has_device_index;
	uint32_t device_index; /* 0: the instance's primary interface */
};

/*
 * Reads an element of NetworkInterfaces, in AWS CLI's form. Members that are not known are skipped.
 * interface: needs no initialisation; network_interface_fini() on 0.
 * Returns 0, -EBADMSG (no id, or a member of another kind), -ENOMEM.
 */
int network_interface_from_json(const json_t *object, struct network_interface *interface);

void network_interface_fini(struct network_interface *interface);

#endif
