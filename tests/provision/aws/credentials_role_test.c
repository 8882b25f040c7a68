/* SPDX-License-Identifier: Apache-2.0 */
/* Roles of profiles, and by web identity. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain.h"
#include "peer.h"

#define KEYS(id) "aws_access_key_id = " id "\naws_secret_access_key = secret\n"
#define ROLE(r)  "role_arn = arn:aws:iam::1:role/" r "\n"

static const char config[] =
	/* Right ones. */
	"[profile keys]\n" KEYS("AKIDKEYS") "[profile one]\n" ROLE(
		"1") "source_profile = keys\nexternal_id = ticket 7\n"
		     "role_session_name = me\nduration_seconds = 900\n"
		     "[profile two]\n" ROLE(
			     "2") "source_profile = one\n"
				  "[profile three]\n" ROLE(
					  "3") "source_profile = two\n"
					       "[profile itself]\n" ROLE("4") KEYS(
						       "AKIDITSELF") "source_profile = itself\n"
								     "[profile from_env]\n" ROLE(
									     "5") "credential_source = Environment\n"
										  "[profile from_imds]\n" ROLE(
											  "6") "credential_source = Ec2InstanceMetadata\n"
											       "[profile from_ecs]\n" ROLE(
												       "7") "credential_source = EcsContainer\n"
													    "[profile from_process]\n" ROLE(
														    "8") "source_profile = process\n"
															 "[profile process]\ncredential_process = " PEER_PYTHON
															 " " PEER_PROGRAM
															 " process good\n"
															 /* Wrong ones. */
															 "[profile loop_a]\n" ROLE(
																 "a") "source_profile = loop_b\n"
																      "[profile loop_b]\n" ROLE(
																	      "b") "source_profile = loop_c\n"
																		   "[profile loop_c]\n" ROLE("c") "source_profile = loop_a\n"
																						  "[profile narrow]\n" ROLE("n") "source_profile = narrow\n"
																										 "[profile into_loop]\n" ROLE("l") "source_profile = narrow\n"
																														   "[profile both]\n" ROLE("x") "source_profile = keys\ncredential_source = Environment\n"
																																		"[profile neither]\n" ROLE("x") "[profile gone]\n" ROLE("x") "source_profile = nowhere\n"
																																									     "[profile empty]\nregion = eu-west-1\n"
																																									     "[profile of_empty]\n" ROLE("x") "source_profile = empty\n"
																																													      "[profile odd]\n" ROLE("x") "credential_source = Elsewhere\n"
																																																	  "[profile mfa]\n" ROLE("x") "source_profile = keys\nmfa_serial = arn:mfa\n"
																																																				      "[profile short]\n" ROLE("x") "source_profile = keys\nduration_seconds = 60\n"
																																																								    "[profile word]\n" ROLE("x") "source_profile = keys\nduration_seconds = 1h\n"
																																																												 "[profile half]\naws_access_key_id = AKID\n"
																																																												 "[profile of_half]\n" ROLE(
																																																													 "x") "source_profile = half\n";

static int set_up(void **state)
{
	peer_clear_environment();
	chain_write(config, NULL);
	return 0;
}

static void point(const struct peer *peer)
{
	char url[128];

	setenv("AWS_ENDPOINT_URL_STS", peer->url, 1);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", peer->url, 1);
	snprintf(url, sizeof(url), "%s/container", peer->url);
	setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url, 1);
}

static void assumes(void **state)
{
	static const struct {
		const char *profile;
		const char *signers[3]; /* of the AssumeRole calls in turn */
		const char *id;
	} table[] = {
		{"one", {"AKIDKEYS"}, "ASIA-1"},
		{"two", {"AKIDKEYS", "ASIA-1"}, "ASIA-2"},
		{"three", {"AKIDKEYS", "ASIA-1", "ASIA-2"}, "ASIA-3"},
		{"itself", {"AKIDITSELF"}, "ASIA-4"},
		{"from_env", {"AKIDENV"}, "ASIA-5"},
		{"from_imds", {"ASIAROLE"}, "ASIA-6"},
		{"from_ecs", {"ASIACONTAINER"}, "ASIA-7"},
		{"from_process", {"ASIAPROCESS"}, "ASIA-8"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;
		struct peer peer;
		char signer[64];

		print_message("# %s\n", table[i].profile);
		set_up(NULL);
		peer_start(&peer, "sources");
		point(&peer);
		/* Only who asks for them by name gets the environment's. */
		setenv("AWS_ACCESS_KEY_ID", "AKIDENV", 1);
		setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
		assert_int_equal(chain_load(table[i].profile, &credentials, &failure), 0);
		assert_string_equal(credentials.access_key_id, table[i].id);
		assert_string_equal(credentials.session_token, "assumed-token");
		assert_string_equal(credentials.source, "role of a profile");
		credentials_fini(&credentials);
		for (size_t j = 0; j < 3 && table[i].signers[j]; j++) {
			const char *line = peer_report(&peer);

			while (*line && strncmp(line, "AWS4-", 5) != 0)
				line = peer_report(&peer);
			snprintf(signer, sizeof(signer), "Credential=%s/", table[i].signers[j]);
			assert_non_null(strstr(line, signer));
			assert_non_null(strstr(line, "/us-east-1/sts/"));
		}
		peer_stop(&peer);
	}
}

/* Who the environment names is not who the profile names. */
static void a_source_is_not_the_environment(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "sources");
	point(&peer);
	setenv("AWS_PROFILE", "of_empty", 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/web", 1);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", peer_file("web", "web/token=="), 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "its source_profile 'empty' has no credentials"));
	peer_stop(&peer);
}

