/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provision/deploy/map_build.h"
#include "provision/deploy/map_keep.h"

enum { TEXT_BYTES = 4096 };

static char directory[] = "/tmp/mcap-map-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/map.json", directory);
	return 0;
}

static int remove_directory(void **state)
{
	unlink(path);
	return rmdir(directory);
}

static struct map_facts facts_of(const char *sessions, const char *addresses)
{
	const struct map_facts facts = {
		.sessions = json_loads(sessions, 0, NULL),
		.addresses = json_loads(addresses, 0, NULL),
	};

	assert_non_null(facts.sessions);
	assert_non_null(facts.addresses);
	return facts;
}

/* The map as lines: "VNI LENGTH SOURCE NAME TMS ENI". */
static void print(const struct session_map *map, char *text)
{
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < map->count; i++) {
		const struct session *session = &map->sessions[i];
		char source[INET6_ADDRSTRLEN] = "-";

		if (session->has_source)
			session_source_format(&session->source, source);
		length += (size_t)snprintf(
			text + length, TEXT_BYTES - length, "%u %u %s %s %s %s\n",
			session->virtual_network_id, session->packet_length, source, session->name,
			session->traffic_mirror_session_id ? session->traffic_mirror_session_id
							   : "-",
			session->network_interface_id ? session->network_interface_id : "-");
	}
}

#define TAG(key, value) "{'Key':'" key "','Value':'" value "'}"
#define SESSION(tms, eni, vni, more)                                     \
	"{'TrafficMirrorSessionId':'" tms "','NetworkInterfaceId':'" eni \
	"','VirtualNetworkId':" vni more "}"

