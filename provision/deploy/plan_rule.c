/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter's rules. EC2 asks them by number, so that only their order has a meaning: rules that are
 * there in the right order keep their numbers, new ones get numbers between, and one that is not
 * wanted any more is made the one that is missing at its place.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provision/deploy/config_filter.h"
#include "provision/deploy/config_value.h"
#include "provision/deploy/plan_build.h"

enum { NONE = -1 };

/* One direction's rules. */
struct work {
	struct plan_build *build;
	const struct mirror_filter *filter;  /* NULL: a new one */
	const struct mirror_rule **existing; /* by number */
	size_t existing_count;
	const struct config_filter_rule *wanted; /* by number */
	size_t wanted_count;
	int *became;       /* of each wanted rule: the existing one that becomes it, or NONE */
	bool *used;        /* of each existing rule */
	uint32_t *numbers; /* of each wanted rule; 0: none yet */
};

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

/* One block has several spellings, and EC2's need not be ours. wanted: canonical. */
static bool same_block(const char *observed, const char *wanted)
{
	char canonical[CONFIG_CIDR_BYTES];

	if (!observed || config_cidr(observed, canonical) == -EINVAL)
		return same(observed, wanted);
	return same(canonical, wanted);
}

static struct config_ports ports_of(struct mirror_rule_ports ports)
{
	return (struct config_ports){ports.given, ports.from, ports.to};
}

static bool same_ports(struct mirror_rule_ports a, struct config_ports b)
{
	return a.given == b.given && (!a.given || (a.from == b.from && a.to == b.to));
}

/* All but number and description. */
static bool same_rule(const struct mirror_rule *rule, const struct config_filter_rule *wanted)
{
	return rule->accept == wanted->accept && rule->protocol == wanted->protocol &&
	       same_block(rule->source, wanted->source) &&
	       same_block(rule->destination, wanted->destination) &&
	       same_ports(rule->source_ports, wanted->source_ports) &&
	       same_ports(rule->destination_ports, wanted->destination_ports);
}

/* Matching. */

/* The longest common subsequence: lengths[i][j] is that of what follows wanted i and existing j. */
static void match_common(const struct work *work, uint16_t *lengths)
{
	const size_t width = work->existing_count + 1;
	size_t i, j;

	for (i = work->wanted_count; i-- > 0;) {
		for (j = work->existing_count; j-- > 0;) {
			const uint16_t skip_wanted = lengths[(i + 1) * width + j];
			const uint16_t skip_existing = lengths[i * width + j + 1];
			uint16_t *length = &lengths[i * width + j];

			*length = skip_wanted > skip_existing ? skip_wanted : skip_existing;
			if (same_rule(work->existing[j], &work->wanted[i]))
				*length = (uint16_t)(lengths[(i + 1) * width + j + 1] + 1);
		}
	}
	for (i = 0, j = 0; i < work->wanted_count && j < work->existing_count;) {
		if (same_rule(work->existing[j], &work->wanted[i])) {
			work->became[i++] = (int)j;
			work->used[j++] = true;
		} else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) {
			i++;
		} else {
			j++;
		}
	}
}

/* The first unused rule from first on, before end; NONE where there is none. */
static int find_unused(const struct work *work, size_t first, size_t end)
{
	for (size_t i = first; i < end; i++) {
		if (!work->used[i])
			return (int)i;
	}
	return NONE;
}

static size_t next_match(const struct work *work, size_t wanted)
{
	for (size_t i = wanted; i < work->wanted_count; i++) {
		if (work->became[i] != NONE)
			return (size_t)work->became[i];
	}
	return work->existing_count;
}

static void become(const struct work *work, size_t wanted, int existing)
{
	work->became[wanted] = existing;
	work->used[existing] = true;
}

/* At the same place an unused rule is changed and keeps its number; else any other is moved. */
static void match_rest(const struct work *work)
{
	size_t first = 0;

	for (size_t i = 0; i < work->wanted_count; i++) {
		int existing;

		if (work->became[i] == NONE) {
			existing = find_unused(work, first, next_match(work, i));
			if (existing != NONE)
				become(work, i, existing);
		}
		if (work->became[i] != NONE) {
			first = (size_t)work->became[i] + 1;
			work->numbers[i] = work->existing[work->became[i]]->number;
		}
	}
	for (size_t i = 0; i < work->wanted_count; i++) {
		const int existing = find_unused(work, 0, work->existing_count);

		if (work->became[i] == NONE && existing != NONE)
			become(work, i, existing);
	}
}

/* Numbers. */

/* No step on the way may meet a number that is still another rule's. */
static bool exists(const struct work *work, uint32_t number)
{
	for (size_t i = 0; i < work->existing_count; i++) {
		if (work->existing[i]->number == number)
			return true;
	}
	return false;
}

/*
 * Numbers count rules from first on, between the numbers beside them. Returns false where there is
 * no room.
 */
