/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/destroy_command.h"

#include <stdio.h>

#include "provision/commands/deploy_confirm.h"
#include "provision/commands/deploy_output.h"
#include "provision/commands/deploy_round.h"
#include "provision/commands/deploy_work.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/apply.h"

static int confirm(const struct config *config, struct deploy_round *round)
{
	const struct plan *plan = round->plan;
	char question[256];

	snprintf(question, sizeof(question),
		 "Delete all of this? Mirroring ends for %zu sessions of deployment %s.",
		 plan->counts.session_deletes, plan->deployment);
	return deploy_confirm("destroy", question, config, round, NULL);
}

/* Nothing is wanted: what is owned and not to be deleted stays. */
static int judge(const struct plan *plan)
{
	const size_t kept = plan->counts.kinds[CHANGE_UNCHANGED];

	if (kept)
		fprintf(stderr,
			"mirrorcap: destroy: %zu of the deployment's filters and targets are in "
			"use and stay: move or delete those sessions, then destroy again\n",
			kept);
	return deploy_output_scopes("destroy", "nothing is changed there", plan) ||
			       plan_failed(plan) || kept
		       ? EXIT_CODE_FAILED
		       : EXIT_CODE_DONE;
}

static int carry_out(const struct deploy_options *options, const struct config *config,
		     struct deploy_round *round, struct journal *journal)
{
	int code = deploy_output_plan("destroy", options, round->plan);
	int failed = judge(round->plan);

	if (!code && !apply_count(round->plan))
		return failed;
	if (!code && !options->yes)
		code = confirm(config, round);
	if (!code)
		code = deploy_work("destroy", config, round, journal, false);
	return code ? code : failed;
}

static int destroy(const struct deploy_options *options, const struct config *config)
{
	const struct plan_options plan_options = {.destroy = true};
	struct failure failure = {0};
	struct deploy_round round;
	struct journal *journal;
	int code = deploy_work_journal("destroy", options, config->deployment, &journal);

	if (code)
		return code;
	if (deploy_round_begin(config, options, &plan_options, &round, &failure)) {
		code = deploy_output_failure("destroy", &failure);
	} else {
		code = carry_out(options, config, &round, journal);
		deploy_round_end(&round);
	}
	journal_close(journal);
	return code;
}

int destroy_command(int argc, char **argv)
{
	struct deploy_options options;
	struct failure failure = {0};
	struct config config;
	int code;

	if (deploy_options_parse(DEPLOY_DESTROY, argc, argv, &options, &failure))
		return deploy_output_failure("destroy", &failure);
	if (options.help)
		return deploy_output_help(
			DEPLOY_DESTROY, "destroy [-c FILE | --deployment NAME] [OPTIONS]",
			"Deletes what carries the deployment's tag, and nothing else. Lists it and "
			"asks first.",
			"With --deployment, in the caller's own account and one region.\n");
	code = deploy_output_check_terminal("destroy", &options);
	if (!code)
		code = deploy_round_config(&options, "destroy", &config);
	if (code)
		return code;
	deploy_round_catch_signals();
	code = destroy(&options, &config);
	config_fini(&config);
	return code;
}
