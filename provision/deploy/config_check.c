/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/config_check.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/mirror_session.h"
#include "provision/deploy/config_filter.h"
#include "provision/deploy/config_value.h"

#define PROBLEM(report, path_format, index, ...)                    \
	do {                                                        \
		char path_[CONFIG_PATH_BYTES];                      \
		snprintf(path_, sizeof(path_), path_format, index); \
		config_report_add(report, 0, path_, __VA_ARGS__);   \
	} while (0)

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool contains(const struct config_texts *texts, const char *text)
{
	for (size_t i = 0; i < texts->count; i++) {
		if (strcmp(texts->texts[i], text) == 0)
			return true;
	}
	return false;
}

/* Accounts. */

/* A region that both are declared for; "" where both leave it open; NULL where there is none. */
static const char *common_region(const struct config_account *a, const struct config_account *b)
{
	for (size_t i = 0; i < a->regions.count; i++) {
		if (contains(&b->regions, a->regions.texts[i]))
			return a->regions.texts[i];
	}
	return a->regions.count + b->regions.count == 0 ? "" : NULL;
}

static void check_account_pair(const struct config *config, size_t i, size_t j,
			       struct config_report *report)
{
	const struct config_account *account = &config->accounts[i], *other = &config->accounts[j];
	const char *region;

	if (strcmp(account->name, other->name) == 0)
		PROBLEM(report, "accounts[%zu].name", i,
			"'%s' is the name of accounts[%zu], too: give each one of its own",
			account->name, j);
	if (!same(account->role_arn, other->role_arn))
		return;
	region = common_region(account, other);
	if (region)
		PROBLEM(report, "accounts[%zu]", i,
			"is the same account%s%s as accounts[%zu]: leave one out",
			*region ? " in region " : "", region, j);
}

static void check_accounts(const struct config *config, struct config_report *report)
{
	for (size_t i = 0; i < config->account_count; i++) {
		if (config->accounts[i].external_id && !config->accounts[i].role_arn)
			PROBLEM(report, "accounts[%zu].external_id", i,
				"is of use only with a role: add role_arn, or leave it out");
		for (size_t j = 0; j < i; j++)
			check_account_pair(config, i, j, report);
	}
}

/* Targets. */

static void check_load_balancer(const struct config *config, size_t index,
				const struct config_target *target, const char *path,
				struct config_report *report)
{
	const struct config_account *account = &config->accounts[index];
	size_t length;
	const char *part = config_arn_part(target->id, CONFIG_ARN_REGION, &length), *role;

	for (size_t i = 0; i < account->regions.count; i++) {
		const char *region = account->regions.texts[i];

		if (strlen(region) != length || strncmp(part, region, length) != 0)
			config_report_add(report, 0, path,
					  "is in region %.*s, account '%s' mirrors in %s: give the "
					  "account a target there",
					  (int)length, part, account->name, region);
	}
	part = config_arn_part(target->id, CONFIG_ARN_ACCOUNT, &length);
	if (!account->role_arn)
		return;
	role = config_arn_part(account->role_arn, CONFIG_ARN_ACCOUNT, &length);
	if (strncmp(part, role, length) != 0)
		config_report_add(report, 0, path,
				  "belongs to account %.*s, '%s' is %.*s: share a mirror target of "
				  "it by AWS RAM and give its traffic_mirror_target_id",
				  (int)length, part, account->name, (int)length, role);
}

static bool account_used(const struct config *config, const struct config_account *account)
{
	for (size_t i = 0; i < config->session_count; i++) {
		if (config_session_in_account(&config->sessions[i], account))
			return true;
	}
	return false;
}

/* The one target of an account. */
static void check_target(const struct config *config, size_t index, struct config_report *report)
{
	const struct config_account *account = &config->accounts[index];
	const struct config_target *target = config_target_of(config, account);
	char path[CONFIG_PATH_BYTES] = "target";

	if (target != &config->target)
		snprintf(path, sizeof(path), "accounts[%zu].target", index);
	if (target->kind == CONFIG_TARGET_NONE && !target->line)
		config_report_add(report, 0, path,
				  "is missing, and account '%s' has none of its own: add one",
				  account->name);
	if (!target->id)
		return;
	if (target->kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER)
		check_load_balancer(config, index, target, path, report);
	else if (account->regions.count > 1)
		config_report_add(report, 0, path,
				  "is in one region, account '%s' mirrors in %zu: declare the "
				  "account once per region, each with a target",
				  account->name, account->regions.count);
}

static void check_targets(const struct config *config, struct config_report *report)
{
	size_t users = 0;

	for (size_t i = 0; i < config->account_count; i++) {
		if (!account_used(config, &config->accounts[i]))
			continue;
		users += config_target_of(config, &config->accounts[i]) == &config->target;
		check_target(config, i, report);
	}
	if (users > 1 && (config->target.kind == CONFIG_TARGET_NETWORK_INTERFACE ||
			  config->target.kind == CONFIG_TARGET_GATEWAY_LOAD_BALANCER_ENDPOINT))
		config_report_add(report, 0, "target",
				  "is in one account and region, %zu use it: share a mirror target "
				  "by AWS RAM and give its traffic_mirror_target_id, or give each "
				  "account a target",
				  users);
}

