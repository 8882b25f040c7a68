/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/config_schema.h"

#include <errno.h>
#include <string.h>

#include "capture/session_map.h"
#include "provision/api/mirror_session.h"

enum {
	ACCOUNTS_MAX = 1000,
	SESSIONS_MAX = 1000,
	RULES_MAX = 1000,
	RULES_QUOTA_MAX = 1000,
	TAGS_MAX = 50, /* of any AWS resource */
};

/* Readers of values that have a form of their own. */

static const yaml_node_t *pair_node(struct config_reader *reader, int index)
{
	return yaml_document_get_node(reader->document, index);
}

static size_t pair_count(const yaml_node_t *mapping)
{
	return (size_t)(mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start);
}

/* A tag's values: one, or a list. */
static void read_tag_values(struct config_reader *reader, const yaml_node_t *value,
			    struct config_texts *values)
{
	const struct config_key key = {.rule = &config_text_tag_value};
	const char **text;

	if (value->type == YAML_SEQUENCE_NODE) {
		config_read_texts(reader, &key, value, values);
		return;
	}
	text = config_reader_alloc(reader, sizeof(*text));
	if (!text)
		return;
	config_read_text(reader, &key, value, text);
	values->texts = text;
	values->count = *text != NULL;
}

/* Adds to the selector's tags one that has room. */
static void read_tag(struct config_reader *reader, const yaml_node_pair_t *pair,
		     struct config_selector *selector)
{
	struct config_tag *tag = &selector->instance_tags[selector->instance_tag_count];
	const struct config_key key = {.rule = &config_text_tag_key};
	const yaml_node_t *key_node = pair_node(reader, pair->key);
	size_t before;

	config_read_text(reader, &key, key_node, &tag->key);
	if (!tag->key)
		return;
	before = config_reader_down(reader, tag->key);
	for (size_t i = 0; i < selector->instance_tag_count; i++) {
		if (strcmp(selector->instance_tags[i].key, tag->key) == 0)
			config_reader_problem(reader, key_node, "is given twice: leave one out");
	}
	read_tag_values(reader, pair_node(reader, pair->value), &tag->values);
	config_reader_up(reader, before);
	selector->instance_tag_count++;
}

/* The offset is that of the selector which the tags are in. */
static void read_tags(struct config_reader *reader, const struct config_key *key,
		      const yaml_node_t *value, void *base)
{
	struct config_selector *selector = (struct config_selector *)((char *)base + key->offset);
	const yaml_node_pair_t *pair;

	if (value->type != YAML_MAPPING_NODE || pair_count(value) == 0) {
		config_reader_problem(reader, value,
				      "is not a mapping: give lines of 'TAG: value'");
		return;
	}
	if (pair_count(value) > TAGS_MAX) {
		config_reader_problem(reader, value, "has %zu tags: an instance has at most %d",
				      pair_count(value), TAGS_MAX);
		return;
	}
	selector->instance_tags =
		config_reader_alloc(reader, pair_count(value) * sizeof(struct config_tag));
	if (!selector->instance_tags)
		return;
	for (pair = value->data.mapping.pairs.start; pair < value->data.mapping.pairs.top; pair++)
		read_tag(reader, pair, selector);
}

struct target_rule {
	enum config_target_kind kind;
	const struct config_text *text;
};

static void read_target_id(struct config_reader *reader, const struct config_key *key,
			   const yaml_node_t *value, void *base)
{
	const struct target_rule *rule = key->rule;
	const struct config_key id = {.offset = offsetof(struct config_target, id),
				      .rule = rule->text};
	struct config_target *target = base;

	if (target->kind != CONFIG_TARGET_NONE)
		config_reader_problem(reader, value,
				      "is a second target: keep one of the target's ids");
	target->kind = rule->kind;
	config_read_text(reader, &id, value, base);
}

