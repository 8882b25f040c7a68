/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/mirror_session.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "provision/api/ec2.h"

/* DescribeTrafficMirrorSessions as the API documents it, every field of it. */
static const char page[] =
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<DescribeTrafficMirrorSessionsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n"
	"    <requestId>f5ac8ef8-5ef9-4bb2-9b7f-EXAMPLE</requestId>\n"
	"    <trafficMirrorSessionSet>\n        <item>\n"
	"            <trafficMirrorSessionId>tms-08a33b1214EXAMPLE</trafficMirrorSessionId>\n"
	"            <trafficMirrorTargetId>tmt-07f75d8feeEXAMPLE</trafficMirrorTargetId>\n"
	"            <trafficMirrorFilterId>tmf-04812ff784EXAMPLE</trafficMirrorFilterId>\n"
	"            <networkInterfaceId>eni-070203f901EXAMPLE</networkInterfaceId>\n"
	"            <ownerId>111122223333</ownerId>\n"
	"            <packetLength>8500</packetLength>\n"
	"            <sessionNumber>1</sessionNumber>\n"
	"            <virtualNetworkId>7159709</virtualNetworkId>\n"
	"            <description>example &amp; session</description>\n"
	"            <tagSet>\n                <item><key>team</key><value>soc</value></item>\n"
	"                <item><key>empty</key><value/></item>\n            </tagSet>\n"
	"            <newField><item>x</item></newField>\n"
	"        </item>\n        <item>\n"
	"            <trafficMirrorSessionId>tms-1</trafficMirrorSessionId>\n"
	"            <tagSet/>\n        </item>\n    </trafficMirrorSessionSet>\n"
	"    <nextToken>to+ken</nextToken>\n"
	"</DescribeTrafficMirrorSessionsResponse>";

static int decode(const char *text, struct mirror_session_list *list)
{
	struct xml_document *document;
	const char *token = NULL;
	int rc;

	*list = (struct mirror_session_list){0};
	rc = xml_parse(text, strlen(text), &document);
	assert_int_equal(rc, 0);
	rc = ec2_decode_page(document, list, &token);
	xml_free(document);
	return rc;
}

static void decodes_a_page(void **state)
{
	struct mirror_session_list list = {0};
	const struct mirror_session *session;
	struct xml_document *document;
	const char *token;

	assert_int_equal(xml_parse(page, sizeof(page) - 1, &document), 0);
	assert_int_equal(ec2_decode_page(document, &list, &token), 0);
	assert_string_equal(token, "to+ken");
	/* A second page is appended. */
	assert_int_equal(ec2_decode_page(document, &list, &token), 0);
	xml_free(document);
	assert_int_equal(list.count, 4);
	session = &list.sessions[2];
	assert_string_equal(session->traffic_mirror_session_id, "tms-08a33b1214EXAMPLE");
	assert_string_equal(session->traffic_mirror_target_id, "tmt-07f75d8feeEXAMPLE");
	assert_string_equal(session->traffic_mirror_filter_id, "tmf-04812ff784EXAMPLE");
	assert_string_equal(session->network_interface_id, "eni-070203f901EXAMPLE");
	assert_string_equal(session->owner_id, "111122223333");
	assert_string_equal(session->description, "example & session");
	assert_true(session->has_packet_length);
	assert_int_equal(session->packet_length, 8500);
	assert_int_equal(session->session_number, 1);
	assert_true(session->has_virtual_network_id);
	assert_int_equal(session->virtual_network_id, 7159709);
	assert_int_equal(session->tag_count, 2);
	assert_string_equal(session->tags[0].key, "team");
	assert_string_equal(session->tags[0].value, "soc");
	assert_string_equal(session->tags[1].value, "");
	session++;
	assert_string_equal(session->traffic_mirror_session_id, "tms-1");
	assert_null(session->description);
	assert_false(session->has_packet_length);
	assert_false(session->has_virtual_network_id);
	assert_int_equal(session->tag_count, 0);
	mirror_session_list_fini(&list);
}

#define RESPONSE(text) \
	"<DescribeTrafficMirrorSessionsResponse>" text "</DescribeTrafficMirrorSessionsResponse>"
#define ITEM(text)                                                          \
	RESPONSE("<trafficMirrorSessionSet><item><trafficMirrorSessionId>t" \
		 "</trafficMirrorSessionId></item><item>" text              \
		 "</item></trafficMirrorSessionSet>")
#define ID "<trafficMirrorSessionId>u</trafficMirrorSessionId>"

