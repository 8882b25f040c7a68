/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/apply_watch.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "provision/commands/deploy_output.h"
#include "provision/commands/deploy_round.h"
#include "provision/commands/deploy_work.h"
#include "provision/commands/exit_code.h"
#include "provision/deploy/apply.h"

enum { LINE_BYTES = 2048 };

/* What could not be done, a key each, so that it is said once, and once when all is over. */
struct troubles {
	json_t *before, *now; /* objects; of the last round, and of this one */
};

/* What lives from round to round. */
struct watch {
	const struct deploy_options *options;
	const struct config *config;
	struct journal *journal;
	/* Its clients stay open, so that their pacing knows what the last round has used up. */
	struct deploy_round round;
	struct troubles troubles;
};

/* Troubles. */

/* Each answer has another request id; the trouble is the same. */
static void cut_request_ids(char *text)
{
	static const char label[] = "request id ";
	char *found = text;

	while ((found = strstr(found, label))) {
		found += sizeof(label) - 1;
		memmove(found, found + strcspn(found, ") "),
			strlen(found + strcspn(found, ") ")) + 1);
	}
}

static void tell(struct troubles *troubles, const char *text)
{
	char key[LINE_BYTES];

	snprintf(key, sizeof(key), "%s", text);
	cut_request_ids(key);
	if (!json_object_get(troubles->before, key) && !json_object_get(troubles->now, key))
		fprintf(stderr, "mirrorcap: apply: %s: tries again\n", text);
	/* Without memory it is told once more. */
	json_object_set_new_nocheck(troubles->now, key, json_true());
}

static void tell_scope(struct troubles *troubles, const struct plan_scope *scope, const char *why)
{
	char text[LINE_BYTES];

	snprintf(text, sizeof(text), "%s %s: nothing is changed there: %s", scope->account,
		 scope->region, why);
	tell(troubles, text);
}

/* Whatever keeps the plan from being carried out as a whole. */
static void tell_plan(struct troubles *troubles, const struct plan *plan)
{
	char text[LINE_BYTES];

	if (plan->refused) {
		snprintf(text, sizeof(text), "deletes are withheld: %s", plan->refused);
		tell(troubles, text);
	}
	for (size_t i = 0; i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];

		if (scope->failure)
			tell_scope(troubles, scope, scope->failure);
		for (size_t j = 0; j < scope->notice_count; j++) {
			if (scope->notices[j].error)
				tell_scope(troubles, scope, scope->notices[j].text);
		}
	}
}

static void end_troubles(struct troubles *troubles)
{
	if (json_object_size(troubles->before) && !json_object_size(troubles->now))
		fprintf(stderr, "mirrorcap: apply: works again\n");
	json_decref(troubles->before);
	troubles->before = troubles->now;
	troubles->now = json_object();
}

/* Deletes beyond the limit. */

/* Of a refused plan, what takes nothing away is carried out all the same. Returns 0 or -ENOMEM. */
static int withhold_deletes(const struct config *config, struct deploy_round *round)
{
	struct plan_options options = round->options;

	options.withhold_deletes = true;
	plan_free(round->plan);
	round->plan = NULL;
	return plan_make(config, &round->observed, &options, &round->plan);
}

/* Rounds. */

/* AWS takes the credentials no more; there may be others by now. */
static bool is_of_credentials(const char *failure)
{
	static const char *const codes[] = {"AuthFailure",          "ExpiredToken",
					    "InvalidClientTokenId", "RequestExpired",
					    "UnrecognizedClient",   "SignatureDoesNotMatch"};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (strncmp(failure, codes[i], strlen(codes[i])) == 0)
			return true;
	}
	return false;
}

/* Where a client is missing, or one cannot go on. */
static bool needs_new_clients(const struct deploy_round *round)
{
	for (size_t i = 0; i < round->plan->scope_count; i++) {
		const char *failure = round->plan->scopes[i].failure;

		if (round->scopes.scopes[i].failure || (failure && is_of_credentials(failure)))
			return true;
	}
	return false;
}

/* Returns 0, or -errno with failure set; the round is then ended. */
static int begin_round(struct watch *watch, struct failure *failure)
{
	const struct plan_options plan_options = deploy_round_options(watch->options);
	int rc;

	if (!watch->round.scopes.base)
		return deploy_round_begin(watch->config, watch->options, &plan_options,
					  &watch->round, failure);
	rc = deploy_round_again(watch->config, &watch->round, failure);
	if (rc)
		deploy_round_end(&watch->round);
	return rc;
}

static int work(struct watch *watch)
{
	const struct plan *plan = watch->round.plan;
	int code = plan->refused || plan_failed(plan) ? EXIT_CODE_FAILED : EXIT_CODE_DONE;

	tell_plan(&watch->troubles, plan);
	if (plan->refused && withhold_deletes(watch->config, &watch->round)) {
		tell(&watch->troubles, "out of memory");
		deploy_round_end(&watch->round);
		return EXIT_CODE_FAILED;
	}
	if (apply_count(watch->round.plan) &&
	    deploy_work("apply", watch->config, &watch->round, watch->journal, true))
		code = EXIT_CODE_FAILED;
	if (needs_new_clients(&watch->round))
		deploy_round_end(&watch->round);
	else
		deploy_round_forget(&watch->round);
	return code;
}

static int run_round(struct watch *watch)
{
	struct failure failure = {0};
	char text[LINE_BYTES];
	int code = EXIT_CODE_FAILED;

	if (begin_round(watch, &failure)) {
		failure_format(&failure, text, sizeof(text));
		if (deploy_round_stop)
			return EXIT_CODE_FAILED;
		tell(&watch->troubles, text);
	} else {
		code = work(watch);
	}
	end_troubles(&watch->troubles);
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
	struct watch watch = {
		.options = options,
		.config = config,
		.journal = journal,
		.troubles = {json_object(), json_object()},
	};
	struct timespec next;
	int code = EXIT_CODE_FAILED;

	clock_gettime(CLOCK_MONOTONIC, &next);
	fprintf(stderr, "mirrorcap: apply: %s: in step every %" PRIu32 " s\n", config->deployment,
		options->watch_seconds);
	while (!deploy_round_stop) {
		int round = run_round(&watch);

		/* A signal that breaks a round off is no failure of it. */
		if (!deploy_round_stop || !round)
			code = round;
		wait_until(&next, options->watch_seconds);
	}
	deploy_round_end(&watch.round);
	json_decref(watch.troubles.before);
	json_decref(watch.troubles.now);
	return code;
}
