/* SPDX-License-Identifier: Apache-2.0 */
/* A traffic mirror filter with its rules, as DescribeTrafficMirrorFilters tells it. */
#ifndef PROVISION_MIRROR_FILTER_H
#define PROVISION_MIRROR_FILTER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/api/mirror_session.h"

enum {
	MIRROR_RULE_MIN_NUMBER = 1,
	MIRROR_RULE_MAX_NUMBER = 32766,
	MIRROR_RULE_ANY_PROTOCOL = -1,
};

struct mirror_rule_ports {
	bool given;
	uint16_t from, to;
};

/* Texts owned; NULL where EC2 said nothing. */
struct mirror_rule {
	char *traffic_mirror_filter_rule_id;
	bool egress; /* else ingress */
	uint32_t number;
	bool accept;      /* else reject */
	int32_t protocol; /* IANA number, or MIRROR_RULE_ANY_PROTOCOL */
	char *source, *destination;
	struct mirror_rule_ports source_ports, destination_ports;
	char *description;
};

/* All owned; NULL where EC2 said nothing. */
struct mirror_filter {
	char *traffic_mirror_filter_id;
	char *description;
	struct mirror_rule *rules; /* of both directions, in EC2's order */
	size_t rule_count;
	char **network_services;
	size_t network_service_count;
	struct mirror_session_tag *tags;
	size_t tag_count;
};

/*
 * Reads an element of TrafficMirrorFilters, in AWS CLI's form. Members that are not known are
 * skipped.
 * filter: needs no initialisation; mirror_filter_fini() on 0.
 * Returns 0, -EBADMSG (no id, a rule without id, number or action, or a member of another kind),
 * -ENOMEM.
 */
int mirror_filter_from_json(const json_t *object, struct mirror_filter *filter);

void mirror_filter_fini(struct mirror_filter *filter);

#endif
