/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP and HTTPS requests, one at a time, on libcurl. TLS is always verified, against AWS_CA_BUNDLE
 * where that is set. Proxies come from the environment (HTTPS_PROXY, NO_PROXY, http_proxy) except
 * to link-local addresses, where instance metadata lives. Redirects are never followed: a signed
 * request belongs to one host.
 */
#ifndef PROVISION_HTTP_H
#define PROVISION_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/aws/buffer.h"
#include "provision/aws/failure.h"

enum {
	HTTP_MAX_RESPONSE_BYTES = 32 << 20,
	HTTP_REQUEST_ID_BYTES = 64,
	HTTP_SHOWN_URL_BYTES = 320, /* a host name has 255 at most; longer ones are cut */
};

/* Borrowed. */
struct http_header {
	const char *name;
	const char *value;
};

/* All borrowed. */
struct http_request {
	const char *method; /* "GET", "POST", "PUT" */
	const char *url;
	const struct http_header *headers;
	size_t header_count;
	const void *body; /* NULL for none */
	size_t body_length;
	long connect_timeout_ms;
	long timeout_ms; /* for the whole exchange */
	bool direct;     /* no proxy, whatever the environment says */
};

struct http_response {
	int status;
	int64_t date;       /* of the Date header, seconds since the epoch; 0 if none */
	struct buffer body; /* owned */
	char request_id[HTTP_REQUEST_ID_BYTES]; /* of x-amzn-requestid, else "" */
};

/* "https://host:port/": what stands before an '@' or behind the host may be a secret. */
void http_shown_url(const char *url, char shown[HTTP_SHOWN_URL_BYTES]);

/* True where the URL has a user or password: "https://user:password@host/". */
bool http_names_user(const char *url);

/* Connections are kept and reused over requests. One thread at a time. */
struct http;

/* Returns NULL where memory is short or libcurl cannot start. */
struct http *http_new(void);

void http_free(struct http *http);

/*
 * While *stop is not 0, requests end at once with FAILURE_STOPPED. stop: borrowed, may be set by
 * a signal handler; NULL for none.
 */
void http_set_stop(struct http *http, const volatile sig_atomic_t *stop);

/*
 * Sends a request and reads the answer, whatever its status.
 * response: needs no initialisation; http_response_fini() on 0.
 * Returns 0, or -errno with failure set: -EHOSTUNREACH (no connection, or it broke), -ETIMEDOUT,
 * -EPROTO (TLS, or the answer is not HTTP), -EMSGSIZE (above HTTP_MAX_RESPONSE_BYTES), -EINVAL
 * (URL or header), -EACCES (refused by the proxy), -ECANCELED (stopped), -ENOMEM. failure->unclear tells whether it was sent.
 */
int http_send(struct http *http, const struct http_request *request, struct http_response *response,
	      struct failure *failure);

void http_response_fini(struct http_response *response);

#endif
