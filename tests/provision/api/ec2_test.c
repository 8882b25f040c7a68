/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/ec2.h"

#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"

static const struct ec2_create create = {
	.spec = {.network_interface_id = "eni-0a1b2c3d",
		 .traffic_mirror_target_id = "tmt-0a1b2c3d",
		 .traffic_mirror_filter_id = "tmf-0a1b2c3d",
		 .session_number = 1},
};

struct fixture {
	struct peer peer;
	struct client *client;
	struct failure failure;
};

static void start(struct fixture *fixture, const char *scenario)
{
	struct client_options options = {.region = "us-east-1"};

	peer_clear_environment();
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	print_message("# %s\n", scenario);
	peer_start(&fixture->peer, scenario);
	options.endpoint_url = fixture->peer.url;
	assert_int_equal(client_new(&options, &fixture->client, &fixture->failure), 0);
}

static void end(struct fixture *fixture)
{
	client_free(fixture->client);
	peer_stop(&fixture->peer);
}

/* Random, version 4, variant 1: xxxxxxxx-xxxx-4xxx-[89ab]xxx-xxxxxxxxxxxx. */
static void check_uuid(const char *token)
{
	assert_int_equal(strlen(token), 36);
	for (int i = 0; i < 36; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23)
			assert_int_equal(token[i], '-');
		else
			assert_true(isxdigit((unsigned char)token[i]) &&
				    !isupper((unsigned char)token[i]));
	}
	assert_int_equal(token[14], '4');
	assert_non_null(strchr("89ab", token[19]));
}

static void creates_with_one_token(void **state)
{
	char report[4096], token[OPERATION_TOKEN_BYTES], expected[128];
	struct ec2_created created;
	struct fixture fixture;

	start(&fixture, "throttle_twice");
	assert_int_equal(ec2_create_session(fixture.client, &create, &created, &fixture.failure),
			 0);
	check_uuid(created.client_token);
	memcpy(token, created.client_token, sizeof(token));
	assert_string_equal(created.session.traffic_mirror_session_id, "tms-00000000000000001");
	ec2_created_fini(&created);
	snprintf(expected, sizeof(expected), "&ClientToken=%s", token);
	for (int i = 0; i < 3; i++) {
		snprintf(report, sizeof(report), "%s", peer_report(&fixture.peer));
		assert_non_null(strstr(report, expected));
	}
	/* Another call, another token. */
	assert_int_equal(ec2_create_session(fixture.client, &create, &created, &fixture.failure),
			 0);
	assert_string_not_equal(created.client_token, token);
	ec2_created_fini(&created);
	end(&fixture);
}

static void fails_to_create(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
		const char *remedy; /* a part of it */
	} table[] = {
		{"refused", -EREMOTEIO, "allow ec2:CreateTrafficMirrorSession on the network-"},
		{"limit", -EREMOTEIO, ""},
		{"hang_up", -EHOSTUNREACH, "--client-token t-1"},
		{"not_xml", -EPROTO, "--client-token t-1"},
		{"other_document", -EPROTO, "--client-token t-1"},
		{"other_root", -EPROTO, "--client-token t-1"},
		{"wrong_secret", -EREMOTEIO, "clock"},
	};
	struct ec2_create with_token = create;

	with_token.client_token = "t-1";
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct ec2_created created;
		struct fixture fixture;

		start(&fixture, table[i].scenario);
		assert_int_equal(
			ec2_create_session(fixture.client, &with_token, &created, &fixture.failure),
			table[i].rc);
		assert_non_null(strstr(fixture.failure.remedy, table[i].remedy));
		assert_null(created.session.traffic_mirror_session_id);
		end(&fixture);
	}
}

static void names_the_tagging_permission(void **state)
{
	char key[] = "k", value[] = "v";
	const struct mirror_session_tag tag = {key, value};
	struct ec2_create tagged = create;
	struct ec2_created created;
	struct fixture fixture;

	tagged.spec.tags = &tag;
	tagged.spec.tag_count = 1;
	start(&fixture, "refused");
	assert_int_equal(ec2_create_session(fixture.client, &tagged, &created, &fixture.failure),
			 -EREMOTEIO);
	assert_non_null(strstr(fixture.failure.remedy, "ec2:CreateTags"));
	end(&fixture);
}

static void runs_dry(void **state)
{
	const struct ec2_describe describe = {.dry_run = true};
	struct ec2_create dry = create;
	struct mirror_session_list list;
	struct ec2_created created;
	struct fixture fixture;

	dry.dry_run = true;
	start(&fixture, "dry_run");
	assert_int_equal(ec2_create_session(fixture.client, &dry, &created, &fixture.failure), 0);
	assert_null(created.session.traffic_mirror_session_id);
	assert_non_null(strstr(peer_report(&fixture.peer), "&DryRun=true"));
	assert_int_equal(ec2_delete_session(fixture.client, "tms-1", true, &fixture.failure), 0);
	assert_non_null(strstr(peer_report(&fixture.peer), "&DryRun=true"));
	assert_int_equal(ec2_describe_sessions(fixture.client, &describe, &list, &fixture.failure),
			 0);
	assert_int_equal(list.count, 0);
	/* Not asked for, it is an error like any other. */
	assert_int_equal(ec2_delete_session(fixture.client, "tms-1", false, &fixture.failure),
			 -EREMOTEIO);
	end(&fixture);
}

