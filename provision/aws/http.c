/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provision/aws/wipe.h"

#define PROTOCOLS "http,https"

struct http {
	CURL *curl;
	const volatile sig_atomic_t *stop; /* borrowed */
	const char *body;                  /* borrowed: what is left to send of it */
	size_t body_left;
	char detail[CURL_ERROR_SIZE];
};

struct http *http_new(void)
{
	struct http *http = calloc(1, sizeof(*http));

	if (!http)
		return NULL;
	/* Counted by libcurl; http_free() gives it back. */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wipe_free, wipe_realloc, strdup,
				 calloc)) {
		free(http);
		return NULL;
	}
	http->curl = curl_easy_init();
	if (!http->curl) {
		http_free(http);
		return NULL;
	}
	return http;
}

void http_free(struct http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	curl_global_cleanup();
	free(http);
}

void http_set_stop(struct http *http, const volatile sig_atomic_t *stop)
{
	http->stop = stop;
}

void http_response_fini(struct http_response *response)
{
	buffer_fini(&response->body);
}

/* URLs. */

/* The part between "://" and the path; *length 0 where there is none. */
static const char *authority(const char *url, size_t *length)
{
	const char *start = strstr(url, "://");

	start = start ? start + strlen("://") : url + strlen(url);
	*length = strcspn(start, "/?#");
	return start;
}

bool http_names_user(const char *url)
{
	size_t length;
	const char *start = authority(url, &length);

	return memchr(start, '@', length);
}

void http_shown_url(const char *url, char shown[HTTP_SHOWN_URL_BYTES])
{
	size_t length;
	const char *start = authority(url, &length);
	const char *at = memrchr(start, '@', length);
	const char *host = at ? at + 1 : start;

	snprintf(shown, HTTP_SHOWN_URL_BYTES, "%.*s%.*s/", *start ? (int)(start - url) : 0, url,
		 (int)(start + length - host), host);
}

/* What libcurl calls while it works. */

static size_t send_body(char *data, size_t size, size_t count, void *context)
{
	struct http *http = context;
	size_t length = size * count < http->body_left ? size * count : http->body_left;

	if (!length)
		return 0;
	memcpy(data, http->body, length);
	http->body += length;
	http->body_left -= length;
	return length;
}

/* libcurl would send a POST again by itself where a kept connection ends without an answer: uncounted,
 * and nobody would learn that the first one may have had its effect. */
static int send_no_body_twice(void *context, curl_off_t offset, int origin)
{
	return CURL_SEEKFUNC_FAIL;
}

static size_t receive_body(char *data, size_t size, size_t count, void *context)
{
	struct http_response *response = context;
	size_t length = size * count;

	if (length > HTTP_MAX_RESPONSE_BYTES - response->body.length)
		return 0;
	buffer_append(&response->body, data, length);
	return response->body.failed ? 0 : length;
}

/* The value of a "Name: value\r\n" line when it is the named header, trimmed into value. */
static bool header_value(const char *line, size_t length, const char *name, char *value,
			 size_t size)
{
	size_t name_length = strlen(name);

	if (length <= name_length || line[name_length] != ':' ||
	    strncasecmp(line, name, name_length) != 0)
		return false;
	line += name_length + 1;
	length -= name_length + 1;
	while (length && (*line == ' ' || *line == '\t')) {
		line++;
		length--;
	}
	while (length && strchr(" \t\r\n", line[length - 1]))
		length--;
	snprintf(value, size, "%.*s", (int)length, line);
	return true;
}

static size_t receive_header(char *line, size_t size, size_t count, void *context)
{
	struct http_response *response = context;
	char value[HTTP_REQUEST_ID_BYTES];
	time_t date;

	if (header_value(line, size * count, "x-amzn-requestid", value, sizeof(value)))
		memcpy(response->request_id, value, sizeof(value));
	if (header_value(line, size * count, "date", value, sizeof(value))) {
		date = curl_getdate(value, NULL);
		response->date = date > 0 ? date : 0;
	}
	return size * count;
}

static int watch_stop(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	const struct http *http = context;

	return http->stop && *http->stop;
}

/* Errors. */

