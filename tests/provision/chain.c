/* SPDX-License-Identifier: Apache-2.0 */
#include "chain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "peer.h"
#include "provision/aws/exchange.h"

int chain_load(const char *profile, struct credentials *credentials, struct failure *failure)
{
	struct credentials_context context = {.region = "us-east-1", .environment = !profile};
	struct http *http = http_new();
	struct profiles profiles = {0};
	struct exchange exchange;
	struct imds imds;
	int rc;

	assert_non_null(http);
	*credentials = (struct credentials){0};
	exchange_init(&exchange, http);
	imds_init(&imds, http);
	context.exchange = &exchange;
	context.imds = &imds;
	context.profiles = &profiles;
	rc = profiles_load(profile, &profiles, failure);
	context.profile = profiles.name;
	if (!rc)
		rc = credentials_load(&context, credentials, failure);
	profiles_fini(&profiles);
	imds_fini(&imds);
	http_free(http);
	return rc;
}

void chain_write(const char *config, const char *shared)
{
	if (config)
		setenv("AWS_CONFIG_FILE", peer_file("config", config), 1);
	if (shared)
		setenv("AWS_SHARED_CREDENTIALS_FILE", peer_file("credentials", shared), 1);
}
