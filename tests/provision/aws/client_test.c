/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/client.h"

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
#include "provision/aws/pacing.h"

static int set_environment(void **state)
{
	peer_clear_environment();
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	setenv("AWS_REGION", "us-east-1", 1);
	return 0;
}

/* Sends one create; returns client_call()'s result. */
static int call(const char *url, unsigned int *attempts, struct failure *failure)
{
	const struct client_options options = {.endpoint_url = url};
	struct xml_document *document = NULL;
	struct client *client;
	struct query query;
	int rc;

	*failure = (struct failure){0};
	assert_int_equal(client_new(&options, &client, failure), 0);
	query_init(&query, "CreateTrafficMirrorSession", "2016-11-15");
	query_add(&query, "one-token", "ClientToken");
	rc = client_call(client, "ec2", &query, &document, failure);
	assert_int_equal(!rc, document != NULL);
	*attempts = client_attempts(client);
	xml_free(document);
	query_fini(&query);
	client_free(client);
	return rc;
}

static void judges_answers(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
		enum failure_kind kind;
		const char *code;
		unsigned int attempts;
		bool unclear;
	} table[] = {
		{"throttle_twice", 0, FAILURE_NONE, "", 3, false},
		{"throttle_always", -EREMOTEIO, FAILURE_SERVICE, "RequestLimitExceeded", 3, false},
		{"limit", -EREMOTEIO, FAILURE_SERVICE,
		 "TrafficMirrorSessionsPerInterfaceLimitExceeded", 1, true},
		{"refused", -EREMOTEIO, FAILURE_SERVICE, "UnauthorizedOperation", 1, false},
		{"wrong_secret", -EREMOTEIO, FAILURE_SERVICE, "SignatureDoesNotMatch", 1, false},
		{"redirect", -EREMOTEIO, FAILURE_SERVICE, "", 1, false},
		{"gateway", -EREMOTEIO, FAILURE_SERVICE, "", 3, true},
		{"not_xml", -EPROTO, FAILURE_RESPONSE, "", 1, true},
		{"hang_up", -EHOSTUNREACH, FAILURE_UNREACHABLE, "", 3, true},
		{"hang_up_once", 0, FAILURE_NONE, "", 2, false},
		{"huge", -EMSGSIZE, FAILURE_RESPONSE, "", 1, true},
		{"deep", -EPROTO, FAILURE_RESPONSE, "", 1, true},
		{"half", -EPROTO, FAILURE_RESPONSE, "", 1, true},
		{"cut_short", -EHOSTUNREACH, FAILURE_UNREACHABLE, "", 3, true},
		{"expired_token", -EREMOTEIO, FAILURE_SERVICE, "ExpiredToken", 1, false},
		{"created_at_once", 0, FAILURE_NONE, "", 1, false},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		unsigned int attempts;
		struct failure failure;
		struct peer peer;
		int rc;

		print_message("# %s\n", table[i].scenario);
		peer_start(&peer, table[i].scenario);
		rc = call(peer.url, &attempts, &failure);
		assert_int_equal(rc, table[i].rc);
		assert_int_equal(attempts, table[i].attempts);
		if (rc) {
			assert_int_equal(failure.kind, table[i].kind);
			assert_string_equal(failure.code, table[i].code);
			assert_int_equal(failure.unclear, table[i].unclear);
		}
		if (rc && attempts > 1)
			assert_non_null(strstr(failure.message, "(3 attempts)"));
		/* Every attempt carries the same token. */
		for (unsigned int n = 0; n < attempts; n++)
			assert_non_null(strstr(peer_report(&peer), "ClientToken=one-token"));
		peer_stop(&peer);
	}
}

static void corrects_its_clock(void **state)
{
	unsigned int attempts;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "skewed");
	assert_int_equal(call(peer.url, &attempts, &failure), 0);
	/* The refused attempt had no effect and does not count. */
	assert_int_equal(attempts, 1);
	peer_report(&peer);
	assert_non_null(strstr(peer_report(&peer), "one-token"));
	peer_stop(&peer);
}

static void names_what_is_missing(void **state)
{
	const struct client_options options = {0};
	struct failure failure;
	struct client *client = NULL;

	unsetenv("AWS_REGION");
	assert_int_equal(client_new(&options, &client, &failure), -ENOENT);
	assert_int_equal(failure.kind, FAILURE_REGION);
	setenv("AWS_REGION", "us-east-1", 1);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	assert_int_equal(client_new(&options, &client, &failure), -ENOENT);
	assert_int_equal(failure.kind, FAILURE_CREDENTIALS);
	assert_null(client);
	client_free(NULL);
}