static void judges_answers(void **state)
{
	static const struct {
		const char *text;
		int rc;
		size_t count;
	} table[] = {
		{"<DescribeVpcsResponse/>", -EBADMSG, 0},
		{"<html/>", -EBADMSG, 0},
		{RESPONSE(""), -EBADMSG, 0},
		{RESPONSE("<trafficMirrorSessionSet/>"), 0, 0},
		{RESPONSE("<trafficMirrorSessionSet/><nextToken/>"), 0, 0},
		{ITEM(ID), 0, 2},
		{ITEM(""), -EBADMSG, 1},
		{ITEM("<trafficMirrorSessionId/>"), -EBADMSG, 1},
		{ITEM(ID "<virtualNetworkId>16777215</virtualNetworkId>"), 0, 2},
		{ITEM(ID "<virtualNetworkId>16777216</virtualNetworkId>"), -EBADMSG, 1},
		{ITEM(ID "<sessionNumber>32767</sessionNumber>"), -EBADMSG, 1},
		{ITEM(ID "<packetLength>-1</packetLength>"), -EBADMSG, 1},
		{ITEM(ID "<packetLength/>"), 0, 2},
		{ITEM(ID "<tagSet><item><value>v</value></item></tagSet>"), -EBADMSG, 1},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct mirror_session_list list;

		print_message("# %s\n", table[i].text);
		assert_int_equal(decode(table[i].text, &list), table[i].rc);
		assert_int_equal(list.count, table[i].count);
		mirror_session_list_fini(&list);
	}
}

static void matches(void **state)
{
	static char eni[] = "eni-1", tmt[] = "tmt-1", tmf[] = "tmf-1";
	const struct mirror_session whole = {.network_interface_id = eni,
					     .traffic_mirror_target_id = tmt,
					     .traffic_mirror_filter_id = tmf,
					     .session_number = 7,
					     .has_packet_length = true,
					     .packet_length = 8500,
					     .has_virtual_network_id = true,
					     .virtual_network_id = 0};
	struct mirror_session cut = whole, bare = whole;
	const struct {
		const struct mirror_session *session;
		struct mirror_session_spec spec;
		bool matches;
	} table[] = {
		{&whole, {0}, true},
		{&whole, {eni, tmt, tmf}, true},
		{&whole, {"eni-2", tmt, tmf}, false},
		{&whole, {eni, "tmt-2", tmf}, false},
		{&whole, {eni, tmt, "tmf-2"}, false},
		{&whole, {.session_number = 7}, true},
		{&whole, {.session_number = 8}, false},
		{&whole, {.has_virtual_network_id = true}, true},
		{&whole, {.has_virtual_network_id = true, .virtual_network_id = 1}, false},
		{&bare, {.has_virtual_network_id = true}, false},
		/* Not asked for, not sent and the default are one length. */
		{&whole, {.packet_length = 8500}, true},
		{&bare, {.packet_length = 8500}, true},
		{&bare, {0}, true},
		{&whole, {.packet_length = 128}, false},
		{&cut, {.packet_length = 128}, true},
		{&cut, {0}, false},
		{&whole, {.description = "other"}, true},
	};

	cut.packet_length = 128;
	bare.has_packet_length = bare.has_virtual_network_id = false;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(mirror_session_matches(table[i].session, &table[i].spec),
				 table[i].matches);
}

static void writes_json(void **state)
{
	static const char *const expected[] = {
		"{\"TrafficMirrorSessionId\":\"tms-08a33b1214EXAMPLE\","
		"\"TrafficMirrorTargetId\":\"tmt-07f75d8feeEXAMPLE\","
		"\"TrafficMirrorFilterId\":\"tmf-04812ff784EXAMPLE\","
		"\"NetworkInterfaceId\":\"eni-070203f901EXAMPLE\",\"OwnerId\":\"111122223333\","
		"\"PacketLength\":8500,\"SessionNumber\":1,\"VirtualNetworkId\":7159709,"
		"\"Description\":\"example & session\",\"Tags\":[{\"Key\":\"team\",\"Value\":"
		"\"soc\"},{\"Key\":\"empty\",\"Value\":\"\"}]}",
		"{\"TrafficMirrorSessionId\":\"tms-1\",\"Tags\":[]}",
	};
	struct mirror_session_list list;

	assert_int_equal(decode(page, &list), 0);
	for (size_t i = 0; i < list.count; i++) {
		json_t *object = mirror_session_json(&list.sessions[i]);
		char *text = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);

		assert_string_equal(text, expected[i]);
		free(text);
		json_decref(object);
	}
	mirror_session_list_fini(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_a_page),
		cmocka_unit_test(judges_answers),
		cmocka_unit_test(matches),
		cmocka_unit_test(writes_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
