/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/query.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "provision/api/ec2.h"

static void encodes_values(void **state)
{
	static const struct {
		const char *value, *encoded;
	} table[] = {
		{"", ""},
		{"plain-._~09azAZ", "plain-._~09azAZ"},
		{"a b", "a%20b"},
		{"a+b&c=d", "a%2Bb%26c%3Dd"},
		{"/:?#[]@!$'()*,;%", "%2F%3A%3F%23%5B%5D%40%21%24%27%28%29%2A%2C%3B%25"},
		{"\xc3\xbc\n", "%C3%BC%0A"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct query query;

		query_init(&query, "A", "1");
		query_add(&query, table[i].value, "V");
		assert_memory_equal(query.body.data, "Action=A&Version=1&V=", 21);
		assert_string_equal(query.body.data + 21, table[i].encoded);
		query_fini(&query);
	}
}

static void numbers_and_lists(void **state)
{
	struct query query;

	query_init(&query, "A", "1");
	query_add(&query, NULL, "Absent");
	query_add_number(&query, "N", UINT32_MAX);
	query_add(&query, "x", "F.%u.V.%u", 1U, 2U);
	query_add(&query, "y", "k %s", "&");
	assert_string_equal(query.body.data, "Action=A&Version=1&N=4294967295&F.1.V.2=x&k%20%26=y");
	query_fini(&query);
}

static void refuses_endless_names(void **state)
{
	struct query query;

	query_init(&query, "A", "1");
	query_add(&query, "x", "%0200d", 1);
	assert_int_equal(buffer_error(&query.body), -ENOMEM);
	query_fini(&query);
}

/* The body that the golden signature of sigv4_test.c was computed over. */
static void encodes_the_smallest_create(void **state)
{
	const struct ec2_create create = {
		.spec = {.network_interface_id = "eni-070203f901EXAMPLE",
			 .traffic_mirror_target_id = "tmt-07f75d8feeEXAMPLE",
			 .traffic_mirror_filter_id = "tmf-04812ff784EXAMPLE",
			 .session_number = 1},
	};
	struct query query;

	ec2_encode_create(&query, &create, "11111111-2222-4333-8444-555555555555");
	assert_string_equal(query.body.data,
			    "Action=CreateTrafficMirrorSession&Version=2016-11-15"
			    "&NetworkInterfaceId=eni-070203f901EXAMPLE"
			    "&TrafficMirrorTargetId=tmt-07f75d8feeEXAMPLE"
			    "&TrafficMirrorFilterId=tmf-04812ff784EXAMPLE&SessionNumber=1"
			    "&ClientToken=11111111-2222-4333-8444-555555555555");
	query_fini(&query);
}

static void encodes_every_parameter_of_create(void **state)
{
	char keys[2][8] = {"team", "x y"}, values[2][8] = {"soc", ""};
	const struct mirror_session_tag tags[] = {{keys[0], values[0]}, {keys[1], values[1]}};
	const struct ec2_create create = {
		.spec = {.network_interface_id = "eni-1",
			 .traffic_mirror_target_id = "tmt-2",
			 .traffic_mirror_filter_id = "tmf-3",
			 .session_number = 32766,
			 .packet_length = 128,
			 .has_virtual_network_id = true,
			 .virtual_network_id = 0,
			 .description = "a=b",
			 .tags = tags,
			 .tag_count = 2},
		.dry_run = true,
	};
	struct query query;

	ec2_encode_create(&query, &create, "t");
	assert_string_equal(
		query.body.data,
		"Action=CreateTrafficMirrorSession&Version=2016-11-15&NetworkInterfaceId=eni-1"
		"&TrafficMirrorTargetId=tmt-2&TrafficMirrorFilterId=tmf-3&PacketLength=128"
		"&SessionNumber=32766&VirtualNetworkId=0&Description=a%3Db"
		"&TagSpecification.1.ResourceType=traffic-mirror-session"
		"&TagSpecification.1.Tag.1.Key=team&TagSpecification.1.Tag.1.Value=soc"
		"&TagSpecification.1.Tag.2.Key=x%20y&TagSpecification.1.Tag.2.Value="
		"&DryRun=true&ClientToken=t");
	query_fini(&query);
}

static void encodes_describe(void **state)
{
	static const char *const ids[] = {"tms-1", "tms-2"}, *const values[] = {"a", "b c"};
	static const struct ec2_filter filters[] = {{"network-interface-id", values, 2},
						    {"owner-id", values, 1}};
	const struct ec2_describe by_id = {.ids = ids, .id_count = 2};
	const struct ec2_describe by_filter = {.filters = filters, .filter_count = 2};
	struct query query;

	ec2_encode_describe(&query, &by_id, NULL);
	assert_string_equal(query.body.data,
			    "Action=DescribeTrafficMirrorSessions&Version=2016-11-15"
			    "&TrafficMirrorSessionId.1=tms-1&TrafficMirrorSessionId.2=tms-2");
	query_fini(&query);
	ec2_encode_describe(&query, &by_filter, "next/+");
	assert_string_equal(query.body.data,
			    "Action=DescribeTrafficMirrorSessions&Version=2016-11-15"
			    "&Filter.1.Name=network-interface-id&Filter.1.Value.1=a"
			    "&Filter.1.Value.2=b%20c&Filter.2.Name=owner-id&Filter.2.Value.1=a"
			    "&MaxResults=200&NextToken=next%2F%2B");
	query_fini(&query);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_values),
		cmocka_unit_test(numbers_and_lists),
		cmocka_unit_test(refuses_endless_names),
		cmocka_unit_test(encodes_the_smallest_create),
		cmocka_unit_test(encodes_every_parameter_of_create),
		cmocka_unit_test(encodes_describe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
