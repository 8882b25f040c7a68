/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/apply_internal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "peer.h"
#include "provision/deploy/client_token.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KEY          "123456789012/us-east-1/session web eni-0a1b2c3d"
#define ID           "tms-00000000000000001"

static const volatile sig_atomic_t never, at_once = 1;

struct fixture {
	struct peer peer;
	struct scopes scopes;
	struct plan plan;
	struct plan_scope scope;
	struct change change;
	struct config config;
	struct config_session group;
	struct apply_context context;
	struct apply_result result;
	struct apply_work work;
	struct failure failure;
};

/* Each time a journal of its own. */
static struct journal *open_journal(void)
{
	static unsigned int number;
	struct failure failure = {0};
	struct journal *journal;
	char directory[128];

	snprintf(directory, sizeof(directory), "%s%u", peer_file("journal", ""), number++);
	assert_int_equal(journal_open(directory, "soc", &journal, &failure), 0);
	return journal;
}

/* One session that is to be created, with number 1. */
static void start(struct fixture *fixture, const char *scenario)
{
	struct client_options options = {.region = "us-east-1"};

	*fixture = (struct fixture){
		.plan = {.deployment = "soc"},
		.scope = {.account = "main",
			  .account_id = "123456789012",
			  .region = "us-east-1",
			  .filter_id = "tmf-0a1b2c3d",
			  .target_id = "tmt-0a1b2c3d"},
		.change = {.kind = CHANGE_CREATE,
			   .resource = CHANGE_SESSION,
			   .identity = "session web eni-0a1b2c3d",
			   .group = "web",
			   .network_interface_id = "eni-0a1b2c3d",
			   .input = json_pack("{s:s,s:s,s:s,s:i}", "NetworkInterfaceId",
					      "eni-0a1b2c3d", "TrafficMirrorTargetId",
					      "tmt-0a1b2c3d", "TrafficMirrorFilterId",
					      "tmf-0a1b2c3d", "SessionNumber", 1)},
		.group = {.name = "web"},
		.config = {.sessions = &fixture->group, .session_count = 1},
		.context = {.config = &fixture->config,
			    .scopes = &fixture->scopes,
			    .journal = open_journal(),
			    .stop = &never},
		.work = {.context = &fixture->context,
			 .plan = &fixture->plan,
			 .scope = &fixture->scope,
			 .result = &fixture->result},
	};
	peer_clear_environment();
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	print_message("# %s\n", scenario);
	peer_start(&fixture->peer, scenario);
	options.endpoint_url = fixture->peer.url;
	assert_int_equal(client_new(&options, &fixture->work.client, &fixture->failure), 0);
}

static int create(struct fixture *fixture)
{
	return apply_create(&fixture->work, &fixture->change, 0, &fixture->failure);
}

static void end(struct fixture *fixture)
{
	for (size_t i = 0; i < fixture->work.pending_count; i++)
		free(fixture->work.pending[i].id);
	json_decref(fixture->change.input);
	journal_close(fixture->context.journal);
	client_free(fixture->work.client);
	peer_stop(&fixture->peer);
}

static void make_token(const struct fixture *fixture, uint32_t generation, char *token)
{
	assert_int_equal(client_token_make("soc", "123456789012", "us-east-1",
					   "session web eni-0a1b2c3d", fixture->change.input,
					   generation, token),
			 0);
}

/* The next request is a create with the token of that generation. */
static void expect_token(struct fixture *fixture, uint32_t generation)
{
	char expected[CLIENT_TOKEN_BYTES + 16], token[CLIENT_TOKEN_BYTES];
	const char *report = peer_report(&fixture->peer);

	make_token(fixture, generation, token);
	snprintf(expected, sizeof(expected), "&ClientToken=%s", token);
	assert_non_null(strstr(report, "Action=CreateTrafficMirrorSession&"));
	assert_non_null(strstr(report, expected));
}