static void read_direction(struct config_reader *reader, const struct config_key *key,
			   const yaml_node_t *value, void *base)
{
	static const char *const names[] = {"ingress", "egress", "both", NULL};
	static const unsigned int directions[] = {CONFIG_INGRESS, CONFIG_EGRESS,
						  CONFIG_INGRESS | CONFIG_EGRESS};
	const char *found = config_reader_scalar(reader, value);
	int index = found ? config_reader_choose(reader, value, found, names) : -1;

	if (index >= 0)
		*(unsigned int *)((char *)base + key->offset) = directions[index];
}

static void read_protocol(struct config_reader *reader, const struct config_key *key,
			  const yaml_node_t *value, void *base)
{
	static const char *const names[] = {"tcp", "udp",      "icmp", "icmpv6",
					    "any", "0 to 255", NULL};
	static const int protocols[] = {IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6,
					CONFIG_PROTOCOL_ANY};
	const char *found = config_reader_scalar(reader, value);
	int *protocol = (int *)((char *)base + key->offset), index;
	uint32_t number;

	if (!found)
		return;
	if (config_number(found, 0, UINT8_MAX, &number) == 0) {
		*protocol = (int)number;
		return;
	}
	index = config_reader_choose(reader, value, found, names);
	if (index >= 0 && (size_t)index < sizeof(protocols) / sizeof(protocols[0]))
		*protocol = protocols[index];
}

static void read_cidr(struct config_reader *reader, const struct config_key *key,
		      const yaml_node_t *value, void *base)
{
	const char *found = config_reader_scalar(reader, value);
	char canonical[CONFIG_CIDR_BYTES];
	int rc;

	if (!found)
		return;
	rc = config_cidr(found, canonical);
	if (rc == -EINVAL)
		config_reader_problem(reader, value,
				      "'%.80s' is not a CIDR block: give one such as 10.0.0.0/8 or "
				      "fd00::/8",
				      found);
	else if (rc)
		config_reader_problem(reader, value,
				      "'%.80s' has bits behind its prefix: did you mean %s?", found,
				      canonical);
	else
		*(const char **)((char *)base + key->offset) =
			arena_text(&reader->config->memory, canonical);
}

static void read_ports(struct config_reader *reader, const struct config_key *key,
		       const yaml_node_t *value, void *base)
{
	const char *found = config_reader_scalar(reader, value);

	if (found && config_ports(found, (struct config_ports *)((char *)base + key->offset)))
		config_reader_problem(reader, value,
				      "'%.80s' is not a port or a range: give 443 or 1024-65535",
				      found);
}

static const struct config_range vni_range = {0, SESSION_MAX_VNI, NULL};

static void read_vni_range(struct config_reader *reader, const yaml_node_t *value,
			   struct config_vni *vni)
{
	static const struct config_key keys[] = {
		{"from", config_read_number, offsetof(struct config_vni, from), &vni_range, true},
		{"to", config_read_number, offsetof(struct config_vni, to), &vni_range, true},
	};
	static const struct config_mapping mapping = CONFIG_MAPPING(keys);
	size_t before = config_report_found(reader->report);

	vni->kind = CONFIG_VNI_RANGE;
	config_reader_keys(reader, &mapping, value, vni);
	if (before == config_report_found(reader->report) && vni->from > vni->to)
		config_reader_problem(reader, value, "from %u is above to %u: swap them", vni->from,
				      vni->to);
}

static void read_vni(struct config_reader *reader, const struct config_key *key,
		     const yaml_node_t *value, void *base)
{
	struct config_vni *vni = (struct config_vni *)((char *)base + key->offset);
	const char *found;

	if (value->type == YAML_MAPPING_NODE) {
		read_vni_range(reader, value, vni);
		return;
	}
	found = config_reader_scalar(reader, value);
	if (!found || strcmp(found, "auto") == 0)
		return;
	if (config_number(found, 0, SESSION_MAX_VNI, &vni->from)) {
		config_reader_problem(reader, value,
				      "'%.80s' is not a VNI: give a number from 0 to %d, auto, or "
				      "{from: N, to: M}",
				      found, SESSION_MAX_VNI);
		return;
	}
	vni->kind = CONFIG_VNI_FIXED;
	vni->to = vni->from;
}