static int call_again(struct client *client, struct failure *failure)
{
	struct xml_document *document = NULL;
	struct query query;
	int rc;

	query_init(&query, "CreateTrafficMirrorSession", "2016-11-15");
	query_add(&query, "one-token", "ClientToken");
	rc = client_call(client, "ec2", &query, &document, failure);
	xml_free(document);
	query_fini(&query);
	return rc;
}

/* Ours was wrong, then time synchronisation repaired it: what was added to it must go. */
static void follows_a_clock_that_is_put_right(void **state)
{
	struct client_options options = {0};
	struct failure failure = {0};
	struct client *client;
	struct peer peer;

	peer_start(&peer, "clock_put_right");
	options.endpoint_url = peer.url;
	assert_int_equal(client_new(&options, &client, &failure), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(call_again(client, &failure), 0);
		assert_int_equal(client_attempts(client), 1);
	}
	/* Two corrections, no more. */
	for (int i = 0; i < 5; i++)
		assert_non_null(strstr(peer_report(&peer), "one-token"));
	client_free(client);
	peer_stop(&peer);
}

/* libcurl must not do it by itself: it counts and paces nothing. */
static void counts_what_it_repeats_on_a_kept_connection(void **state)
{
	struct client_options options = {0};
	struct failure failure = {0};
	struct client *client;
	struct peer peer;

	peer_start(&peer, "hang_up_later");
	options.endpoint_url = peer.url;
	assert_int_equal(client_new(&options, &client, &failure), 0);
	assert_int_equal(call_again(client, &failure), 0);
	assert_int_equal(client_attempts(client), 1);
	assert_int_equal(call_again(client, &failure), 0);
	assert_int_equal(client_attempts(client), 2);
	client_free(client);
	peer_stop(&peer);
}

/* A run lasts for weeks: metadata that fails for a moment must not end it while its keys live. */
static void keeps_its_keys_until_they_expire(void **state)
{
	struct client_options options = {0};
	struct failure failure = {0};
	struct client *client;
	struct peer peer;
	int renewals = 0;

	peer_start(&peer, "imds_falls_silent");
	unsetenv("AWS_EC2_METADATA_DISABLED");
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer.url, 1);
	options.endpoint_url = peer.url;
	assert_int_equal(client_new(&options, &client, &failure), 0);
	assert_int_equal(call_again(client, &failure), 0);
	/* Three for the first keys, one renewal that fails, and no other while these live. */
	assert_int_equal(call_again(client, &failure), 0);
	assert_int_equal(call_again(client, &failure), 0);
	for (int i = 0; i < 3; i++)
		assert_non_null(strstr(peer_report(&peer), " /latest/"));
	while (strstr(peer_report(&peer), " /latest/"))
		renewals++;
	assert_true(renewals >= 1 && renewals <= 2);
	for (int i = 0; i < 2; i++)
		assert_null(strstr(peer_report(&peer), " /latest/"));
	sleep(4);
	assert_int_equal(call_again(client, &failure), -ENOENT);
	assert_int_equal(failure.kind, FAILURE_CREDENTIALS);
	client_free(client);
	peer_stop(&peer);
}

static void unreachable_is_clear(void **state)
{
	unsigned int attempts;
	struct failure failure;

	assert_int_equal(call("http://127.0.0.1:1", &attempts, &failure), -EHOSTUNREACH);
	assert_int_equal(attempts, 3);
	assert_false(failure.unclear);
	assert_non_null(strstr(failure.message, "http://127.0.0.1:1/"));
}

static void stops_between_attempts(void **state)
{
	volatile sig_atomic_t stop = 0;
	struct client_options options = {.stop = &stop};
	struct failure failure;
	struct client *client;

	assert_int_equal(client_new(&options, &client, &failure), 0);
	assert_int_equal(client_pause(client, 1, &failure), 0);
	stop = 1;
	assert_int_equal(client_pause(client, 60000, &failure), -ECANCELED);
	assert_int_equal(failure.kind, FAILURE_STOPPED);
	client_set_stop(client, NULL);
	assert_int_equal(client_pause(client, 1, &failure), 0);
	assert_string_equal(client_region(client), "us-east-1");
	assert_string_equal(client_endpoint(client, "ec2"), "https://ec2.us-east-1.amazonaws.com/");
	client_free(client);
}