static void reads_all_pages(void **state)
{
	static const uint32_t numbers[] = {3, 4, 2, 1};
	const struct ec2_describe describe = {0};
	struct mirror_session_list list;
	struct fixture fixture;

	start(&fixture, "pages");
	assert_int_equal(ec2_describe_sessions(fixture.client, &describe, &list, &fixture.failure),
			 0);
	assert_int_equal(list.count, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(list.sessions[i].session_number, numbers[i]);
	mirror_session_list_fini(&list);
	end(&fixture);
}

static void partial_lists_are_failures(void **state)
{
	const struct ec2_describe describe = {0};
	struct mirror_session_list list;
	struct fixture fixture;

	start(&fixture, "second_page_fails");
	assert_int_equal(ec2_describe_sessions(fixture.client, &describe, &list, &fixture.failure),
			 -EREMOTEIO);
	assert_int_equal(list.count, 0);
	end(&fixture);
	start(&fixture, "other_document");
	assert_int_equal(ec2_describe_sessions(fixture.client, &describe, &list, &fixture.failure),
			 -EPROTO);
	end(&fixture);
}

/* Pages that go round. */
static void asks_for_no_page_twice(void **state)
{
	const struct ec2_describe describe = {0};
	struct mirror_session_list list;
	struct fixture fixture;

	start(&fixture, "same_page");
	assert_int_equal(ec2_describe_sessions(fixture.client, &describe, &list, &fixture.failure),
			 -EPROTO);
	assert_int_equal(fixture.failure.kind, FAILURE_RESPONSE);
	assert_string_not_equal(peer_report(&fixture.peer), "");
	assert_non_null(strstr(peer_report(&fixture.peer), "NextToken=page-1"));
	end(&fixture);
}

/* Another object's answer tells nothing about the one that was asked for. */
static void believes_no_answer_about_another(void **state)
{
	static const struct {
		const char *scenario, *operation, *input;
		int rc;
	} table[] = {
		{"modified", "ModifyTrafficMirrorSession",
		 "{\"TrafficMirrorSessionId\":\"tms-00000000000000007\"}", 0},
		{"modified", "ModifyTrafficMirrorSession",
		 "{\"TrafficMirrorSessionId\":\"tms-00000000000000008\"}", -EPROTO},
		{"lists_seven", "DescribeTrafficMirrorSessions",
		 "{\"TrafficMirrorSessionIds\":[\"tms-00000000000000007\"]}", 0},
		{"lists_seven", "DescribeTrafficMirrorSessions",
		 "{\"TrafficMirrorSessionIds\":[\"tms-8\",\"tms-00000000000000007\"]}", 0},
		{"lists_seven", "DescribeTrafficMirrorSessions",
		 "{\"TrafficMirrorSessionIds\":[\"tms-00000000000000008\"]}", -EPROTO},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *input = json_loads(table[i].input, 0, NULL);
		struct fixture fixture;

		assert_non_null(input);
		start(&fixture, table[i].scenario);
		assert_int_equal(operation_call(fixture.client, operation_find(table[i].operation),
						input, NULL, &fixture.failure),
				 table[i].rc);
		end(&fixture);
		json_decref(input);
	}
}

static void an_empty_list_is_one_that_ec2_sent(void **state)
{
	const struct ec2_describe describe = {0};
	struct mirror_session_list list;
	struct fixture fixture;

	start(&fixture, "without_set");
	assert_int_equal(ec2_describe_sessions(fixture.client, &describe, &list, &fixture.failure),
			 -EPROTO);
	assert_int_equal(fixture.failure.kind, FAILURE_RESPONSE);
	end(&fixture);
	start(&fixture, "none_listed");
	assert_int_equal(ec2_describe_sessions(fixture.client, &describe, &list, &fixture.failure),
			 0);
	assert_int_equal(list.count, 0);
	end(&fixture);
}

static void finds_the_first_match(void **state)
{
	struct mirror_session_spec spec = {.network_interface_id = "eni-0a1b2c3d"};
	struct mirror_session session;
	struct fixture fixture;

	start(&fixture, "pages");
	assert_int_equal(ec2_find_session(fixture.client, &spec, &session, &fixture.failure), 0);
	assert_int_equal(session.session_number, 1);
	mirror_session_fini(&session);
	assert_non_null(
		strstr(peer_report(&fixture.peer),
		       "&Filter.1.Name=network-interface-id&Filter.1.Value.1=eni-0a1b2c3d"));
	spec.has_virtual_network_id = true;
	spec.virtual_network_id = 4;
	assert_int_equal(ec2_find_session(fixture.client, &spec, &session, &fixture.failure), 0);
	assert_int_equal(session.session_number, 4);
	mirror_session_fini(&session);
	spec.packet_length = 128;
	assert_int_equal(ec2_find_session(fixture.client, &spec, &session, &fixture.failure),
			 -ENOENT);
	end(&fixture);
	/* A failure is not an absence. */
	start(&fixture, "second_page_fails");
	assert_int_equal(ec2_find_session(fixture.client, &spec, &session, &fixture.failure),
			 -EREMOTEIO);
	end(&fixture);
}

static void waits_for_a_new_session(void **state)
{
	struct mirror_session session;
	struct fixture fixture;

	start(&fixture, "appears_late");
	assert_int_equal(ec2_wait_session(fixture.client, "tms-00000000000000007", 5000, &session,
					  &fixture.failure),
			 0);
	assert_int_equal(session.session_number, 7);
	mirror_session_fini(&session);
	end(&fixture);
	start(&fixture, "unknown_session");
	assert_int_equal(ec2_wait_session(fixture.client, "tms-7", 0, &session, &fixture.failure),
			 -EREMOTEIO);
	assert_string_equal(fixture.failure.code, "InvalidTrafficMirrorSessionId.NotFound");
	assert_int_equal(ec2_wait_session(fixture.client, "tms-7", 600, &session, &fixture.failure),
			 -EREMOTEIO);
	end(&fixture);
}

/* A session that is believed deleted goes on to cost and to mirror. */
static void believes_no_other_answer_to_delete(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
	} table[] = {
		{"other_document", -EPROTO},  {"without_set", -EPROTO},
		{"deleted_nothing", -EPROTO}, {"deleted_another", -EPROTO},
		{"deleted_at_once", 0},       {"deleted_returns", 0},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct fixture fixture;

		start(&fixture, table[i].scenario);
		assert_int_equal(
			ec2_delete_session(fixture.client, "tms-7", false, &fixture.failure),
			table[i].rc);
		if (table[i].rc) {
			assert_int_equal(fixture.failure.kind, FAILURE_RESPONSE);
			assert_true(fixture.failure.unclear);
		}
		end(&fixture);
	}
}