/* The next create of a place is to find what the delete wrote. */
static void calls_a_place_by_one_name(void **state)
{
	static const struct {
		enum change_kind kind;
		const char *identity, *id, *key;
	} table[] = {
		{CHANGE_CREATE, "filter", NULL, "123456789012/us-east-1/filter"},
		{CHANGE_DELETE, "filter tmf-1", "tmf-1", "123456789012/us-east-1/filter"},
		{CHANGE_DELETE, "rule egress 10", "tmfr-1",
		 "123456789012/us-east-1/rule egress 10"},
		{CHANGE_REPLACE, "session web eni-1", "tms-1",
		 "123456789012/us-east-1/session web eni-1"},
		{CHANGE_DELETE, "session web eni-1 tms-1", "tms-1",
		 "123456789012/us-east-1/session web eni-1"},
	};
	struct plan_scope scope = {.account_id = "123456789012", .region = "us-east-1"};
	struct apply_work work = {.scope = &scope};
	char *key;

	for (size_t i = 0; i < COUNT(table); i++) {
		struct change change = {
			.kind = table[i].kind, .identity = table[i].identity, .id = table[i].id};

		key = apply_key(&work, &change);
		assert_string_equal(key, table[i].key);
		free(key);
	}
}

/* What the journal would hold after it. i: intended, c: created, d: deleted. */
static void live_through(struct journal *journal, const char *history)
{
	uint32_t generation = 0;

	for (const char *event = history; *event; event++) {
		if (*event == 'i')
			journal_intend(journal, KEY, generation, "token");
		else if (*event == 'c')
			journal_created(journal, KEY, ID);
		else
			journal_deleted(journal, KEY);
		generation += *event == 'd';
	}
}

/* A second session for one wish would be billed and mirrored, too. */
static void takes_the_token_of_an_earlier_try(void **state)
{
	static const struct {
		const char *history, *replaces;
		uint32_t generation;
	} table[] = {
		{"", NULL, 0},     {"i", NULL, 0},     {"ii", NULL, 0},  {"ic", NULL, 0},
		{"ic", ID, 1},     {"ic", "tms-2", 0}, {"icd", NULL, 1}, {"icdd", NULL, 1},
		{"icdi", NULL, 1}, {"icdic", NULL, 1}, {"icdic", ID, 2}, {"icdicd", NULL, 2},
	};
	struct fixture fixture;

	start(&fixture, "created_at_once");
	for (size_t i = 0; i < COUNT(table); i++) {
		print_message("# '%s'\n", table[i].history);
		journal_close(fixture.context.journal);
		fixture.context.journal = open_journal();
		live_through(fixture.context.journal, table[i].history);
		fixture.change.replaces = table[i].replaces;
		assert_int_equal(create(&fixture), 0);
		expect_token(&fixture, table[i].generation);
		assert_int_equal(fixture.work.pending_count, 1);
		assert_string_equal(fixture.work.pending[0].id, ID);
		assert_int_equal(fixture.work.pending[0].generation, table[i].generation);
		free(fixture.work.pending[0].id);
		fixture.work.pending_count = 0;
	}
	end(&fixture);
}

static void repeats_a_token_that_may_have_worked(void **state)
{
	struct fixture fixture;

	start(&fixture, "throttle_twice");
	assert_int_equal(create(&fixture), 0);
	for (int i = 0; i < 3; i++)
		expect_token(&fixture, 0);
	end(&fixture);
	/* Refused for its token alone, which once had other parameters. */
	start(&fixture, "mismatch_once");
	assert_int_equal(create(&fixture), 0);
	expect_token(&fixture, 0);
	expect_token(&fixture, 1);
	end(&fixture);
}

