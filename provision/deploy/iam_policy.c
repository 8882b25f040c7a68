/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/iam_policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/deploy/config_value.h"

#define POLICY_VERSION "2012-10-17"

enum {
	/* A managed policy has at most 6144 characters, and an interface's ARN has up to 80. */
	NAMED_SOURCES_MAX = 25,
	ACTIONS_MAX = 12,
	RESOURCES_MAX = 4,
	ARN_BYTES = 256,
};

/* What of AWS a configuration touches, as bits. */
enum need {
	NEED_ALWAYS = 1 << 0,
	NEED_FILTER = 1 << 1,   /* filters of its own */
	NEED_TARGET = 1 << 2,   /* a target of its own */
	NEED_BALANCER = 1 << 3, /* a target that is, or may be, a load balancer */
};

enum condition {
	CONDITION_NONE,
	CONDITION_REQUEST,  /* the deployment's tag is given */
	CONDITION_RESOURCE, /* it is there already */
	CONDITION_CREATE,   /* the tags are part of a create */
	CONDITION_RETAG,    /* it is there, and only the group's tag changes */
};

/* A statement with fixed actions; those of EC2's resources that it names, else "*". */
struct grant {
	const char *sid;
	unsigned int needs; /* any of them */
	enum condition condition;
	const char *actions[ACTIONS_MAX]; /* sorted */
	const char *resources[RESOURCES_MAX];
};

static const struct grant deployer_grants[] = {
	{"Describe",
	 NEED_ALWAYS,
	 CONDITION_NONE,
	 {"ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces",
	  "ec2:DescribeTrafficMirrorFilters", "ec2:DescribeTrafficMirrorSessions",
	  "ec2:DescribeTrafficMirrorTargets"},
	 {NULL}},
	{"DescribeLoadBalancer",
	 NEED_BALANCER,
	 CONDITION_NONE,
	 {"elasticloadbalancing:DescribeListeners",
	  "elasticloadbalancing:DescribeLoadBalancerAttributes",
	  "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTargetGroups",
	  "elasticloadbalancing:DescribeTargetHealth"},
	 {NULL}},
	{"CreateSessions",
	 NEED_ALWAYS,
	 CONDITION_REQUEST,
	 {"ec2:CreateTrafficMirrorSession"},
	 {"traffic-mirror-session"}},
	{"ChangeOwnSessions",
	 NEED_ALWAYS,
	 CONDITION_RESOURCE,
	 {"ec2:DeleteTrafficMirrorSession", "ec2:ModifyTrafficMirrorSession"},
	 {"traffic-mirror-session"}},
	{"UseOwnFilters",
	 NEED_FILTER,
	 CONDITION_RESOURCE,
	 {"ec2:CreateTrafficMirrorSession", "ec2:ModifyTrafficMirrorSession"},
	 {"traffic-mirror-filter"}},
	{"CreateFilters",
	 NEED_FILTER,
	 CONDITION_REQUEST,
	 {"ec2:CreateTrafficMirrorFilter"},
	 {"traffic-mirror-filter"}},
	{"ChangeOwnFilters",
	 NEED_FILTER,
	 CONDITION_RESOURCE,
	 {"ec2:CreateTrafficMirrorFilterRule", "ec2:DeleteTrafficMirrorFilter",
	  "ec2:DeleteTrafficMirrorFilterRule", "ec2:ModifyTrafficMirrorFilterNetworkServices",
	  "ec2:ModifyTrafficMirrorFilterRule"},
	 {"traffic-mirror-filter"}},
	/* Each of these needs the filter, too: the statement before keeps them to own ones. */
	{"ChangeRules",
	 NEED_FILTER,
	 CONDITION_NONE,
	 {"ec2:CreateTrafficMirrorFilterRule", "ec2:DeleteTrafficMirrorFilterRule",
	  "ec2:ModifyTrafficMirrorFilterRule"},
	 {"traffic-mirror-filter-rule"}},
	{"UseOwnTargets",
	 NEED_TARGET,
	 CONDITION_RESOURCE,
	 {"ec2:CreateTrafficMirrorSession", "ec2:DeleteTrafficMirrorTarget",
	  "ec2:ModifyTrafficMirrorSession"},
	 {"traffic-mirror-target"}},
	{"CreateTargets",
	 NEED_TARGET,
	 CONDITION_REQUEST,
	 {"ec2:CreateTrafficMirrorTarget"},
	 {"traffic-mirror-target"}},
	{"TagWhatIsCreated",
	 NEED_ALWAYS,
	 CONDITION_CREATE,
	 {"ec2:CreateTags"},
	 {"traffic-mirror-filter", "traffic-mirror-session", "traffic-mirror-target"}},
	{"RegroupOwnSessions",
	 NEED_ALWAYS,
	 CONDITION_RETAG,
	 {"ec2:CreateTags"},
	 {"traffic-mirror-session"}},
};

