/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/session_map.h"
#include "tests/capture/recording.h"

#define NAME_64 "a123456789a123456789a123456789a123456789a123456789a123456789abcd"

static char directory[RECORDING_PATH_BYTES];
static char map_path[RECORDING_PATH_BYTES + 16];

static int make_directory(void **state)
{
	recording_directory(NULL, directory);
	snprintf(map_path, sizeof(map_path), "%s/map.json", directory);
	return 0;
}

static int remove_directory(void **state)
{
	recording_remove(directory);
	return 0;
}

static void refuses_wrong_arguments(void **state)
{
	static const struct {
		const char *argument, *part_of_error;
	} cases[] = {
		{"", "VNI: ''"},
		{"abc", "VNI: 'abc'"},
		{"-1", "VNI: '-1'"},
		{"+1", "VNI: '+1'"},
		{" 1", "VNI: ' 1'"},
		{"1 ", "VNI: '1 '"},
		{"0x10", "VNI: '0x10'"},
		{"16777216", "VNI: '16777216'"},
		{"99999999999999999999999999999", "VNI: '9999"},
		{"4242;", "VNI: '4242;'"},
		{"4242,", "'' is not KEY=VALUE"},
		{"4242,length", "'length' is not KEY=VALUE"},
		{"4242,length=", "length: ''"},
		{"4242,length=0", "length: '0'"},
		{"4242,length=65536", "length: '65536'"},
		{"4242,length=12x", "length: '12x'"},
		{"4242,length=-5", "length: '-5'"},
		{"4242,length=128,length=128", "length: given twice"},
		{"4242,name=", "name: ''"},
		{"4242,name=../x", "name: '../x'"},
		{"4242,name=.x", "name: '.x'"},
		{"4242,name=a/b", "name: 'a/b'"},
		{"4242,name=a b", "name: 'a b'"},
		{"4242,name=" NAME_64 "x", "is not a name"},
		{"4242,name=a,name=b", "name: given twice"},
		{"4242,source=", "source: ''"},
		{"4242,source=10.0.0", "source: '10.0.0'"},
		{"4242,source=10.0.0.256", "source: '10.0.0.256'"},
		{"4242,source=10.0.0.5/24", "source: '10.0.0.5/24'"},
		{"4242,source=fe80::1%eth0", "source: 'fe80::1%eth0'"},
		{"4242,source=::1,source=::2", "source: given twice"},
		{"4242,color=red", "unknown key 'color'"},
		{"4242,=x", "unknown key ''"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct session_map map = {0};
		char error[SESSION_ERROR_BYTES] = "";

		if (session_map_add_argument(&map, cases[i].argument, error) != -EINVAL)
			fail_msg("'%s' is taken", cases[i].argument);
		if (!strstr(error, cases[i].part_of_error))
			fail_msg("'%s': %s", cases[i].argument, error);
		assert_int_equal(map.count, 0);
	}
}

static void refuses_overlong_arguments(void **state)
{
	char argument[2000];
	char error[SESSION_ERROR_BYTES];
	struct session_map map = {0};

	memset(argument, '1', sizeof(argument) - 1);
	argument[sizeof(argument) - 1] = '\0';
	assert_int_equal(session_map_add_argument(&map, argument, error), -EINVAL);
	memcpy(argument, "7,name=", 7);
	assert_int_equal(session_map_add_argument(&map, argument, error), -EINVAL);
	assert_true(strlen(error) < SESSION_ERROR_BYTES);
}

static void check_source(const struct session *session, const char *expected)
{
	char text[INET6_ADDRSTRLEN];

	assert_int_equal(session->has_source, expected != NULL);
	if (!expected)
		return;
	session_source_format(&session->source, text);
	assert_string_equal(text, expected);
}

static void takes_arguments(void **state)
{
	static const struct {
		const char *argument;
		uint32_t vni, length;
		const char *name, *source;
	} cases[] = {
		{"0", 0, SESSION_LENGTH_UNKNOWN, "", NULL},
		{"16777215", 16777215, SESSION_LENGTH_UNKNOWN, "", NULL},
		{"007", 7, SESSION_LENGTH_UNKNOWN, "", NULL},
		{"4242,length=128,name=web,source=10.0.0.5", 4242, 128, "web", "10.0.0.5"},
		{"1,source=2001:DB8::1,length=1", 1, 1, "", "2001:db8::1"},
		{"1,source=::ffff:10.0.0.5", 1, SESSION_LENGTH_UNKNOWN, "", "10.0.0.5"},
		{"1,name=" NAME_64, 1, SESSION_LENGTH_UNKNOWN, NAME_64, NULL},
		{"1,name=0._-,length=65535", 1, 65535, "0._-", NULL},
	};
	struct session_map map = {0};
	char error[SESSION_ERROR_BYTES];

	for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct session *session;

		assert_int_equal(session_map_add_argument(&map, cases[i].argument, error), 0);
		assert_int_equal(map.count, i + 1);
		session = &map.sessions[i];
		assert_int_equal(session->virtual_network_id, cases[i].vni);
		assert_int_equal(session->packet_length, cases[i].length);
		assert_string_equal(session->name, cases[i].name);
		check_source(session, cases[i].source);
	}
	session_map_fini(&map);
	assert_int_equal(map.count, 0);
}