static const struct {
	const char *sessions, *addresses; /* with ' for " */
	const char *map, *warnings;
} cases[] = {
	{"[]", "{}", "", ""},
	/* Sorted by VNI, source and id, whatever the answer's order. */
	{"[" SESSION("tms-2", "eni-2", "9", ",'PacketLength':128") "," SESSION("tms-1", "eni-1",
									       "7", "") "]",
	 "{'eni-1':'10.0.0.5','eni-2':'2001:db8::5'}",
	 "7 0 10.0.0.5 vni-7 tms-1 eni-1\n9 128 2001:db8::5 vni-9 tms-2 eni-2\n", ""},
	/* Names. */
	{"[" SESSION("tms-1", "eni-1", "1", ",'Tags':[" TAG("Name", "web.1") "]") "," SESSION(
		 "tms-2", "eni-2", "2",
		 ",'Tags':[" TAG(
			 "Name",
			 "a b") "]") "," SESSION("tms-3", "eni-3", "3",
						 ",'Tags':[" TAG("Name", "") "," TAG(
							 "mirrorcap:session",
							 "web") "]") "," SESSION("tms-4", "eni-4",
										 "4",
										 ",'Tags':[" TAG(
											 "mirrorcap:session",
											 "../x") "]") "]",
	 "{'eni-1':'10.0.0.1','eni-2':'10.0.0.2','eni-3':'10.0.0.3','eni-4':'10.0.0.4'}",
	 "1 0 10.0.0.1 web.1 tms-1 eni-1\n2 0 10.0.0.2 vni-2 tms-2 eni-2\n"
	 "3 0 10.0.0.3 web-eni-3 tms-3 eni-3\n4 0 10.0.0.4 vni-4 tms-4 eni-4\n",
	 ""},
	{"[" SESSION("tms-1", "eni-1", "1", ",'Tags':[" TAG("Name", "web") "]") "," SESSION(
		 "tms-2", "eni-2", "2", ",'Tags':[" TAG("Name", "web") "]") "]",
	 "{'eni-1':'10.0.0.1','eni-2':'10.0.0.2'}",
	 "1 0 10.0.0.1 vni-1 tms-1 eni-1\n2 0 10.0.0.2 vni-2 tms-2 eni-2\n",
	 "the name 'web' is that of 2 sessions: it is used for none\n"},
	/* One VNI, told apart by the source. */
	{"[" SESSION("tms-1", "eni-1", "7", "") "," SESSION("tms-2", "eni-2", "7", "") "]",
	 "{'eni-1':'10.0.0.2','eni-2':'10.0.0.1'}",
	 "7 0 10.0.0.1 vni-7-10.0.0.1 tms-2 eni-2\n7 0 10.0.0.2 vni-7-10.0.0.2 tms-1 eni-1\n", ""},
	/* What cannot be seen; the rest of the VNI is its. */
	{"[" SESSION("tms-1", "eni-1", "7", "") "," SESSION("tms-2", "eni-2", "7", "") "]",
	 "{'eni-2':'10.0.0.1'}",
	 "7 0 - vni-7 tms-1 eni-1\n7 0 10.0.0.1 vni-7-10.0.0.1 tms-2 eni-2\n",
	 "1 sessions' interfaces cannot be seen from here (the first: eni-1): they have no source "
	 "address, their VNI alone tells them apart\n"},
	/* What no packet tells apart becomes one, and only what is true of both stays. */
	{"[" SESSION("tms-2", "eni-2", "7",
		     ",'PacketLength':64,'Tags':[" TAG(
			     "Name", "b") "]") "," SESSION("tms-1", "eni-1", "7",
							   ",'PacketLength':128,'Tags':[" TAG(
								   "Name", "a") "]") "]",
	 "{'eni-1':'10.0.0.1','eni-2':'10.0.0.1'}", "7 0 10.0.0.1 vni-7 tms-1 eni-1\n",
	 "sessions tms-1 and tms-2 have VNI 7 and 10.0.0.1 both: they are recorded as one; give "
	 "one another VirtualNetworkId\n"},
	{"[" SESSION("tms-2", "eni-2", "7", ",'PacketLength':64") "," SESSION(
		 "tms-1", "eni-1", "7", ",'PacketLength':64") "]",
	 "{}", "7 64 - vni-7 tms-1 eni-1\n",
	 "sessions tms-1 and tms-2 have VNI 7 and no known source both: they are recorded as one; "
	 "give one another VirtualNetworkId\n"
	 "2 sessions' interfaces cannot be seen from here (the first: eni-2): they have no source "
	 "address, their VNI alone tells them apart\n"},
	/* Odd answers. */
	{"[{'TrafficMirrorSessionId':'tms-1'}," SESSION(
		 "tms-2", "eni-2", "16777216",
		 "") "," SESSION("tms-3", "eni-3", "-1",
				 "") ",{}," SESSION("tms-4", "eni-4", "5",
						    ",'PacketLength':70000") "]",
	 "{'eni-4':'not an address'}", "5 0 - vni-5 tms-4 eni-4\n",
	 "session tms-1 has no VirtualNetworkId: it is left out\n"
	 "session tms-2 has no VirtualNetworkId: it is left out\n"
	 "session tms-3 has no VirtualNetworkId: it is left out\n"
	 "session without an id has no VirtualNetworkId: it is left out\n"
	 "1 sessions' interfaces cannot be seen from here (the first: eni-4): they have no source "
	 "address, their VNI alone tells them apart\n"},
};

static void quote(const char *text, char *json)
{
	snprintf(json, TEXT_BYTES, "%s", text);
	for (char *c = json; *c; c++) {
		if (*c == '\'')
			*c = '"';
	}
}

static void builds_maps(void **state)
{
	char sessions[TEXT_BYTES], addresses[TEXT_BYTES], text[TEXT_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[SESSION_ERROR_BYTES] = "";
		struct buffer warnings = {0};
		struct session_map map;
		struct map_facts facts;

		quote(cases[i].sessions, sessions);
		quote(cases[i].addresses, addresses);
		facts = facts_of(sessions, addresses);
		assert_int_equal(map_build(&facts, &map, &warnings, error), 0);
		print(&map, text);
		assert_string_equal(text, cases[i].map);
		assert_string_equal(buffer_string(&warnings), cases[i].warnings);
		session_map_fini(&map);
		buffer_fini(&warnings);
		map_facts_fini(&facts);
	}
}

