/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which URL a service has: the option before environment before profile before the region's
 * default, with the FIPS and dual-stack variants, as the AWS SDKs resolve them.
 */
#ifndef PROVISION_ENDPOINT_H
#define PROVISION_ENDPOINT_H

#include "provision/aws/failure.h"
#include "provision/aws/profile.h"

enum endpoint_id {
	ENDPOINT_EC2,
	ENDPOINT_ELBV2,
	ENDPOINT_STS,
	ENDPOINT_CALLED, /* those before it are what client_call() can address */
	ENDPOINT_SSO = ENDPOINT_CALLED,
	ENDPOINT_SERVICES,
};

struct endpoint_service {
	const char *name;     /* in signatures and client_call(): "ec2" */
	const char *label;    /* first of the host name */
	const char *variable; /* of the environment: "AWS_ENDPOINT_URL_EC2" */
	const char *key;      /* in a profile's services section: "ec2" */
};

extern const struct endpoint_service endpoint_services[ENDPOINT_SERVICES];

/* Zeroed holds none. All owned; endpoint_fini(). */
struct endpoint {
	char *url;          /* where requests go: "https://ec2.eu-central-1.amazonaws.com/" */
	char *host;         /* the Host header: with the port where it is not the scheme's own */
	char *path;         /* of url, at least "/" */
	const char *source; /* static: "--endpoint-url", "AWS_ENDPOINT_URL", "region", … */
};

/*
 * url: --endpoint-url, or NULL: the service's variable, AWS_ENDPOINT_URL, the chosen profile's
 * services section, its endpoint_url (none of the four where AWS_IGNORE_CONFIGURED_ENDPOINT_URLS or
 * the profile's ignore_configured_endpoint_urls is true), then the region's default, which
 * AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT and the profile's keys of these names change.
 * profiles: may be NULL.
 * endpoint: needs no initialisation; endpoint_fini() on 0.
 * Returns 0, or -errno with failure set: -EINVAL (not a URL, or the region has no such variant),
 * -ENOMEM.
 */
int endpoint_resolve(enum endpoint_id id, const char *region, const char *url,
		     const struct profiles *profiles, struct endpoint *endpoint,
		     struct failure *failure);

void endpoint_fini(struct endpoint *endpoint);

#endif
