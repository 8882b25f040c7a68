/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/session_options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define ENI "--network-interface-id=eni-0123456789abcdef0"
#define TMT "--traffic-mirror-target-id=tmt-0a1b2c3d"
#define TMF "--traffic-mirror-filter-id=tmf-0a1b2c3d"
#define ALL ENI, TMT, TMF, "--session-number=1"

enum { MAX_ARGUMENTS = 12 };

/* What a program does with the options; 1 stands for an option that is none of the command's. */
static int parse(const char *const *arguments, struct session_options *options, char *warning,
		 struct failure *failure)
{
	char *argv[MAX_ARGUMENTS + 2] = {(char *)"test"};
	struct option table[SESSION_OPTIONS_MAX];
	int argc = 1, value, rc;

	while (arguments[argc - 1]) {
		argv[argc] = (char *)arguments[argc - 1];
		argc++;
	}
	*options = (struct session_options){0};
	*failure = (struct failure){0};
	session_options_getopt(table, SESSION_OPTIONS_MAX);
	optind = 0;
	opterr = 0;
	while ((value = getopt_long(argc, argv, ":", table, NULL)) != -1) {
		if (!session_options_owns(value))
			return 1;
		rc = session_options_set(options, value, optarg, failure);
		if (rc)
			return rc;
	}
	return session_options_check(options, warning, failure);
}

static const struct {
	int rc;
	const char *arguments[MAX_ARGUMENTS + 1];
	const char *message; /* a part of message and remedy, or of the warning where rc is 0 */
} table[] = {
	{-EINVAL, {"--profile="}, "--profile ''"},
	{-EINVAL, {"--region="}, "--region ''"},
	{-EINVAL, {"--endpoint-url="}, "--endpoint-url ''"},
	/* Ids by shape. */
	{-EINVAL, {"--network-interface-id="}, "eni-0123456789abcdef0"},
	{-EINVAL, {"--network-interface-id=eni-"}, "--network-interface-id 'eni-'"},
	{-EINVAL, {"--network-interface-id=eni-0123456"}, "eni-0123456"},
	{-EINVAL, {"--network-interface-id=eni-0123456789abcdef01"}, "eni-"},
	{-EINVAL, {"--network-interface-id=tmt-0a1b2c3d"}, "eni-"},
	{-EINVAL, {"--network-interface-id=eni-0a1b2c3&"}, "eni-"},
	{-EINVAL, {"--network-interface-id=eni-0a1b2c3 "}, "eni-"},
	{-EINVAL, {"--network-interface-id=eni-0a1b2c\xc3\xbc"}, "eni-"},
	{-EINVAL, {"--traffic-mirror-target-id=eni-0a1b2c3d"}, "tmt-"},
	{-EINVAL, {"--traffic-mirror-filter-id=tmt-0a1b2c3d"}, "tmf-"},
	{0, {"--network-interface-id=eni-070203f901EXAMPLE", TMT, TMF, "--session-number=1"}, ""},
	/* Numbers. */
	{-EINVAL, {"--session-number=0"}, "from 1 to 32766"},
	{-EINVAL, {"--session-number=32767"}, "--session-number '32767'"},
	{-EINVAL, {"--session-number="}, "32766"},
	{-EINVAL, {"--session-number=-1"}, "32766"},
	{-EINVAL, {"--session-number=1x"}, "32766"},
	{-EINVAL, {"--session-number=0x10"}, "32766"},
	{-EINVAL, {"--session-number= 1"}, "32766"},
	{-EINVAL, {"--session-number=4294967297"}, "32766"},
	{-EINVAL, {"--session-number=99999999999999999999999"}, "32766"},
	{0, {ENI, TMT, TMF, "--session-number=32766"}, ""},
	{-EINVAL, {"--virtual-network-id=16777216"}, "from 0 to 16777215"},
	{-EINVAL, {"--virtual-network-id=-1"}, "16777215"},
	{0, {ALL, "--virtual-network-id=0"}, ""},
	{0, {ALL, "--virtual-network-id=16777215"}, ""},
	{-EINVAL, {"--packet-length=0"}, "--packet-length '0'"},
	{0, {ALL, "--packet-length=1"}, "35 for IPv4"},
	{0, {ALL, "--packet-length=34"}, "35 for IPv4"},
	{0, {ALL, "--packet-length=35"}, "55 for IPv6"},
	{0, {ALL, "--packet-length=54"}, "55 for IPv6"},
	{0, {ALL, "--packet-length=55"}, ""},
	/* EC2 decides above its default. */
	{0, {ALL, "--packet-length=9000"}, ""},
	/* Tags, tokens. */
	{-EINVAL, {"--tag=team"}, "KEY=VALUE"},
	{-EINVAL, {"--tag==soc"}, "KEY=VALUE"},
	{0, {ALL, "--tag=team=soc", "--tag=a="}, ""},
	{-EINVAL, {"--client-token="}, "64"},
	{-EINVAL, {"--client-token=a b"}, "64"},
	{-EINVAL,
	 {"--client-token=01234567890123456789012345678901234567890123456789012345678901234"},
	 "64"},
	{0,
	 {ALL, "--client-token=0123456789012345678901234567890123456789012345678901234567890123"},
	 ""},
	/* What is missing is named, all of it. */
	{-EINVAL,
	 {NULL},
	 "missing --network-interface-id ENI, --traffic-mirror-target-id TMT, "
	 "--traffic-mirror-filter-id TMF, --session-number N"},
	{-EINVAL, {ENI, TMF}, "--traffic-mirror-target-id TMT, --session-number N"},
	{-EINVAL, {ENI, TMT, TMF}, "missing --session-number N"},
	{0, {ALL}, ""},
	/* These are other commands' options. */
	{1, {"--filters=Name=a,Values=b"}, ""},
	{1, {"--dry-run"}, ""},
	{1, {"--output=json"}, ""},
	{1, {"--session-number"}, ""},
};

