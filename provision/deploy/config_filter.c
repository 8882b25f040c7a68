/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/config_filter.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define ANY_IPV4 "0.0.0.0/0"
#define ANY_IPV6 "::/0"

enum { IPV4 = 1 << 0, IPV6 = 1 << 1 };

static const struct {
	int bit;
	const char *any;
} families[] = {{IPV4, ANY_IPV4}, {IPV6, ANY_IPV6}};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

/* The families that a rule is for: its blocks' one, or both, as far as its protocol has them. */
static int families_of(const struct config_rule *rule)
{
	const char *block = rule->source ? rule->source : rule->destination;

	if (block)
		return strchr(block, ':') ? IPV6 : IPV4;
	if (rule->protocol == IPPROTO_ICMP)
		return IPV4;
	if (rule->protocol == IPPROTO_ICMPV6)
		return IPV6;
	return IPV4 | IPV6;
}

static int families_accepted(const struct config_filter *filter, enum config_direction direction)
{
	int accepted = 0;

	for (size_t i = 0; i < filter->rule_count; i++) {
		const struct config_rule *rule = &filter->rules[i];

		if (rule->accept && (rule->directions & direction))
			accepted |= families_of(rule);
	}
	return accepted;
}

/* The list has room for all that there can be. */
static struct config_filter_rule *add(struct config_filter_rules *list,
				      enum config_direction direction)
{
	struct config_filter_rule *rule = &list->rules[list->count], *before = rule - 1;
	bool first = list->count == 0 || before->direction != direction;

	rule->direction = direction;
	rule->number = first ? CONFIG_RULE_FIRST_NUMBER : before->number + CONFIG_RULE_FIRST_NUMBER;
	list->count++;
	return rule;
}

static void add_rejections(struct config_filter_rules *list, enum config_direction direction,
			   int accepted)
{
	static const struct {
		unsigned int directions;
		uint16_t port;
		const char *description;
	} rejected[] = {
		{CONFIG_INGRESS | CONFIG_EGRESS, CONFIG_VXLAN_PORT, "mirrored packets (VXLAN)"},
		/* Egress GENEVE is left out: with it the default filter has 12 rules, and EC2's
		 * quota is 10. */
		{CONFIG_INGRESS, CONFIG_GENEVE_PORT, "mirrored packets (GENEVE)"},
	};

	for (size_t i = 0; i < sizeof(rejected) / sizeof(rejected[0]) * FAMILIES; i++) {
		const size_t row = i / FAMILIES, family = i % FAMILIES;
		struct config_filter_rule *rule;

		if (!(rejected[row].directions & direction) || !(accepted & families[family].bit))
			continue;
		rule = add(list, direction);
		rule->protocol = IPPROTO_UDP;
		rule->source = families[family].any;
		rule->destination = families[family].any;
		rule->destination_ports =
			(struct config_ports){true, rejected[row].port, rejected[row].port};
		rule->description = rejected[row].description;
	}
}

static void add_declared(struct config_filter_rules *list, enum config_direction direction,
			 const struct config_rule *declared)
{
	for (size_t i = 0; i < FAMILIES; i++) {
		struct config_filter_rule *rule;

		if (!(families_of(declared) & families[i].bit))
			continue;
		rule = add(list, direction);
		rule->accept = declared->accept;
		rule->protocol = declared->protocol;
		rule->source = declared->source ? declared->source : families[i].any;
		rule->destination = declared->destination ? declared->destination : families[i].any;
		rule->source_ports = declared->source_ports;
		rule->destination_ports = declared->destination_ports;
		rule->description = declared->description;
	}
}

static void add_direction(struct config_filter_rules *list, const struct config_filter *filter,
			  enum config_direction direction)
{
	if (filter->reject_mirrored)
		add_rejections(list, direction, families_accepted(filter, direction));
	for (size_t i = 0; i < filter->rule_count; i++) {
		if (filter->rules[i].directions & direction)
			add_declared(list, direction, &filter->rules[i]);
	}
}

int config_filter_expand(const struct config_filter *filter, struct config_filter_rules *expanded)
{
	/* Each declared rule may become one a direction and family; six may stand before them. */
	const size_t room = 2 * FAMILIES * filter->rule_count + 8;

	*expanded = (struct config_filter_rules){0};
	if (filter->traffic_mirror_filter_id)
		return 0;
	expanded->rules = calloc(room, sizeof(*expanded->rules));
	if (!expanded->rules)
		return -ENOMEM;
	add_direction(expanded, filter, CONFIG_INGRESS);
	add_direction(expanded, filter, CONFIG_EGRESS);
	return 0;
}

void config_filter_fini(struct config_filter_rules *expanded)
{
	free(expanded->rules);
	*expanded = (struct config_filter_rules){0};
}