static void write_text(const char *text)
{
	FILE *file = fopen(map_path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#define SESSIONS(text) "{\"version\":1,\"sessions\":[" text "]}"

static void refuses_wrong_json(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "line 1: "},
		{"{\n\"version\": 1,\n\"sessions\": [}\n", "line 3: "},
		{"{\"version\":1,\n\"version\":1,\"sessions\":[]}", "line 2: "},
		{SESSIONS("") "x", "line 1: "},
		{"[]", "$: is not an object"},
		{"{}", "$.version: is missing"},
		{"{\"sessions\":[]}", "$.version: is missing"},
		{"{\"version\":2,\"sessions\":[]}", "$.version: is not 1"},
		{"{\"version\":\"1\",\"sessions\":[]}", "$.version: is not 1"},
		{"{\"version\":1}", "$.sessions: is missing"},
		{"{\"version\":1,\"sessions\":{}}", "$.sessions: is not an array"},
		{SESSIONS("1"), "$.sessions[0]: is not an object"},
		{SESSIONS("{}"), "$.sessions[0].virtual_network_id: is missing"},
		{SESSIONS("{\"virtual_network_id\":\"1\"}"),
		 "$.sessions[0].virtual_network_id: is not an integer"},
		{SESSIONS("{\"virtual_network_id\":1.5}"),
		 "$.sessions[0].virtual_network_id: is not an integer"},
		{SESSIONS("{\"virtual_network_id\":1},{\"virtual_network_id\":16777216}"),
		 "$.sessions[1].virtual_network_id: 16777216 is above 16777215"},
		{SESSIONS("{\"virtual_network_id\":-1}"),
		 "$.sessions[0].virtual_network_id: -1 is below 0"},
		{SESSIONS("{\"virtual_network_id\":9223372036854775807}"),
		 "$.sessions[0].virtual_network_id: 9223372036854775807 is above"},
		{SESSIONS("{\"virtual_network_id\":1,\"packet_length\":0}"),
		 "$.sessions[0].packet_length: 0 is below 1"},
		{SESSIONS("{\"virtual_network_id\":1,\"packet_length\":null}"),
		 "$.sessions[0].packet_length: is not an integer"},
		{SESSIONS("{\"virtual_network_id\":1,\"packet_length\":65536}"),
		 "$.sessions[0].packet_length: 65536 is above 65535"},
		{SESSIONS("{\"virtual_network_id\":1,\"name\":\"../x\"}"),
		 "$.sessions[0].name: '../x' is not a name"},
		{SESSIONS("{\"virtual_network_id\":1,\"name\":7}"),
		 "$.sessions[0].name: is not a string"},
		{SESSIONS("{\"virtual_network_id\":1,\"name\":\"a\\u0000b\"}"), "line 1: "},
		{SESSIONS("{\"virtual_network_id\":1,\"source_ip\":\"10.0.0\"}"),
		 "$.sessions[0].source_ip: '10.0.0' is not an IPv4 or IPv6 address"},
		{SESSIONS("{\"virtual_network_id\":1,\"source_ip\":[]}"),
		 "$.sessions[0].source_ip: is not a string"},
		{SESSIONS("{\"virtual_network_id\":1,\"traffic_mirror_session_id\":\"\"}"),
		 "$.sessions[0].traffic_mirror_session_id: has not between"},
		{SESSIONS("{\"virtual_network_id\":1,\"traffic_mirror_session_id\":\"tms-1\","
			  "\"network_interface_id\":false}"),
		 "$.sessions[0].network_interface_id: is not a string"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[SESSION_ERROR_BYTES];
		char warning[SESSION_ERROR_BYTES];
		struct session_map map;

		write_text(cases[i].text);
		if (session_map_read(&map, map_path, error, warning) != -EINVAL)
			fail_msg("%s is taken", cases[i].text);
		if (strncmp(error, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("%s: %s", cases[i].text, error);
	}
}

static void refuses_files_that_cannot_be_read(void **state)
{
	char error[SESSION_ERROR_BYTES];
	char warning[SESSION_ERROR_BYTES];
	struct session_map map;

	assert_int_equal(session_map_read(&map, "missing.json", error, warning), -ENOENT);
	assert_string_equal(error, strerror(ENOENT));
	assert_int_equal(session_map_read(&map, directory, error, warning), -EISDIR);
}

static void warns_once_of_unknown_keys(void **state)
{
	char error[SESSION_ERROR_BYTES];
	char warning[SESSION_ERROR_BYTES];
	struct session_map map;

	write_text("{\"version\":1,\"comment\":\"x\",\"sessions\":["
		   "{\"virtual_network_id\":1},{\"virtual_network_id\":2,\"color\":{}}]}");
	assert_int_equal(session_map_read(&map, map_path, error, warning), 0);
	assert_non_null(strstr(warning, "$.comment"));
	assert_non_null(strstr(warning, "$.sessions[1].color"));
	assert_int_equal(map.count, 2);
	session_map_fini(&map);
	write_text(SESSIONS("{\"virtual_network_id\":1}"));
	assert_int_equal(session_map_read(&map, map_path, error, warning), 0);
	assert_string_equal(warning, "");
	session_map_fini(&map);
}

/* As many unknown keys as would overflow what a warning holds. */
static void long_warnings_end(void **state)
{
	char error[SESSION_ERROR_BYTES];
	char warning[SESSION_ERROR_BYTES];
	FILE *file = fopen(map_path, "w");
	struct session_map map;

	assert_non_null(file);
	fputs("{\"version\":1,\"sessions\":[]", file);
	for (int i = 0; i < 1000; i++)
		fprintf(file, ",\"unknown%d\":%d", i, i);
	fputs("}", file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(session_map_read(&map, map_path, error, warning), 0);
	assert_in_range(strlen(warning), SESSION_ERROR_BYTES / 2, SESSION_ERROR_BYTES - 1);
	session_map_fini(&map);
}

static void writes_what_it_reads(void **state)
{
	static const char text[] =
		SESSIONS("{\"virtual_network_id\":4242,\"packet_length\":128,\"name\":\"web\","
			 "\"source_ip\":\"10.0.0.5\",\"traffic_mirror_session_id\":\"tms-1\","
			 "\"network_interface_id\":\"eni-1\"},{\"virtual_network_id\":7}");
	char error[SESSION_ERROR_BYTES];
	char warning[SESSION_ERROR_BYTES];
	struct session_map map;
	struct stat st;

	write_text(text);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(session_map_read(&map, map_path, error, warning), 0);
		assert_string_equal(warning, "");
		assert_int_equal(map.count, 2);
		assert_int_equal(map.sessions[0].virtual_network_id, 4242);
		assert_int_equal(map.sessions[0].packet_length, 128);
		assert_string_equal(map.sessions[0].name, "web");
		check_source(&map.sessions[0], "10.0.0.5");
		assert_string_equal(map.sessions[0].traffic_mirror_session_id, "tms-1");
		assert_string_equal(map.sessions[0].network_interface_id, "eni-1");
		assert_int_equal(map.sessions[1].virtual_network_id, 7);
		assert_int_equal(map.sessions[1].packet_length, SESSION_LENGTH_UNKNOWN);
		assert_false(map.sessions[1].has_source);
		assert_null(map.sessions[1].traffic_mirror_session_id);
		assert_int_equal(session_map_write(&map, map_path), 0);
		session_map_fini(&map);
	}
	assert_int_equal(stat(map_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(session_map_write(&map, "missing/map.json"), -ENOENT);
}

/* What fails leaves the old file and no other. */
static void a_failed_write_changes_nothing(void **state)
{
	struct session_map map = {0};
	char path[RECORDING_PATH_BYTES + 32];

	snprintf(path, sizeof(path), "%s/occupied", directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(session_map_write(&map, path), -EISDIR);
	assert_int_equal(rmdir(path), 0);
}

struct check_case {
	const char *arguments[4];
	const char *error; /* NULL: good */
	const char *names[4];
};

static void run_check(const struct check_case *item)
{
	char error[SESSION_ERROR_BYTES] = "";
	struct session_map map = {0};
	int err;

	for (int i = 0; i < 4 && item->arguments[i]; i++)
		assert_int_equal(session_map_add_argument(&map, item->arguments[i], error), 0);
	err = session_map_check(&map, error);
	if (item->error) {
		assert_int_equal(err, -EINVAL);
		assert_string_equal(error, item->error);
	} else {
		assert_int_equal(err, 0);
		for (uint32_t i = 0; i < map.count; i++)
			assert_string_equal(map.sessions[i].name, item->names[i]);
	}
	session_map_fini(&map);
}

static void checks_the_whole_and_names(void **state)
{
	static const struct check_case cases[] = {
		{{NULL}, NULL, {NULL}},
		{{"5", "6", "5"}, "VNI 5: given twice without a source", {NULL}},
		{{"5,source=::1", "5", "5,source=0:0::1"},
		 "VNI 5: given twice with the source ::1",
		 {NULL}},
		{{"5,source=10.0.0.5", "5,source=::ffff:10.0.0.5"},
		 "VNI 5: given twice with the source 10.0.0.5",
		 {NULL}},
		{{"5,name=a", "6,name=a"}, "name 'a': used for VNI 5 and VNI 6", {NULL}},
		{{"5", "6,name=vni-5"}, "name 'vni-5': used for VNI 5 and VNI 6", {NULL}},
		{{"5", "6,name=web"}, NULL, {"vni-5", "web"}},
		{{"5,source=10.0.0.5"}, NULL, {"vni-5"}},
		{{"5,source=10.0.0.5", "5,source=2001:db8::1", "5", "6,source=::1"},
		 NULL,
		 {"vni-5-10.0.0.5", "vni-5-2001-db8--1", "vni-5", "vni-6"}},
		{{"5,source=10.0.0.5,name=a", "5,source=10.0.0.6"}, NULL, {"a", "vni-5"}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_check(&cases[i]);
}

/* A quadratic check would take minutes. */
static void checks_many_sessions_quickly(void **state)
{
	enum { MANY = 200000 };
	char error[SESSION_ERROR_BYTES];
	struct session_map map = {0};
	struct timespec before;
	struct timespec after;

	for (uint32_t i = 0; i < MANY; i++) {
		struct session session = {.virtual_network_id = (i * 7919) % MANY};

		assert_int_equal(session_map_append(&map, &session), 0);
	}
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(session_map_check(&map, error), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 20);
	assert_string_equal(map.sessions[1].name, "vni-7919");
	map.sessions[MANY - 1].virtual_network_id = map.sessions[0].virtual_network_id;
	assert_int_equal(session_map_check(&map, error), -EINVAL);
	session_map_fini(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_wrong_arguments),
		cmocka_unit_test(refuses_overlong_arguments),
		cmocka_unit_test(takes_arguments),
		cmocka_unit_test(refuses_wrong_json),
		cmocka_unit_test(refuses_files_that_cannot_be_read),
		cmocka_unit_test(warns_once_of_unknown_keys),
		cmocka_unit_test(long_warnings_end),
		cmocka_unit_test(writes_what_it_reads),
		cmocka_unit_test(a_failed_write_changes_nothing),
		cmocka_unit_test(checks_the_whole_and_names),
		cmocka_unit_test(checks_many_sessions_quickly),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