static const struct grant collector_grants[] = {
	{"Describe",
	 NEED_ALWAYS,
	 CONDITION_NONE,
	 {"ec2:DescribeNetworkInterfaces", "ec2:DescribeTrafficMirrorSessions"},
	 {NULL}},
};

/* An identity and where it acts. */
struct principal {
	const struct config *config; /* NULL: any deployment */
	const char *role_arn;        /* NULL: the caller */
	json_t *statements;          /* borrowed */
	bool failed;                 /* out of memory */
};

/* Parts of statements. NULL where memory is short, which ends up in principal->failed. */

static bool acts_in(const struct principal *principal, const struct config_account *account)
{
	if (!principal->role_arn || !account->role_arn)
		return principal->role_arn == account->role_arn;
	return strcmp(principal->role_arn, account->role_arn) == 0;
}

/* The principal's accounts of the configuration, one after the other; NULL after the last. */
static const struct config_account *next_account(const struct principal *principal, size_t *index)
{
	const struct config *config = principal->config;

	while (config && *index < config->account_count) {
		const struct config_account *account = &config->accounts[(*index)++];

		if (acts_in(principal, account))
			return account;
	}
	return NULL;
}

/* "aws", "aws-cn", "aws-us-gov": from an ARN or a region. */
static void partition_of(const struct principal *principal, const char *region, char *partition,
			 size_t size)
{
	const char *arn = principal->role_arn, *part;
	size_t length;

	snprintf(partition, size, "%s",
		 strncmp(region, "cn-", 3) == 0       ? "aws-cn"
		 : strncmp(region, "us-gov-", 7) == 0 ? "aws-us-gov"
						      : "aws");
	if (!arn && principal->config &&
	    principal->config->target.kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER)
		arn = principal->config->target.id;
	if (!arn)
		return;
	part = config_arn_part(arn, CONFIG_ARN_PARTITION, &length);
	snprintf(partition, size, "%.*s", (int)length, part);
}

/* One resource of EC2 in the principal's account. account_id: NULL for the principal's own. */
static void add_arn(const struct principal *principal, const char *region, const char *account_id,
		    const char *resource, const char *id, json_t *list)
{
	char partition[32], account[32] = "*", arn[ARN_BYTES];
	const char *part;
	size_t length;

	partition_of(principal, region, partition, sizeof(partition));
	if (account_id)
		snprintf(account, sizeof(account), "%s", account_id);
	else if (principal->role_arn) {
		part = config_arn_part(principal->role_arn, CONFIG_ARN_ACCOUNT, &length);
		snprintf(account, sizeof(account), "%.*s", (int)length, part);
	}
	snprintf(arn, sizeof(arn), "arn:%s:ec2:%s:%s:%s/%s", partition, region, account, resource,
		 id);
	json_array_append_new(list, json_string(arn));
}

