/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/plan_text.h"

#include <string.h>

enum {
	/* Of creates and updates of one group in a scope, unless all are asked for. What is
	 * deleted is always listed. */
	SESSIONS_SHOWN = 20,
};

static const struct {
	const char *sign, *infinitive;
} kinds[CHANGE_KINDS] = {
	[CHANGE_CREATE] = {"+", "to create"},
	[CHANGE_UPDATE] = {"~", "to update in place"},
	/* The new one comes first. */
	[CHANGE_REPLACE] = {"+/-", "to replace"},
	[CHANGE_DELETE] = {"-", "to delete"},
	[CHANGE_UNCHANGED] = {"=", "unchanged"},
};

/* The bytes of the control character that begins the text, or 0. */
static size_t control_bytes(const char *text)
{
	const unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];

	if (first < ' ' || first == 0x7f)
		return 1;
	/* U+0080 to U+009F: terminals take them for escape sequences, too. */
	return first == 0xc2 && second >= 0x80 && second < 0xa0 ? 2 : 0;
}

void plan_text_add(const char *part, struct buffer *text)
{
	while (*part) {
		size_t plain = 0, control;

		while (part[plain] && !control_bytes(part + plain))
			plain++;
		buffer_append(text, part, plain);
		part += plain;
		control = *part ? control_bytes(part) : 0;
		if (control)
			buffer_text(text, "?");
		part += control;
	}
}

static void add_parts(struct buffer *text, const char *const *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		plan_text_add(parts[i] ? parts[i] : "none", text);
}

#define ADD(text, ...)                                      \
	add_parts(text, (const char *const[]){__VA_ARGS__}, \
		  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* Changes. */

static void add_name(const struct change *change, struct buffer *text)
{
	plan_text_add(change->identity, text);
	/* Deletes have it in the name. */
	if (change->id && !strstr(change->identity, change->id))
		ADD(text, " (", change->id, ")");
	if (change->replaces)
		ADD(text, " (now ", change->replaces, ")");
}

void plan_text_change(const struct change *change, struct buffer *text)
{
	ADD(text, kinds[change->kind].sign, " ");
	add_name(change, text);
}

static const char *value_of(const struct change *change, const char *name)
{
	for (size_t i = 0; i < change->field_count; i++) {
		if (strcmp(change->fields[i].name, name) == 0)
			return change->fields[i].to;
	}
	return NULL;
}

static const char *protocol_name(const char *number)
{
	static const struct {
		const char *number, *name;
	} names[] = {{"1", "icmp"}, {"6", "tcp"}, {"17", "udp"}, {"58", "icmpv6"}};

	for (size_t i = 0; number && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].number, number) == 0)
			return names[i].name;
	}
	return number ? number : "any";
}

static void add_end(const char *block, const char *ports, struct buffer *text)
{
	ADD(text, block);
	if (ports)
		ADD(text, " port ", ports);
}

/* ": reject udp 0.0.0.0/0 to 0.0.0.0/0 port 4789, mirrored packets" */
static void add_rule(const struct change *change, struct buffer *text)
{
	const char *description = value_of(change, "Description");

	ADD(text, ": ", value_of(change, "RuleAction"), " ",
	    protocol_name(value_of(change, "Protocol")), " ");
	add_end(value_of(change, "SourceCidrBlock"), value_of(change, "SourcePortRange"), text);
	buffer_text(text, " to ");
	add_end(value_of(change, "DestinationCidrBlock"), value_of(change, "DestinationPortRange"),
		text);
	if (description)
		ADD(text, ", ", description);
}

/*
 * ": SessionNumber 1, PacketLength 128": of what is made, in the same line. Filter and target are
 * the same for all sessions of the scope.
 */
static void add_values(const struct change *change, struct buffer *text)
{
	const char *before = ": ";

	for (size_t i = 0; i < change->field_count; i++) {
		const struct change_field *field = &change->fields[i];

		if (strncmp(field->name, "TrafficMirror", strlen("TrafficMirror")) == 0)
			continue;
		ADD(text, before, field->name, " ", field->to);
		before = ", ";
	}
}

