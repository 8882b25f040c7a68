/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that a configuration's keys take: which texts are ids, ARNs, blocks, ports. Pure.
 */
#ifndef PROVISION_CONFIG_VALUE_H
#define PROVISION_CONFIG_VALUE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/deploy/config.h"

enum {
	CONFIG_CIDR_BYTES = INET6_ADDRSTRLEN + 4,
	CONFIG_ACCOUNT_DIGITS = 12,
};

/* A kind of text. All static. */
struct config_text {
	const char *what; /* "an instance id" */
	bool (*valid)(const char *text, const struct config_text *kind);
	const char *prefix; /* of an id: "i-" */
	size_t max;         /* characters */
	const char *remedy; /* "give one such as …" */
};

extern const struct config_text config_text_name;        /* a session map's */
extern const struct config_text config_text_description; /* any printable text */
extern const struct config_text config_text_external_id;
extern const struct config_text config_text_region;
extern const struct config_text config_text_role_arn;
extern const struct config_text config_text_load_balancer_arn;
extern const struct config_text config_text_interface_id;
extern const struct config_text config_text_instance_id;
extern const struct config_text config_text_vpc_id;
extern const struct config_text config_text_subnet_id;
extern const struct config_text config_text_endpoint_id;
extern const struct config_text config_text_target_id;
extern const struct config_text config_text_filter_id;
extern const struct config_text config_text_tag_key;
extern const struct config_text config_text_tag_value;

bool config_text_valid(const struct config_text *kind, const char *text);

/*
 * A part of an ARN, "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE", counted from 0 (arn).
 * The last is all that is left. Returns its first character and sets length; NULL, 0 where the text
 * has fewer.
 */
const char *config_arn_part(const char *arn, unsigned int index, size_t *length);

enum {
	CONFIG_ARN_PARTITION = 1,
	CONFIG_ARN_SERVICE,
	CONFIG_ARN_REGION,
	CONFIG_ARN_ACCOUNT,
	CONFIG_ARN_RESOURCE,
};

/* Decimal digits alone: no sign, blanks, leading zero or other base. Returns 0 or -EINVAL. */
int config_number(const char *text, uint32_t min, uint32_t max, uint32_t *number);

/*
 * Reads a CIDR block of either family. canonical: CONFIG_CIDR_BYTES; the block as EC2 writes it,
 * with its host bits cleared.
 * Returns 0, -EINVAL (no block), -ERANGE (host bits were set; canonical is what may be meant).
 */
int config_cidr(const char *text, char *canonical);

/* "443" or "1024-65535". Returns 0 or -EINVAL. */
int config_ports(const char *text, struct config_ports *ports);

#endif
