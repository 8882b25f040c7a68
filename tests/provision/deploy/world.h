/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small AWS for tests of plans: builders of what is observed, and world_apply(), which carries a
 * plan out on it as EC2 would, and fails the test where EC2 would refuse.
 */
#ifndef TESTS_PROVISION_WORLD_H
#define TESTS_PROVISION_WORLD_H

#include "provision/deploy/plan.h"

#define WORLD_ACCOUNT "111122223333"
#define WORLD_REGION  "eu-central-1"
#define WORLD_NLB                                                                      \
	"arn:aws:elasticloadbalancing:" WORLD_REGION ":" WORLD_ACCOUNT ":loadbalancer" \
	"/net/mirror/0123456789abcdef"

enum { WORLD_SCOPES_MAX = 4 };

/* Each adds one and returns it: borrowed until the next of its kind is added. */

struct observed_scope *world_scope(struct observed *observed, const struct config_account *account,
				   const char *account_id, const char *region);

/* A primary interface in vpc-1, subnet-1. instance_id: NULL, not attached. */
struct network_interface *world_interface(struct observed_scope *scope, const char *id,
					  const char *instance_id);

/* An m5.large. tag: "Role=web", or NULL. */
struct instance *world_instance(struct observed_scope *scope, const char *id, const char *tag);

/* An instance with its interface: i-NAME and eni-NAME. */
void world_source(struct observed_scope *scope, const char *name, const char *tag);

/* deployment, group: NULL for none. To tmt-1 with tmf-1. */
struct mirror_session *world_session(struct observed_scope *scope, const char *id,
				     const char *network_interface_id, uint32_t number,
				     const char *deployment, const char *group);

/* What WORLD_NLB is made into. */
struct mirror_target *world_target(struct observed_scope *scope, const char *id,
				   const char *deployment);

struct mirror_filter *world_filter(struct observed_scope *scope, const char *id,
				   const char *deployment);

/* A rule for any protocol and IPv4. */
struct mirror_rule *world_rule(struct mirror_filter *filter, const char *id, bool egress,
			       uint32_t number, bool accept);

/* Replaces an owned text. */
void world_set(char **text, const char *value);

/* Carries out the first limit changes that are any; of a plan that was not refused. */
void world_apply(struct observed *observed, const struct plan *plan, size_t limit);

#endif
