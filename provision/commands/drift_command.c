/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/drift_command.h"

#include <stdio.h>

#include "provision/commands/deploy_output.h"
#include "provision/commands/deploy_round.h"
#include "provision/commands/exit_code.h"

enum { EXIT_CODE_DRIFT = 2 };

static int judge(const struct deploy_options *options, const struct plan *plan)
{
	int code = deploy_output_plan("drift", options, plan);

	/* What could not be looked at may have drifted or not. */
	if (deploy_output_scopes("drift", "not planned", plan) || plan_failed(plan) || code)
		return EXIT_CODE_FAILED;
	return plan_empty(plan) && !plan->counts.kept ? EXIT_CODE_DONE : EXIT_CODE_DRIFT;
}

static int find_drift(const struct deploy_options *options, const struct config *config)
{
	const struct plan_options plan_options = deploy_round_options(options);
	struct failure failure = {0};
	struct deploy_round round;
	int code;

	if (deploy_round_begin(config, options, &plan_options, &round, &failure))
		return deploy_output_failure("drift", &failure);
	code = judge(options, round.plan);
	deploy_round_end(&round);
	return code;
}

int drift_command(int argc, char **argv)
{
	struct deploy_options options;
	struct failure failure = {0};
	struct config config;
	int code;

	if (deploy_options_parse(DEPLOY_DRIFT, argc, argv, &options, &failure))
		return deploy_output_failure("drift", &failure);
	if (options.help)
		return deploy_output_help(
			DEPLOY_DRIFT, "drift [-c FILE] [OPTIONS]",
			"Shows where AWS differs from what the configuration declares. Changes "
			"nothing.",
			"Exit status: 0 no drift, 1 failed, 2 drift (or wrong usage: then stdout is "
			"empty).\n");
	code = deploy_round_config(&options, "drift", &config);
	if (code)
		return code;
	deploy_round_catch_signals();
	code = find_drift(&options, &config);
	config_fini(&config);
	return code;
}
