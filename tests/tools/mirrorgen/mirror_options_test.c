/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <errno.h>

#include <cmocka.h>

#include "tools/mirrorgen/mirror_options.h"

enum { MAX_ARGUMENTS = 32 };

#define SESSION "--vni 7 --source-ip 10.0.0.5 --target-ip 10.0.0.9 "

/* Splits the line at spaces. The options borrow from line, which outlives them. */
static int parse(char *line, struct mirror_options *options, char *error)
{
	char *argv[MAX_ARGUMENTS] = {(char *)"mirrorgen"};
	int argc = 1;
	char *rest = line;

	error[0] = '\0';
	for (char *word; (word = strsep(&rest, " "));) {
		if (word[0])
			argv[argc++] = word;
	}
	return mirror_options_parse(options, argc, argv, error);
}

static const struct {
	const char *line;
	const char *named; /* what the message begins with */
} mistakes[] = {
	{"", "no input"},
	{"--nonsense", "--nonsense: no such option"},
	{"-q", "-q: no such option"},
	{"word", "word: not an option"},
	{"--vni", "--vni: its value is missing"},
	{"--mix=1", "--mix: takes no value"},
	{"--vni 16777216", "--vni 16777216:"},
	{"--vni -1", "--vni -1:"},
	{"--vni 0x10", "--vni 0x10:"},
	{"--vni 99999999999999999999", "--vni 99999999999999999999:"},
	{"--packet-length 0", "--packet-length 0:"},
	{"--packet-length 65536", "--packet-length 65536:"},
	{"--source-ip 10.0.0", "--source-ip 10.0.0:"},
	{"--target-ip ::ffff:10.0.0.1", "--target-ip ::ffff:10.0.0.1:"},
	{"--gateway-ip x", "--gateway-ip x:"},
	{"--source-mac 02:00", "--source-mac 02:00:"},
	{"--source-mac 02:00:00:00:00:0", "--source-mac 02:00:00:00:00:0:"},
	{"--target-mac 02:00:00:00:00:00:00", "--target-mac 02:00:00:00:00:00:00:"},
	{"--target-mac 02-00-00-00-00-00", "--target-mac 02-00-00-00-00-00:"},
	{"--size 63", "--size 63:"},
	{"--size 65486", "--size 65486:"},
	{"--size big", "--size big:"},
	{"--flows 0", "--flows 0:"},
	{"--sources 0", "--sources 0:"},
	{"--count 0", "--count 0:"},
	{"--rate 0", "--rate 0:"},
	{"--loop -1", "--loop -1:"},
	{"--write dir/file", "--write dir/file:"},
	{"--read a --interface b", "--read, --interface, --synthetic:"},
	{"--synthetic --vni 1", "--write: missing"},
	{"--synthetic --write e --source-ip 1.1.1.1 --target-ip 1.1.1.2", "--vni: missing"},
	{"--synthetic --write e --vni 1 --target-ip 1.1.1.2", "--source-ip: missing"},
	{"--synthetic --write e --vni 1 --source-ip 1.1.1.2", "--target-ip: missing"},
	{SESSION "--read a --write e --size 64", "--size: only with"},
	{SESSION "--read a --write e --mix", "--mix: only with"},
	{SESSION "--read a --write e --flows 2", "--flows: only with"},
	{SESSION "--read a --write e --sources 2", "--sources: only with"},
	{SESSION "--synthetic --write e --loop 2", "--loop: only with"},
	{SESSION "--interface i --write e --rate 2", "--rate: only with"},
	{SESSION "--read a --write e --hold", "--hold: only with"},
	{SESSION "--read a --write e --geneve-options", "--geneve-options: only with"},
	{SESSION "--read a --write e --gateway-ip 1.1.1.1", "--gateway-ip: only with"},
	{SESSION "--synthetic --write e.pcap", "--write e.pcap: the file would grow"},
	{SESSION "--read a --loop 0 --write e.pcap", "--write e.pcap: the file would grow"},
	{SESSION "--read a --write e --target-ip fd00::1", "--source-ip, --target-ip:"},
	{SESSION "--read a --write e --geneve --gateway-ip fd00::1", "--source-ip, --target-ip:"},
	{SESSION "--synthetic --write e --size 65485 --packet-length 65535 --geneve",
	 "--size 65485: no room"},
};

static void mistakes_are_named(void **state)
{
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		char error[MIRROR_OPTIONS_ERROR_BYTES];
		char *line = strdup(mistakes[i].line);
		struct mirror_options options;

		if (parse(line, &options, error) != -EINVAL ||
		    strstr(error, mistakes[i].named) != error)
			fail_msg("%s: %s", mistakes[i].line, error);
		assert_null(strchr(error, '\n'));
		free(line);
	}
}

static void a_mirror_session_is_read(void **state)
{
	char line[] = SESSION "--interface eth0 --write eth1 --packet-length 128 "
			      "--target-mac 02:ab:00:00:00:fF --hold";
	static const uint8_t mac[6] = {0x02, 0xab, 0, 0, 0, 0xff};
	char error[MIRROR_OPTIONS_ERROR_BYTES];
	struct mirror_options options;

	assert_int_equal(parse(line, &options, error), 0);
	assert_int_equal(options.input, MIRROR_INPUT_INTERFACE);
	assert_string_equal(options.input_name, "eth0");
	assert_string_equal(options.output_name, "eth1");
	assert_false(options.output_is_file);
	assert_int_equal(options.wrap.vni, 7);
	assert_int_equal(options.wrap.packet_length, 128);
	assert_true(options.hold);
	assert_false(options.has_source_mac);
	assert_true(options.has_target_mac);
	assert_memory_equal(options.wrap.target_mac, mac, sizeof(mac));
	assert_int_equal(options.wrap.source.s6_addr[15], 5);
	assert_int_equal(options.wrap.target.s6_addr[15], 9);
}

static void defaults_hold(void **state)
{
	char line[] = SESSION "--read x.pcap --write dir/y.pcap --geneve";
	char error[MIRROR_OPTIONS_ERROR_BYTES];
	struct mirror_options options;

	assert_int_equal(parse(line, &options, error), 0);
	assert_true(options.output_is_file);
	assert_int_equal(options.wrap.packet_length, 8500);
	assert_int_equal(options.loops, 1);
	assert_false(options.hold);
	assert_int_equal(options.count, 0);
	assert_int_equal(options.rate, 0);
	assert_int_equal(options.interfaces, 1);
	assert_memory_equal(&options.wrap.gateway, &options.wrap.source, 16);
}

static void help_needs_nothing_else(void **state)
{
	char error[MIRROR_OPTIONS_ERROR_BYTES];
	struct mirror_options options;
	char line[] = "--help";

	assert_int_equal(parse(line, &options, error), 0);
	assert_true(options.help);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(a_mirror_session_is_read),
		cmocka_unit_test(defaults_hold),
		cmocka_unit_test(help_needs_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