static void add_differences(const struct change *change, struct buffer *text)
{
	for (size_t i = 0; i < change->field_count; i++) {
		const struct change_field *field = &change->fields[i];

		buffer_text(text, "\n        ");
		ADD(text, field->name, ": ", field->from, " -> ", field->to);
	}
}

/* Where a session's packets come from, for people who do not know interfaces by heart. */
static void add_source(const struct plan_scope *scope, const char *id, struct buffer *text)
{
	const struct network_interface *interface = observed_interface(scope->observed, id);

	if (!interface)
		return;
	if (interface->instance_id)
		ADD(text, " of ", interface->instance_id);
	if (interface->private_ip_address)
		ADD(text, ", ", interface->private_ip_address);
}

static void add_change(const struct plan_scope *scope, const struct change *change,
		       struct buffer *text)
{
	buffer_format(text, "  %-3s ", kinds[change->kind].sign);
	add_name(change, text);
	if (change->network_interface_id)
		add_source(scope, change->network_interface_id, text);
	if (change->kind == CHANGE_CREATE && change->resource == CHANGE_FILTER_RULE)
		add_rule(change, text);
	else if (change->kind == CHANGE_CREATE)
		add_values(change, text);
	else if (change->reason)
		ADD(text, ": ", change->reason);
	if (change->kind == CHANGE_UPDATE || change->kind == CHANGE_REPLACE)
		add_differences(change, text);
	buffer_text(text, "\n");
}

/* How many of the same kind and group were shown and were not, group after group. */
struct shown {
	const char *group;
	enum change_kind kind;
	size_t shown, hidden;
};

static void end_group(const struct shown *shown, struct buffer *text)
{
	if (!shown->hidden)
		return;
	buffer_format(text, "  %-3s ", kinds[shown->kind].sign);
	buffer_format(text, "%zu more sessions of ", shown->hidden);
	ADD(text, shown->group, " (--verbose lists them)");
	buffer_text(text, "\n");
}

static bool is_shown(const struct change *change, bool verbose, struct shown *shown, size_t groups)
{
	if (change->kind == CHANGE_UNCHANGED)
		return verbose;
	if (verbose || change->resource != CHANGE_SESSION || change->kind == CHANGE_DELETE)
		return true;
	for (size_t i = 0; i < groups; i++) {
		if (!shown[i].group) {
			shown[i].group = change->group;
			shown[i].kind = change->kind;
		}
		if (shown[i].kind != change->kind || strcmp(shown[i].group, change->group) != 0)
			continue;
		if (shown[i].shown++ < SESSIONS_SHOWN)
			return true;
		shown[i].hidden++;
		return false;
	}
	return true;
}

static void add_changes(const struct plan_scope *scope, bool verbose, struct buffer *text)
{
	/* More groups than that are listed in full. */
	struct shown shown[64] = {0};
	const size_t groups = sizeof(shown) / sizeof(shown[0]);

	for (size_t i = 0; i < scope->change_count; i++) {
		if (is_shown(&scope->changes[i], verbose, shown, groups))
			add_change(scope, &scope->changes[i], text);
	}
	for (size_t i = 0; i < groups; i++)
		end_group(&shown[i], text);
}

/* What stands beside the changes. */

static void add_exclusion(const struct plan_scope *scope, const struct select_exclusion *exclusion,
			  struct buffer *text)
{
	const char *id = exclusion->interface->network_interface_id;

	ADD(text, "      ", exclusion->group->name, " ", id);
	add_source(scope, id, text);
	ADD(text, ": ", select_reason_text(exclusion->reason));
	buffer_text(text, "\n");
}

static void add_exclusions(const struct plan_scope *scope, bool verbose, struct buffer *text)
{
	size_t counts[SELECT_REASON_COUNT] = {0};

	if (!scope->exclusion_count)
		return;
	buffer_format(text, "  selected, but left out: %zu%s\n", scope->exclusion_count,
		      verbose ? "" : " (--verbose lists them)");
	for (size_t i = 0; i < scope->exclusion_count; i++) {
		counts[scope->exclusions[i].reason]++;
		if (verbose)
			add_exclusion(scope, &scope->exclusions[i], text);
	}
	for (size_t i = 0; !verbose && i < SELECT_REASON_COUNT; i++) {
		if (counts[i])
			buffer_format(text, "    %6zu  %s\n", counts[i],
				      select_reason_text((enum select_reason)i));
	}
}

