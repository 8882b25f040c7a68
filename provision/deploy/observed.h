/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What AWS says there is: per scope (an account in a region) every mirror resource, owned or not,
 * every network interface and instance, and what is known of the configured target. observe.h
 * fills it from Describe calls; plan.h compares it with the configuration. Pure.
 *
 * A scope that could not be described completely carries the reason. Nothing in it may then be
 * taken for absent, and nothing is planned there.
 */
#ifndef PROVISION_OBSERVED_H
#define PROVISION_OBSERVED_H

#include <stdbool.h>
#include <stddef.h>

#include "provision/api/instance.h"
#include "provision/api/mirror_filter.h"
#include "provision/api/mirror_session.h"
#include "provision/api/mirror_target.h"
#include "provision/api/network_interface.h"
#include "provision/deploy/config.h"

/*
 * The Network Load Balancer of the scope's target (config_target_of(), or the one behind an existing
 * target), as ELBv2 tells it.
 */
struct observed_load_balancer {
	bool known; /* ELBv2 was asked and answered; else the rest says nothing (another account's) */
	bool exists;
	bool cross_zone; /* load_balancing.cross_zone.enabled */
	bool listens;    /* has a UDP listener on 4789 */
	char *vpc_id;    /* or NULL */
	/* What is registered with the target groups behind it: instance ids and IP addresses. Addresses
	 * are looked for in its VPC first. */
	char **registered;
	size_t registered_count;
	size_t healthy; /* of those */
};

/* All owned unless said otherwise. */
struct observed_scope {
	const struct config_account *account; /* borrowed from the configuration */
	char *account_id; /* "111122223333"; NULL: not known, with failure set */
	char *region;
	char *failure; /* NULL: all of it is there; else what could not be described, for a person */

	struct mirror_session *sessions; /* all of the scope, foreign ones too */
	size_t session_count;
	struct mirror_target *targets; /* likewise; and the existing one, if EC2 knows it here */
	size_t target_count;
	struct mirror_filter *filters; /* likewise */
	size_t filter_count;
	struct network_interface *interfaces; /* likewise */
	size_t interface_count;
	struct instance *instances; /* likewise */
	size_t instance_count;
	struct observed_load_balancer load_balancer;
};

struct observed {
	struct observed_scope *scopes; /* owned; in the configuration's order */
	size_t scope_count;
};

/*
 * Brings each array of a scope into the order that the lookups need: by id; sessions by interface,
 * then number, then id. What stands twice, as where pages overlap while something is created, is
 * left once. plan_make() calls it first.
 */
void observed_sort(struct observed *observed);

/* Lookups; NULL where there is none. After observed_sort(). */

const struct network_interface *observed_interface(const struct observed_scope *scope,
						   const char *id);
const struct instance *observed_instance(const struct observed_scope *scope, const char *id);
const struct mirror_target *observed_target(const struct observed_scope *scope, const char *id);
const struct mirror_filter *observed_filter(const struct observed_scope *scope, const char *id);

/* The sessions of an interface, by number. Returns the first, sets count; NULL and 0: none. */
const struct mirror_session *observed_sessions_of(const struct observed_scope *scope,
						  const char *network_interface_id, size_t *count);

/* The instance that the interface is attached to; NULL where it is not, or it is not there. */
const struct instance *observed_instance_of(const struct observed_scope *scope,
					    const struct network_interface *interface);

/* A tag's value, or NULL. */
const char *observed_tag(const struct mirror_session_tag *tags, size_t count, const char *key);

/* True where the tags say that the deployment owns what carries them. */
bool observed_owned(const struct mirror_session_tag *tags, size_t count, const char *deployment);

/*
 * True where a resource is the scope's own account's, as it is where EC2 names no owner. A resource
 * that another account shares carries that account's tags.
 */
bool observed_is_own(const struct observed_scope *scope, const char *owner_id);

void observed_scope_fini(struct observed_scope *scope);
void observed_fini(struct observed *observed);

#endif
