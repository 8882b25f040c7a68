/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/scope.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/aws/sts.h"

enum { LINE_BYTES = 2048 };

static int identify(struct scope *scope, struct failure *failure)
{
	struct xml_document *document = NULL;
	struct sts_identity identity;
	struct query query;
	int rc;

	sts_encode_caller_identity(&query);
	rc = client_call(scope->client, "sts", &query, &document, failure);
	query_fini(&query);
	if (rc)
		return rc;
	rc = sts_decode_caller_identity(document, &identity, failure);
	xml_free(document);
	if (rc)
		return rc;
	scope->account_id = strdup(identity.account);
	sts_identity_fini(&identity);
	return scope->account_id ? 0 : failure_memory(failure);
}

/* region: NULL for the base client's. */
static int open_scope(struct client *base, const char *region, struct scope *scope,
		      struct failure *failure)
{
	const struct config_account *account = scope->account;
	const struct client_role role = {
		.role_arn = account->role_arn,
		.external_id = account->external_id,
		.region = region,
	};
	int rc = 0;

	if (role.role_arn || region)
		rc = client_new_role(base, &role, &scope->client, failure);
	else
		scope->client = base;
	return rc ? rc : identify(scope, failure);
}

static bool same_place(const struct scope *a, const struct scope *b)
{
	return a->account_id && b->account_id && strcmp(a->account_id, b->account_id) == 0 &&
	       strcmp(a->region, b->region) == 0;
}

static int check_twin(const struct scopes *scopes, const struct scope *scope,
		      struct failure *failure)
{
	for (const struct scope *other = scopes->scopes; other < scope; other++) {
		if (!same_place(scope, other))
			continue;
		failure_set(failure, FAILURE_USAGE,
			    "account %s in %s is that of accounts: name: %s, too",
			    scope->account_id, scope->region, other->account->name);
		failure_set_remedy(failure, "leave one of them out");
		return -EINVAL;
	}
	return 0;
}

static void close_scope(const struct scopes *scopes, struct scope *scope)
{
	if (scope->client != scopes->base)
		client_free(scope->client);
	scope->client = NULL;
}

/* Returns what ends all scopes; a scope's own failure is kept with it. */
static int add_scope(struct scopes *scopes, const struct config_account *account,
		     const char *region, struct failure *failure)
{
	struct scope *scope = &scopes->scopes[scopes->count++];
	char line[LINE_BYTES];
	int rc;

	scope->account = account;
	scope->region = strdup(region ? region : client_region(scopes->base));
	if (!scope->region)
		return failure_memory(failure);
	rc = open_scope(scopes->base, region, scope, failure);
	if (!rc)
		rc = check_twin(scopes, scope, failure);
	if (!rc || rc == -ECANCELED || rc == -ENOMEM)
		return rc;
	close_scope(scopes, scope);
	failure_format(failure, line, sizeof(line));
	scope->failure = strdup(line);
	return scope->failure ? 0 : failure_memory(failure);
}

static int add_account(struct scopes *scopes, const struct config_account *account,
		       struct failure *failure)
{
	int rc = 0;

	if (!account->regions.count)
		return add_scope(scopes, account, NULL, failure);
	for (size_t i = 0; !rc && i < account->regions.count; i++)
		rc = add_scope(scopes, account, account->regions.texts[i], failure);
	return rc;
}

int scopes_open(const struct config *config, const struct client_options *options,
		struct scopes *scopes, struct failure *failure)
{
	struct client_options own = *options;
	size_t room = 0;
	int rc;

	*scopes = (struct scopes){0};
	for (size_t i = 0; i < config->account_count; i++) {
		const struct config_texts *regions = &config->accounts[i].regions;

		room += regions->count ? regions->count : 1;
		/* Where every account names its regions, none need be found. */
		if (i == 0 && regions->count && !own.region)
			own.region = regions->texts[0];
	}
	scopes->scopes = calloc(room + 1, sizeof(*scopes->scopes));
	if (!scopes->scopes)
		return failure_memory(failure);
	rc = client_new(&own, &scopes->base, failure);
	for (size_t i = 0; !rc && i < config->account_count; i++)
		rc = add_account(scopes, &config->accounts[i], failure);
	if (rc)
		scopes_fini(scopes);
	return rc;
}

void scopes_set_stop(struct scopes *scopes, const volatile sig_atomic_t *stop)
{
	client_set_stop(scopes->base, stop);
	for (size_t i = 0; i < scopes->count; i++) {
		if (scopes->scopes[i].client)
			client_set_stop(scopes->scopes[i].client, stop);
	}
}

void scopes_fini(struct scopes *scopes)
{
	for (size_t i = 0; i < scopes->count; i++) {
		struct scope *scope = &scopes->scopes[i];

		close_scope(scopes, scope);
		free(scope->account_id);
		free(scope->region);
		free(scope->failure);
	}
	free(scopes->scopes);
	client_free(scopes->base);
	*scopes = (struct scopes){0};
}
