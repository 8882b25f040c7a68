/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/units.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct row {
	const char *text;
	uint64_t value; /* 0: refused */
};

static void test_numbers(void **state)
{
	static const struct row rows[] = {
		{"", 0},     {"-1", 0},
		{"+1", 0},   {" 1", 0},
		{"1 ", 0},   {"0x10", 0},
		{"1.5", 0},  {"1e3", 0},
		{"1001", 0}, {"0", 0},
		{"1", 1},    {"1000", 1000},
		{"007", 7},  {"18446744073709551616", 0},
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t value;
		int rc = units_number(rows[i].text, 1, 1000, &value);

		assert_int_equal(rc, rows[i].value ? 0 : -EINVAL);
		if (rc == 0)
			assert_int_equal(value, rows[i].value);
	}
}

static void test_bytes(void **state)
{
	static const struct row rows[] = {
		{"", 0},         {"0", 0},         {"-5", 0},          {"K", 0},
		{"1 K", 0},      {"1X", 0},        {"1KK", 0},         {"18446744073709551615G", 0},
		{"5", 5000},     {"5kB", 5000},    {"5K", 5120},       {"5KiB", 5120},
		{"2M", 2097152}, {"2MB", 2000000}, {"3g", 3221225472}, {"1T", 1099511627776},
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t value;
		int rc = units_bytes(rows[i].text, 1000, &value);

		assert_int_equal(rc, rows[i].value ? 0 : -EINVAL);
		if (rc == 0)
			assert_int_equal(value, rows[i].value);
	}
}

static void test_durations(void **state)
{
	static const struct row rows[] = {
		{"", 0},
		{"0", 0},
		{"-1", 0},
		{"1e3", 0},
		{"0x10", 0},
		{"1.2.3", 0},
		{"1y", 0},
		{"nan", 0},
		{"inf", 0},
		{"99999999999999", 0},
		{"1", 1000000000},
		{"1.5", 1500000000},
		{"250ms", 250000000},
		{"2m", 120000000000},
		{"1h", 3600000000000},
		{"2d", 172800000000000},
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint64_t value;
		int rc = units_duration(rows[i].text, &value);

		assert_int_equal(rc, rows[i].value ? 0 : -EINVAL);
		if (rc == 0)
			assert_int_equal(value, rows[i].value);
	}
}

static void test_cpus(void **state)
{
	static const struct {
		const char *text;
		uint32_t count; /* 0: refused */
		int cpus[4];
	} rows[] = {
		{"", 0},
		{",", 0},
		{"1,", 0},
		{",1", 0},
		{"a", 0},
		{"-1", 0},
		{"+1", 0},
		{" 1", 0},
		{"1 ", 0},
		{"1-", 0},
		{"1--2", 0},
		{"5-2", 0},
		{"0,5-2", 0},
		{"4096", 0},
		{"0-4", 0},
		{"0-3,9", 0},
		{"1;2", 0},
		{"99999999999999999999", 0},
		{"0", 1, {0}},
		{"4095", 1, {4095}},
		{"3,1", 2, {3, 1}},
		{"2-2", 1, {2}},
		{"2-4,8", 4, {2, 3, 4, 8}},
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int cpus[4];
		uint32_t count;
		int rc = units_cpus(rows[i].text, cpus, 4, &count);

		assert_int_equal(rc, rows[i].count ? 0 : -EINVAL);
		if (rc < 0)
			continue;
		assert_int_equal(count, rows[i].count);
		assert_memory_equal(cpus, rows[i].cpus, count * sizeof(*cpus));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_cpus),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
