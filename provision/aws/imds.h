/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instance metadata service, version 2 only: a session token by PUT, then reads with it.
 * Reads AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and
 * AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE. Version 1 is never used.
 */
#ifndef PROVISION_IMDS_H
#define PROVISION_IMDS_H

#include <stdbool.h>

#include "provision/aws/buffer.h"
#include "provision/aws/failure.h"
#include "provision/aws/http.h"

enum { IMDS_TIMEOUT_MS = 1000 };

struct imds {
	struct http *http; /* borrowed */
	struct buffer endpoint;
	struct buffer token;
	bool disabled;
	bool absent; /* it never answered: not asked again, so that nobody waits twice */
};

/* Reads the environment; sends nothing. http: borrowed until imds_fini(). */
void imds_init(struct imds *imds, struct http *http);

/*
 * Reads "/latest/meta-data/…". The token is fetched first where there is none, and once more where
 * it is refused. value: appended to; may hold a secret.
 * Returns 0, -ENODEV (disabled by the environment), -EHOSTUNREACH (nobody answers: not on EC2, or
 * behind a container hop), -ENOENT (404), -EACCES (refused), -EPROTO, -ENOMEM, -ECANCELED; failure
 * says what was tried.
 */
int imds_get(struct imds *imds, const char *path, struct buffer *value, struct failure *failure);

/* Wipes the token. */
void imds_fini(struct imds *imds);

#endif
