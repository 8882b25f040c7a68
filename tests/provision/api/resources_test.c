/* SPDX-License-Identifier: Apache-2.0 */
/* The resources that are read from AWS CLI's form of the answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "provision/api/instance.h"
#include "provision/api/mirror_filter.h"
#include "provision/api/mirror_target.h"
#include "provision/api/network_interface.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int read_interface(const json_t *object)
{
	struct network_interface interface;
	int rc = network_interface_from_json(object, &interface);

	if (!rc)
		network_interface_fini(&interface);
	return rc;
}

static int read_instance(const json_t *object)
{
	struct instance instance;
	int rc = instance_from_json(object, &instance);

	if (!rc)
		instance_fini(&instance);
	return rc;
}

static int read_target(const json_t *object)
{
	struct mirror_target target;
	int rc = mirror_target_from_json(object, &target);

	if (!rc)
		mirror_target_fini(&target);
	return rc;
}

static int read_filter(const json_t *object)
{
	struct mirror_filter filter;
	int rc = mirror_filter_from_json(object, &filter);

	if (!rc)
		mirror_filter_fini(&filter);
	return rc;
}

#define RULE(text) "{\"TrafficMirrorFilterId\":\"f\",\"IngressFilterRules\":[{" text "}]}"
#define RULE_ID    "\"TrafficMirrorFilterRuleId\":\"r\",\"RuleAction\":\"accept\",\"RuleNumber\":"

static const struct {
	int (*read)(const json_t *);
	const char *text;
	int rc;
} bad[] = {
	{read_interface, "[]", -EBADMSG},
	{read_interface, "{}", -EBADMSG},
	{read_interface, "{\"NetworkInterfaceId\":\"\"}", -EBADMSG},
	{read_interface, "{\"NetworkInterfaceId\":7}", -EBADMSG},
	{read_interface, "{\"NetworkInterfaceId\":\"e\",\"Attachment\":[]}", -EBADMSG},
	{read_interface, "{\"NetworkInterfaceId\":\"e\",\"Attachment\":{\"DeviceIndex\":-1}}",
	 -EBADMSG},
	{read_interface, "{\"NetworkInterfaceId\":\"e\",\"PrivateIpAddresses\":{}}", -EBADMSG},
	{read_interface, "{\"NetworkInterfaceId\":\"e\",\"PrivateIpAddresses\":[{},{}]}", -EBADMSG},
	{read_interface, "{\"NetworkInterfaceId\":\"e\",\"RequesterManaged\":\"true\"}", -EBADMSG},
	{read_interface, "{\"NetworkInterfaceId\":\"e\",\"Attachment\":null}", 0},
	{read_instance, "{}", -EBADMSG},
	{read_instance, "{\"InstanceId\":\"i\",\"State\":\"running\"}", -EBADMSG},
	{read_instance, "{\"InstanceId\":\"i\",\"Tags\":{}}", -EBADMSG},
	{read_instance, "{\"InstanceId\":\"i\",\"Tags\":[{\"Key\":\"a\"},{\"Value\":\"b\"}]}",
	 -EBADMSG},
	{read_instance, "{\"InstanceId\":\"i\",\"Tags\":[{\"Key\":\"a\"}]}", 0},
	{read_target, "{}", -EBADMSG},
	{read_target, "{\"TrafficMirrorTargetId\":\"t\",\"OwnerId\":1}", -EBADMSG},
	{read_target, "{\"TrafficMirrorTargetId\":\"t\"}", 0},
	{read_filter, "{}", -EBADMSG},
	{read_filter, "{\"TrafficMirrorFilterId\":\"f\",\"EgressFilterRules\":{}}", -EBADMSG},
	{read_filter, "{\"TrafficMirrorFilterId\":\"f\",\"NetworkServices\":[1]}", -EBADMSG},
	{read_filter, RULE("\"RuleNumber\":1"), -EBADMSG},
	{read_filter, RULE("\"TrafficMirrorFilterRuleId\":\"r\",\"RuleNumber\":1"), -EBADMSG},
	{read_filter, RULE(RULE_ID "null"), -EBADMSG},
	{read_filter, RULE(RULE_ID "1.5"), -EBADMSG},
	{read_filter, RULE(RULE_ID "1,\"Protocol\":256"), -EBADMSG},
	{read_filter, RULE(RULE_ID "1,\"SourcePortRange\":{\"FromPort\":65536}"), -EBADMSG},
	{read_filter, RULE(RULE_ID "1,\"SourcePortRange\":[]"), -EBADMSG},
	{read_filter, RULE(RULE_ID "1"), 0},
};

static void judges_answers(void **state)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		json_t *object = json_loads(bad[i].text, 0, NULL);

		assert_non_null(object);
		if (bad[i].read(object) != bad[i].rc)
			fail_msg("%s", bad[i].text);
		json_decref(object);
	}
}

static void reads_an_interface(void **state)
{
	static const char text[] =
		"{\"NetworkInterfaceId\":\"eni-1\",\"InterfaceType\":\"interface\",\"VpcId\":\"vpc-1\","
		"\"SubnetId\":\"subnet-1\",\"Description\":\"\",\"Status\":\"in-use\","
		"\"OwnerId\":\"111122223333\",\"RequesterManaged\":true,\"RequesterId\":\"amazon-elb\","
		"\"PrivateIpAddress\":\"10.0.0.5\",\"PrivateIpAddresses\":["
		"{\"PrivateIpAddress\":\"10.0.0.5\",\"Primary\":true},"
		"{\"PrivateIpAddress\":\"10.0.0.6\"}],\"Ipv6Addresses\":[{\"Ipv6Address\":\"fd00::5\"}],"
		"\"Attachment\":{\"InstanceId\":\"i-1\",\"DeviceIndex\":1,\"Status\":\"attached\"}}";
	json_t *object = json_loads(text, 0, NULL);
	struct network_interface interface;

	assert_int_equal(network_interface_from_json(object, &interface), 0);
	json_decref(object);
	assert_string_equal(interface.network_interface_id, "eni-1");
	assert_string_equal(interface.interface_type, "interface");
	assert_string_equal(interface.vpc_id, "vpc-1");
	assert_string_equal(interface.subnet_id, "subnet-1");
	assert_null(interface.description);
	assert_string_equal(interface.status, "in-use");
	assert_string_equal(interface.owner_id, "111122223333");
	assert_string_equal(interface.requester_id, "amazon-elb");
	assert_true(interface.requester_managed);
	assert_string_equal(interface.private_ip_address, "10.0.0.5");
	assert_int_equal(interface.private_ip_address_count, 2);
	assert_string_equal(interface.private_ip_addresses[1], "10.0.0.6");
	assert_int_equal(interface.ipv6_address_count, 1);
	assert_string_equal(interface.ipv6_addresses[0], "fd00::5");
	assert_string_equal(interface.instance_id, "i-1");
	assert_string_equal(interface.attachment_status, "attached");
	assert_true(interface.has_device_index);
	assert_int_equal(interface.device_index, 1);
	network_interface_fini(&interface);
}

static void reads_an_instance(void **state)
{
	static const char text[] =
		"{\"InstanceId\":\"i-1\",\"InstanceType\":\"m5.large\",\"State\":"
		"{\"Code\":16,\"Name\":\"running\"},\"Tags\":["
		"{\"Key\":\"Role\",\"Value\":\"web\"}]}";
	json_t *object = json_loads(text, 0, NULL);
	struct instance instance;

	assert_int_equal(instance_from_json(object, &instance), 0);
	json_decref(object);
	assert_string_equal(instance.instance_id, "i-1");
	assert_string_equal(instance.instance_type, "m5.large");
	assert_string_equal(instance.state, "running");
	assert_int_equal(instance.tag_count, 1);
	assert_string_equal(instance.tags[0].value, "web");
	instance_fini(&instance);
}

static void reads_a_filter(void **state)
{
	static const char text[] =
		"{\"TrafficMirrorFilterId\":\"tmf-1\",\"Description\":\"all\",\"IngressFilterRules\":["
		"{\"TrafficMirrorFilterRuleId\":\"tmfr-1\",\"RuleNumber\":10,\"RuleAction\":\"reject\","
		"\"Protocol\":17,\"DestinationPortRange\":{\"FromPort\":4789,\"ToPort\":4790},"
		"\"SourceCidrBlock\":\"0.0.0.0/0\",\"DestinationCidrBlock\":\"10.0.0.0/8\"}],"
		"\"EgressFilterRules\":[{\"TrafficMirrorFilterRuleId\":\"tmfr-2\",\"RuleNumber\":20,"
		"\"RuleAction\":\"accept\",\"SourceCidrBlock\":\"::/0\",\"Description\":\"six\"}],"
		"\"NetworkServices\":[\"amazon-dns\"],\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}]}";
	json_t *object = json_loads(text, 0, NULL);
	const struct mirror_rule *rule;
	struct mirror_filter filter;

	assert_int_equal(mirror_filter_from_json(object, &filter), 0);
	json_decref(object);
	assert_string_equal(filter.traffic_mirror_filter_id, "tmf-1");
	assert_string_equal(filter.description, "all");
	assert_int_equal(filter.rule_count, 2);
	rule = &filter.rules[0];
	assert_string_equal(rule->traffic_mirror_filter_rule_id, "tmfr-1");
	assert_false(rule->egress || rule->accept);
	assert_int_equal(rule->number, 10);
	assert_int_equal(rule->protocol, 17);
	assert_string_equal(rule->source, "0.0.0.0/0");
	assert_string_equal(rule->destination, "10.0.0.0/8");
	assert_true(rule->destination_ports.given);
	assert_int_equal(rule->destination_ports.from, 4789);
	assert_int_equal(rule->destination_ports.to, 4790);
	assert_false(rule->source_ports.given);
	rule++;
	assert_true(rule->egress && rule->accept);
	assert_int_equal(rule->protocol, MIRROR_RULE_ANY_PROTOCOL);
	assert_string_equal(rule->description, "six");
	assert_int_equal(filter.network_service_count, 1);
	assert_string_equal(filter.network_services[0], "amazon-dns");
	assert_int_equal(filter.tag_count, 1);
	mirror_filter_fini(&filter);
}

static void reads_a_target(void **state)
{
	static const char text[] =
		"{\"TrafficMirrorTargetId\":\"tmt-1\",\"NetworkLoadBalancerArn\":\"arn:x\","
		"\"Type\":\"network-load-balancer\",\"Description\":\"d\",\"OwnerId\":\"1\",\"Tags\":[]}";
	json_t *object = json_loads(text, 0, NULL);
	struct mirror_target target;

	assert_int_equal(mirror_target_from_json(object, &target), 0);
	json_decref(object);
	assert_string_equal(target.traffic_mirror_target_id, "tmt-1");
	assert_string_equal(target.network_load_balancer_arn, "arn:x");
	assert_null(target.network_interface_id);
	assert_null(target.gateway_load_balancer_endpoint_id);
	assert_string_equal(target.description, "d");
	assert_string_equal(target.owner_id, "1");
	assert_int_equal(target.tag_count, 0);
	mirror_target_fini(&target);
}

static void knows_states_and_types(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} states[] = {{"pending", true},  {"running", true},        {"stopping", false},
		      {"stopped", false}, {"shutting-down", false}, {"terminated", false},
		      {"invented", true}},
	  types[] = {{"m5.large", true},  {"t3.nano", true},         {"t2.nano", false},
		     {"m5.metal", false}, {"m7i.metal-24xl", false}, {"c7gn.large", false},
		     {"c7g.large", true}, {"m99.large", true},       {"", true}};
	struct instance instance = {0};

	assert_true(instance_runs(&instance));
	for (size_t i = 0; i < COUNT(states); i++) {
		instance.state = (char *)states[i].text;
		assert_int_equal(instance_runs(&instance), states[i].good);
	}
	for (size_t i = 0; i < COUNT(types); i++)
		assert_int_equal(instance_type_mirrors(types[i].text), types[i].good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_answers),    cmocka_unit_test(reads_an_interface),
		cmocka_unit_test(reads_an_instance), cmocka_unit_test(reads_a_filter),
		cmocka_unit_test(reads_a_target),    cmocka_unit_test(knows_states_and_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
