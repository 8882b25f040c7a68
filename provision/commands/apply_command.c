/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/apply_command.h"

#include <stdio.h>
#include <string.h>

#include "provision/commands/apply_watch.h"
#include "provision/commands/deploy_confirm.h"
#include "provision/commands/deploy_output.h"
#include "provision/commands/deploy_round.h"
#include "provision/commands/deploy_work.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/apply.h"
#include "provision/deploy/plan_file.h"

/* What was saved must still be what is to be done. */
static int check_saved(const struct deploy_options *options, const struct plan_file *file,
		       const struct plan *plan)
{
	struct buffer difference = {0};
	bool same = plan_file_same(file, plan, &difference);

	if (difference.length)
		fprintf(stderr, "%s", buffer_string(&difference));
	buffer_fini(&difference);
	if (same)
		return EXIT_CODE_DONE;
	fprintf(stderr,
		"mirrorcap: apply: %s: stale: other changes are due than were planned: plan "
		"again\n",
		options->plan_file);
	return EXIT_CODE_FAILED;
}

static int carry_out(const struct deploy_options *options, const struct config *config,
		     struct deploy_round *round, struct journal *journal)
{
	int code = deploy_output_plan("apply", options, round->plan);
	size_t failed = deploy_output_scopes("apply", "nothing is changed there", round->plan);

	if (code)
		return code;
	if (round->plan->refused) {
		fprintf(stderr, "mirrorcap: apply: %s\n", round->plan->refused);
		return EXIT_CODE_FAILED;
	}
	if (failed || plan_failed(round->plan))
		code = EXIT_CODE_FAILED;
	if (!apply_count(round->plan))
		return code;
	if (!options->yes && deploy_confirm("apply", "Apply these changes?", config, round, NULL))
		return EXIT_CODE_FAILED;
	return deploy_work("apply", config, round, journal, false) ? EXIT_CODE_FAILED : code;
}

static int apply_once(const struct deploy_options *options, const struct config *config,
		      const struct plan_file *file, struct journal *journal)
{
	const struct plan_options plan_options =
		file ? file->options : deploy_round_options(options);
	struct failure failure = {0};
	struct deploy_round round;
	int code = EXIT_CODE_DONE;

	if (deploy_round_begin(config, options, &plan_options, &round, &failure))
		return deploy_output_failure("apply", &failure);
	if (file)
		code = check_saved(options, file, round.plan);
	if (!code)
		code = carry_out(options, config, &round, journal);
	deploy_round_end(&round);
	return code;
}

static int read_saved(const struct deploy_options *options, const struct config *config,
		      struct plan_file *file)
{
	struct failure failure = {0};

	if (plan_file_read(options->plan_file, file, &failure))
		return deploy_output_failure("apply", &failure);
	if (strcmp(file->deployment, config->deployment) == 0)
		return EXIT_CODE_DONE;
	fprintf(stderr, "mirrorcap: apply: %s: is of deployment %s, and %s of %s: give -c FILE\n",
		options->plan_file, file->deployment, config->path, config->deployment);
	plan_file_fini(file);
	return EXIT_CODE_FAILED;
}

static int apply(const struct deploy_options *options, const struct config *config)
{
	struct journal *journal;
	struct plan_file file;
	int code;

	if (options->plan_file) {
		code = read_saved(options, config, &file);
		if (code)
			return code;
	}
	code = deploy_work_journal("apply", options, config->deployment, &journal);
	if (!code && options->watch_seconds)
		code = apply_watch(options, config, journal);
	else if (!code)
		code = apply_once(options, config, options->plan_file ? &file : NULL, journal);
	else
		journal = NULL;
	journal_close(journal);
	if (options->plan_file)
		plan_file_fini(&file);
	return code;
}

int apply_command(int argc, char **argv)
{
	struct deploy_options options;
	struct failure failure = {0};
	struct config config;
	int code;

	if (deploy_options_parse(DEPLOY_APPLY, argc, argv, &options, &failure))
		return deploy_output_failure("apply", &failure);
	if (options.help)
		return deploy_output_help(
			DEPLOY_APPLY, "apply [-c FILE] [PLAN] [OPTIONS]",
			"Makes AWS have what the configuration declares. Shows the plan and asks "
			"first.",
			"With PLAN, a file that `mirrorcap plan -o PLAN` saved, it goes on only if "
			"the same\nchanges are still due; --max-delete and its like are then those "
			"of the plan.\n");
	code = deploy_output_check_terminal("apply", &options);
	if (!code)
		code = deploy_round_config(&options, "apply", &config);
	if (code)
		return code;
	deploy_round_catch_signals();
	code = apply(&options, &config);
	config_fini(&config);
	return code;
}