/* The resource in each of the account's regions. */
static void add_in_regions(const struct principal *principal, const struct config_account *account,
			   const char *account_id, const char *resource, const char *id,
			   json_t *list)
{
	if (!account || account->regions.count == 0)
		add_arn(principal, "*", account_id, resource, id, list);
	for (size_t i = 0; account && i < account->regions.count; i++)
		add_arn(principal, account->regions.texts[i], account_id, resource, id, list);
}

static void add_everywhere(const struct principal *principal, const char *resource, const char *id,
			   json_t *list)
{
	const struct config_account *account;
	size_t index = 0;

	if (!principal->config)
		add_in_regions(principal, NULL, NULL, resource, id, list);
	while ((account = next_account(principal, &index)))
		add_in_regions(principal, account, NULL, resource, id, list);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(json_string_value(*(json_t *const *)a),
		      json_string_value(*(json_t *const *)b));
}

/* The list's texts in order, each once. */
static json_t *sorted(const json_t *list)
{
	size_t count = json_array_size(list), i;
	json_t **texts = calloc(count + 1, sizeof(json_t *)), *result = json_array(), *text;

	if (!texts || !result) {
		free(texts);
		json_decref(result);
		return NULL;
	}
	json_array_foreach(list, i, text) texts[i] = text;
	qsort(texts, count, sizeof(json_t *), compare_texts);
	for (i = 0; i < count; i++) {
		if (i == 0 || compare_texts(&texts[i - 1], &texts[i]) != 0)
			json_array_append(result, texts[i]);
	}
	free(texts);
	return result;
}

/* {"StringEquals": {KEY: NAME}}; of any deployment: the tag must be there. */
static json_t *tag_condition(const struct principal *principal, const char *key)
{
	const char *deployment = principal->config ? principal->config->deployment : "*";

	return json_pack("{s:{s:s}}", principal->config ? "StringEquals" : "StringLike", key,
			 deployment);
}

static json_t *condition_of(const struct principal *principal, enum condition condition)
{
	static const char request[] = "aws:RequestTag/" CONFIG_TAG_DEPLOYMENT;
	static const char resource[] = "aws:ResourceTag/" CONFIG_TAG_DEPLOYMENT;
	json_t *result;

	switch (condition) {
	case CONDITION_REQUEST:
		return tag_condition(principal, request);
	case CONDITION_RESOURCE:
		return tag_condition(principal, resource);
	case CONDITION_CREATE:
		result = tag_condition(principal, request);
		if (!json_object_get(result, "StringEquals"))
			json_object_set_new(result, "StringEquals", json_object());
		json_object_set_new(json_object_get(result, "StringEquals"), "ec2:CreateAction",
				    json_pack("[sss]", "CreateTrafficMirrorFilter",
					      "CreateTrafficMirrorSession",
					      "CreateTrafficMirrorTarget"));
		return result;
	case CONDITION_RETAG:
		result = tag_condition(principal, resource);
		json_object_set_new(result, "ForAllValues:StringEquals",
				    json_pack("{s:[s]}", "aws:TagKeys", CONFIG_TAG_SESSION));
		return result;
	case CONDITION_NONE:
		break;
	}
	return NULL;
}

/* resources: given up; empty or NULL leaves the statement out. */
static void add_statement(struct principal *principal, const char *sid, const char *const *actions,
			  json_t *resources, enum condition condition)
{
	json_t *list = json_array(), *conditions = condition_of(principal, condition), *statement;
	json_t *ordered = sorted(resources);

	for (size_t i = 0; i < ACTIONS_MAX && actions[i]; i++)
		json_array_append_new(list, json_string(actions[i]));
	json_decref(resources);
	if (ordered && json_array_size(ordered) == 0) {
		json_decref(ordered);
		json_decref(list);
		json_decref(conditions);
		return;
	}
	statement = json_pack("{s:s, s:s, s:o, s:o, s:o*}", "Sid", sid, "Effect", "Allow", "Action",
			      list, "Resource", ordered, "Condition", conditions);
	if (!statement || json_array_append_new(principal->statements, statement))
		principal->failed = true;
}

