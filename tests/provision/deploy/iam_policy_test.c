/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "provision/deploy/config_yaml.h"
#include "provision/deploy/iam_policy.h"

#define NLB \
	"arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/m/0123456789abcdef"
#define ROLE "arn:aws-us-gov:iam::222233334444:role/m"
#define OWN  "aws:ResourceTag/" CONFIG_TAG_DEPLOYMENT
#define NEW  "aws:RequestTag/" CONFIG_TAG_DEPLOYMENT

static const char behind_nlb[] = "deployment: soc\naccounts: [{regions: [eu-central-1]}]\n"
				 "target: {network_load_balancer_arn: '" NLB "'}\n"
				 "sessions: [{name: web, sources: {instance_tags: {Role: web}}}]\n";

static const char named[] =
	"deployment: soc\ntarget: {network_interface_id: eni-00000000}\n"
	"sessions: [{name: web, sources: {network_interface_ids: [eni-00000002, eni-00000001]}}]\n";

static const char existing[] =
	"deployment: soc\naccounts: [{role_arn: '" ROLE "', regions: [us-gov-west-1]}]\n"
	"target: {traffic_mirror_target_id: tmt-01234567}\n"
	"filter: {traffic_mirror_filter_id: tmf-01234567}\n"
	"sessions: [{name: web, sources: {vpc_ids: [vpc-01234567]}}]\n";

static const char several[] =
	"deployment: soc\ntarget: {traffic_mirror_target_id: tmt-01234567}\n"
	"accounts:\n- {name: own}\n"
	"- {name: b, role_arn: 'arn:aws:iam::222233334444:role/m', regions: [eu-west-1]}\n"
	"- {name: c, role_arn: 'arn:aws:iam::222233334444:role/m', regions: [eu-west-2]}\n"
	"- {name: d, role_arn: 'arn:aws:iam::111122223333:role/m'}\n"
	"sessions: [{name: web, sources: {vpc_ids: [vpc-01234567]}}]\n";

/* The policies that a configuration needs; NULL: without one. */
static json_t *policies_of(const char *text, enum iam_role role)
{
	struct config_report report;
	struct config config;
	json_t *policies;

	if (!text)
		return iam_policy(NULL, role);
	assert_int_equal(config_yaml_parse("f", text, strlen(text), &config, &report), 0);
	policies = iam_policy(&config, role);
	config_fini(&config);
	assert_non_null(policies);
	return policies;
}

/* NULL where the policy has no such statement. */
static const json_t *statement(const json_t *policies, size_t index, const char *sid)
{
	const json_t *policy = json_object_get(json_array_get(policies, index), "Policy");
	const json_t *item;
	size_t i;

	assert_string_equal(json_string_value(json_object_get(policy, "Version")), "2012-10-17");
	json_array_foreach(json_object_get(policy, "Statement"), i, item)
	{
		assert_string_equal(json_string_value(json_object_get(item, "Effect")), "Allow");
		if (strcmp(json_string_value(json_object_get(item, "Sid")), sid) == 0)
			return item;
	}
	return NULL;
}

