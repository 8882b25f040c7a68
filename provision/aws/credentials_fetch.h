/* SPDX-License-Identifier: Apache-2.0 */
/* A GET of JSON that holds credentials, as containers and the SSO portal answer it. */
#ifndef PROVISION_CREDENTIALS_FETCH_H
#define PROVISION_CREDENTIALS_FETCH_H

#include <jansson.h>

#include "provision/aws/exchange.h"

/*
 * Sends the request up to three times, as exchange_call() does. origin: names it in the failure.
 * document: owned by the caller, json_decref(); set only on 0.
 * Returns 0, or -errno with failure set: -EREMOTEIO where the answer is no 200 (http_status, and
 * what its "message" says), -EPROTO (not a JSON object), and those of http_send().
 */
int credentials_fetch(struct exchange *exchange, const struct http_request *request,
		      const char *origin, json_t **document, struct failure *failure);

#endif