static void add_grant(struct principal *principal, const struct grant *grant)
{
	json_t *resources = json_array();

	if (!grant->resources[0])
		json_array_append_new(resources, json_string("*"));
	for (size_t i = 0; i < RESOURCES_MAX && grant->resources[i]; i++)
		add_everywhere(principal, grant->resources[i], "*", resources);
	add_statement(principal, grant->sid, grant->actions, resources, grant->condition);
}

/* Statements about single resources. */

static bool names_all_sources(const struct principal *principal)
{
	const struct config *config = principal->config;
	size_t count = 0;

	for (size_t i = 0; config && i < config->session_count; i++) {
		struct config_selector rest = config->sessions[i].sources;

		count += rest.network_interface_ids.count;
		rest.network_interface_ids.count = 0;
		if (!config_selector_empty(&rest))
			return false;
	}
	return config && count <= NAMED_SOURCES_MAX;
}

static void add_sources(struct principal *principal)
{
	static const char *const actions[ACTIONS_MAX] = {"ec2:CreateTrafficMirrorSession"};
	const struct config *config = principal->config;
	json_t *resources = json_array();

	if (!names_all_sources(principal)) {
		add_everywhere(principal, "network-interface", "*", resources);
		add_statement(principal, "MirrorInterfaces", actions, resources, CONDITION_NONE);
		return;
	}
	for (size_t i = 0; i < config->session_count; i++) {
		const struct config_texts *ids = &config->sessions[i].sources.network_interface_ids;

		for (size_t j = 0; j < ids->count; j++)
			add_everywhere(principal, "network-interface", ids->texts[j], resources);
	}
	add_statement(principal, "MirrorInterfaces", actions, resources, CONDITION_NONE);
}

/* Filters and targets that exist already. A target that is shared is another account's. */
static void add_existing(struct principal *principal)
{
	static const char *const actions[ACTIONS_MAX] = {"ec2:CreateTrafficMirrorSession",
							 "ec2:ModifyTrafficMirrorSession"};
	const struct config *config = principal->config;
	const struct config_account *account;
	json_t *resources = json_array();
	size_t index = 0;

	if (config && config->filter.traffic_mirror_filter_id)
		add_everywhere(principal, "traffic-mirror-filter",
			       config->filter.traffic_mirror_filter_id, resources);
	while ((account = next_account(principal, &index))) {
		const struct config_target *target = config_target_of(config, account);

		if (target->kind == CONFIG_TARGET_EXISTING)
			add_in_regions(principal, account, "*", "traffic-mirror-target", target->id,
				       resources);
	}
	if (!config) {
		add_in_regions(principal, NULL, NULL, "traffic-mirror-filter", "*", resources);
		add_in_regions(principal, NULL, NULL, "traffic-mirror-target", "*", resources);
	}
	add_statement(principal, "UseExisting", actions, resources, CONDITION_NONE);
}

/* What CreateTrafficMirrorTarget makes a target of. For a load balancer it asks for nothing. */
static void add_target_devices(struct principal *principal)
{
	static const char *const actions[ACTIONS_MAX] = {"ec2:CreateTrafficMirrorTarget"};
	const struct config_account *account;
	json_t *resources = json_array();
	size_t index = 0;

	while ((account = next_account(principal, &index))) {
		const struct config_target *target = config_target_of(principal->config, account);

		if (target->kind == CONFIG_TARGET_NETWORK_INTERFACE)
			add_in_regions(principal, account, NULL, "network-interface", target->id,
				       resources);
		if (target->kind == CONFIG_TARGET_GATEWAY_LOAD_BALANCER_ENDPOINT)
			add_in_regions(principal, account, NULL, "vpc-endpoint", target->id,
				       resources);
	}
	if (!principal->config) {
		add_in_regions(principal, NULL, NULL, "network-interface", "*", resources);
		add_in_regions(principal, NULL, NULL, "vpc-endpoint", "*", resources);
	}
	add_statement(principal, "TargetDevices", actions, resources, CONDITION_NONE);
}