static void judges_options(void **state)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char warning[SESSION_OPTIONS_WARNING_BYTES] = "", line[2048];
		struct session_options options;
		struct failure failure;
		int rc = parse(table[i].arguments, &options, warning, &failure);

		print_message("# %s\n", table[i].arguments[0] ? table[i].arguments[0] : "nothing");
		assert_int_equal(rc, table[i].rc);
		failure_format(&failure, line, sizeof(line));
		if (rc == -EINVAL) {
			assert_int_equal(failure.kind, FAILURE_USAGE);
			assert_string_not_equal(failure.remedy, "");
			assert_non_null(strstr(line, table[i].message));
		} else if (*table[i].message) {
			assert_non_null(strstr(warning, table[i].message));
		} else {
			assert_string_equal(warning, "");
		}
		session_options_fini(&options);
	}
}

static void keeps_every_value(void **state)
{
	static const char *const arguments[] = {ALL,
						"--packet-length=128",
						"--virtual-network-id=4242",
						"--description=a b",
						"--tag=k=v=w",
						"--client-token=t",
						"--region=eu-west-1",
						"--endpoint-url=http://e",
						"--profile=audit",
						NULL};
	struct session_options options;
	char warning[SESSION_OPTIONS_WARNING_BYTES];
	const struct mirror_session_spec *spec = &options.create.spec;
	struct failure failure;

	assert_int_equal(parse(arguments, &options, warning, &failure), 0);
	assert_string_equal(spec->network_interface_id, "eni-0123456789abcdef0");
	assert_string_equal(spec->traffic_mirror_target_id, "tmt-0a1b2c3d");
	assert_string_equal(spec->traffic_mirror_filter_id, "tmf-0a1b2c3d");
	assert_int_equal(spec->session_number, 1);
	assert_int_equal(spec->packet_length, 128);
	assert_true(spec->has_virtual_network_id);
	assert_int_equal(spec->virtual_network_id, 4242);
	assert_string_equal(spec->description, "a b");
	assert_int_equal(spec->tag_count, 1);
	assert_string_equal(spec->tags[0].key, "k");
	assert_string_equal(spec->tags[0].value, "v=w");
	assert_string_equal(options.create.client_token, "t");
	assert_string_equal(options.client.region, "eu-west-1");
	assert_string_equal(options.client.endpoint_url, "http://e");
	assert_string_equal(options.client.profile, "audit");
	session_options_fini(&options);
}

static void limits_tags(void **state)
{
	struct session_options options = {0};
	struct option rows[SESSION_OPTIONS_MAX];
	struct failure failure;
	int tag = 0;

	session_options_getopt(rows, SESSION_OPTIONS_MAX);
	for (size_t i = 0; rows[i].name; i++) {
		if (strcmp(rows[i].name, "tag") == 0)
			tag = rows[i].val;
	}
	for (int i = 0; i < 50; i++)
		assert_int_equal(session_options_set(&options, tag, "k=v", &failure), 0);
	assert_int_equal(session_options_set(&options, tag, "k=v", &failure), -EINVAL);
	session_options_fini(&options);
}

/* Whatever getopt_long() knows, the usage explains. */
static void helps_with_every_option(void **state)
{
	struct option rows[SESSION_OPTIONS_MAX];
	struct buffer text = {0};
	size_t count = session_options_getopt(rows, SESSION_OPTIONS_MAX);

	session_options_help(&text);
	assert_true(count >= 3);
	assert_null(rows[count].name);
	for (size_t i = 0; i < count; i++)
		assert_non_null(strstr(text.data, rows[i].name));
	buffer_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_options),
		cmocka_unit_test(keeps_every_value),
		cmocka_unit_test(limits_tags),
		cmocka_unit_test(helps_with_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