static void refuses_what_makes_no_map(void **state)
{
	char sessions[TEXT_BYTES], error[SESSION_ERROR_BYTES] = "";
	struct buffer warnings = {0};
	struct session_map map;
	struct map_facts facts;

	/* A given name that is another VNI's default. */
	quote("[" SESSION("tms-1", "eni-1", "1", ",'Tags':[" TAG("Name", "vni-2") "]") "," SESSION(
		      "tms-2", "eni-2", "2", "") "]",
	      sessions);
	facts = facts_of(sessions, "{}");
	assert_int_equal(map_build(&facts, &map, &warnings, error), -EINVAL);
	assert_non_null(strstr(error, "name 'vni-2': used for VNI"));
	map_facts_fini(&facts);
	buffer_fini(&warnings);
}

/* Keeps a map of so many sessions. */
static int keep(uint32_t count, uint32_t length, bool accept, enum map_outcome *outcome,
		uint32_t *before)
{
	char error[SESSION_ERROR_BYTES] = "";
	struct session_map map = {0};
	int rc;

	for (uint32_t i = 0; i < count; i++) {
		const struct session session = {.virtual_network_id = i, .packet_length = length};

		assert_int_equal(session_map_append(&map, &session), 0);
	}
	assert_int_equal(session_map_check(&map, error), 0);
	rc = map_keep(path, &map, accept, outcome, before, error);
	session_map_fini(&map);
	return rc;
}

static void replaces_only_what_changed_credibly(void **state)
{
	static const struct {
		uint32_t count, length;
		bool accept;
		enum map_outcome outcome;
		uint32_t before;
	} steps[] = {
		{0, 0, false, MAP_KEPT, 0}, /* nothing yet, and nothing found */
		{8, 0, false, MAP_WRITTEN, 0},    {8, 0, false, MAP_UNCHANGED, 8},
		{8, 64, false, MAP_WRITTEN, 8},   {0, 64, false, MAP_KEPT, 8},
		{3, 64, false, MAP_KEPT, 8},      {4, 64, false, MAP_WRITTEN, 8}, /* half */
		{1, 64, false, MAP_KEPT, 4},      {1, 64, true, MAP_WRITTEN, 4},
		{0, 64, false, MAP_KEPT, 1},      {0, 64, true, MAP_WRITTEN, 1},
		{0, 64, false, MAP_UNCHANGED, 0}, {5, 64, false, MAP_WRITTEN, 0},
		{2, 64, false, MAP_KEPT, 5},      {3, 64, false, MAP_WRITTEN, 5},
	};
	enum map_outcome outcome;
	struct stat st, st_before = {0};
	uint32_t before;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(
			keep(steps[i].count, steps[i].length, steps[i].accept, &outcome, &before),
			0);
		assert_int_equal(outcome, steps[i].outcome);
		assert_int_equal(before, steps[i].before);
		if (stat(path, &st) < 0) {
			assert_int_equal(i, 0);
			continue;
		}
		/* A file that is replaced is another one. */
		assert_int_equal(st.st_ino != st_before.st_ino ||
					 st.st_mtim.tv_nsec != st_before.st_mtim.tv_nsec,
				 outcome == MAP_WRITTEN);
		st_before = st;
	}
}

static void leaves_other_files_alone(void **state)
{
	static const char text[] = "precious: not a map\n";
	enum map_outcome outcome;
	char found[64] = "";
	uint32_t before;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(keep(3, 0, true, &outcome, &before), -EEXIST);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(found, 1, sizeof(found) - 1, file), strlen(text));
	fclose(file);
	assert_string_equal(found, text);
	unlink(path);
}

static void says_where_it_cannot_write(void **state)
{
	char error[SESSION_ERROR_BYTES] = "";
	struct session_map map = {0};
	enum map_outcome outcome;
	uint32_t before;

	assert_int_equal(map_keep("/nonexistent/map.json", &map, true, &outcome, &before, error),
			 -ENOENT);
	assert_string_equal(error, "cannot be written: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_maps),
		cmocka_unit_test(refuses_what_makes_no_map),
		cmocka_unit_test(replaces_only_what_changed_credibly),
		cmocka_unit_test(leaves_other_files_alone),
		cmocka_unit_test(says_where_it_cannot_write),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