static bool number_run(const struct work *work, size_t first, size_t count)
{
	const uint32_t low = first ? work->numbers[first - 1] : 0;
	const bool open = first + count == work->wanted_count;
	const uint32_t high = open ? MIRROR_RULE_MAX_NUMBER + 1 : work->numbers[first + count];
	const uint32_t step =
		open ? CONFIG_RULE_FIRST_NUMBER : (high - low) / ((uint32_t)count + 1);
	uint32_t number = open ? low / CONFIG_RULE_FIRST_NUMBER * CONFIG_RULE_FIRST_NUMBER : low;

	for (size_t i = first; i < first + count; i++) {
		number += step ? step : 1;
		while (exists(work, number))
			number++;
		if (number >= high)
			return false;
		work->numbers[i] = number;
	}
	return true;
}

static bool number_missing(const struct work *work)
{
	for (size_t i = 0; i < work->wanted_count;) {
		size_t count = 0;

		while (i + count < work->wanted_count && !work->numbers[i + count])
			count++;
		if (count && !number_run(work, i, count))
			return false;
		i += count + 1;
	}
	return true;
}

/* All anew, in steps, with an offset at which no rule is: there is one, since there are far fewer
 * rules than numbers in a step. */
static void number_all(const struct work *work)
{
	const uint32_t step = MIRROR_RULE_MAX_NUMBER / ((uint32_t)work->wanted_count + 1);
	bool clash = true;

	for (uint32_t offset = 0; clash && offset < step; offset++) {
		clash = false;
		for (size_t i = 0; i < work->wanted_count; i++) {
			work->numbers[i] = ((uint32_t)i + 1) * step + offset;
			clash |= exists(work, work->numbers[i]);
		}
	}
}

static void compare_block(struct change_builder *change, const char *name, const char *from,
			  const char *to)
{
	if (!same_block(from, to))
		change_text(change, (struct change_member){name, NULL}, from, to);
}

/* Changes. */

static void compare(struct change_builder *change, const struct mirror_rule *from,
		    const struct config_filter_rule *to, uint32_t number)
{
	const uint32_t protocols[] = {from ? (uint32_t)from->protocol : 0, (uint32_t)to->protocol};
	const bool had = from && from->protocol != MIRROR_RULE_ANY_PROTOCOL;
	const bool has = to->protocol != CONFIG_PROTOCOL_ANY;

	change_number(change, (struct change_member){"RuleNumber", NULL},
		      from ? &from->number : NULL, &number);
	change_text(change, (struct change_member){"RuleAction", NULL},
		    from ? from->accept ? "accept" : "reject" : NULL,
		    to->accept ? "accept" : "reject");
	change_number(change, (struct change_member){"Protocol", "protocol"},
		      had ? &protocols[0] : NULL, has ? &protocols[1] : NULL);
	compare_block(change, "SourceCidrBlock", from ? from->source : NULL, to->source);
	change_ports(change, (struct change_member){"SourcePortRange", "source-port-range"},
		     from ? ports_of(from->source_ports) : (struct config_ports){0},
		     to->source_ports);
	compare_block(change, "DestinationCidrBlock", from ? from->destination : NULL,
		      to->destination);
	change_ports(change,
		     (struct change_member){"DestinationPortRange", "destination-port-range"},
		     from ? ports_of(from->destination_ports) : (struct config_ports){0},
		     to->destination_ports);
	change_text(change, (struct change_member){"Description", "description"},
		    from ? from->description : NULL, to->description);
}

static const char *direction_text(bool egress)
{
	return egress ? "egress" : "ingress";
}

static void emit_create(const struct work *work, size_t index)
{
	const struct config_filter_rule *wanted = &work->wanted[index];
	const char *direction = direction_text(wanted->direction == CONFIG_EGRESS);
	struct change_builder change = {
		.arena = work->build->arena,
		.change = {.kind = CHANGE_CREATE,
			   .resource = CHANGE_FILTER_RULE,
			   .identity = arena_format(work->build->arena, "rule %s %u", direction,
						    work->numbers[index]),
			   .needs_filter = !work->filter,
			   .reason = work->filter ? "the filter lacks it" : NULL},
	};

	if (work->filter)
		change_input_text(&change, "TrafficMirrorFilterId",
				  work->filter->traffic_mirror_filter_id);
	change_input_text(&change, "TrafficDirection", direction);
	compare(&change, NULL, wanted, work->numbers[index]);
	change_append(&change, &work->build->changes);
}

