/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/operation.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Requests. All members of all operations are compared with AWS's SDK in botocore_test.py. */
static void encodes_requests(void **state)
{
	static const struct {
		const char *operation, *input, *body;
	} table[] = {
		/* The body that the golden signature of sigv4_test.c was computed over. */
		{"CreateTrafficMirrorSession",
		 "{'NetworkInterfaceId':'eni-070203f901EXAMPLE',"
		 "'TrafficMirrorTargetId':'tmt-07f75d8feeEXAMPLE',"
		 "'TrafficMirrorFilterId':'tmf-04812ff784EXAMPLE','SessionNumber':1,"
		 "'ClientToken':'11111111-2222-4333-8444-555555555555'}",
		 "Action=CreateTrafficMirrorSession&Version=2016-11-15"
		 "&NetworkInterfaceId=eni-070203f901EXAMPLE"
		 "&TrafficMirrorTargetId=tmt-07f75d8feeEXAMPLE"
		 "&TrafficMirrorFilterId=tmf-04812ff784EXAMPLE&SessionNumber=1"
		 "&ClientToken=11111111-2222-4333-8444-555555555555"},
		{"CreateTrafficMirrorSession",
		 "{'VirtualNetworkId':0,'Description':'a=b','DryRun':true,'TagSpecifications':"
		 "[{'ResourceType':'traffic-mirror-session','Tags':[{'Key':'team','Value':'soc'},"
		 "{'Key':'x y','Value':''}]}]}",
		 "Action=CreateTrafficMirrorSession&Version=2016-11-15&VirtualNetworkId=0"
		 "&Description=a%3Db&TagSpecification.1.ResourceType=traffic-mirror-session"
		 "&TagSpecification.1.Tag.1.Key=team&TagSpecification.1.Tag.1.Value=soc"
		 "&TagSpecification.1.Tag.2.Key=x%20y&TagSpecification.1.Tag.2.Value="
		 "&DryRun=true"},
		{"DescribeTrafficMirrorSessions",
		 "{'Filters':[{'Name':'owner-id','Values':['a','b c']}],'NextToken':'next/+'}",
		 "Action=DescribeTrafficMirrorSessions&Version=2016-11-15&Filter.1.Name=owner-id"
		 "&Filter.1.Value.1=a&Filter.1.Value.2=b%20c&NextToken=next%2F%2B"},
		{"RegisterTargets", "{'TargetGroupArn':'g','Targets':[{'Id':'i-1','Port':4789}]}",
		 "Action=RegisterTargets&Version=2015-12-01&TargetGroupArn=g"
		 "&Targets.member.1.Id=i-1&Targets.member.1.Port=4789"},
		/* null, no document, another kind: nothing. */
		{"DeleteTags", "{'Tags':null}", "Action=DeleteTags&Version=2016-11-15"},
		{"DeleteTags", "[]", "Action=DeleteTags&Version=2016-11-15"},
		{"DeleteTags", "{'Resources':'r','DryRun':1,'Tags':[7]}",
		 "Action=DeleteTags&Version=2016-11-15"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char text[1024];
		struct query query;
		json_t *input;

		snprintf(text, sizeof(text), "%s", table[i].input);
		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		input = json_loads(text, 0, NULL);
		assert_non_null(input);
		operation_encode(operation_find(table[i].operation), input, &query);
		assert_string_equal(query.body.data, table[i].body);
		query_fini(&query);
		json_decref(input);
	}
}

#define SESSIONS   "DescribeTrafficMirrorSessions"
#define PAGE(text) "<" SESSIONS "Response>" text "</" SESSIONS "Response>"
#define ID         "<trafficMirrorSessionId>u</trafficMirrorSessionId>"
#define ITEM(text) PAGE("<trafficMirrorSessionSet><item>" text "</item></trafficMirrorSessionSet>")

static void judges_answers(void **state)
{
	static const struct {
		const char *operation, *document;
		const char *output; /* NULL: none */
		int rc;
	} table[] = {
		{SESSIONS, "<DescribeVpcsResponse/>", NULL, -EBADMSG},
		{SESSIONS, "<html/>", NULL, -EBADMSG},
		/* An answer without the list is no empty list. */
		{SESSIONS, PAGE(""), NULL, -EBADMSG},
		{SESSIONS, PAGE("<trafficMirrorSessionSet/>"), "{'TrafficMirrorSessions': []}", 0},
		{SESSIONS, ITEM(""), NULL, -EBADMSG},
		{SESSIONS, ITEM("<trafficMirrorSessionId/>"), NULL, -EBADMSG},
		{SESSIONS, ITEM(ID "<packetLength>x</packetLength>"), NULL, -EBADMSG},
		{SESSIONS, ITEM(ID "<packetLength>1 </packetLength>"), NULL, -EBADMSG},
		{SESSIONS, ITEM(ID "<packetLength>99999999999999999999</packetLength>"), NULL,
		 -EBADMSG},
		{SESSIONS, ITEM(ID "<packetLength/><other>x</other>"),
		 "{'TrafficMirrorSessions': [{'TrafficMirrorSessionId': 'u'}]}", 0},
		{SESSIONS, ITEM(ID "<tagSet><item><value>v</value></item></tagSet>"), NULL,
		 -EBADMSG},
		{SESSIONS, ITEM(ID "<tagSet><item><key>k</key><value/></item></tagSet>"),
		 "{'TrafficMirrorSessions': [{'TrafficMirrorSessionId': 'u', 'Tags': [{'Key': 'k', "
		 "'Value': ''}]}]}",
		 0},
		{"CreateTags", "<CreateTagsResponse><return>true</return></CreateTagsResponse>",
		 NULL, 0},
		{"CreateTags", "<CreateTagsResponse><return>false</return></CreateTagsResponse>",
		 NULL, -EBADMSG},
		{"CreateTags", "<CreateTagsResponse/>", NULL, -EBADMSG},
		{"DescribeTags", "<DescribeTagsResponse><TagDescriptions/></DescribeTagsResponse>",
		 NULL, -EBADMSG},
		{"DescribeTags",
		 "<DescribeTagsResponse><DescribeTagsResult><TagDescriptions/>"
		 "</DescribeTagsResult></DescribeTagsResponse>",
		 "{'TagDescriptions': []}", 0},
		{"AddTags", "<AddTagsResponse><AddTagsResult/></AddTagsResponse>", "{}", 0},
		{"DescribeTargetGroups",
		 "<DescribeTargetGroupsResponse><DescribeTargetGroupsResult><TargetGroups><member>"
		 "<TargetGroupArn>a</TargetGroupArn><HealthCheckEnabled>maybe</HealthCheckEnabled>"
		 "</member></TargetGroups></DescribeTargetGroupsResult>"
		 "</DescribeTargetGroupsResponse>",
		 NULL, -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct xml_document *document;
		json_t *output = NULL;
		char *text;

		assert_int_equal(xml_parse(table[i].document, strlen(table[i].document), &document),
				 0);
		assert_int_equal(
			operation_decode(operation_find(table[i].operation), document, &output),
			table[i].rc);
		xml_free(document);
		assert_int_equal(output != NULL, table[i].output != NULL);
		if (!output)
			continue;
		text = json_dumps(output, 0);
		for (char *c = text; *c; c++)
			*c = *c == '"' ? '\'' : *c;
		assert_string_equal(text, table[i].output);
		free(text);
		json_decref(output);
	}
}

static void knows_its_operations(void **state)
{
	size_t count = 0, mirror = 0;

	assert_null(operation_find(""));
	assert_null(operation_find("RunInstances"));
	while (operation_at(count)) {
		const struct operation *operation = operation_at(count++);

		mirror += strstr(operation->name, "TrafficMirror") != NULL;
		assert_ptr_equal(operation_find(operation->name), operation);
		if (operation->id)
			assert_non_null(shape_find(operation->input, operation->id));
		if (operation->token) {
			assert_non_null(shape_find(operation->input, operation->token));
			assert_non_null(shape_find(operation->output, operation->next_token));
		}
		if (operation->ids)
			assert_non_null(shape_find(operation->input, operation->ids));
		if (operation->items)
			assert_true(shape_find(operation->output, operation->items)->required);
		assert_int_equal(operation->tagging != NULL,
				 shape_find(operation->input, "TagSpecifications") != NULL);
	}
	assert_int_equal(mirror, 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_requests),
		cmocka_unit_test(judges_answers),
		cmocka_unit_test(knows_its_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