/* The tables. */

/* What a selector has, at an offset within the key's base. */
#define SELECTOR_IDS(at)                                                                           \
	{"network_interface_ids", config_read_texts,                                               \
	 (at) + offsetof(struct config_selector, network_interface_ids),                           \
	 &config_text_interface_id},                                                               \
		{"instance_ids", config_read_texts,                                                \
		 (at) + offsetof(struct config_selector, instance_ids), &config_text_instance_id}, \
	{                                                                                          \
		"instance_tags", read_tags, (at)                                                   \
	}
#define SELECTOR_PLACES(at)                                                              \
	{"vpc_ids", config_read_texts, (at) + offsetof(struct config_selector, vpc_ids), \
	 &config_text_vpc_id},                                                           \
	{                                                                                \
		"subnet_ids", config_read_texts,                                         \
			(at) + offsetof(struct config_selector, subnet_ids),             \
			&config_text_subnet_id                                           \
	}

static const struct target_rule load_balancer = {CONFIG_TARGET_NETWORK_LOAD_BALANCER,
						 &config_text_load_balancer_arn};
static const struct target_rule interface = {CONFIG_TARGET_NETWORK_INTERFACE,
					     &config_text_interface_id};
static const struct target_rule endpoint = {CONFIG_TARGET_GATEWAY_LOAD_BALANCER_ENDPOINT,
					    &config_text_endpoint_id};
static const struct target_rule existing = {CONFIG_TARGET_EXISTING, &config_text_target_id};

static const struct config_key target_keys[] = {
	{"network_load_balancer_arn", read_target_id, 0, &load_balancer},
	{"network_interface_id", read_target_id, 0, &interface},
	{"gateway_load_balancer_endpoint_id", read_target_id, 0, &endpoint},
	{"traffic_mirror_target_id", read_target_id, 0, &existing},
	{"description", config_read_text, offsetof(struct config_target, description),
	 &config_text_description},
};
static const struct config_mapping target_mapping = CONFIG_MAPPING(target_keys);

static void read_target(struct config_reader *reader, const struct config_key *key,
			const yaml_node_t *value, void *base)
{
	struct config_target *target = (struct config_target *)((char *)base + key->offset);
	size_t before = config_report_found(reader->report);

	target->line = config_node_line(value);
	config_reader_keys(reader, &target_mapping, value, target);
	if (before == config_report_found(reader->report) && target->kind == CONFIG_TARGET_NONE)
		config_reader_problem(reader, value,
				      "names no target: give network_load_balancer_arn, "
				      "network_interface_id, gateway_load_balancer_endpoint_id or "
				      "traffic_mirror_target_id");
	if (target->kind == CONFIG_TARGET_EXISTING && target->description)
		config_reader_problem(reader, value,
				      "has a description for a target that exists already, and is "
				      "never changed: leave it out");
}

static const struct config_key account_keys[] = {
	{"name", config_read_text, offsetof(struct config_account, name), &config_text_name},
	{"role_arn", config_read_text, offsetof(struct config_account, role_arn),
	 &config_text_role_arn},
	{"external_id", config_read_text, offsetof(struct config_account, external_id),
	 &config_text_external_id},
	{"regions", config_read_texts, offsetof(struct config_account, regions),
	 &config_text_region},
	{"target", read_target, offsetof(struct config_account, target)},
};
static const struct config_mapping account_mapping = CONFIG_MAPPING(account_keys);

static const struct config_list accounts = {
	.mapping = &account_mapping,
	.size = sizeof(struct config_account),
	.count_offset = offsetof(struct config, account_count),
	.line_offset = offsetof(struct config_account, line),
	.max = ACCOUNTS_MAX,
};

static const struct config_key collectors_keys[] = {SELECTOR_IDS(0)};
static const struct config_mapping collectors_mapping = CONFIG_MAPPING(collectors_keys);

static const struct config_choice actions = {{"reject", "accept"}};