static void assert_member(const json_t *policies, size_t index, const char *sid, const char *member,
			  const char *expected)
{
	const json_t *value = json_object_get(statement(policies, index, sid), member);
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void limits_what_is_created_and_changed(void **state)
{
	static const struct {
		const char *sid, *member, *expected;
	} cases[] = {
		{"CreateSessions", "Action", "[\"ec2:CreateTrafficMirrorSession\"]"},
		{"CreateSessions", "Resource",
		 "[\"arn:aws:ec2:eu-central-1:*:traffic-mirror-session/*\"]"},
		{"CreateSessions", "Condition", "{\"StringEquals\":{\"" NEW "\":\"soc\"}}"},
		{"ChangeOwnSessions", "Action",
		 "[\"ec2:DeleteTrafficMirrorSession\",\"ec2:ModifyTrafficMirrorSession\"]"},
		{"ChangeOwnSessions", "Condition", "{\"StringEquals\":{\"" OWN "\":\"soc\"}}"},
		{"UseOwnFilters", "Condition", "{\"StringEquals\":{\"" OWN "\":\"soc\"}}"},
		{"UseOwnTargets", "Condition", "{\"StringEquals\":{\"" OWN "\":\"soc\"}}"},
		{"CreateFilters", "Condition", "{\"StringEquals\":{\"" NEW "\":\"soc\"}}"},
		{"CreateTargets", "Condition", "{\"StringEquals\":{\"" NEW "\":\"soc\"}}"},
		{"ChangeOwnFilters", "Condition", "{\"StringEquals\":{\"" OWN "\":\"soc\"}}"},
		{"MirrorInterfaces", "Resource",
		 "[\"arn:aws:ec2:eu-central-1:*:network-interface/*\"]"},
		{"TagWhatIsCreated", "Action", "[\"ec2:CreateTags\"]"},
		{"TagWhatIsCreated", "Condition",
		 "{\"StringEquals\":{\"" NEW "\":\"soc\",\"ec2:CreateAction\":["
		 "\"CreateTrafficMirrorFilter\",\"CreateTrafficMirrorSession\","
		 "\"CreateTrafficMirrorTarget\"]}}"},
		{"RegroupOwnSessions", "Condition",
		 "{\"StringEquals\":{\"" OWN "\":\"soc\"},\"ForAllValues:StringEquals\":{"
		 "\"aws:TagKeys\":[\"" CONFIG_TAG_SESSION "\"]}}"},
		{"Describe", "Resource", "[\"*\"]"},
		{"DescribeLoadBalancer", "Resource", "[\"*\"]"},
	};
	json_t *policies = policies_of(behind_nlb, IAM_DEPLOYER);

	assert_int_equal(json_array_size(policies), 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_member(policies, 0, cases[i].sid, cases[i].member, cases[i].expected);
	assert_null(statement(policies, 0, "AssumeRoles"));
	assert_null(statement(policies, 0, "UseExisting"));
	assert_null(statement(policies, 0, "TargetDevices"));
	json_decref(policies);
}

/* No action with a wildcard; nothing but Describe on "*". */
static void check_statement(const json_t *item)
{
	const json_t *resources = json_object_get(item, "Resource"), *action;
	const char *resource = json_string_value(json_array_get(resources, 0));
	size_t i;

	json_array_foreach(json_object_get(item, "Action"), i, action)
	{
		const char *text = json_string_value(action);

		assert_null(strchr(text, '*'));
		if (strcmp(resource, "*") == 0)
			assert_non_null(strstr(text, ":Describe"));
	}
}

static void allows_nothing_wide(void **state)
{
	const char *const texts[] = {behind_nlb, named, existing, several, NULL};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *policies = policies_of(texts[i], IAM_DEPLOYER), *policy, *item;
		size_t p, s;

		json_array_foreach(policies, p, policy)
		{
			policy = json_object_get(policy, "Policy");
			assert_in_range(json_array_size(json_object_get(policy, "Statement")), 1,
					20);
			json_array_foreach(json_object_get(policy, "Statement"), s, item)
				check_statement(item);
		}
		json_decref(policies);
	}
}

static void names_single_interfaces(void **state)
{
	json_t *policies = policies_of(named, IAM_DEPLOYER);

	assert_member(policies, 0, "MirrorInterfaces", "Resource",
		      "[\"arn:aws:ec2:*:*:network-interface/eni-00000001\","
		      "\"arn:aws:ec2:*:*:network-interface/eni-00000002\"]");
	assert_member(policies, 0, "TargetDevices", "Action",
		      "[\"ec2:CreateTrafficMirrorTarget\"]");
	assert_member(policies, 0, "TargetDevices", "Resource",
		      "[\"arn:aws:ec2:*:*:network-interface/eni-00000000\"]");
	assert_null(statement(policies, 0, "DescribeLoadBalancer"));
	json_decref(policies);
}

static void uses_what_exists(void **state)
{
	static const char *const left_out[] = {"UseOwnFilters", "CreateFilters", "ChangeOwnFilters",
					       "ChangeRules",   "UseOwnTargets", "CreateTargets"};
	json_t *policies = policies_of(existing, IAM_DEPLOYER);

	assert_int_equal(json_array_size(policies), 2);
	assert_member(policies, 0, "AssumeRoles", "Action", "[\"sts:AssumeRole\"]");
	assert_member(policies, 0, "AssumeRoles", "Resource", "[\"" ROLE "\"]");
	assert_null(statement(policies, 0, "Describe"));
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(policies, 1), "AttachTo")), ROLE);
	assert_member(policies, 1, "UseExisting", "Resource",
		      "[\"arn:aws-us-gov:ec2:us-gov-west-1:*:traffic-mirror-target/tmt-01234567\","
		      "\"arn:aws-us-gov:ec2:us-gov-west-1:222233334444:traffic-mirror-filter/"
		      "tmf-01234567\"]");
	assert_member(policies, 1, "CreateSessions", "Resource",
		      "[\"arn:aws-us-gov:ec2:us-gov-west-1:222233334444:traffic-mirror-session/"
		      "*\"]");
	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
		assert_null(statement(policies, 1, left_out[i]));
	json_decref(policies);
}

