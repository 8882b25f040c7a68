/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/orphans_command.h"

#include <stdio.h>
#include <string.h>

#include "provision/commands/deploy_confirm.h"
#include "provision/commands/deploy_output.h"
#include "provision/commands/deploy_round.h"
#include "provision/commands/deploy_work.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/plan_text.h"

static size_t count_orphans(const struct plan *plan)
{
	size_t count = 0;

	for (size_t i = 0; i < plan->scope_count; i++)
		count += plan->scopes[i].orphan_count;
	return count;
}

/* Printing. */

static void add_line(const struct plan_scope *scope, const struct plan_orphan *orphan,
		     struct buffer *text)
{
	const char *const parts[] = {
		orphan->session->traffic_mirror_session_id,
		"  ",
		orphan->session->network_interface_id,
		"  ",
		orphan->group ? orphan->group : "-",
		"  ",
		scope->account_id,
		" ",
		scope->region,
		"  ",
		orphan->reason,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		plan_text_add(parts[i], text);
	buffer_text(text, "\n");
}

static json_t *make_object(const struct plan_scope *scope, const struct plan_orphan *orphan)
{
	return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s}", "traffic_mirror_session_id",
			 orphan->session->traffic_mirror_session_id, "network_interface_id",
			 orphan->session->network_interface_id, "session", orphan->group,
			 "account_id", scope->account_id, "region", scope->region, "reason",
			 orphan->reason);
}

static int print(const struct deploy_options *options, const struct plan *plan)
{
	struct buffer text = {0};
	json_t *list = json_array();

	for (size_t i = 0; i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];

		for (size_t j = 0; j < scope->orphan_count; j++) {
			add_line(scope, &scope->orphans[j], &text);
			if (json_array_append_new(list, make_object(scope, &scope->orphans[j])))
				text.failed = true;
		}
	}
	if (options->json && !text.failed) {
		buffer_fini(&text);
		return deploy_output_json("orphans",
					  json_pack("{s:i, s:o}", "version", 1, "orphans", list));
	}
	json_decref(list);
	return deploy_output_text("orphans", &text);
}

/* Deleting. */

static bool is_orphan(const struct plan_scope *scope, const struct change *change)
{
	if (change->kind != CHANGE_DELETE || change->resource != CHANGE_SESSION)
		return false;
	for (size_t i = 0; i < scope->orphan_count; i++) {
		if (strcmp(scope->orphans[i].session->traffic_mirror_session_id, change->id) == 0)
			return true;
	}
	return false;
}

/* Leaves of the plan what deletes orphans; what is wrong with the rest is no matter then. */
static void keep_orphans_only(struct plan *plan)
{
	for (size_t i = 0; i < plan->scope_count; i++) {
		struct plan_scope *scope = &plan->scopes[i];

		scope->has_errors = false;
		for (size_t j = 0; j < scope->change_count; j++) {
			if (!is_orphan(scope, &scope->changes[j]))
				scope->changes[j].kind = CHANGE_UNCHANGED;
		}
	}
}

static int delete_orphans(const struct deploy_options *options, const struct config *config,
			  struct deploy_round *round, struct journal *journal)
{
	keep_orphans_only(round->plan);
	if (!options->yes &&
	    deploy_confirm("orphans", "Delete these sessions?", config, round, keep_orphans_only))
		return EXIT_CODE_FAILED;
	return deploy_work("orphans", config, round, journal, false);
}

static int find_orphans(const struct deploy_options *options, const struct config *config,
			struct journal *journal)
{
	const struct plan_options plan_options = {
		.limit_is_percent = true,
		.limit = 100,
		.delete_orphans = true,
	};
	struct failure failure = {0};
	struct deploy_round round;
	int code, failed;

	if (deploy_round_begin(config, options, &plan_options, &round, &failure))
		return deploy_output_failure("orphans", &failure);
	code = print(options, round.plan);
	failed = deploy_output_scopes("orphans", "not looked at", round.plan) ? EXIT_CODE_FAILED
									      : EXIT_CODE_DONE;
	if (!code && options->delete_orphans && count_orphans(round.plan))
		code = delete_orphans(options, config, &round, journal);
	deploy_round_end(&round);
	return code ? code : failed;
}

static int lock_and_find(const struct deploy_options *options, const struct config *config)
{
	struct journal *journal = NULL;
	int code = EXIT_CODE_DONE;

	if (options->delete_orphans)
		code = deploy_work_journal("orphans", options, config->deployment, &journal);
	if (!code)
		code = find_orphans(options, config, journal);
	journal_close(journal);
	return code;
}

int orphans_command(int argc, char **argv)
{
	struct deploy_options options;
	struct failure failure = {0};
	struct config config;
	int code = EXIT_CODE_DONE;

	if (deploy_options_parse(DEPLOY_ORPHANS, argc, argv, &options, &failure))
		return deploy_output_failure("orphans", &failure);
	if (options.help)
		return deploy_output_help(
			DEPLOY_ORPHANS, "orphans [-c FILE] [--delete] [OPTIONS]",
			"Lists the deployment's sessions that mirror nothing and are billed all "
			"the same:\ntheir interface is gone or detached, or their instance does not "
			"run.",
			"");
	if (options.delete_orphans)
		code = deploy_output_check_terminal("orphans", &options);
	if (!code)
		code = deploy_round_config(&options, "orphans", &config);
	if (code)
		return code;
	deploy_round_catch_signals();
	code = lock_and_find(&options, &config);
	config_fini(&config);
	return code;
}
