/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that EC2 is given for a configuration's filter, from the few that a person writes: one
 * for each direction and address family, with numbers, and before them those that keep mirrored
 * packets from being mirrored again.
 */
#ifndef PROVISION_CONFIG_FILTER_H
#define PROVISION_CONFIG_FILTER_H

#include "provision/deploy/config.h"

enum {
	CONFIG_RULE_FIRST_NUMBER = 10, /* and further ones in steps of it: room between them */
	CONFIG_VXLAN_PORT = 4789,
	CONFIG_GENEVE_PORT = 6081,
};

/* One rule as CreateTrafficMirrorFilterRule takes it. Texts are borrowed from the configuration
 * or static. */
struct config_filter_rule {
	enum config_direction direction;
	uint32_t number; /* unique within filter and direction */
	bool accept;
	int protocol;                     /* IANA number, or CONFIG_PROTOCOL_ANY */
	const char *source, *destination; /* CIDR blocks of one family */
	struct config_ports source_ports, destination_ports;
	const char *description; /* or NULL */
};

struct config_filter_rules {
	struct config_filter_rule *rules; /* owned; ingress first, by number within a direction */
	size_t count;
};

/*
 * Works the rules out. Rejections of UDP 4789 (both directions) and 6081 (ingress only: a gateway
 * load balancer's endpoint hands it out) stand first, for each family that the direction accepts.
 * A filter that exists already (traffic_mirror_filter_id) has none.
 * expanded: needs no initialisation; config_filter_fini() on 0. Returns 0 or -ENOMEM.
 */
int config_filter_expand(const struct config_filter *filter, struct config_filter_rules *expanded);

void config_filter_fini(struct config_filter_rules *expanded);

#endif
