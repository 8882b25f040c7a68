/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables behind operation_find(), one per folder of AWS's documentation, and what their shapes
 * share. For the tables' own files; others include operation.h.
 */
#ifndef PROVISION_OPERATIONS_H
#define PROVISION_OPERATIONS_H

#include "provision/api/operation.h"

/* Each ends with a row without a name. */
extern const struct operation operations_mirror[]; /* Traffic Mirroring */
extern const struct operation operations_ec2[];    /* what EC2 tells about sources, and tags */
extern const struct operation operations_elb[];    /* Elastic Load Balancing v2 */

extern const struct operation_service operations_ec2_service;

/* {Key, Value}; in EC2's dialect and in ELB's. */
extern const struct shape operations_tag;

/* {Name, Values}, of EC2's Describe calls. */
extern const struct shape operations_filter;

/* {ResourceType, Tags}, of EC2's Create calls. */
extern const struct shape operations_tag_specification;

/* As shape_member's check has it. */
const char *operations_check_token(const char *text);
const char *operations_check_cidr(const char *text);
const char *operations_check_load_balancer_arn(const char *text);
const char *operations_check_target_group_arn(const char *text);
const char *operations_check_listener_arn(const char *text);
const char *operations_check_elb_name(const char *text);

/* Members that many requests have. */
#define OPERATIONS_DRY_RUN                                          \
	{                                                           \
		.name = "DryRun", .kind = SHAPE_FLAG,               \
		.help = "ask whether it would work; change nothing" \
	}
#define OPERATIONS_CLIENT_TOKEN                                                              \
	{                                                                                    \
		.name = "ClientToken", .check = operations_check_token, .argument = "TOKEN", \
		.help = "makes repeated commands create one thing (default: random)"         \
	}
#define OPERATIONS_DESCRIPTION                                                     \
	{                                                                          \
		.name = "Description", .argument = "TEXT", .help = "a description" \
	}
#define OPERATIONS_TAG_SPECIFICATIONS                                               \
	{                                                                           \
		.name = "TagSpecifications", .kind = SHAPE_STRUCTURES,              \
		.shape = &operations_tag_specification, .query = "TagSpecification" \
	}
#define OPERATIONS_FILTERS                                                                \
	{                                                                                 \
		.name = "Filters", .kind = SHAPE_STRUCTURES, .shape = &operations_filter, \
		.query = "Filter", .argument = "Name=NAME,Values=V[,V]",                  \
		.help = "only those like this; may be repeated"                           \
	}
#define OPERATIONS_MAX_RESULTS                                                    \
	{                                                                         \
		.name = "MaxResults", .kind = SHAPE_NUMBER, .min = 5, .max = 1000 \
	}
#define OPERATIONS_NEXT_TOKEN       \
	{                           \
		.name = "NextToken" \
	}
/* Of answers. */
#define OPERATIONS_TAG_SET                                                          \
	{                                                                           \
		.name = "Tags", .kind = SHAPE_STRUCTURES, .shape = &operations_tag, \
		.element = "tagSet"                                                 \
	}

/*
 * struct operation's fields for EC2's pages: so many items that the largest of their kind stay below
 * XML_MAX_BYTES together, an instance of 8 interfaces with 30 addresses each (88 kB) among them,
 * and that 10,000 of each kind take fewer calls than the pacing lets through at once.
 */
#define OPERATIONS_EC2_PAGES(list, count)                                 \
	.items = (list), .token = "NextToken", .next_token = "NextToken", \
	.page_size = "MaxResults", .size = (count)

#endif