static const struct {
	CURLcode code;
	enum failure_kind kind;
	int rc;
	const char *remedy;
} curl_errors[] = {
	{CURLE_COULDNT_RESOLVE_HOST, FAILURE_UNREACHABLE, -EHOSTUNREACH,
	 "check the region or endpoint URL, and name resolution"},
	{CURLE_COULDNT_RESOLVE_PROXY, FAILURE_UNREACHABLE, -EHOSTUNREACH,
	 "check HTTPS_PROXY, and name resolution"},
	{CURLE_COULDNT_CONNECT, FAILURE_UNREACHABLE, -EHOSTUNREACH,
	 "check the route to it (internet or NAT gateway, or a VPC endpoint), security groups, "
	 "HTTPS_PROXY and the endpoint URL"},
	{CURLE_OPERATION_TIMEDOUT, FAILURE_TIMEOUT, -ETIMEDOUT,
	 "check the route to it (internet or NAT gateway, or a VPC endpoint), security groups and "
	 "HTTPS_PROXY"},
	{CURLE_PEER_FAILED_VERIFICATION, FAILURE_TLS, -EPROTO,
	 "install ca-certificates, or set AWS_CA_BUNDLE to the PEM file that signs this peer"},
	{CURLE_SSL_CACERT_BADFILE, FAILURE_TLS, -EPROTO,
	 "AWS_CA_BUNDLE must name a readable file of PEM certificates"},
	{CURLE_SSL_CONNECT_ERROR, FAILURE_TLS, -EPROTO,
	 "check that the endpoint URL names an HTTPS port"},
	{CURLE_SSL_CERTPROBLEM, FAILURE_TLS, -EPROTO, ""},
	{CURLE_SSL_CIPHER, FAILURE_TLS, -EPROTO, ""},
	{CURLE_URL_MALFORMAT, FAILURE_USAGE, -EINVAL, "check the endpoint URL"},
	{CURLE_UNSUPPORTED_PROTOCOL, FAILURE_USAGE, -EINVAL,
	 "the endpoint URL starts with https:// or http://"},
	{CURLE_WEIRD_SERVER_REPLY, FAILURE_RESPONSE, -EPROTO, "check the endpoint URL"},
	{CURLE_ABORTED_BY_CALLBACK, FAILURE_STOPPED, -ECANCELED, ""},
	{CURLE_OUT_OF_MEMORY, FAILURE_MEMORY, -ENOMEM, ""},
};

/* A proxy's answer other than 2xx to CONNECT; 0 where there was none. */
static long proxy_refusal(const struct http *http)
{
	long status = 0;

	curl_easy_getinfo(http->curl, CURLINFO_HTTP_CONNECTCODE, &status);
	return status / 100 == 2 ? 0 : status;
}

static int proxy_failure(long status, const char *url, struct failure *failure)
{
	/* What a proxy cannot do now it may do later; what it forbids or wants a name for, not. */
	failure_set(failure, status < 500 ? FAILURE_PROXY : FAILURE_UNREACHABLE,
		    "%s: the proxy refused the connection: HTTP %ld", url, status);
	failure_set_remedy(failure, status == 407 ? "give HTTPS_PROXY a user and password that the "
						    "proxy accepts"
						  : "check HTTPS_PROXY and what the proxy allows, "
						    "or except the host with NO_PROXY");
	return status < 500 ? -EACCES : -EHOSTUNREACH;
}

static const char *curl_detail(const struct http *http, CURLcode code)
{
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return "stopped";
	if (code == CURLE_SEND_FAIL_REWIND)
		return "the connection ended without an answer";
	return http->detail[0] ? http->detail : curl_easy_strerror(code);
}

static int curl_failure(const struct http *http, CURLcode code, const struct http_request *request,
			const struct http_response *response, struct failure *failure)
{
	const char *detail = curl_detail(http, code);
	long refusal = proxy_refusal(http);
	char url[HTTP_SHOWN_URL_BYTES];

	http_shown_url(request->url, url);
	if (refusal)
		return proxy_failure(refusal, url, failure);
	if (code == CURLE_WRITE_ERROR && response->body.failed)
		return failure_memory(failure);
	if (code == CURLE_WRITE_ERROR || code == CURLE_FILESIZE_EXCEEDED) {
		failure_set(failure, FAILURE_RESPONSE, "%s: the answer exceeds %d bytes", url,
			    HTTP_MAX_RESPONSE_BYTES);
		return -EMSGSIZE;
	}
	for (size_t i = 0; i < sizeof(curl_errors) / sizeof(curl_errors[0]); i++) {
		if (curl_errors[i].code != code)
			continue;
		failure_set(failure, curl_errors[i].kind, "%s: %s", url, detail);
		failure_set_remedy(failure, "%s", curl_errors[i].remedy);
		return curl_errors[i].rc;
	}
	/* What is left broke while bytes were on their way. */
	failure_set(failure, FAILURE_UNREACHABLE, "%s: %s", url, detail);
	return -EHOSTUNREACH;
}