/* Whoever is killed before the answer leaves a trace. */
static void writes_down_what_it_sends(void **state)
{
	char token[CLIENT_TOKEN_BYTES];
	struct journal_entry entry;
	struct fixture fixture;

	start(&fixture, "refused");
	assert_int_equal(create(&fixture), -EREMOTEIO);
	assert_int_equal(fixture.work.pending_count, 0);
	assert_true(journal_find(fixture.context.journal, KEY, &entry));
	make_token(&fixture, 0, token);
	assert_int_equal(entry.state, JOURNAL_INTENDED);
	assert_string_equal(entry.token, token);
	end(&fixture);
	start(&fixture, "created_at_once");
	assert_int_equal(create(&fixture), 0);
	assert_true(journal_find(fixture.context.journal, KEY, &entry));
	assert_int_equal(entry.state, JOURNAL_CREATED);
	assert_string_equal(entry.id, ID);
	end(&fixture);
}

/* Somebody else's session came between plan and create. */
static void chooses_another_number(void **state)
{
	struct fixture fixture;

	start(&fixture, "number_taken");
	assert_int_equal(create(&fixture), 0);
	assert_non_null(strstr(peer_report(&fixture.peer), "&SessionNumber=1&"));
	assert_non_null(strstr(peer_report(&fixture.peer), "Action=DescribeTrafficMirrorSess"));
	assert_non_null(strstr(peer_report(&fixture.peer), "&SessionNumber=3&"));
	end(&fixture);
	/* One that the configuration fixes is not changed. */
	start(&fixture, "number_taken");
	fixture.group.session_number = 1;
	assert_int_equal(create(&fixture), -EREMOTEIO);
	assert_string_equal(fixture.failure.code, "InvalidParameterValue");
	end(&fixture);
}

static void confirm(struct fixture *fixture, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fixture->work.pending[i] =
			(struct apply_pending){.change = &fixture->change, .id = strdup(ID)};
	fixture->work.pending_count = count;
	apply_confirm(&fixture->work);
	assert_int_equal(fixture->work.pending_count, 0);
}

/* A token that AWS remembers may return what was given to somebody else since. */
static void confirms_only_what_is_ours(void **state)
{
	static const struct {
		const char *scenario;
		size_t done;
	} table[] = {{"tagged", 1}, {"number_taken", 0}, {"none_listed", 0}};
	struct fixture fixture;

	for (size_t i = 0; i < COUNT(table); i++) {
		start(&fixture, table[i].scenario);
		/* Looks once. */
		fixture.context.stop = &at_once;
		confirm(&fixture, 1);
		assert_int_equal(fixture.result.done[CHANGE_CREATE], table[i].done);
		assert_int_equal(fixture.result.failed, 1 - table[i].done);
		end(&fixture);
	}
}

struct told {
	size_t count;
	struct failure failure;
};

static void take_failed(void *arg, const struct plan_scope *scope, const struct change *change,
			const struct failure *failure)
{
	struct told *told = arg;

	told->count++;
	told->failure = *failure;
}

/* With AWS's own reason and remedy, not a line for each create. */
static void tells_once_why_nothing_is_confirmed(void **state)
{
	struct told told = {0};
	struct fixture fixture;

	start(&fixture, "refused");
	fixture.context.listener = (struct apply_listener){.arg = &told, .failed = take_failed};
	confirm(&fixture, 3);
	assert_int_equal(fixture.result.failed, 3);
	assert_int_equal(told.count, 1);
	assert_string_equal(told.failure.code, "UnauthorizedOperation");
	assert_int_equal(told.failure.http_status, 403);
	assert_non_null(strstr(told.failure.message, ID " and 2 more were created, but not"));
	assert_non_null(strstr(told.failure.remedy, "ec2:DescribeTrafficMirrorSessions"));
	end(&fixture);
}

/* Rounds of a watch must not keep what is gone for ever young. */
static void ages_while_the_token_is_repeated(void **state)
{
	struct journal *journal = open_journal();
	struct journal_entry entry, later;

	journal_intend(journal, KEY, 0, "token");
	journal_created(journal, KEY, ID);
	assert_true(journal_find(journal, KEY, &entry));
	sleep(2);
	journal_intend(journal, KEY, 0, "token");
	journal_created(journal, KEY, ID);
	assert_true(journal_find(journal, KEY, &later));
	assert_int_equal(later.state, JOURNAL_CREATED);
	assert_int_equal(later.time, entry.time);
	journal_intend(journal, KEY, 0, "token");
	journal_created(journal, KEY, "tms-2");
	assert_true(journal_find(journal, KEY, &later));
	assert_true(later.time >= entry.time + 2);
	journal_close(journal);
}