static int ask(struct client *client, const char *service, const char *action,
	       struct failure *failure)
{
	struct xml_document *document = NULL;
	struct query query;
	int rc;

	query_init(&query, action, "2011-06-15");
	query_add(&query, "t", "ClientToken");
	rc = client_call(client, service, &query, &document, failure);
	xml_free(document);
	query_fini(&query);
	return rc;
}

/* Each service is signed for, and sent to its own address. */
static void serves_several_services(void **state)
{
	const struct client_options options = {0};
	struct failure failure;
	struct client *client;
	struct peer ec2, sts;

	peer_start(&ec2, "account");
	peer_start(&sts, "account");
	setenv("AWS_ENDPOINT_URL", ec2.url, 1);
	setenv("AWS_ENDPOINT_URL_STS", sts.url, 1);
	assert_int_equal(client_new(&options, &client, &failure), 0);
	assert_int_equal(ask(client, "sts", "GetCallerIdentity", &failure), 0);
	assert_non_null(strstr(peer_report(&sts), "Action=GetCallerIdentity"));
	assert_non_null(strstr(peer_report(&sts), "Credential=AKID/"));
	assert_int_equal(ask(client, "elasticloadbalancing", "DescribeTargetHealth", &failure), 0);
	assert_non_null(strstr(peer_report(&ec2), "Action=DescribeTargetHealth"));
	assert_non_null(strstr(peer_report(&ec2), "/us-east-1/elasticloadbalancing/aws4_request"));
	assert_int_equal(ask(client, "s3", "ListBuckets", &failure), -EINVAL);
	assert_null(client_endpoint(client, "s3"));
	assert_int_equal(strncmp(client_endpoint(client, "sts"), sts.url, strlen(sts.url)), 0);
	assert_string_equal(client_credentials_source(client), "environment");
	assert_string_equal(client_region_source(client), "AWS_REGION");
	client_free(client);
	peer_stop(&sts);
	peer_stop(&ec2);
}

/* The environment may hold another account's keys. */
static void acts_as_the_profile_named(void **state)
{
	static const struct {
		const char *profile, *source;
	} table[] = {{"named", "config file"}, {NULL, "environment"}};

	setenv("AWS_CONFIG_FILE",
	       peer_file("config", "[profile named]\n"
				   "aws_access_key_id = AKIDNAMED\n"
				   "aws_secret_access_key = secret\n"),
	       1);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct client_options options = {.profile = table[i].profile};
		struct failure failure = {0};
		struct client *client;

		assert_int_equal(client_new(&options, &client, &failure), 0);
		assert_string_equal(client_credentials_source(client), table[i].source);
		client_free(client);
	}
}

static void acts_as_a_role(void **state)
{
	const struct client_role role = {.role_arn = "arn:aws:iam::210987654321:role/mirror",
					 .external_id = "ticket 7",
					 .session_name = "plan",
					 .region = "eu-west-1"};
	const struct client_role elsewhere = {.region = "us-west-2"};
	struct client_options options = {0};
	struct client *base, *client;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "account");
	options.endpoint_url = peer.url;
	assert_int_equal(client_new(&options, &base, &failure), 0);
	assert_int_equal(client_new_role(base, &role, &client, &failure), 0);
	assert_string_equal(peer_report(&peer),
			    "POST / Action=AssumeRole&Version=2011-06-15"
			    "&RoleArn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Fmirror"
			    "&RoleSessionName=plan&ExternalId=ticket%207");
	assert_non_null(strstr(peer_report(&peer), "Credential=AKID/"));
	assert_int_equal(ask(client, "ec2", "DescribeInstances", &failure), 0);
	peer_report(&peer);
	assert_non_null(strstr(peer_report(&peer), "Credential=ASIAASSUMED/"));
	assert_string_equal(client_region(client), "eu-west-1");
	assert_string_equal(client_credentials_source(client), "assumed role");
	client_free(client);
	/* The same identity in another region needs no STS. */
	assert_int_equal(client_new_role(base, &elsewhere, &client, &failure), 0);
	assert_int_equal(ask(client, "ec2", "DescribeInstances", &failure), 0);
	assert_non_null(strstr(peer_report(&peer), "Action=DescribeInstances"));
	assert_non_null(strstr(peer_report(&peer), "/us-west-2/ec2/"));
	assert_string_equal(client_credentials_source(client), "environment");
	client_free(client);
	client_free(base);
	peer_stop(&peer);
}

