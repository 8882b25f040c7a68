/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/destroy_command.h"

#include <stdio.h>

#include "provision/commands/deploy_output.h"
#include "provision/commands/deploy_round.h"
#include "provision/commands/deploy_work.h"
#include "provision/commands/exit_code.h"

static int confirm(const struct deploy_options *options, const struct plan *plan)
{
	char question[256];

	snprintf(question, sizeof(question),
		 "Delete all of this? Mirroring ends for %zu sessions of deployment %s.",
		 plan->counts.session_deletes, plan->deployment);
	if (options->yes || deploy_output_ask(question))
		return EXIT_CODE_DONE;
	fprintf(stderr, "mirrorcap: destroy: nothing was changed\n");
	return EXIT_CODE_FAILED;
}

static int carry_out(const struct deploy_options *options, const struct config *config,
		     struct deploy_round *round, struct journal *journal)
{
	int code = deploy_output_plan("destroy", options, round->plan);
	int failed = deploy_output_scopes("destroy", round->plan) || plan_failed(round->plan)
			     ? EXIT_CODE_FAILED
			     : EXIT_CODE_DONE;

	if (!code && plan_empty(round->plan))
		return failed;
	if (!code)
		code = confirm(options, round->plan);
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
