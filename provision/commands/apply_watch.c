/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/apply_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/commands/deploy_output.h"
#include "provision/commands/deploy_round.h"
#include "provision/commands/deploy_work.h"
#include "provision/commands/exit_code.h"

enum { LINE_BYTES = 2048 };

/* What the last round could not do, so that it is said once, and once when it is over. */
struct trouble {
	char text[LINE_BYTES];
};

static void tell(struct trouble *trouble, const char *text)
{
	if (strcmp(trouble->text, text) == 0)
		return;
	if (*text)
		fprintf(stderr, "mirrorcap: apply: %s: tries again\n", text);
	else
		fprintf(stderr, "mirrorcap: apply: works again\n");
	snprintf(trouble->text, sizeof(trouble->text), "%s", text);
}

/* The first thing that keeps the plan from being carried out as a whole; "" for none. */
static void find_trouble(const struct plan *plan, char text[LINE_BYTES])
{
	*text = '\0';
	if (plan->refused)
		snprintf(text, LINE_BYTES, "%s", plan->refused);
	for (size_t i = 0; !*text && i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];

		if (scope->failure)
			snprintf(text, LINE_BYTES, "%s %s: nothing is changed there: %s",
				 scope->account, scope->region, scope->failure);
		for (size_t j = 0; !*text && scope->has_errors && j < scope->notice_count; j++) {
			if (scope->notices[j].error)
				snprintf(text, LINE_BYTES, "%s %s: nothing is changed there: %s",
					 scope->account, scope->region, scope->notices[j].text);
		}
	}
}

static int run_round(const struct deploy_options *options, const struct config *config,
		     struct journal *journal, struct trouble *trouble)
{
	const struct plan_options plan_options = deploy_round_options(options);
	struct failure failure = {0};
	struct deploy_round round;
	char text[LINE_BYTES];
	int code;

	if (deploy_round_begin(config, options, &plan_options, &round, &failure)) {
		failure_format(&failure, text, sizeof(text));
		if (!deploy_round_stop)
			tell(trouble, text);
		return EXIT_CODE_FAILED;
	}
	find_trouble(round.plan, text);
	tell(trouble, text);
	code = *text ? EXIT_CODE_FAILED : EXIT_CODE_DONE;
	if (!round.plan->refused && !plan_empty(round.plan) &&
	    deploy_work("apply", config, &round, journal, true))
		code = EXIT_CODE_FAILED;
	deploy_round_end(&round);
	return code;
}

/* Rounds start at even intervals; one that takes longer than that skips beats. */
static void wait_until(struct timespec *next, uint32_t seconds)
{
	/* In steps: a signal may come just before a sleep, and interrupts none then. */
	const struct timespec step = {.tv_nsec = 200000000};
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	do
		next->tv_sec += seconds;
	while (next->tv_sec <= now.tv_sec);
	while (!deploy_round_stop && now.tv_sec < next->tv_sec) {
		nanosleep(&step, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
	}
}

int apply_watch(const struct deploy_options *options, const struct config *config,
		struct journal *journal)
{
	struct trouble *trouble = calloc(1, sizeof(*trouble));
	struct timespec next;
	int code = EXIT_CODE_FAILED;

	if (!trouble) {
		fprintf(stderr, "mirrorcap: apply: out of memory\n");
		return EXIT_CODE_FAILED;
	}
	clock_gettime(CLOCK_MONOTONIC, &next);
	fprintf(stderr, "mirrorcap: apply: %s: in step every %" PRIu32 " s\n", config->deployment,
		options->watch_seconds);
	while (!deploy_round_stop) {
		int round = run_round(options, config, journal, trouble);

		/* A signal that breaks a round off is no failure of it. */
		if (!deploy_round_stop || !round)
			code = round;
		wait_until(&next, options->watch_seconds);
	}
	free(trouble);
	return code;
}