static void makes_one_policy_per_identity(void **state)
{
	json_t *policies = policies_of(several, IAM_DEPLOYER);

	assert_int_equal(json_array_size(policies), 3);
	assert_member(
		policies, 0, "AssumeRoles", "Resource",
		"[\"arn:aws:iam::111122223333:role/m\",\"arn:aws:iam::222233334444:role/m\"]");
	assert_non_null(statement(policies, 0, "CreateSessions"));
	assert_member(policies, 1, "CreateSessions", "Resource",
		      "[\"arn:aws:ec2:eu-west-1:222233334444:traffic-mirror-session/*\","
		      "\"arn:aws:ec2:eu-west-2:222233334444:traffic-mirror-session/*\"]");
	assert_null(statement(policies, 1, "AssumeRoles"));
	json_decref(policies);
}

static void lets_collectors_read_only(void **state)
{
	json_t *policies = policies_of(behind_nlb, IAM_COLLECTOR);
	const json_t *policy = json_object_get(json_array_get(policies, 0), "Policy");

	assert_int_equal(json_array_size(policies), 1);
	assert_int_equal(json_array_size(json_object_get(policy, "Statement")), 1);
	assert_member(policies, 0, "Describe", "Action",
		      "[\"ec2:DescribeNetworkInterfaces\",\"ec2:DescribeTrafficMirrorSessions\"]");
	json_decref(policies);
}

static void serves_any_deployment(void **state)
{
	json_t *policies = policies_of(NULL, IAM_DEPLOYER);

	assert_int_equal(json_array_size(policies), 1);
	assert_member(policies, 0, "CreateSessions", "Condition",
		      "{\"StringLike\":{\"" NEW "\":\"*\"}}");
	assert_member(policies, 0, "ChangeOwnSessions", "Resource",
		      "[\"arn:aws:ec2:*:*:traffic-mirror-session/*\"]");
	assert_member(policies, 0, "TagWhatIsCreated", "Condition",
		      "{\"StringLike\":{\"" NEW "\":\"*\"},\"StringEquals\":{\"ec2:CreateAction\":["
		      "\"CreateTrafficMirrorFilter\",\"CreateTrafficMirrorSession\","
		      "\"CreateTrafficMirrorTarget\"]}}");
	assert_non_null(statement(policies, 0, "DescribeLoadBalancer"));
	json_decref(policies);
}

/* A managed policy has at most 6144 characters without white space. */
static void fits_a_managed_policy(void **state)
{
	const char *const texts[] = {behind_nlb, named, existing, several, NULL};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *policies = policies_of(texts[i], IAM_DEPLOYER), *policy;
		size_t p;

		json_array_foreach(policies, p, policy)
		{
			char *text = json_dumps(json_object_get(policy, "Policy"), JSON_COMPACT);

			assert_in_range(strlen(text), 1, 6144);
			free(text);
		}
		json_decref(policies);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_what_is_created_and_changed),
		cmocka_unit_test(allows_nothing_wide),
		cmocka_unit_test(names_single_interfaces),
		cmocka_unit_test(uses_what_exists),
		cmocka_unit_test(makes_one_policy_per_identity),
		cmocka_unit_test(lets_collectors_read_only),
		cmocka_unit_test(serves_any_deployment),
		cmocka_unit_test(fits_a_managed_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
