/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/deploy_confirm.h"

#include <stdio.h>
#include <string.h>

#include "provision/commands/deploy_output.h"
#include "provision/commands/exit_code.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_json(const json_t *a, const json_t *b)
{
	return a && b ? json_equal(a, b) : a == b;
}

static bool same_change(const struct change *a, const struct change *b)
{
	return a->kind == b->kind && a->resource == b->resource &&
	       same_text(a->identity, b->identity) && same_text(a->id, b->id) &&
	       same_json(a->input, b->input) && same_json(a->tags, b->tags);
}

/* The first change from *index on that is to be made; NULL after the last. */
static const struct change *next_change(const struct plan_scope *scope, size_t *index)
{
	while (*index < scope->change_count) {
		const struct change *change = &scope->changes[(*index)++];

		if (change->kind != CHANGE_UNCHANGED)
			return change;
	}
	return NULL;
}

/* Plans are made in one order; so the same changes stand in the same places. */
static bool same_scope(const struct plan_scope *shown, const struct plan_scope *now)
{
	const struct change *a, *b;
	size_t i = 0, j = 0;

	if (!shown->failure != !now->failure || shown->has_errors != now->has_errors)
		return false;
	do {
		a = next_change(shown, &i);
		b = next_change(now, &j);
		if (!a != !b || (a && !same_change(a, b)))
			return false;
	} while (a);
	return true;
}

static int compare(const char *command, const struct plan *shown, const struct plan *now)
{
	for (size_t i = 0; i < now->scope_count; i++) {
		const struct plan_scope *scope = &now->scopes[i];

		if (same_scope(&shown->scopes[i], scope))
			continue;
		fprintf(stderr,
			"mirrorcap: %s: %s %s: other changes are due now than were shown, nothing "
			"was changed: start anew\n",
			command, scope->account, scope->region);
		return EXIT_CODE_FAILED;
	}
	return EXIT_CODE_DONE;
}

int deploy_confirm(const char *command, const char *question, const struct config *config,
		   struct deploy_round *round, void (*narrow)(struct plan *plan))
{
	struct failure failure = {0};
	struct deploy_round shown;
	int code;

	if (!deploy_output_ask(question)) {
		fprintf(stderr, "mirrorcap: %s: nothing was changed\n", command);
		return EXIT_CODE_FAILED;
	}
	shown = *round;
	round->plan = NULL;
	round->observed = (struct observed){0};
	if (deploy_round_again(config, round, &failure)) {
		code = deploy_output_failure(command, &failure);
	} else {
		if (narrow)
			narrow(round->plan);
		code = compare(command, shown.plan, round->plan);
	}
	deploy_round_forget(&shown);
	return code;
}
