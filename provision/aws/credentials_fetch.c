/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/credentials_fetch.h"

#include <errno.h>

#include "provision/aws/credentials_json.h"

static int refused(const struct http_request *request, const struct http_response *response,
		   const char *origin, struct failure *failure)
{
	const char *message = NULL;
	char url[HTTP_SHOWN_URL_BYTES];
	json_t *document = NULL;

	if (!credentials_json_parse(buffer_string(&response->body), response->body.length, origin,
				    &document, failure))
		message = credentials_json_text(document, "message");
	http_shown_url(request->url, url);
	failure_set(failure, FAILURE_SERVICE, "credentials from %s: %s: %s", origin, url,
		    message ? message : "no message");
	failure->http_status = response->status;
	json_decref(document);
	return -EREMOTEIO;
}

static int try_once(struct exchange *exchange, const struct http_request *request,
		    const char *origin, json_t **document, struct failure *failure)
{
	struct http_response response;
	int rc = http_send(exchange->http, request, &response, failure);

	if (rc) {
		failure_prefix(failure, "credentials from %s: ", origin);
		return rc;
	}
	if (response.status != 200)
		rc = refused(request, &response, origin, failure);
	else
		rc = credentials_json_parse(buffer_string(&response.body), response.body.length,
					    origin, document, failure);
	http_response_fini(&response);
	return rc;
}

int credentials_fetch(struct exchange *exchange, const struct http_request *request,
		      const char *origin, json_t **document, struct failure *failure)
{
	int cost = 0, rc;

	for (unsigned int attempt = 1;; attempt++) {
		rc = try_once(exchange, request, origin, document, failure);
		if (!rc) {
			retry_succeeded(&exchange->quota, cost);
			return 0;
		}
		if (!retry_allowed(&exchange->quota, failure, attempt, &cost))
			return rc;
		rc = exchange_backoff(exchange, attempt, failure);
		if (rc)
			return rc;
	}
}