static void add_orphans(const struct plan_scope *scope, struct buffer *text)
{
	if (scope->orphan_count)
		buffer_format(text,
			      "  sessions without a source, billed all the same: %zu "
			      "(--delete-orphans deletes them)\n",
			      scope->orphan_count);
	for (size_t i = 0; i < scope->orphan_count; i++) {
		const struct plan_orphan *orphan = &scope->orphans[i];

		ADD(text, "      ", orphan->session->traffic_mirror_session_id, " of ",
		    orphan->group ? orphan->group : "no group", ", ",
		    orphan->session->network_interface_id, ": ", orphan->reason);
		buffer_text(text, "\n");
	}
}

static void add_notices(const struct plan_scope *scope, struct buffer *text)
{
	for (size_t i = 0; i < scope->notice_count; i++) {
		const struct plan_notice *notice = &scope->notices[i];

		ADD(text, notice->error ? "  error: " : "  warning: ", notice->text);
		buffer_text(text, "\n      ");
		plan_text_add(notice->remedy, text);
		buffer_text(text, "\n");
	}
	if (scope->has_errors)
		buffer_text(text, "  because of errors nothing is changed here\n");
}

static size_t changes_of(const struct plan_counts *counts)
{
	size_t count = 0;

	for (size_t i = 0; i < CHANGE_KINDS; i++)
		count += i == CHANGE_UNCHANGED ? 0 : counts->kinds[i];
	return count;
}

static void add_scope(const struct plan_scope *scope, bool verbose, struct buffer *text)
{
	ADD(text, scope->account, ": ");
	if (scope->account_id)
		ADD(text, "account ", scope->account_id, ", ");
	ADD(text, scope->region ? scope->region : "region not known");
	buffer_text(text, "\n");
	if (scope->failure) {
		ADD(text, "  not planned, since not all could be described: ", scope->failure);
		buffer_text(text, "\n\n");
		return;
	}
	if (!changes_of(&scope->counts))
		buffer_format(text, "  nothing to change: %zu unchanged\n",
			      scope->counts.kinds[CHANGE_UNCHANGED]);
	add_changes(scope, verbose, text);
	add_exclusions(scope, verbose, text);
	add_orphans(scope, text);
	add_notices(scope, text);
	buffer_text(text, "\n");
}

static size_t failed_scopes(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->scope_count; i++)
		count += plan->scopes[i].failure != NULL;
	return count;
}

static void add_summary(const struct plan *plan, struct buffer *text)
{
	const struct plan_counts *counts = &plan->counts;
	size_t failed = failed_scopes(plan);

	if (failed && failed == plan->scope_count) {
		ADD(text, plan->deployment, ": not planned");
		buffer_text(text, "\n");
		return;
	}
	if (changes_of(counts)) {
		ADD(text, plan->deployment, ":");
		for (size_t i = 0; i < CHANGE_KINDS; i++)
			buffer_format(text, "%s %zu %s", i ? "," : "", counts->kinds[i],
				      kinds[i].infinitive);
	} else {
		ADD(text, plan->deployment, ": nothing to change");
		buffer_format(text, ", %zu unchanged", counts->kinds[CHANGE_UNCHANGED]);
	}
	if (failed)
		buffer_format(text, "; %zu of %zu accounts and regions not planned", failed,
			      plan->scope_count);
	if (counts->kept)
		buffer_format(text, "; %zu sessions kept for want of --allow-empty", counts->kept);
	buffer_text(text, "\n");
	if (plan->refused) {
		ADD(text, "refused: ", plan->refused);
		buffer_text(text, "\n");
	}
}

void plan_text(const struct plan *plan, bool verbose, struct buffer *text)
{
	for (size_t i = 0; i < plan->scope_count; i++)
		add_scope(&plan->scopes[i], verbose, text);
	add_summary(plan, text);
}