static const struct config_key rule_keys[] = {
	{"direction", read_direction, offsetof(struct config_rule, directions)},
	{"action", config_read_choice, offsetof(struct config_rule, accept), &actions, true},
	{"protocol", read_protocol, offsetof(struct config_rule, protocol)},
	{"source", read_cidr, offsetof(struct config_rule, source)},
	{"destination", read_cidr, offsetof(struct config_rule, destination)},
	{"source_ports", read_ports, offsetof(struct config_rule, source_ports)},
	{"destination_ports", read_ports, offsetof(struct config_rule, destination_ports)},
	{"description", config_read_text, offsetof(struct config_rule, description),
	 &config_text_description},
};
static const struct config_mapping rule_mapping = CONFIG_MAPPING(rule_keys);

static const struct config_rule initial_rule = {.directions = CONFIG_INGRESS | CONFIG_EGRESS,
						.protocol = CONFIG_PROTOCOL_ANY};

static const struct config_list rules = {
	.mapping = &rule_mapping,
	.size = sizeof(struct config_rule),
	.initial = &initial_rule,
	.count_offset = offsetof(struct config_filter, rule_count),
	.line_offset = offsetof(struct config_rule, line),
	.max = RULES_MAX,
};

static bool is_network_service(const char *text, const struct config_text *kind)
{
	return strcmp(text, "amazon-dns") == 0;
}

static const struct config_text network_service = {"a network service that EC2 can mirror",
						   is_network_service, NULL, 64, "give amazon-dns"};
static const struct config_range rules_quota = {1, RULES_QUOTA_MAX, NULL};

static const struct config_key filter_keys[] = {
	{"traffic_mirror_filter_id", config_read_text,
	 offsetof(struct config_filter, traffic_mirror_filter_id), &config_text_filter_id},
	{"description", config_read_text, offsetof(struct config_filter, description),
	 &config_text_description},
	{"network_services", config_read_texts, offsetof(struct config_filter, network_services),
	 &network_service},
	{"reject_mirrored", config_read_flag, offsetof(struct config_filter, reject_mirrored)},
	{"max_rules", config_read_number, offsetof(struct config_filter, max_rules), &rules_quota},
	{"rules", config_read_list, offsetof(struct config_filter, rules), &rules},
};
static const struct config_mapping filter_mapping = CONFIG_MAPPING(filter_keys);

static bool accepts_nothing(const struct config_filter *filter)
{
	for (size_t i = 0; i < filter->rule_count; i++) {
		if (filter->rules[i].accept)
			return false;
	}
	return filter->rule_count > 0;
}

static void read_filter(struct config_reader *reader, const struct config_key *key,
			const yaml_node_t *value, void *base)
{
	struct config_filter *filter = (struct config_filter *)((char *)base + key->offset);
	size_t before = config_report_found(reader->report);

	filter->line = config_node_line(value);
	config_reader_keys(reader, &filter_mapping, value, filter);
	if (before == config_report_found(reader->report) && accepts_nothing(filter))
		config_report_add(reader->report, 0, "filter.rules",
				  "no rule accepts, so that nothing would be mirrored: add one "
				  "with action: accept");
	if (filter->traffic_mirror_filter_id && pair_count(value) > 1)
		config_reader_problem(reader, value,
				      "has further keys beside traffic_mirror_filter_id: a filter "
				      "that exists already is never changed: leave them out");
}

static const struct config_choice interfaces = {{"all", "primary"}};

/* Relative to the session, since one key is not the selector's. */
static const struct config_key sources_keys[] = {
	SELECTOR_IDS(offsetof(struct config_session, sources)),
	SELECTOR_PLACES(offsetof(struct config_session, sources)),
	{"interfaces", config_read_choice, offsetof(struct config_session, primary_only),
	 &interfaces},
};
static const struct config_mapping sources_mapping = CONFIG_MAPPING(sources_keys);

