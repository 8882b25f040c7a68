/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to a Query service of AWS and its answer: signed, sent, sent again where that may
 * help (retry.h), always with the same body: what makes it idempotent must be in it. A clock that
 * AWS finds wrong is corrected by the answer's Date, once in a call. Calls are held back where their bucket is
 * empty (pacing.h), each attempt for itself.
 */
#ifndef PROVISION_EXCHANGE_H
#define PROVISION_EXCHANGE_H

#include <signal.h>
#include <stdint.h>

#include "provision/aws/credentials.h"
#include "provision/aws/endpoint.h"
#include "provision/aws/failure.h"
#include "provision/aws/http.h"
#include "provision/aws/pacing.h"
#include "provision/aws/query.h"
#include "provision/aws/retry.h"
#include "provision/aws/xml.h"

enum {
	EXCHANGE_CONNECT_TIMEOUT_MS = 5000,
	EXCHANGE_TIMEOUT_MS = 30000, /* for one attempt */
};

/* What requests of one client share. One thread at a time. */
struct exchange {
	struct http *http;                 /* borrowed */
	const volatile sig_atomic_t *stop; /* borrowed; may be NULL */
	struct retry_quota quota;
	int64_t clock_offset;  /* seconds, added to our clock */
	int64_t server_ahead;  /* seconds, by the last answer's Date */
	unsigned int attempts; /* of the last call */
};

/* All borrowed. */
struct exchange_request {
	enum endpoint_id service;
	const char *region;
	const struct endpoint *endpoint;
	const struct credentials *credentials; /* NULL: sent without a signature */
	const struct query *query;
	struct pacing *pacing; /* of the service's calls; NULL for none */
};

/* http: borrowed as long as the exchange is used. Nothing to free. */
void exchange_init(struct exchange *exchange, struct http *http);

void exchange_set_stop(struct exchange *exchange, const volatile sig_atomic_t *stop);

/* Seconds since the epoch, as AWS's clocks see it. */
int64_t exchange_time(const struct exchange *exchange);

/* Sleeps, unless or until the stop flag is set. Returns 0, or -ECANCELED with failure set. */
int exchange_pause(const struct exchange *exchange, uint32_t ms, struct failure *failure);

/* The pause after the failed attempt of that number, from 1 (retry_delay_ms()). As above. */
int exchange_backoff(const struct exchange *exchange, unsigned int attempt,
		     struct failure *failure);

/*
 * document: owned by the caller, xml_free(); set only on 0.
 * Returns 0, or -errno with failure set: -EREMOTEIO (AWS answered with an error: failure->code),
 * -EPROTO (TLS, or an answer that is no document), and those of http_send(). failure->unclear is
 * set where any of the attempts may have had its effect.
 */
int exchange_call(struct exchange *exchange, const struct exchange_request *call,
		  struct xml_document **document, struct failure *failure);

#endif
