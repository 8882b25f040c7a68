/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/aws/credentials.h"
#include "provision/aws/endpoint.h"
#include "provision/aws/exchange.h"
#include "provision/aws/http.h"
#include "provision/aws/imds.h"
#include "provision/aws/profile.h"
#include "provision/aws/region.h"
#include "provision/aws/sts.h"

enum { RENEWAL_PAUSE_SECONDS = 30 };

struct client {
	struct http *http;
	struct exchange exchange;
	struct pacing pacing; /* of EC2; a client is an account and a region */
	struct imds imds;
	struct profiles profiles; /* empty where there is a base: see settings() */
	struct region region;
	char *endpoint_url; /* the option; NULL for none */
	struct endpoint endpoints[ENDPOINT_CALLED];
	struct credentials credentials;
	time_t renewal_failed; /* monotonic seconds; 0: did not */
	/* Of client_new_role(): base gives the credentials. */
	struct client *base; /* borrowed; NULL for a client of its own */
	char *role_arn;      /* NULL: base's own identity */
	char *external_id;
	char *session_name;
};

static const struct profiles *settings(const struct client *client)
{
	return client->base ? settings(client->base) : &client->profiles;
}

/* Credentials. */

static int assume_role(struct client *client, struct failure *failure)
{
	const struct sts_role role = {
		.role_arn = client->role_arn,
		.session_name = client->session_name,
		.external_id = client->external_id,
	};
	struct credentials fresh = {0};
	struct xml_document *document;
	struct query query;
	int rc;

	sts_encode_assume_role(&query, &role);
	rc = client_call(client->base, "sts", &query, &document, failure);
	query_fini(&query);
	if (!rc) {
		rc = sts_decode_credentials(document, &fresh, failure);
		xml_free(document);
	}
	if (rc) {
		credentials_fini(&fresh);
		failure_prefix(failure, "assuming role %s: ", client->role_arn);
		return rc;
	}
	fresh.source = "assumed role";
	credentials_fini(&client->credentials);
	client->credentials = fresh;
	return 0;
}

static int load_credentials(struct client *client, struct failure *failure)
{
	const struct credentials_context context = {
		.exchange = &client->exchange,
		.imds = &client->imds,
		.profiles = &client->profiles,
		.profile = client->profiles.name,
		.region = client->region.name,
		.environment = !client->profiles.option,
	};

	if (client->role_arn)
		return assume_role(client, failure);
	return credentials_load(&context, &client->credentials, failure);
}

static time_t monotonic_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Each attempt may take seconds until it fails, and calls come by the hundred. */
static bool renewal_failed_lately(const struct client *client)
{
	return client->renewal_failed &&
	       monotonic_seconds() - client->renewal_failed < RENEWAL_PAUSE_SECONDS;
}

static int renew_credentials(struct client *client, struct failure *failure)
{
	const struct credentials *old = &client->credentials;
	int64_t now = exchange_time(&client->exchange);
	int rc;

	if (!credentials_stale(old, now) ||
	    (now < old->expires_at && renewal_failed_lately(client)))
		return 0;
	rc = load_credentials(client, failure);
	client->renewal_failed = rc ? monotonic_seconds() : 0;
	/* Renewal comes early so that it may fail for a while. */
	if (rc && rc != -ECANCELED && now < old->expires_at)
		return 0;
	return rc;
}

/* The client whose credentials sign. */
static struct client *signer(struct client *client)
{
	return client->base && !client->role_arn ? client->base : client;
}

/* Making one. */

static struct client *allocate(void)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->http = http_new();
	if (!client->http) {
		free(client);
		return NULL;
	}
	exchange_init(&client->exchange, client->http);
	pacing_init(&client->pacing);
	imds_init(&client->imds, client->http);
	return client;
}

/* NULL stays NULL. */
static int copy_text(const char *text, char **copy, struct failure *failure)
{
	*copy = text ? strdup(text) : NULL;
	return text && !*copy ? failure_memory(failure) : 0;
}

static int resolve_endpoints(struct client *client, struct failure *failure)
{
	int rc = 0;

	for (int id = 0; !rc && id < ENDPOINT_CALLED; id++)
		rc = endpoint_resolve((enum endpoint_id)id, client->region.name,
				      client->endpoint_url, settings(client),
				      &client->endpoints[id], failure);
	return rc;
}

int client_new(const struct client_options *options, struct client **result,
	       struct failure *failure)
{
	struct client *client = allocate();
	int rc;