static void read_sources(struct config_reader *reader, const struct config_key *key,
			 const yaml_node_t *value, void *base)
{
	const struct config_session *session = base;
	size_t before = config_report_found(reader->report);

	config_reader_keys(reader, &sources_mapping, value, base);
	if (before == config_report_found(reader->report) &&
	    config_selector_empty(&session->sources))
		config_reader_problem(reader, value,
				      "selects nothing: give network_interface_ids, instance_ids, "
				      "instance_tags, vpc_ids or subnet_ids");
}

static const struct config_key exclude_keys[] = {SELECTOR_IDS(0), SELECTOR_PLACES(0)};
static const struct config_mapping exclude_mapping = CONFIG_MAPPING(exclude_keys);

static const struct config_range packet_lengths = {1, INT32_MAX, NULL};
static const struct config_range session_numbers = {MIRROR_SESSION_MIN_NUMBER,
						    MIRROR_SESSION_MAX_NUMBER, "auto"};

static const struct config_key session_keys[] = {
	{"name", config_read_text, offsetof(struct config_session, name), &config_text_name, true},
	{"sources", read_sources, 0, NULL, true},
	{"exclude", config_read_mapping, offsetof(struct config_session, exclude),
	 &exclude_mapping},
	{"accounts", config_read_texts, offsetof(struct config_session, accounts),
	 &config_text_name},
	{"packet_length", config_read_number, offsetof(struct config_session, packet_length),
	 &packet_lengths},
	{"virtual_network_id", read_vni, offsetof(struct config_session, virtual_network_id)},
	{"session_number", config_read_number, offsetof(struct config_session, session_number),
	 &session_numbers},
	{"description", config_read_text, offsetof(struct config_session, description),
	 &config_text_description},
};
static const struct config_mapping session_mapping = CONFIG_MAPPING(session_keys);

static const struct config_list sessions = {
	.mapping = &session_mapping,
	.size = sizeof(struct config_session),
	.count_offset = offsetof(struct config, session_count),
	.line_offset = offsetof(struct config_session, line),
	.max = SESSIONS_MAX,
};

static const struct config_key keys[] = {
	{"deployment", config_read_text, offsetof(struct config, deployment), &config_text_name,
	 true},
	{"accounts", config_read_list, offsetof(struct config, accounts), &accounts},
	{"target", read_target, offsetof(struct config, target)},
	{"collectors", config_read_mapping, offsetof(struct config, collectors),
	 &collectors_mapping},
	{"filter", read_filter, offsetof(struct config, filter)},
	{"sessions", config_read_list, offsetof(struct config, sessions), &sessions, true},
	{"capture", config_read_nothing},
};

const struct config_mapping config_schema = CONFIG_MAPPING(keys);

/* What the file does not say. */

void config_schema_init(struct config *config)
{
	config->filter.reject_mirrored = true;
	config->filter.max_rules = CONFIG_RULES_MAX;
}

static void name_account(struct config_reader *reader, struct config_account *account)
{
	size_t length;
	const char *id;
	char *name;

	if (account->name)
		return;
	account->name = CONFIG_ACCOUNT_DEFAULT;
	if (!account->role_arn)
		return;
	id = config_arn_part(account->role_arn, CONFIG_ARN_ACCOUNT, &length);
	name = config_reader_alloc(reader, length + 1);
	if (!name)
		return;
	memcpy(name, id, length);
	account->name = name;
}

void config_schema_complete(struct config_reader *reader)
{
	struct config *config = reader->config;
	struct config_filter *filter = &config->filter;

	if (config->account_count == 0) {
		config->accounts = config_reader_alloc(reader, sizeof(*config->accounts));
		config->account_count = config->accounts != NULL;
	}
	for (size_t i = 0; i < config->account_count; i++)
		name_account(reader, &config->accounts[i]);
	if (filter->rule_count == 0 && !filter->traffic_mirror_filter_id) {
		filter->rules = config_reader_alloc(reader, sizeof(*filter->rules));
		if (!filter->rules)
			return;
		filter->rules[0] = initial_rule;
		filter->rules[0].accept = true;
		filter->rule_count = 1;
	}
}