/* The caller assumes every role of the configuration. */
static void add_roles(struct principal *principal)
{
	static const char *const actions[ACTIONS_MAX] = {"sts:AssumeRole"};
	const struct config *config = principal->config;
	json_t *resources = json_array();

	for (size_t i = 0; config && i < config->account_count; i++) {
		if (config->accounts[i].role_arn)
			json_array_append_new(resources, json_string(config->accounts[i].role_arn));
	}
	add_statement(principal, "AssumeRoles", actions, resources, CONDITION_NONE);
}

/* Policies. */

static unsigned int needs_of(const struct principal *principal)
{
	const struct config *config = principal->config;
	const struct config_account *account;
	unsigned int needs = NEED_ALWAYS;
	size_t index = 0;

	if (!config)
		return NEED_ALWAYS | NEED_FILTER | NEED_TARGET | NEED_BALANCER;
	if (!config->filter.traffic_mirror_filter_id)
		needs |= NEED_FILTER;
	while ((account = next_account(principal, &index))) {
		enum config_target_kind kind = config_target_of(config, account)->kind;

		if (kind != CONFIG_TARGET_EXISTING)
			needs |= NEED_TARGET;
		if (kind == CONFIG_TARGET_EXISTING || kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER)
			needs |= NEED_BALANCER;
	}
	return needs;
}

/* True where the principal has accounts of its own, and is not only there to assume roles. */
static bool acts(const struct principal *principal)
{
	size_t index = 0;

	return !principal->config || next_account(principal, &index);
}

static void add_deployer(struct principal *principal)
{
	const unsigned int needs = needs_of(principal);

	for (size_t i = 0; i < sizeof(deployer_grants) / sizeof(deployer_grants[0]); i++) {
		if (deployer_grants[i].needs & needs)
			add_grant(principal, &deployer_grants[i]);
	}
	add_sources(principal);
	add_existing(principal);
	if (needs & NEED_TARGET)
		add_target_devices(principal);
}

static void add_collector(struct principal *principal)
{
	for (size_t i = 0; i < sizeof(collector_grants) / sizeof(collector_grants[0]); i++)
		add_grant(principal, &collector_grants[i]);
}

/* One entry of the array, unless it would hold nothing. */
static bool add_policy(const struct config *config, const char *role_arn, enum iam_role role,
		       json_t *policies)
{
	struct principal principal = {
		.config = config, .role_arn = role_arn, .statements = json_array()};
	json_t *entry;

	if (!principal.statements)
		return false;
	if (acts(&principal) && role == IAM_DEPLOYER)
		add_deployer(&principal);
	else if (acts(&principal))
		add_collector(&principal);
	if (!role_arn)
		add_roles(&principal);
	if (principal.failed || json_array_size(principal.statements) == 0) {
		json_decref(principal.statements);
		return !principal.failed;
	}
	entry = json_pack("{s:s, s:s, s:{s:s, s:o}}", "Role", iam_role_name(role), "AttachTo",
			  role_arn ? role_arn : IAM_POLICY_CALLER, "Policy", "Version",
			  POLICY_VERSION, "Statement", principal.statements);
	return entry && json_array_append_new(policies, entry) == 0;
}

static bool role_seen(const struct config *config, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (config->accounts[i].role_arn &&
		    strcmp(config->accounts[i].role_arn, config->accounts[index].role_arn) == 0)
			return true;
	}
	return false;
}

json_t *iam_policy(const struct config *config, enum iam_role role)
{
	json_t *policies = json_array();
	bool good = policies && add_policy(config, NULL, role, policies);

	for (size_t i = 0; good && config && i < config->account_count; i++) {
		if (config->accounts[i].role_arn && !role_seen(config, i))
			good = add_policy(config, config->accounts[i].role_arn, role, policies);
	}
	if (good)
		return policies;
	json_decref(policies);
	return NULL;
}

const char *iam_role_name(enum iam_role role)
{
	return role == IAM_DEPLOYER ? "deployer" : "collector";
}
