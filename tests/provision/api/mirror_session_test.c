/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/mirror_session.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A session as AWS CLI prints it, every member of it, and one that says the least. */
static const char whole[] =
	"{\"TrafficMirrorSessionId\":\"tms-08a33b1214EXAMPLE\","
	"\"TrafficMirrorTargetId\":\"tmt-07f75d8feeEXAMPLE\","
	"\"TrafficMirrorFilterId\":\"tmf-04812ff784EXAMPLE\","
	"\"NetworkInterfaceId\":\"eni-070203f901EXAMPLE\",\"OwnerId\":\"111122223333\","
	"\"PacketLength\":8500,\"SessionNumber\":1,\"VirtualNetworkId\":7159709,"
	"\"Description\":\"example & session\",\"Tags\":[{\"Key\":\"team\",\"Value\":\"soc\"},"
	"{\"Key\":\"empty\",\"Value\":\"\"}],\"NewField\":{}}";
static const char least[] = "{\"TrafficMirrorSessionId\":\"tms-1\",\"Tags\":[]}";

static int append(struct mirror_session_list *list, const char *text)
{
	json_t *object = json_loads(text, 0, NULL);
	int rc;

	assert_non_null(object);
	rc = mirror_session_list_append(list, object);
	json_decref(object);
	return rc;
}

static void reads_sessions(void **state)
{
	struct mirror_session_list list = {0};
	const struct mirror_session *session;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(append(&list, whole), 0);
		assert_int_equal(append(&list, least), 0);
	}
	assert_int_equal(list.count, 6);
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

#define WITH(text) "{\"TrafficMirrorSessionId\":\"u\"" text "}"

static void judges_sessions(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} table[] = {
		{"[]", -EBADMSG},
		{"{}", -EBADMSG},
		{"{\"TrafficMirrorSessionId\":\"\"}", -EBADMSG},
		{"{\"TrafficMirrorSessionId\":7}", -EBADMSG},
		{WITH(""), 0},
		{WITH(",\"OwnerId\":{}"), -EBADMSG},
		{WITH(",\"VirtualNetworkId\":16777215"), 0},
		{WITH(",\"VirtualNetworkId\":16777216"), -EBADMSG},
		{WITH(",\"SessionNumber\":32767"), -EBADMSG},
		{WITH(",\"PacketLength\":-1"), -EBADMSG},
		{WITH(",\"PacketLength\":\"128\""), -EBADMSG},
		{WITH(",\"PacketLength\":null"), 0},
		{WITH(",\"Tags\":[{\"Value\":\"v\"}]"), -EBADMSG},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct mirror_session_list list = {0};

		print_message("# %s\n", table[i].text);
		assert_int_equal(append(&list, table[i].text), table[i].rc);
		assert_int_equal(list.count, table[i].rc == 0);
		mirror_session_list_fini(&list);
	}
}

static void matches(void **state)
{
	static char eni[] = "eni-1", tmt[] = "tmt-1", tmf[] = "tmf-1";
	const struct mirror_session all = {.network_interface_id = eni,
					   .traffic_mirror_target_id = tmt,
					   .traffic_mirror_filter_id = tmf,
					   .session_number = 7,
					   .has_packet_length = true,
					   .packet_length = 8500,
					   .has_virtual_network_id = true,
					   .virtual_network_id = 0};
	struct mirror_session cut = all, bare = all;
	const struct {
		const struct mirror_session *session;
		struct mirror_session_spec spec;
		bool matches;
	} table[] = {
		{&all, {0}, true},
		{&all, {eni, tmt, tmf}, true},
		{&all, {"eni-2", tmt, tmf}, false},
		{&all, {eni, "tmt-2", tmf}, false},
		{&all, {eni, tmt, "tmf-2"}, false},
		{&all, {.session_number = 7}, true},
		{&all, {.session_number = 8}, false},
		{&all, {.has_virtual_network_id = true}, true},
		{&all, {.has_virtual_network_id = true, .virtual_network_id = 1}, false},
		{&bare, {.has_virtual_network_id = true}, false},
		/* Not asked for, not sent and the default are one length. */
		{&all, {.packet_length = 8500}, true},
		{&bare, {.packet_length = 8500}, true},
		{&bare, {0}, true},
		{&all, {.packet_length = 128}, false},
		{&cut, {.packet_length = 128}, true},
		{&cut, {0}, false},
		{&all, {.description = "other"}, true},
	};

	cut.packet_length = 128;
	bare.has_packet_length = bare.has_virtual_network_id = false;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(mirror_session_matches(table[i].session, &table[i].spec),
				 table[i].matches);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sessions),
		cmocka_unit_test(judges_sessions),
		cmocka_unit_test(matches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