static void emit_update(const struct work *work, size_t index)
{
	const struct mirror_rule *existing = work->existing[work->became[index]];
	struct change_builder change = {
		.arena = work->build->arena,
		.change = {.kind = CHANGE_UPDATE,
			   .resource = CHANGE_FILTER_RULE,
			   .identity = arena_format(work->build->arena, "rule %s %u",
						    direction_text(existing->egress),
						    work->numbers[index]),
			   .id = existing->traffic_mirror_filter_rule_id},
	};

	change_input_text(&change, "TrafficMirrorFilterRuleId",
			  existing->traffic_mirror_filter_rule_id);
	compare(&change, existing, &work->wanted[index], work->numbers[index]);
	change_append(&change, &work->build->changes);
}

static void emit_delete(const struct work *work, const struct mirror_rule *rule)
{
	struct change_builder change = {
		.arena = work->build->arena,
		.change = {.kind = CHANGE_DELETE,
			   .resource = CHANGE_FILTER_RULE,
			   .identity = arena_format(work->build->arena, "rule %s %u",
						    direction_text(rule->egress), rule->number),
			   .id = rule->traffic_mirror_filter_rule_id,
			   .reason = "the configuration has no such rule"},
	};

	change_input_text(&change, "TrafficMirrorFilterRuleId",
			  rule->traffic_mirror_filter_rule_id);
	change_append(&change, &work->build->changes);
}

static void emit_deletes(const struct work *work)
{
	for (size_t i = 0; i < work->existing_count; i++) {
		if (!work->used[i])
			emit_delete(work, work->existing[i]);
	}
}

static void emit_rest(const struct work *work, bool create)
{
	for (size_t i = 0; i < work->wanted_count; i++) {
		if ((work->became[i] == NONE) != create)
			continue;
		if (create)
			emit_create(work, i);
		else
			emit_update(work, i);
	}
}

static int compare_rules(const void *a, const void *b)
{
	const struct mirror_rule *one = *(const struct mirror_rule *const *)a;
	const struct mirror_rule *other = *(const struct mirror_rule *const *)b;

	return one->number < other->number ? -1 : one->number > other->number;
}

static void take_existing(struct work *work, bool egress)
{
	for (size_t i = 0; work->filter && i < work->filter->rule_count; i++) {
		if (work->filter->rules[i].egress == egress)
			work->existing[work->existing_count++] = &work->filter->rules[i];
	}
	if (work->existing_count)
		qsort(work->existing, work->existing_count, sizeof(void *), compare_rules);
}

static void prepare(struct work *work, const struct config_filter_rules *wanted, bool egress)
{
	struct arena *arena = work->build->arena;
	const size_t existing = (work->filter ? work->filter->rule_count : 0) + 1;
	uint16_t *lengths = arena_alloc(arena, (wanted->count + 1) * existing * sizeof(*lengths));

	work->existing = arena_alloc(arena, existing * sizeof(void *));
	work->used = arena_alloc(arena, existing * sizeof(*work->used));
	work->became = arena_alloc(arena, (wanted->count + 1) * sizeof(*work->became));
	work->numbers = arena_alloc(arena, (wanted->count + 1) * sizeof(*work->numbers));
	if (arena->failed)
		return;
	take_existing(work, egress);
	/* Ingress comes first. */
	for (size_t i = 0; i < wanted->count; i++) {
		if ((wanted->rules[i].direction == CONFIG_EGRESS) != egress)
			continue;
		if (!work->wanted_count)
			work->wanted = &wanted->rules[i];
		work->became[work->wanted_count++] = NONE;
	}
	match_common(work, lengths);
	match_rest(work);
	if (!number_missing(work))
		number_all(work);
}

/* True where the missing rules have no room beside those that go. */
static bool crowded(const struct work *works, const struct config_filter_rules *wanted,
		    uint32_t quota)
{
	size_t count = 0;

	for (size_t i = 0; i < 2; i++) {
		count += works[i].existing_count;
		for (size_t j = 0; j < works[i].wanted_count; j++)
			count += works[i].became[j] == NONE;
	}
	return count > wanted->count && count > quota;
}

void plan_rule_make(struct plan_build *build, const struct mirror_filter *existing)
{
	struct work works[] = {{.build = build, .filter = existing},
			       {.build = build, .filter = existing}};
	const struct config_filter *filter = &build->config->filter;
	struct config_filter_rules *wanted = arena_alloc(build->arena, sizeof(*wanted));
	bool first;

	if (!wanted || config_filter_expand(filter, wanted)) {
		build->arena->failed = true;
		return;
	}
	for (size_t i = 0; i < 2; i++)
		prepare(&works[i], wanted, i);
	if (build->arena->failed)
		goto out;
	first = crowded(works, wanted, filter->max_rules ? filter->max_rules : CONFIG_RULES_MAX);
	for (size_t i = 0; first && i < 2; i++)
		emit_deletes(&works[i]);
	for (size_t i = 0; i < 2; i++) {
		emit_rest(&works[i], false);
		emit_rest(&works[i], true);
	}
	for (size_t i = 0; !first && i < 2; i++)
		emit_deletes(&works[i]);
out:
	config_filter_fini(wanted);
}
