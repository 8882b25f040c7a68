/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "provision/deploy/config_value.h"

#define NLB                                                                               \
	"arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/mirror/" \
	"0123456789abcdef"

static const struct {
	const struct config_text *kind;
	bool valid;
	const char *text;
} texts[] = {
	{&config_text_name, false, ""},
	{&config_text_name, false, "-web"},
	{&config_text_name, false, "web server"},
	{&config_text_name, true, "web.1_a-b"},
	{&config_text_description, false, ""},
	{&config_text_description, true, "Web-Server, groß"},
	{&config_text_external_id, false, "x"},
	{&config_text_external_id, false, "a b"},
	{&config_text_external_id, true, "soc:7f3a@x/y+z=,."},
	{&config_text_region, false, "frankfurt"},
	{&config_text_region, false, "EU-central-1"},
	{&config_text_region, false, "eu-central-1."},
	{&config_text_region, true, "us-gov-west-1"},
	{&config_text_instance_id, false, "i-"},
	{&config_text_instance_id, false, "i-0123456"},
	{&config_text_instance_id, false, "i-0123456789abcdef01"},
	{&config_text_instance_id, false, "i-0123456789abcde_0"},
	{&config_text_instance_id, false, "eni-0123456789abcdef0"},
	{&config_text_instance_id, true, "i-0123456789abcdef0"},
	{&config_text_instance_id, true, "i-01234567"},
	{&config_text_interface_id, true, "eni-070203f901EXAMPLE"},
	{&config_text_tag_key, false, ""},
	{&config_text_tag_key, true, "aws:autoscaling:groupName"},
	{&config_text_tag_value, true, ""},
	{&config_text_role_arn, false, ""},
	{&config_text_role_arn, false, "arn"},
	{&config_text_role_arn, false, "arn:aws:iam::111122223333"},
	{&config_text_role_arn, false, "arn:aws:iam::111122223333:"},
	{&config_text_role_arn, false, "arn:aws:iam::111122223333:role/"},
	{&config_text_role_arn, false, "arn:aws:iam::111122223333:role/a/"},
	{&config_text_role_arn, false, "arn:aws:iam::11112222333:role/a"},
	{&config_text_role_arn, false, "arn:aws:iam::11112222333x:role/a"},
	{&config_text_role_arn, false, "arn:aws:iam:eu-west-1:111122223333:role/a"},
	{&config_text_role_arn, false, "arn:aws:sts::111122223333:assumed-role/a/b"},
	{&config_text_role_arn, false, "arn:aws:iam::111122223333:user/a"},
	{&config_text_role_arn, false, "arn:gcp:iam::111122223333:role/a"},
	{&config_text_role_arn, false, "arn:aws:iam::111122223333:role/a*"},
	{&config_text_role_arn, true, "arn:aws:iam::111122223333:role/a"},
	{&config_text_role_arn, true, "arn:aws-us-gov:iam::111122223333:role/p/a.b@c"},
	{&config_text_load_balancer_arn, true, NLB},
	{&config_text_load_balancer_arn, false, NLB "/more"},
	{&config_text_load_balancer_arn, false,
	 "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/m/01"},
	{&config_text_load_balancer_arn, false,
	 "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/m"},
	{&config_text_load_balancer_arn, false,
	 "arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/net/m/"},
	{&config_text_load_balancer_arn, false,
	 "arn:aws:elasticloadbalancing::111122223333:loadbalancer/net/m/01"},
	{&config_text_load_balancer_arn, false,
	 "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/m/01"},
};

static void knows_texts(void **state)
{
	char long_text[300];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (config_text_valid(texts[i].kind, texts[i].text) != texts[i].valid)
			fail_msg("'%s' as %s", texts[i].text, texts[i].kind->what);
	}
	memset(long_text, 'x', sizeof(long_text));
	long_text[256] = '\0';
	assert_true(config_text_valid(&config_text_tag_value, long_text));
	assert_false(config_text_valid(&config_text_description, long_text));
	long_text[255] = '\0';
	assert_true(config_text_valid(&config_text_description, long_text));
}