	if (!client)
		return failure_memory(failure);
	client_set_stop(client, options->stop);
	rc = copy_text(options->endpoint_url, &client->endpoint_url, failure);
	if (!rc)
		rc = profiles_load(options->profile, &client->profiles, failure);
	if (!rc)
		rc = region_resolve(options->region, &client->profiles, &client->imds,
				    &client->region, failure);
	if (!rc)
		rc = resolve_endpoints(client, failure);
	if (!rc)
		rc = load_credentials(client, failure);
	if (rc) {
		client_free(client);
		return rc;
	}
	*result = client;
	return 0;
}

static int copy_role(struct client *client, const struct client_role *role, struct failure *failure)
{
	int rc = copy_text(role->role_arn, &client->role_arn, failure);

	if (!rc)
		rc = copy_text(role->external_id, &client->external_id, failure);
	if (!rc)
		rc = copy_text(role->session_name, &client->session_name, failure);
	return rc;
}

int client_new_role(struct client *base, const struct client_role *role, struct client **result,
		    struct failure *failure)
{
	struct client *client = allocate();
	int rc;

	if (!client)
		return failure_memory(failure);
	client->base = base;
	client->exchange.clock_offset = base->exchange.clock_offset;
	client_set_stop(client, base->exchange.stop);
	rc = copy_role(client, role, failure);
	if (!rc)
		rc = copy_text(base->endpoint_url, &client->endpoint_url, failure);
	if (!rc)
		rc = region_resolve(role->region ? role->region : base->region.name, NULL, NULL,
				    &client->region, failure);
	if (!rc)
		rc = resolve_endpoints(client, failure);
	if (!rc && client->role_arn)
		rc = load_credentials(client, failure);
	if (rc) {
		client_free(client);
		return rc;
	}
	client->region.source = role->region ? "configuration" : base->region.source;
	*result = client;
	return 0;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	credentials_fini(&client->credentials);
	for (int id = 0; id < ENDPOINT_CALLED; id++)
		endpoint_fini(&client->endpoints[id]);
	region_fini(&client->region);
	profiles_fini(&client->profiles);
	imds_fini(&client->imds);
	http_free(client->http);
	free(client->endpoint_url);
	free(client->role_arn);
	free(client->external_id);
	free(client->session_name);
	free(client);
}

/* Using it. */

void client_set_stop(struct client *client, const volatile sig_atomic_t *stop)
{
	exchange_set_stop(&client->exchange, stop);
}

const char *client_region(const struct client *client)
{
	return client->region.name;
}

const char *client_region_source(const struct client *client)
{
	return client->region.source;
}

const char *client_profile(const struct client *client)
{
	return settings(client)->name;
}

int64_t client_credentials_expiration(const struct client *client)
{
	return signer((struct client *)client)->credentials.expires_at;
}

const char *client_credentials_source(const struct client *client)
{
	return signer((struct client *)client)->credentials.source;
}

/* ENDPOINT_CALLED where there is no such service. */
static enum endpoint_id find_service(const char *name)
{
	int id = 0;

	while (id < ENDPOINT_CALLED && strcmp(endpoint_services[id].name, name) != 0)
		id++;
	return (enum endpoint_id)id;
}

const char *client_endpoint(const struct client *client, const char *service)
{
	enum endpoint_id id = find_service(service);

	return id == ENDPOINT_CALLED ? NULL : client->endpoints[id].url;
}

const char *client_endpoint_source(const struct client *client, const char *service)
{
	enum endpoint_id id = find_service(service);

	return id == ENDPOINT_CALLED ? NULL : client->endpoints[id].source;
}

unsigned int client_attempts(const struct client *client)
{
	return client->exchange.attempts;
}

int client_pause(const struct client *client, unsigned int ms, struct failure *failure)
{
	return exchange_pause(&client->exchange, ms, failure);
}

int client_call(struct client *client, const char *service, const struct query *query,
		struct xml_document **document, struct failure *failure)
{
	const enum endpoint_id id = find_service(service);
	struct client *signing = signer(client);
	int rc;

	client->exchange.attempts = 0;
	if (id == ENDPOINT_CALLED) {
		failure_set(failure, FAILURE_USAGE, "service '%s': not one that is called",
			    service);
		return -EINVAL;
	}
	rc = renew_credentials(signing, failure);
	client->exchange.attempts = 0;
	if (rc) {
		/* Whatever STS did: this request was not sent. */
		failure->unclear = false;
		return rc;
	}
	const struct exchange_request call = {
		.service = id,
		.region = client->region.name,
		.endpoint = &client->endpoints[id],
		.credentials = &signing->credentials,
		.query = query,
		.pacing = id == ENDPOINT_EC2 ? &client->pacing : NULL,
	};
	return exchange_call(&client->exchange, &call, document, failure);
}
