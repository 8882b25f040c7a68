/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/plan_command.h"

#include <stdio.h>

#include "provision/commands/deploy_output.h"
#include "provision/commands/deploy_round.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/plan_file.h"

static int save(const struct deploy_options *options, const struct deploy_round *round)
{
	struct failure failure = {0};

	if (!options->output)
		return EXIT_CODE_DONE;
	if (plan_file_write(options->output, round->plan, &round->options, &failure))
		return deploy_output_failure("plan", &failure);
	fprintf(stderr, "mirrorcap: plan: saved: apply it with `mirrorcap apply %s`\n",
		options->output);
	return EXIT_CODE_DONE;
}

/* A plan that apply would not carry out as a whole is no success. */
static int judge(const struct plan *plan)
{
	if (plan->refused)
		fprintf(stderr, "mirrorcap: plan: %s\n", plan->refused);
	deploy_output_scopes("plan", "not planned", plan);
	return plan->refused || plan_failed(plan) ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
}

static int make_plan(const struct deploy_options *options, const struct config *config)
{
	const struct plan_options plan_options = deploy_round_options(options);
	struct failure failure = {0};
	struct deploy_round round;
	int code, saved;

	if (deploy_round_begin(config, options, &plan_options, &round, &failure))
		return deploy_output_failure("plan", &failure);
	code = deploy_output_plan("plan", options, round.plan);
	if (code == EXIT_CODE_DONE)
		code = judge(round.plan);
	saved = save(options, &round);
	deploy_round_end(&round);
	return code ? code : saved;
}

int plan_command(int argc, char **argv)
{
	struct deploy_options options;
	struct failure failure = {0};
	struct config config;
	int code;

	if (deploy_options_parse(DEPLOY_PLAN, argc, argv, &options, &failure))
		return deploy_output_failure("plan", &failure);
	if (options.help)
		return deploy_output_help(
			DEPLOY_PLAN, "plan [-c FILE] [-o PLAN] [OPTIONS]",
			"Shows what must change so that AWS has what the configuration declares, "
			"and why.\nChanges nothing.",
			"");
	code = deploy_round_config(&options, "plan", &config);
	if (code)
		return code;
	deploy_round_catch_signals();
	code = make_plan(&options, &config);
	config_fini(&config);
	return code;
}