static void reads_numbers(void **state)
{
	static const char *const wrong[] = {"",    "-1",  "+5",  " 5",
					    "5 ",  "0x5", "05",  "4",
					    "101", "1e1", "5.0", "99999999999999999999999"};
	uint32_t number = 0;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(config_number(wrong[i], 5, 100, &number), -EINVAL);
	assert_int_equal(config_number("5", 5, 100, &number), 0);
	assert_int_equal(number, 5);
	assert_int_equal(config_number("100", 5, 100, &number), 0);
	assert_int_equal(number, 100);
	assert_int_equal(config_number("0", 0, 100, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(config_number("4294967295", 0, UINT32_MAX, &number), 0);
	assert_int_equal(number, UINT32_MAX);
}

static void reads_blocks(void **state)
{
	static const struct {
		const char *text;
		int rc;
		const char *canonical;
	} cases[] = {
		{"", -EINVAL, NULL},
		{"10.0.0.0", -EINVAL, NULL},
		{"/8", -EINVAL, NULL},
		{"10.0.0.0/", -EINVAL, NULL},
		{"10.0.0.0/33", -EINVAL, NULL},
		{"10.0.0.0/-1", -EINVAL, NULL},
		{"10.0.0/8", -EINVAL, NULL},
		{"10.0.0.256/8", -EINVAL, NULL},
		{"fd00::/129", -EINVAL, NULL},
		{"fd00:/8", -EINVAL, NULL},
		{"example.com/8", -EINVAL, NULL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:0000:1111/8", -EINVAL, NULL},
		{"10.0.0.5/8", -ERANGE, "10.0.0.0/8"},
		{"10.0.0.255/25", -ERANGE, "10.0.0.128/25"},
		{"fd00::1/8", -ERANGE, "fd00::/8"},
		{"2001:db8::ff/121", -ERANGE, "2001:db8::80/121"},
		{"0.0.0.0/0", 0, "0.0.0.0/0"},
		{"10.1.2.3/32", 0, "10.1.2.3/32"},
		{"::/0", 0, "::/0"},
		{"2001:DB8:0:0:0::/64", 0, "2001:db8::/64"},
	};
	char canonical[CONFIG_CIDR_BYTES];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(config_cidr(cases[i].text, canonical), cases[i].rc);
		if (cases[i].canonical)
			assert_string_equal(canonical, cases[i].canonical);
	}
}

static void reads_ports(void **state)
{
	static const char *const wrong[] = {"",
					    "-",
					    "443-",
					    "-443",
					    "444-443",
					    "65536",
					    "1-65536",
					    "a",
					    "1-2-3",
					    "1 - 2",
					    "443,80",
					    "1234567890",
					    "1234567890-1234567891"};
	struct config_ports ports = {0};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(config_ports(wrong[i], &ports), -EINVAL);
	assert_false(ports.given);
	assert_int_equal(config_ports("0", &ports), 0);
	assert_true(ports.given && ports.from == 0 && ports.to == 0);
	assert_int_equal(config_ports("1024-65535", &ports), 0);
	assert_true(ports.from == 1024 && ports.to == 65535);
}

static void finds_parts_of_arns(void **state)
{
	size_t length;
	const char *part = config_arn_part(NLB, CONFIG_ARN_ACCOUNT, &length);

	assert_int_equal(length, 12);
	assert_memory_equal(part, "111122223333", 12);
	part = config_arn_part("arn:aws:x:::a:b", CONFIG_ARN_RESOURCE, &length);
	assert_string_equal(part, "a:b");
	assert_int_equal(length, 3);
	assert_null(config_arn_part("arn:aws", CONFIG_ARN_REGION, &length));
	assert_int_equal(length, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_texts),         cmocka_unit_test(reads_numbers),
		cmocka_unit_test(reads_blocks),        cmocka_unit_test(reads_ports),
		cmocka_unit_test(finds_parts_of_arns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
