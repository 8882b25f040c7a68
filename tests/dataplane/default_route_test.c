/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/default_route.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char ROUTES[] =
	"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
	"eth1\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
	"eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";

static const char ROUTES6[] =
	"fd000000000000000000000000000000 40 00000000000000000000000000000000 00 "
	"00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
	"00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
	"fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth2\n";

static void write_file(const char *root, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_directory(const char *root, const char *name)
{
	char command[600];

	snprintf(command, sizeof(command), "mkdir -p '%s/%s'", root, name);
	assert_int_equal(system(command), 0);
}

static void test_devices(void **state)
{
	char root[] = "/tmp/default_route.XXXXXX", command[64];

	assert_non_null(mkdtemp(root));
	make_directory(root, "proc/net");
	make_directory(root, "sys/bus/pci/devices/0000:00:05.0/net/eth0");
	make_directory(root, "sys/bus/pci/devices/0000:00:06.0/net/eth1");
	make_directory(root, "sys/bus/pci/devices/0000:00:07.0/net/eth2");
	make_directory(root, "sys/bus/pci/devices/0000:00:08.0");
	write_file(root, "proc/net/route", ROUTES);
	write_file(root, "proc/net/ipv6_route", ROUTES6);
	assert_true(default_route_uses(root, "0000:00:05.0"));
	assert_true(default_route_uses(root, "00:05.0"));
	assert_false(default_route_uses(root, "0000:00:06.0"));
	assert_true(default_route_uses(root, "0000:00:07.0"));
	assert_false(default_route_uses(root, "0000:00:08.0")); /* no kernel driver */
	assert_false(default_route_uses(root, "0000:00:09.0")); /* no such device */
	snprintf(command, sizeof(command), "rm -r '%s'", root);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_devices),
	};

	return cmocka_run_group_tests_name("default_route", tests, NULL, NULL);
}