/* Without an answer, a request that left may have had its effect. A CONNECT alone has none. */
static bool request_sent(const struct http *http)
{
	long bytes = 0;

	if (proxy_refusal(http))
		return false;
	curl_easy_getinfo(http->curl, CURLINFO_REQUEST_SIZE, &bytes);
	return bytes > 0;
}

/* The request. */

/* Headers carry session tokens. */
static void free_headers(struct curl_slist *list)
{
	for (struct curl_slist *item = list; item; item = item->next)
		OPENSSL_cleanse(item->data, strlen(item->data));
	curl_slist_free_all(list);
}

static bool append_header(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer;
}

/* A line break in a value would add headers of its author's choice. */
static int make_headers(const struct http_request *request, struct curl_slist **list)
{
	struct buffer line = {0};
	int rc = 0;

	/* libcurl would wait for "100 Continue" before a larger body. */
	if (!append_header(list, "Expect:"))
		return -ENOMEM;
	for (size_t i = 0; !rc && i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];

		if (strpbrk(header->name, "\r\n:") || strpbrk(header->value, "\r\n")) {
			rc = -EINVAL;
			break;
		}
		buffer_truncate(&line, 0);
		buffer_format(&line, "%s: %s", header->name, header->value);
		if (line.failed || !append_header(list, line.data))
			rc = -ENOMEM;
	}
	buffer_fini(&line);
	return rc;
}

/* 169.254.0.0/16 and EC2's IPv6 metadata address: a proxy would ask for its own host's. */
static bool link_local(const char *url)
{
	const char *host = strstr(url, "://");

	if (!host)
		return false;
	host += strlen("://");
	return strncmp(host, "169.254.", 8) == 0 || strncasecmp(host, "[fd00:ec2:", 10) == 0 ||
	       strncasecmp(host, "[fe80:", 6) == 0;
}

static CURLcode set_connection(struct http *http, const struct http_request *request)
{
	const char *bundle = getenv("AWS_CA_BUNDLE");
	CURL *curl = http->curl;

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, PROTOCOLS);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, request->timeout_ms);
	curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)HTTP_MAX_RESPONSE_BYTES);
	/* Timeouts of name resolution would use SIGALRM, which belongs to the caller. */
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_stop);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->detail);
	/* Instead of the system's CAs: libcurl would search its directory beside the file. */
	if (bundle && *bundle) {
		curl_easy_setopt(curl, CURLOPT_CAINFO, bundle);
		curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	/* An empty proxy overrides the environment's. */
	if (request->direct || link_local(request->url))
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
	return curl_easy_setopt(curl, CURLOPT_URL, request->url);
}

static void set_exchange(struct http *http, const struct http_request *request,
			 struct curl_slist *headers, struct http_response *response)
{
	CURL *curl = http->curl;

	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (request->body) {
		http->body = request->body;
		http->body_left = request->body_length;
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)request->body_length);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, send_body);
		curl_easy_setopt(curl, CURLOPT_READDATA, http);
		curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, send_no_body_twice);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "mirrorcap/" MIRRORCAP_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, response);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, response);
}

int http_send(struct http *http, const struct http_request *request, struct http_response *response,
	      struct failure *failure)
{
	struct curl_slist *headers = NULL;
	CURLcode code;
	long status = 0;
	int rc;

	*response = (struct http_response){0};
	/* Keeps connections, forgets the last request's options. */
	curl_easy_reset(http->curl);
	http->detail[0] = '\0';
	rc = make_headers(request, &headers);
	if (rc) {
		failure_set(failure, rc == -ENOMEM ? FAILURE_MEMORY : FAILURE_USAGE,
			    "a request header has a line break");
		goto out;
	}
	code = set_connection(http, request);
	set_exchange(http, request, headers, response);
	if (!code)
		code = curl_easy_perform(http->curl);
	if (code) {
		rc = curl_failure(http, code, request, response, failure);
		failure->unclear = request_sent(http);
		goto out;
	}
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	response->status = (int)status;
out:
	/* libcurl holds pointers into what ends here. */
	curl_easy_reset(http->curl);
	free_headers(headers);
	if (rc)
		http_response_fini(response);
	return rc;
}
