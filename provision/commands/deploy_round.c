/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/deploy_round.h"

#include <errno.h>
#include <stdio.h>

#include "provision/commands/config_load.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/observe.h"

volatile sig_atomic_t deploy_round_stop, deploy_round_kill;

static void stop(int signal)
{
	if (deploy_round_stop)
		deploy_round_kill = 1;
	deploy_round_stop = 1;
}

void deploy_round_catch_signals(void)
{
	/* Without SA_RESTART: a question on the terminal ends, too. */
	const struct sigaction action = {.sa_handler = stop};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* The deployment by its name alone. */
static int name_config(const struct deploy_options *options, struct config *config)
{
	*config = (struct config){.path = "--deployment", .deployment = options->deployment};
	config->accounts = arena_alloc(&config->memory, sizeof(*config->accounts));
	if (!config->accounts)
		return -ENOMEM;
	config->accounts[0] = (struct config_account){.name = CONFIG_ACCOUNT_DEFAULT};
	config->account_count = 1;
	return 0;
}

int deploy_round_config(const struct deploy_options *options, const char *command,
			struct config *config)
{
	int rc;

	if (options->deployment) {
		rc = name_config(options, config);
		if (rc)
			fprintf(stderr, "mirrorcap: %s: out of memory\n", command);
	} else {
		rc = config_load(options->config, config);
	}
	if (!rc)
		return EXIT_CODE_DONE;
	return rc == -EINVAL ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

struct plan_options deploy_round_options(const struct deploy_options *options)
{
	return (struct plan_options){
		.limit_is_percent = options->max_delete.percent,
		.limit = options->max_delete.value,
		.allow_empty = options->allow_empty,
		.delete_orphans = options->delete_orphans,
	};
}

static int look(const struct config *config, struct deploy_round *round, struct failure *failure)
{
	int rc = observe(config, &round->scopes, &round->observed, failure);

	if (rc)
		return rc;
	observed_sort(&round->observed);
	return plan_make(config, &round->observed, &round->options, &round->plan)
		       ? failure_memory(failure)
		       : 0;
}

int deploy_round_begin(const struct config *config, const struct deploy_options *options,
		       const struct plan_options *plan_options, struct deploy_round *round,
		       struct failure *failure)
{
	struct client_options client = options->client;
	int rc;

	*round = (struct deploy_round){.options = *plan_options};
	client.stop = &deploy_round_stop;
	rc = scopes_open(config, &client, &round->scopes, failure);
	if (rc)
		return rc;
	rc = look(config, round, failure);
	if (rc)
		deploy_round_end(round);
	return rc;
}

void deploy_round_forget(struct deploy_round *round)
{
	plan_free(round->plan);
	observed_fini(&round->observed);
	round->plan = NULL;
	round->observed = (struct observed){0};
}

int deploy_round_again(const struct config *config, struct deploy_round *round,
		       struct failure *failure)
{
	deploy_round_forget(round);
	scopes_set_stop(&round->scopes, &deploy_round_stop);
	return look(config, round, failure);
}

void deploy_round_end(struct deploy_round *round)
{
	deploy_round_forget(round);
	if (round->scopes.base)
		scopes_fini(&round->scopes);
	*round = (struct deploy_round){0};
}