/* With deletes in the same run, a refusal may be theirs, for a while; not that of each session. */
static void waits_for_deletes_once(void **state)
{
	struct timespec begin, now;
	struct fixture fixture;

	start(&fixture, "invalid_but_alone");
	fixture.work.sessions_deleted = 1;
	assert_int_equal(create(&fixture), -EREMOTEIO);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_true(fixture.work.pauses > 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(create(&fixture), -EREMOTEIO);
	clock_gettime(CLOCK_MONOTONIC, &now);
	/* Without pauses of a second each. */
	assert_true(now.tv_sec - begin.tv_sec < 5);
	end(&fixture);
}

struct order {
	const char *accounts[8];
	enum change_resource resources[8];
	size_t count;
};

static void take_begin(void *arg, const struct plan_scope *scope, const struct change *change,
		       size_t number, size_t total)
{
	struct order *order = arg;

	assert_true(order->count < COUNT(order->accounts));
	order->accounts[order->count] = scope->account;
	order->resources[order->count++] = change->resource;
}

static struct change deletion(enum change_resource resource, const char *member, const char *id)
{
	return (struct change){.kind = CHANGE_DELETE,
			       .resource = resource,
			       .identity = id,
			       .id = id,
			       .network_interface_id = "eni-0a1b2c3d",
			       .input = json_pack("{s:s}", member, id)};
}

/* EC2 would refuse the first account's target as long as the second one's session has it. */
static void deletes_a_shared_target_last(void **state)
{
	static const enum change_resource expected[] = {CHANGE_SESSION, CHANGE_SESSION,
							CHANGE_TARGET, CHANGE_TARGET};
	struct change changes[2] = {
		deletion(CHANGE_SESSION, "TrafficMirrorSessionId", ID),
		deletion(CHANGE_TARGET, "TrafficMirrorTargetId", "tmt-0a1b2c3d"),
	};
	struct plan_scope scopes[2] = {
		{.account = "main", .account_id = "123456789012", .region = "us-east-1"},
		{.account = "shop", .account_id = "444455556666", .region = "us-east-1"},
	};
	struct order order = {.count = 0};
	struct scope clients[2] = {0};
	struct fixture fixture;

	start(&fixture, "unknown_session");
	for (size_t i = 0; i < COUNT(scopes); i++) {
		clients[i].client = fixture.work.client;
		scopes[i].changes = changes;
		scopes[i].change_count = COUNT(changes);
	}
	fixture.scopes = (struct scopes){.scopes = clients, .count = COUNT(clients)};
	fixture.plan.scopes = scopes;
	fixture.plan.scope_count = COUNT(scopes);
	fixture.context.listener = (struct apply_listener){.arg = &order, .begin = take_begin};
	assert_int_equal(apply_plan(&fixture.context, &fixture.plan, &fixture.result), 0);
	assert_int_equal(order.count, COUNT(expected));
	assert_memory_equal(order.resources, expected, sizeof(expected));
	assert_string_equal(order.accounts[2], "main");
	assert_int_equal(fixture.result.done[CHANGE_DELETE], 4);
	for (size_t i = 0; i < COUNT(changes); i++)
		json_decref(changes[i].input);
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_a_place_by_one_name),
		cmocka_unit_test(takes_the_token_of_an_earlier_try),
		cmocka_unit_test(repeats_a_token_that_may_have_worked),
		cmocka_unit_test(writes_down_what_it_sends),
		cmocka_unit_test(chooses_another_number),
		cmocka_unit_test(confirms_only_what_is_ours),
		cmocka_unit_test(tells_once_why_nothing_is_confirmed),
		cmocka_unit_test(ages_while_the_token_is_repeated),
		cmocka_unit_test(waits_for_deletes_once),
		cmocka_unit_test(deletes_a_shared_target_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
