/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to one account in one region of AWS as one object: credentials, region, endpoints,
 * signing, retries. What a service can be asked is in ec2.h and its like. One thread at a time. For
 * `mirrorcap session` and `mirrorcap run` alike:
 *
 *	rc = client_new(&(struct client_options){.region = region}, &client, &failure);
 *	rc = ec2_find_session(client, &spec, &session, &failure);
 *	client_free(client);
 */
#ifndef PROVISION_CLIENT_H
#define PROVISION_CLIENT_H

#include <signal.h>
#include <stdint.h>

#include "provision/aws/failure.h"
#include "provision/aws/query.h"
#include "provision/aws/xml.h"

/* All borrowed; the texts only during client_new(). */
struct client_options {
	const char *region;       /* NULL: from the environment, the profile or the instance */
	const char *endpoint_url; /* of all services; NULL: each from its variable or the region */
	const char *profile;      /* NULL: AWS_PROFILE, else "default" */
	/* While *stop is not 0, waiting and sending end at once with FAILURE_STOPPED; may be set
	 * by a signal handler. NULL for none. */
	const volatile sig_atomic_t *stop;
};

/* A role in another account, or another region. All borrowed only during client_new_role(). */
struct client_role {
	const char *role_arn;     /* NULL: the base client's own identity, for another region */
	const char *external_id;  /* NULL for none */
	const char *session_name; /* NULL: "mirrorcap" */
	const char *region;       /* NULL: the base client's */
};

struct client;

/*
 * Finds region, endpoints and credentials; asks instance metadata where nothing else tells, but
 * does not call EC2 yet.
 * client: owned by the caller, client_free(); set only on 0.
 * Returns 0, or -errno with failure set: -ENOENT (no region, no credentials), -EINVAL (one of them
 * is not usable), -EPROTO, -ENOMEM, -ECANCELED.
 */
int client_new(const struct client_options *options, struct client **client,
	       struct failure *failure);

/*
 * A client that acts as a role, with credentials from STS AssumeRole, which base signs. They are
 * fetched now and again before they expire. Endpoints are found as base's were; so is the stop
 * flag's value at this moment.
 * base: borrowed until client_free() of the new one.
 * Returns 0, or -errno with failure set, as client_new() and client_call().
 */
int client_new_role(struct client *base, const struct client_role *role, struct client **client,
		    struct failure *failure);

/* Wipes the credentials. */
void client_free(struct client *client);

/* Replaces the stop flag, so that what was begun can be undone after a stop. NULL for none. */
void client_set_stop(struct client *client, const volatile sig_atomic_t *stop);

/* For messages; borrowed from the client. */
const char *client_region(const struct client *client);
const char *client_region_source(const struct client *client);      /* "AWS_REGION", … */
const char *client_profile(const struct client *client);            /* the chosen one's name */
const char *client_credentials_source(const struct client *client); /* "environment", … */

/* When the credentials expire, in seconds since the epoch; 0: never. */
int64_t client_credentials_expiration(const struct client *client);

/* Where requests to a service go ("ec2", "elasticloadbalancing", "sts"), and what says so
 * ("--endpoint-url", "AWS_ENDPOINT_URL", "profile", "region" …); NULL for any other service. */
const char *client_endpoint(const struct client *client, const char *service);
const char *client_endpoint_source(const struct client *client, const char *service);

/*
 * Signs and sends a request, again where that may help (retry.h), each time with the same body:
 * what makes it idempotent must be in it. Credentials are renewed when they are about to expire; a
 * clock that AWS finds wrong is corrected once, by the answer's Date. Calls to EC2 are held back where
 * they would come faster than it allows (pacing.h).
 * service: "ec2", "elasticloadbalancing" or "sts". document: owned by the caller, xml_free(); set
 * only on 0.
 * Returns 0, or -errno with failure set: -EREMOTEIO (AWS answered with an error: failure->code),
 * -EPROTO (TLS, or an answer that is no document), and those of http_send() and
 * credentials_load(). failure->unclear is set where any of the attempts may have had its effect.
 */
int client_call(struct client *client, const char *service, const struct query *query,
		struct xml_document **document, struct failure *failure);

/* How often the last client_call() sent: above 1, an earlier attempt may have had its effect. */
unsigned int client_attempts(const struct client *client);

/*
 * Sleeps, unless or until the stop flag is set.
 * Returns 0, or -ECANCELED with failure set.
 */
int client_pause(const struct client *client, unsigned int ms, struct failure *failure);

#endif