/* The filter. */

static void check_families(const struct config_rule *rule, size_t index,
			   struct config_report *report)
{
	const char *block = rule->source ? rule->source : rule->destination;
	bool ipv6 = block && strchr(block, ':');

	if (rule->source && rule->destination && ipv6 != !!strchr(rule->destination, ':'))
		PROBLEM(report, "filter.rules[%zu].destination", index,
			"is of another address family than the source: write a rule for each");
	else if (block && ((rule->protocol == IPPROTO_ICMP && ipv6) ||
			   (rule->protocol == IPPROTO_ICMPV6 && !ipv6)))
		PROBLEM(report, "filter.rules[%zu].protocol", index,
			"never occurs between these addresses: give %s, or blocks of the other "
			"family",
			ipv6 ? "icmpv6" : "icmp");
}

static void check_rule(const struct config_rule *rule, size_t index, struct config_report *report)
{
	check_families(rule, index, report);
	if ((rule->source_ports.given || rule->destination_ports.given) &&
	    rule->protocol != IPPROTO_TCP && rule->protocol != IPPROTO_UDP)
		PROBLEM(report, "filter.rules[%zu]", index,
			"has ports without a protocol that has them: give protocol tcp or udp");
}

/* Where there are too many rules, where they come from. */
static void explain_rules(const struct config_filter *filter,
			  const struct config_filter_rules *expanded, struct config_report *report)
{
	struct config_filter bare = *filter;
	struct config_filter_rules declared;

	bare.reject_mirrored = false;
	if (config_filter_expand(&bare, &declared))
		return;
	config_report_add(report, 0, filter->line ? "filter.rules" : "filter",
			  "%zu rules as declared become %zu by direction and address family, and "
			  "%zu reject mirrored packets: %zu in all, above max_rules %u: declare "
			  "fewer, reject_mirrored: false, or have EC2's quota raised and give it",
			  filter->rule_count, declared.count, expanded->count - declared.count,
			  expanded->count, filter->max_rules);
	config_filter_fini(&declared);
}

static int check_filter(const struct config *config, struct config_report *report)
{
	const struct config_filter *filter = &config->filter;
	struct config_filter_rules expanded;

	if (filter->traffic_mirror_filter_id) {
		if (config->account_count > 1)
			config_report_add(report, 0, "filter.traffic_mirror_filter_id",
					  "is in one account, %zu are declared: leave it out, and "
					  "each gets a filter",
					  config->account_count);
		return 0;
	}
	for (size_t i = 0; i < filter->rule_count; i++)
		check_rule(&filter->rules[i], i, report);
	if (config_filter_expand(filter, &expanded))
		return -ENOMEM;
	if (expanded.count > filter->max_rules)
		explain_rules(filter, &expanded, report);
	config_filter_fini(&expanded);
	return 0;
}

/* Sessions. */

static void check_names(const struct config *config, size_t index, struct config_report *report)
{
	const struct config_session *session = &config->sessions[index];

	for (size_t i = 0; i < index; i++) {
		if (!session->name || !same(session->name, config->sessions[i].name))
			continue;
		PROBLEM(report, "sessions[%zu].name", index,
			"'%s' is the name of sessions[%zu], too: give each one of its own",
			session->name, i);
		return;
	}
}

static void check_session_accounts(const struct config *config, size_t index,
				   struct config_report *report)
{
	const struct config_texts *accounts = &config->sessions[index].accounts;

	for (size_t i = 0; i < accounts->count; i++) {
		bool known = false;

		for (size_t j = 0; j < config->account_count; j++)
			known |= strcmp(config->accounts[j].name, accounts->texts[i]) == 0;
		if (!known)
			PROBLEM(report, "sessions[%zu].accounts", index,
				"'%s' is not the name of an account: add it to accounts",
				accounts->texts[i]);
	}
}

static bool behind_load_balancer(const struct config *config, const struct config_session *session)
{
	for (size_t i = 0; i < config->account_count; i++) {
		const struct config_account *account = &config->accounts[i];

		if (config_session_in_account(session, account) &&
		    config_target_of(config, account)->kind == CONFIG_TARGET_NETWORK_LOAD_BALANCER)
			return true;
	}
	return false;
}

static bool vnis_overlap(const struct config_vni *a, const struct config_vni *b)
{
	/* The same number twice may be meant: the sources tell the sessions apart. A range is for
	 * those who want each number once. */
	return a->kind != CONFIG_VNI_AUTO && b->kind != CONFIG_VNI_AUTO &&
	       (a->kind == CONFIG_VNI_RANGE || b->kind == CONFIG_VNI_RANGE) && a->from <= b->to &&
	       b->from <= a->to;
}