static void renews_a_role(void **state)
{
	const struct client_role role = {.role_arn = "arn:aws:iam::210987654321:role/mirror"};
	struct client_options options = {0};
	struct client *base, *client;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "account_expiring");
	options.endpoint_url = peer.url;
	assert_int_equal(client_new(&options, &base, &failure), 0);
	assert_int_equal(client_new_role(base, &role, &client, &failure), 0);
	assert_non_null(strstr(peer_report(&peer), "RoleSessionName=mirrorcap"));
	assert_int_equal(ask(client, "ec2", "DescribeInstances", &failure), 0);
	assert_non_null(strstr(peer_report(&peer), "Action=AssumeRole"));
	assert_non_null(strstr(peer_report(&peer), "Action=DescribeInstances"));
	client_free(client);
	client_free(base);
	peer_stop(&peer);
}

static void tells_why_there_is_no_role(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
		const char *message;
	} table[] = {
		{"role_refused", -EREMOTEIO,
		 "assuming role arn:aws:iam::210987654321:role/mirror: User: arn:aws:iam::1:user/a "
		 "is not authorized to perform: sts:AssumeRole"},
		{"role_incomplete", -EPROTO, "lacks AccessKeyId"},
		{"role_bad_time", -EPROTO, "not a time"},
		{"role_line_break", -EINVAL, "line breaks"},
		{"not_xml", -EPROTO, "not an XML document"},
		{"other_document", -EPROTO, "lacks"},
	};
	const struct client_role role = {.role_arn = "arn:aws:iam::210987654321:role/mirror"};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct client *base, *client = NULL;
		struct client_options options = {0};
		struct failure failure;
		struct peer peer;

		print_message("# %s\n", table[i].scenario);
		peer_start(&peer, table[i].scenario);
		options.endpoint_url = peer.url;
		assert_int_equal(client_new(&options, &base, &failure), 0);
		assert_int_equal(client_new_role(base, &role, &client, &failure), table[i].rc);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_null(strstr(failure.message, "assumed/secret+"));
		assert_null(client);
		client_free(base);
		peer_stop(&peer);
	}
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* A burst goes out at once; behind it the rate holds to within 5 %. */
static void holds_its_pace(void **state)
{
	enum { MORE = 20 };
	struct client_options options = {0};
	struct failure failure;
	struct client *client;
	struct peer peer;
	int64_t start, burst, paced;

	peer_start(&peer, "created_at_once");
	options.endpoint_url = peer.url;
	assert_int_equal(client_new(&options, &client, &failure), 0);
	start = now_ms();
	for (int i = 0; i < PACING_CHANGE_BURST; i++)
		assert_int_equal(call_again(client, &failure), 0);
	burst = now_ms();
	for (int i = 0; i < MORE; i++)
		assert_int_equal(call_again(client, &failure), 0);
	paced = now_ms();
	print_message("# burst %d ms, then %d ms\n", (int)(burst - start), (int)(paced - burst));
	/* What dripped in during the burst goes out with it. */
	assert_true(paced - start >= (int64_t)MORE * PACING_CHANGE_INTERVAL_MS);
	assert_true(paced - start <= (int64_t)MORE * PACING_CHANGE_INTERVAL_MS * 105 / 100 + 100);
	client_free(client);
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(judges_answers, set_environment),
		cmocka_unit_test_setup(corrects_its_clock, set_environment),
		cmocka_unit_test_setup(follows_a_clock_that_is_put_right, set_environment),
		cmocka_unit_test_setup(counts_what_it_repeats_on_a_kept_connection,
				       set_environment),
		cmocka_unit_test_setup(names_what_is_missing, set_environment),
		cmocka_unit_test_setup(keeps_its_keys_until_they_expire, set_environment),
		cmocka_unit_test_setup(unreachable_is_clear, set_environment),
		cmocka_unit_test_setup(stops_between_attempts, set_environment),
		cmocka_unit_test_setup(serves_several_services, set_environment),
		cmocka_unit_test_setup(holds_its_pace, set_environment),
		cmocka_unit_test_setup(acts_as_the_profile_named, set_environment),
		cmocka_unit_test_setup(acts_as_a_role, set_environment),
		cmocka_unit_test_setup(renews_a_role, set_environment),
		cmocka_unit_test_setup(tells_why_there_is_no_role, set_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