static void sends_what_the_profile_says(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "sources");
	point(&peer);
	assert_int_equal(chain_load("one", &credentials, &failure), 0);
	credentials_fini(&credentials);
	assert_string_equal(peer_report(&peer),
			    "POST / Action=AssumeRole&Version=2011-06-15"
			    "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2F1&RoleSessionName=me"
			    "&DurationSeconds=900&ExternalId=ticket%207");
	peer_stop(&peer);
}

static void refuses(void **state)
{
	static const struct {
		const char *profile;
		const char *message;
	} table[] = {
		{"loop_a", "leads back to it: loop_a -> loop_b -> loop_c -> loop_a"},
		{"narrow", "leads back to it: narrow -> narrow"},
		{"into_loop", "leads back to it: into_loop -> narrow -> narrow"},
		{"both", "both source_profile and credential_source"},
		{"neither", "without source_profile or credential_source"},
		{"gone", "profile 'gone': there is no source_profile 'nowhere'"},
		{"of_empty", "its source_profile 'empty' has no credentials"},
		{"odd", "credential_source is neither Environment"},
		{"mfa", "profile 'mfa': mfa_serial"},
		{"short", "not a number from 900"},
		{"word", "not a number from 900"},
		{"of_half", "has aws_access_key_id but no aws_secret_access_key"},
		/* Asked for, but not there: no other identity steps in. */
		{"from_env", "its credential_source 'Environment' has no credentials"},
	};
	struct peer peer;

	peer_start(&peer, "sources");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;

		print_message("# %s\n", table[i].profile);
		set_up(NULL);
		point(&peer);
		assert_int_equal(chain_load(table[i].profile, &credentials, &failure), -EINVAL);
		assert_int_equal(failure.kind, FAILURE_CREDENTIALS);
		assert_non_null(strstr(failure.message, table[i].message));
	}
	peer_stop(&peer);
}

static void tells_why_sts_refuses(void **state)
{
	static const struct {
		const char *scenario;
		int rc;
		const char *message;
	} table[] = {
		{"role_refused", -EREMOTEIO,
		 "profile 'one': assuming role arn:aws:iam::1:role/1: User: arn:aws:iam::1:user/a "
		 "is not authorized"},
		{"role_incomplete", -EPROTO, "lacks AccessKeyId"},
		{"role_bad_time", -EPROTO, "not a time"},
		{"role_line_break", -EINVAL, "line breaks"},
		{"not_xml", -EPROTO, "not an XML document"},
		{"hang_up", -EHOSTUNREACH, "(3 attempts)"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct credentials credentials;
		struct failure failure;
		struct peer peer;

		print_message("# %s\n", table[i].scenario);
		peer_start(&peer, table[i].scenario);
		point(&peer);
		assert_int_equal(chain_load("one", &credentials, &failure), table[i].rc);
		assert_non_null(strstr(failure.message, table[i].message));
		assert_null(strstr(failure.message, "assumed/secret+"));
		peer_stop(&peer);
	}
}

/* Web identity. */

static void shows_its_web_identity(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;

	peer_start(&peer, "sources");
	point(&peer);
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", peer_file("web", "web/token==\n"), 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/w", 1);
	setenv("AWS_ROLE_SESSION_NAME", "pod", 1);
	assert_int_equal(chain_load(NULL, &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIAWEB");
	assert_string_equal(credentials.source, "web identity");
	credentials_fini(&credentials);
	assert_string_equal(peer_report(&peer),
			    "POST / Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
			    "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fw&RoleSessionName=pod"
			    "&WebIdentityToken=web%2Ftoken%3D%3D");
	/* The file is read again, and its next token counts. */
	peer_file("web", "another");
	assert_int_equal(chain_load(NULL, &credentials, &failure), -EREMOTEIO);
	assert_string_equal(failure.code, "InvalidIdentityToken");
	assert_non_null(
		strstr(failure.message, "web identity: assuming role arn:aws:iam::1:role/w"));
	/* --profile does not mean the environment. */
	assert_int_equal(chain_load("keys", &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "AKIDKEYS");
	credentials_fini(&credentials);
	peer_stop(&peer);
}

static void web_identity_of_a_profile(void **state)
{
	struct credentials credentials;
	struct failure failure;
	struct peer peer;
	char text[512];

	peer_start(&peer, "sources");
	snprintf(
		text, sizeof(text),
		"[profile web]\n" ROLE(
			"w") "web_identity_token_file = %s\n"
			     "[profile of_web]\n" ROLE(
				     "9") "source_profile = web\n"
					  "[profile no_role]\nweb_identity_token_file = /nonexistent\n"
					  "[profile no_file]\n" ROLE(
						  "w") "web_identity_token_file = /nonexistent\n",
		peer_file("web", "web/token=="));
	chain_write(text, NULL);
	point(&peer);
	assert_int_equal(chain_load("web", &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIAWEB");
	credentials_fini(&credentials);
	assert_int_equal(chain_load("of_web", &credentials, &failure), 0);
	assert_string_equal(credentials.access_key_id, "ASIA-9");
	credentials_fini(&credentials);
	assert_int_equal(chain_load("no_role", &credentials, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "no AWS_ROLE_ARN"));
	assert_int_equal(chain_load("no_file", &credentials, &failure), -EINVAL);
	assert_non_null(strstr(failure.message, "token file /nonexistent: No such file"));
	peer_stop(&peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(assumes, set_up),
		cmocka_unit_test_setup(a_source_is_not_the_environment, set_up),
		cmocka_unit_test_setup(sends_what_the_profile_says, set_up),
		cmocka_unit_test_setup(refuses, set_up),
		cmocka_unit_test_setup(tells_why_sts_refuses, set_up),
		cmocka_unit_test_setup(shows_its_web_identity, set_up),
		cmocka_unit_test_setup(web_identity_of_a_profile, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