static void check_vnis(const struct config *config, size_t index, struct config_report *report)
{
	const struct config_vni *vni = &config->sessions[index].virtual_network_id;
	size_t interfaces = config->sessions[index].sources.network_interface_ids.count;

	if (vni->kind == CONFIG_VNI_RANGE && vni->from <= vni->to &&
	    vni->to - vni->from + 1 < interfaces)
		PROBLEM(report, "sessions[%zu].virtual_network_id", index,
			"%u to %u has room for %u sessions, %zu interfaces are named: widen the "
			"range",
			vni->from, vni->to, vni->to - vni->from + 1, interfaces);
	for (size_t i = 0; i < index; i++) {
		if (vnis_overlap(vni, &config->sessions[i].virtual_network_id))
			PROBLEM(report, "sessions[%zu].virtual_network_id", index,
				"overlaps that of sessions[%zu]: give ranges without common "
				"numbers",
				i);
	}
}

/* An interface that one group names for its sources and that can be none. */
static void check_source(const struct config *config, size_t index, size_t source,
			 struct config_report *report)
{
	const struct config_session *session = &config->sessions[index];
	const char *id = session->sources.network_interface_ids.texts[source];
	const char *why = NULL;

	if (contains(&config->collectors.network_interface_ids, id))
		why = "is a collector's: a mirror of the mirror would never end";
	else if (contains(&session->exclude.network_interface_ids, id))
		why = "is excluded by the same group";
	for (size_t i = 0; !why && i < config->account_count; i++) {
		const struct config_target *target = config_target_of(config, &config->accounts[i]);

		if (target->kind == CONFIG_TARGET_NETWORK_INTERFACE && same(target->id, id))
			why = "is the mirror target, which cannot be a source, too";
	}
	if (why) {
		char path[CONFIG_PATH_BYTES];

		snprintf(path, sizeof(path), "sessions[%zu].sources.network_interface_ids[%zu]",
			 index, source);
		config_report_add(report, 0, path, "%s %s: leave it out", id, why);
	}
}

static void check_session(const struct config *config, size_t index, struct config_report *report)
{
	const struct config_session *session = &config->sessions[index];

	check_names(config, index, report);
	check_session_accounts(config, index, report);
	check_vnis(config, index, report);
	if (session->packet_length > MIRROR_SESSION_DEFAULT_LENGTH &&
	    behind_load_balancer(config, session))
		PROBLEM(report, "sessions[%zu].packet_length", index,
			"%u is above %d, the most that a Network Load Balancer takes: give at most "
			"that, or leave it out",
			session->packet_length, MIRROR_SESSION_DEFAULT_LENGTH);
	for (size_t i = 0; i < session->sources.network_interface_ids.count; i++)
		check_source(config, index, i, report);
}

/* A named interface as one group has it. */
struct naming {
	const char *id;
	size_t group, index;
};

static int compare_namings(const void *a, const void *b)
{
	const struct naming *left = a, *right = b;
	int order = strcmp(left->id, right->id);

	if (order)
		return order;
	return (left->group > right->group) - (left->group < right->group);
}

/* namings: of one interface. */
static void check_namings(const struct config *config, const struct naming *namings, size_t count,
			  struct config_report *report)
{
	const struct naming *last = &namings[count - 1];
	uint32_t number = config->sessions[last->group].session_number;
	char path[CONFIG_PATH_BYTES];

	snprintf(path, sizeof(path), "sessions[%zu].sources.network_interface_ids[%zu]",
		 last->group, last->index);
	if (count > CONFIG_INTERFACE_SESSIONS_MAX)
		config_report_add(report, 0, path,
				  "%s is named by %zu groups: an interface has at most %d sessions",
				  last->id, count, CONFIG_INTERFACE_SESSIONS_MAX);
	for (size_t i = 0; number && i + 1 < count; i++) {
		if (config->sessions[namings[i].group].session_number == number)
			config_report_add(report, 0, path,
					  "%s has session number %u in sessions[%zu], too: give "
					  "another, or auto",
					  last->id, number, namings[i].group);
	}
}

/* Interfaces that several groups name. */
static int check_shared(const struct config *config, struct config_report *report)
{
	struct naming *namings;
	size_t count = 0, first = 0;

	for (size_t i = 0; i < config->session_count; i++)
		count += config->sessions[i].sources.network_interface_ids.count;
	if (count == 0)
		return 0;
	namings = calloc(count, sizeof(*namings));
	if (!namings)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < config->session_count; i++) {
		const struct config_texts *ids = &config->sessions[i].sources.network_interface_ids;

		for (size_t j = 0; j < ids->count; j++)
			namings[count++] = (struct naming){ids->texts[j], i, j};
	}
	qsort(namings, count, sizeof(*namings), compare_namings);
	for (size_t i = 1; i <= count; i++) {
		if (i < count && strcmp(namings[i].id, namings[first].id) == 0)
			continue;
		check_namings(config, namings + first, i - first, report);
		first = i;
	}
	free(namings);
	return 0;
}

int config_check(const struct config *config, struct config_report *report)
{
	int rc;

	check_accounts(config, report);
	check_targets(config, report);
	rc = check_filter(config, report);
	for (size_t i = 0; i < config->session_count; i++)
		check_session(config, i, report);
	return rc ? rc : check_shared(config, report);
}
