/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which region, and which URL there: options before environment before instance metadata, as the
 * AWS SDKs resolve them.
 */
#ifndef PROVISION_ENDPOINT_H
#define PROVISION_ENDPOINT_H

#include "provision/aws/failure.h"
#include "provision/aws/imds.h"

/* Zeroed holds none. All owned; endpoint_fini(). */
struct endpoint {
	char *region; /* "eu-central-1" */
	char *url;    /* where requests go: "https://ec2.eu-central-1.amazonaws.com/" */
	char *host;   /* the Host header: with the port where it is not the scheme's own */
	char *path;   /* of url, at least "/" */
};

/*
 * Resolves the endpoint of EC2.
 * region: --region, or NULL: AWS_REGION, AWS_DEFAULT_REGION, then the instance's own region.
 * url: --endpoint-url, or NULL: AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL, then the region's default.
 * Returns 0, or -errno with failure set: -ENOENT (no region found; says what was tried), -EINVAL
 * (not a region, not a URL), -ENOMEM, -ECANCELED.
 */
int endpoint_resolve(const char *region, const char *url, struct imds *imds,
		     struct endpoint *endpoint, struct failure *failure);

void endpoint_fini(struct endpoint *endpoint);

#endif