/* ELB's codes are not EC2's. */
static void deletes_a_listener(void **state)
{
	json_t *input = json_pack("{s:s}", "ListenerArn", "arn:aws:elasticloadbalancing:x");
	struct fixture fixture;

	start(&fixture, "listener_unheard");
	assert_int_equal(operation_call(fixture.client, operation_find("DeleteListener"), input,
					NULL, &fixture.failure),
			 0);
	end(&fixture);
	json_decref(input);
}

static void deletes(void **state)
{
	struct ec2_created created;
	struct fixture fixture;

	/* The first attempt's answer was lost: what it deleted is gone at the second. */
	start(&fixture, "deleted_unheard");
	assert_int_equal(ec2_delete_session(fixture.client, "tms-7", false, &fixture.failure), 0);
	end(&fixture);
	start(&fixture, "deleted_unheard_later");
	assert_int_equal(ec2_create_session(fixture.client, &create, &created, &fixture.failure),
			 0);
	ec2_created_fini(&created);
	assert_int_equal(ec2_delete_session(fixture.client, "tms-7", false, &fixture.failure), 0);
	end(&fixture);
	start(&fixture, "unknown_session");
	assert_int_equal(ec2_delete_session(fixture.client, "tms-7", false, &fixture.failure),
			 -EREMOTEIO);
	end(&fixture);
	/* What was throttled deleted nothing: it never was there. */
	start(&fixture, "throttled_unknown");
	assert_int_equal(ec2_delete_session(fixture.client, "tms-7", false, &fixture.failure),
			 -EREMOTEIO);
	assert_int_equal(client_attempts(fixture.client), 2);
	end(&fixture);
	/* It was sent, and nobody knows. */
	start(&fixture, "hang_up");
	assert_int_equal(ec2_delete_session(fixture.client, "tms-7", false, &fixture.failure),
			 -EHOSTUNREACH);
	assert_non_null(strstr(fixture.failure.remedy, "look before repeating"));
	end(&fixture);
	start(&fixture, "refused");
	assert_int_equal(ec2_delete_session(fixture.client, "tms-7", false, &fixture.failure),
			 -EREMOTEIO);
	assert_non_null(strstr(fixture.failure.remedy, "ec2:DeleteTrafficMirrorSession"));
	end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(creates_with_one_token),
		cmocka_unit_test(fails_to_create),
		cmocka_unit_test(names_the_tagging_permission),
		cmocka_unit_test(runs_dry),
		cmocka_unit_test(reads_all_pages),
		cmocka_unit_test(partial_lists_are_failures),
		cmocka_unit_test(asks_for_no_page_twice),
		cmocka_unit_test(believes_no_answer_about_another),
		cmocka_unit_test(an_empty_list_is_one_that_ec2_sent),
		cmocka_unit_test(finds_the_first_match),
		cmocka_unit_test(waits_for_a_new_session),
		cmocka_unit_test(believes_no_other_answer_to_delete),
		cmocka_unit_test(deletes),
		cmocka_unit_test(deletes_a_listener),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
