/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/mirror_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provision/api/json_member.h"

static void rule_fini(struct mirror_rule *rule)
{
	free(rule->traffic_mirror_filter_rule_id);
	free(rule->source);
	free(rule->destination);
	free(rule->description);
}

void mirror_filter_fini(struct mirror_filter *filter)
{
	free(filter->traffic_mirror_filter_id);
	free(filter->description);
	for (size_t i = 0; i < filter->rule_count; i++)
		rule_fini(&filter->rules[i]);
	free(filter->rules);
	json_member_free_list(filter->network_services, filter->network_service_count);
	json_member_free_tags(filter->tags, filter->tag_count);
	*filter = (struct mirror_filter){0};
}

static int read_ports(const json_t *object, const char *name, struct mirror_rule_ports *ports)
{
	const json_t *range = json_object_get(object, name);
	uint32_t from, to;
	int rc;

	*ports = (struct mirror_rule_ports){0};
	if (!range || json_is_null(range))
		return 0;
	rc = json_is_object(range) ? 0 : -EBADMSG;
	if (!rc)
		rc = json_member_number(range, "FromPort", UINT16_MAX, &ports->given, &from);
	if (!rc)
		rc = json_member_number(range, "ToPort", UINT16_MAX, NULL, &to);
	if (rc)
		return rc;
	ports->from = (uint16_t)from;
	ports->to = (uint16_t)to;
	return 0;
}

/* EC2 leaves the protocol out where the rule is for all of them. */
static int read_numbers(const json_t *object, struct mirror_rule *rule)
{
	uint32_t protocol;
	bool given;
	int rc = json_member_number(object, "RuleNumber", INT32_MAX, &given, &rule->number);

	if (!rc && !given)
		rc = -EBADMSG;
	if (!rc)
		rc = json_member_number(object, "Protocol", UINT8_MAX, &given, &protocol);
	if (!rc)
		rule->protocol = given ? (int32_t)protocol : MIRROR_RULE_ANY_PROTOCOL;
	if (!rc)
		rc = read_ports(object, "SourcePortRange", &rule->source_ports);
	return rc ? rc : read_ports(object, "DestinationPortRange", &rule->destination_ports);
}

/* One of two words; direction says which set it is in. */
static int read_words(const json_t *object, bool egress, struct mirror_rule *rule)
{
	const char *action = json_string_value(json_object_get(object, "RuleAction"));

	if (!action || (strcmp(action, "accept") != 0 && strcmp(action, "reject") != 0))
		return -EBADMSG;
	rule->accept = strcmp(action, "accept") == 0;
	rule->egress = egress;
	return 0;
}

static int read_rule(const json_t *object, bool egress, struct mirror_rule *rule)
{
	const struct json_member_text table[] = {
		{"TrafficMirrorFilterRuleId", &rule->traffic_mirror_filter_rule_id},
		{"SourceCidrBlock", &rule->source},
		{"DestinationCidrBlock", &rule->destination},
		{"Description", &rule->description},
		{0},
	};
	int rc = json_member_texts(object, table);

	if (!rc && !rule->traffic_mirror_filter_rule_id)
		rc = -EBADMSG;
	if (!rc)
		rc = read_words(object, egress, rule);
	return rc ? rc : read_numbers(object, rule);
}

static int read_rules(const json_t *object, const char *name, bool egress,
		      struct mirror_filter *filter)
{
	const json_t *list = json_object_get(object, name);
	const size_t size = json_array_size(list);
	struct mirror_rule *rules;
	int rc = 0;

	if (!size)
		return !list || json_is_array(list) || json_is_null(list) ? 0 : -EBADMSG;
	rules = reallocarray(filter->rules, filter->rule_count + size, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	filter->rules = rules;
	for (size_t i = 0; !rc && i < size; i++) {
		struct mirror_rule *rule = &rules[filter->rule_count++];

		*rule = (struct mirror_rule){0};
		rc = read_rule(json_array_get(list, i), egress, rule);
	}
	return rc;
}

int mirror_filter_from_json(const json_t *object, struct mirror_filter *filter)
{
	const struct json_member_text table[] = {
		{"TrafficMirrorFilterId", &filter->traffic_mirror_filter_id},
		{"Description", &filter->description},
		{0},
	};
	int rc;

	*filter = (struct mirror_filter){0};
	rc = json_member_texts(object, table);
	if (!rc && !filter->traffic_mirror_filter_id)
		rc = -EBADMSG;
	if (!rc)
		rc = read_rules(object, "IngressFilterRules", false, filter);
	if (!rc)
		rc = read_rules(object, "EgressFilterRules", true, filter);
	if (!rc)
		rc = json_member_list(object, "NetworkServices", NULL, &filter->network_services,
				      &filter->network_service_count);
	if (!rc)
		rc = json_member_tags(object, &filter->tags, &filter->tag_count);
	if (rc)
		mirror_filter_fini(filter);
	return rc;
}
