/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/client_token.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct wish {
	const char *deployment, *account_id, *region, *identity, *input;
	uint32_t generation;
} wish = {"soc",
	  "111122223333",
	  "eu-central-1",
	  "session web eni-1",
	  "{\"NetworkInterfaceId\":\"eni-1\",\"SessionNumber\":1}",
	  0};

static void make(const struct wish *of, char *token)
{
	json_t *input = json_loads(of->input, 0, NULL);

	assert_non_null(input);
	assert_int_equal(client_token_make(of->deployment, of->account_id, of->region, of->identity,
					   input, of->generation, token),
			 0);
	json_decref(input);
	/* What EC2 takes: 64 characters at most. */
	assert_int_equal(strlen(token), 64);
	assert_int_equal(strspn(token, "0123456789abcdef"), 64);
}

static void is_the_same_for_the_same(void **state)
{
	char one[CLIENT_TOKEN_BYTES], other[CLIENT_TOKEN_BYTES];
	struct wish same = wish;

	/* sha256 of "tsoc\0" "t111122223333\0" …, computed with Python's hashlib. */
	make(&wish, one);
	assert_string_equal(one,
			    "ef7c024e491bb1ec82b85ff86cb1f8be390b60beb2408b78f52c52e418b73436");
	make(&wish, other);
	assert_string_equal(one, other);
	same.input = "{ \"SessionNumber\" : 1, \"NetworkInterfaceId\" : \"eni-1\" }";
	make(&same, other);
	assert_string_equal(one, other);
}

static void differs_for_another(void **state)
{
	const struct wish others[] = {
		{"so", wish.account_id, wish.region, wish.identity, wish.input, 0},
		/* The parts do not run into each other. */
		{"soc1", "11122223333", wish.region, wish.identity, wish.input, 0},
		{wish.deployment, "444455556666", wish.region, wish.identity, wish.input, 0},
		{wish.deployment, wish.account_id, "eu-west-1", wish.identity, wish.input, 0},
		{wish.deployment, wish.account_id, wish.region, "session db eni-1", wish.input, 0},
		{wish.deployment, wish.account_id, wish.region, wish.identity, "{}", 0},
		{wish.deployment, wish.account_id, wish.region, wish.identity,
		 "{\"NetworkInterfaceId\":\"eni-1\",\"SessionNumber\":2}", 0},
		{wish.deployment, wish.account_id, wish.region, wish.identity, wish.input, 1},
	};
	char tokens[COUNT(others) + 1][CLIENT_TOKEN_BYTES];

	make(&wish, tokens[COUNT(others)]);
	for (size_t i = 0; i < COUNT(others); i++)
		make(&others[i], tokens[i]);
	for (size_t i = 0; i < COUNT(tokens); i++) {
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(tokens[i], tokens[j]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_same_for_the_same),
		cmocka_unit_test(differs_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
