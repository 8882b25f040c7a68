/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person declares: the configuration file as structs. The file's keys and the structs'
 * members have the same names; mirrorcap.yaml(5) explains them. config_yaml.h fills it, and what
 * it filled has been checked as a whole.
 *
 * All texts and arrays are borrowed from config->memory, so that a test can also write a
 * configuration down with literals. NULL, 0 and empty mean "not given" unless a member says
 * otherwise.
 */
#ifndef PROVISION_CONFIG_H
#define PROVISION_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/deploy/arena.h"

enum {
	CONFIG_RULES_MAX = 10,            /* EC2's quota of rules per filter unless it was raised */
	CONFIG_INTERFACE_SESSIONS_MAX = 3 /* sessions per source interface */
};

/* Tags of what a deployment owns, and of which group of sessions a session belongs to. */
#define CONFIG_TAG_DEPLOYMENT "mirrorcap:deployment"
#define CONFIG_TAG_SESSION    "mirrorcap:session"

/* The account where the file names none: the caller's own. */
#define CONFIG_ACCOUNT_DEFAULT "default"

struct config_texts {
	const char **texts;
	size_t count;
};

/* An instance has the tag with one of the values, in which * and ? stand for any text and any
 * character, as in EC2's own filters. */
struct config_tag {
	const char *key;
	struct config_texts values; /* at least one */
};

/* Which interfaces. What is empty says nothing. */
struct config_selector {
	struct config_texts network_interface_ids;
	struct config_texts instance_ids;
	struct config_tag *instance_tags; /* all of them */
	size_t instance_tag_count;
	struct config_texts vpc_ids;
	struct config_texts subnet_ids;
};

enum config_target_kind {
	CONFIG_TARGET_NONE,
	CONFIG_TARGET_NETWORK_LOAD_BALANCER,
	CONFIG_TARGET_NETWORK_INTERFACE,
	CONFIG_TARGET_GATEWAY_LOAD_BALANCER_ENDPOINT,
	CONFIG_TARGET_EXISTING, /* traffic_mirror_target_id: used, never changed */
};

struct config_target {
	enum config_target_kind kind;
	const char *id; /* the ARN or id that the kind says */
	const char *description;
	unsigned int line;
};

struct config_account {
	const char *name;        /* unique; CONFIG_ACCOUNT_DEFAULT where there is no accounts: */
	const char *role_arn;    /* NULL: the caller's own credentials */
	const char *external_id; /* only with a role */
	struct config_texts regions; /* empty: the region that is found */
	struct config_target target; /* of kind NONE: the top-level one; see config_target_of() */
	unsigned int line;
};

enum config_direction { CONFIG_INGRESS = 1 << 0, CONFIG_EGRESS = 1 << 1 };

enum { CONFIG_PROTOCOL_ANY = -1 };

struct config_ports {
	bool given;
	uint16_t from, to;
};

struct config_rule {
	unsigned int directions; /* of enum config_direction */
	bool accept;             /* else reject */
	int protocol;            /* IANA number, or CONFIG_PROTOCOL_ANY */
	/* Canonical (host bits are 0). Both NULL: any, of both families. */
	const char *source, *destination;
	struct config_ports source_ports, destination_ports;
	const char *description;
	unsigned int line;
};

/* config_filter.h makes EC2's rules of it. */
struct config_filter {
	const char *traffic_mirror_filter_id; /* exists already: the rest is then empty */
	const char *description;
	struct config_texts network_services;
	bool reject_mirrored;
	uint32_t max_rules;
	struct config_rule *rules; /* at least one: where the file has none, one that accepts all */
	size_t rule_count;
	unsigned int line;
};

enum config_vni_kind {
	CONFIG_VNI_AUTO, /* AWS chooses */
	CONFIG_VNI_FIXED,
	CONFIG_VNI_RANGE, /* each session one of its own, kept once given */
};

struct config_vni {
	enum config_vni_kind kind;
	uint32_t from, to; /* equal where fixed */
};

/* A group of sessions: one for each interface that the sources select. */
struct config_session {
	const char *name;               /* unique, a session map's name */
	struct config_selector sources; /* see mirrorcap.yaml(5) for how its parts go together */
	bool primary_only;              /* of an instance's interfaces only device index 0 */
	struct config_selector exclude;
	struct config_texts accounts; /* names; empty: all */
	uint32_t packet_length;       /* bytes after the VXLAN header; 0: not given */
	struct config_vni virtual_network_id;
	uint32_t session_number; /* 0: the interface's lowest that is free */
	const char *description;
	unsigned int line;
};

struct config {
	const char *path; /* as given, for messages */
	const char *deployment;
	struct config_account *accounts; /* at least one */
	size_t account_count;
	struct config_target target;
	struct config_selector collectors; /* no VPCs, no subnets */
	struct config_filter filter;
	struct config_session *sessions; /* at least one */
	size_t session_count;
	struct arena memory; /* owned */
};

/* The target of an account's sessions: its own, else the top-level one. */
const struct config_target *config_target_of(const struct config *config,
					     const struct config_account *account);

/* True where the group has sessions in that account. */
bool config_session_in_account(const struct config_session *session,
			       const struct config_account *account);

/* True where nothing is selected. */
bool config_selector_empty(const struct config_selector *selector);

void config_fini(struct config *config);

#endif
