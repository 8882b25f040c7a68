/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/observe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What cannot be listed must not pass for what is not there: it would be created or deleted. */
static void a_failed_list_fails_its_scope(void **state)
{
	static const struct {
		const char *scenario, *failure; /* a part of it */
	} table[] = {
		{"refused", "UnauthorizedOperation"},
		{"second_page_fails", "InvalidParameterValue"},
		{"without_set", "not what EC2 documents"},
		/* The sessions are complete, the targets are not. */
		{"pages", "not what EC2 documents"},
	};
	struct config_account account = {.name = "main"};
	const struct config config = {.accounts = &account, .account_count = 1};
	char id[] = "123456789012", region[] = "us-east-1";

	peer_clear_environment();
	setenv("AWS_ACCESS_KEY_ID", "AKID", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
	for (size_t i = 0; i < COUNT(table); i++) {
		struct client_options options = {.region = region};
		struct scope scope = {.account = &account, .account_id = id, .region = region};
		const struct scopes scopes = {.scopes = &scope, .count = 1};
		struct failure failure = {0};
		struct observed observed;
		struct peer peer;

		print_message("# %s\n", table[i].scenario);
		peer_start(&peer, table[i].scenario);
		options.endpoint_url = peer.url;
		assert_int_equal(client_new(&options, &scope.client, &failure), 0);
		assert_int_equal(observe(&config, &scopes, &observed, &failure), 0);
		assert_int_equal(observed.scope_count, 1);
		assert_non_null(observed.scopes[0].failure);
		assert_non_null(strstr(observed.scopes[0].failure, table[i].failure));
		assert_int_equal(observed.scopes[0].session_count, 0);
		observed_fini(&observed);
		client_free(scope.client);
		peer_stop(&peer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_list_fails_its_scope),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
