/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/sigv4.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "provision/aws/uri.h"

#define ALGORITHM "AWS4-HMAC-SHA256"

enum { HASH_BYTES = 32 };

/* Stands between name and value while parameters are sorted: below every encoded byte, so that
 * "a" comes before "a1" whatever its value. */
#define SEPARATOR '\001'

void sigv4_date(int64_t time, char text[SIGV4_DATE_BYTES])
{
	time_t seconds = (time_t)time;
	struct tm utc = {0};

	gmtime_r(&seconds, &utc);
	strftime(text, SIGV4_DATE_BYTES, "%Y%m%dT%H%M%SZ", &utc);
}

static void append_hex(struct buffer *out, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		buffer_format(out, "%02x", bytes[i]);
}

static int append_sha256(struct buffer *out, const void *data, size_t length)
{
	unsigned char hash[HASH_BYTES];

	if (!EVP_Digest(length ? data : "", length, hash, NULL, EVP_sha256(), NULL))
		return -EIO;
	append_hex(out, hash, sizeof(hash));
	return 0;
}

/* Stage 1: canonical request. */

static void append_segment(struct buffer *path, const char *segment, size_t length)
{
	const char *slash;

	if (length == 0 || (length == 1 && segment[0] == '.'))
		return;
	if (length == 2 && memcmp(segment, "..", 2) == 0) {
		slash = path->length ? strrchr(path->data, '/') : NULL;
		buffer_truncate(path, slash ? (size_t)(slash - path->data) : 0);
		return;
	}
	buffer_text(path, "/");
	buffer_append(path, segment, length);
}

/* Without empty and dot segments, as the AWS SDKs normalise. */
static void append_path(struct buffer *out, const char *path)
{
	struct buffer normal = {0};
	const char *segment = path;
	size_t length;

	for (;;) {
		length = strcspn(segment, "/");
		append_segment(&normal, segment, length);
		if (!segment[length])
			break;
		segment += length + 1;
	}
	/* A trailing slash stays; so does the only one. */
	if (!normal.length || length == 0)
		buffer_text(&normal, "/");
	uri_encode(out, buffer_string(&normal), normal.length, "/");
	out->failed |= normal.failed;
	buffer_fini(&normal);
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Decoded first, so that a client's own way of encoding does not matter. */
static char *canonical_parameter(const char *parameter, size_t length)
{
	const char *equals = memchr(parameter, '=', length);
	size_t name_length = equals ? (size_t)(equals - parameter) : length;
	const char separator = SEPARATOR;
	struct buffer plain = {0}, encoded = {0};

	uri_decode(&plain, parameter, name_length);
	uri_encode(&encoded, buffer_string(&plain), plain.length, "");
	buffer_append(&encoded, &separator, 1);
	buffer_truncate(&plain, 0);
	if (equals)
		uri_decode(&plain, equals + 1, length - name_length - 1);
	uri_encode(&encoded, buffer_string(&plain), plain.length, "");
	if (plain.failed || encoded.failed)
		buffer_fini(&encoded);
	buffer_fini(&plain);
	return encoded.data;
}

static void append_parameters(struct buffer *out, char **parameters, size_t count)
{
	qsort(parameters, count, sizeof(*parameters), compare_texts);
	for (size_t i = 0; i < count; i++) {
		*strchr(parameters[i], SEPARATOR) = '=';
		buffer_text(out, i ? "&" : "");
		buffer_text(out, parameters[i]);
	}
}

static void append_query(struct buffer *out, const char *query)
{
	size_t room = 1, count = 0;
	char **parameters;

	for (const char *c = query; *c; c++)
		room += *c == '&';
	parameters = calloc(room, sizeof(*parameters));
	if (!parameters) {
		out->failed = true;
		return;
	}
	while (*query) {
		size_t length = strcspn(query, "&");

		if (length) {
			parameters[count] = canonical_parameter(query, length);
			out->failed |= !parameters[count++];
		}
		query += length + (query[length] == '&');
	}
	if (!out->failed)
		append_parameters(out, parameters, count);
	for (size_t i = 0; i < count; i++)
		free(parameters[i]);
	free(parameters);
}

static int compare_headers(const void *a, const void *b)
{
	const struct http_header *const *first = a, *const *second = b;
	int order = strcasecmp((*first)->name, (*second)->name);

	/* Values of one name keep the order in which they are sent. */
	if (!order)
		order = *first < *second ? -1 : 1;
	return order;
}

static void append_lower(struct buffer *out, const char *name)
{
	for (; *name; name++) {
		char lower = *name;

		if (lower >= 'A' && lower <= 'Z')
			lower = (char)(lower - 'A' + 'a');
		buffer_append(out, &lower, 1);
	}
}

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Outer blanks go, inner runs of blanks become one space. */
static void append_trimmed(struct buffer *out, const char *value)
{
	bool pending = false, started = false;

	for (; *value; value++) {
		if (blank(*value)) {
			pending = started;
			continue;
		}
		if (pending)
			buffer_text(out, " ");
		buffer_append(out, value, 1);
		pending = false;
		started = true;
	}
}

static void append_headers(struct buffer *out, struct buffer *names,
			   const struct http_header **headers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i && strcasecmp(headers[i]->name, headers[i - 1]->name) == 0) {
			buffer_text(out, ",");
		} else {
			buffer_text(out, i ? "\n" : "");
			append_lower(out, headers[i]->name);
			buffer_text(out, ":");
			buffer_text(names, i ? ";" : "");
			append_lower(names, headers[i]->name);
		}
		append_trimmed(out, headers[i]->value);
	}
	buffer_text(out, "\n");
}

int sigv4_canonical_request(const struct sigv4_request *request, struct buffer *canonical,
			    struct buffer *signed_headers)
{
	size_t count = request->header_count;
	const struct http_header **sorted = calloc(count + 1, sizeof(const struct http_header *));
	int rc;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		sorted[i] = &request->headers[i];
	qsort(sorted, count, sizeof(const struct http_header *), compare_headers);

	buffer_format(canonical, "%s\n", request->method);
	if (request->path_as_is)
		uri_encode(canonical, request->path, strlen(request->path), "/");
	else
		append_path(canonical, request->path);
	buffer_text(canonical, "\n");
	append_query(canonical, request->query ? request->query : "");
	buffer_text(canonical, "\n");
	append_headers(canonical, signed_headers, sorted, count);
	buffer_format(canonical, "\n%s\n", buffer_string(signed_headers));
	rc = append_sha256(canonical, request->payload, request->payload_length);
	free(sorted);
	if (canonical->failed || signed_headers->failed)
		return -ENOMEM;
	return rc;
}

/* Stage 2: string to sign. */

static void append_scope(struct buffer *out, const struct sigv4_scope *scope)
{
	char date[SIGV4_DATE_BYTES];

	sigv4_date(scope->time, date);
	buffer_format(out, "%.8s/%s/%s/aws4_request", date, scope->region, scope->service);
}

int sigv4_string_to_sign(const struct sigv4_scope *scope, const struct buffer *canonical,
			 struct buffer *text)
{
	char date[SIGV4_DATE_BYTES];
	int rc;

	sigv4_date(scope->time, date);
	buffer_format(text, ALGORITHM "\n%s\n", date);
	append_scope(text, scope);
	buffer_text(text, "\n");
	rc = append_sha256(text, canonical->data, canonical->length);
	return text->failed ? -ENOMEM : rc;
}

/* Stage 3: signature. */

static int hmac(const void *key, size_t key_length, const void *data, size_t length,
		unsigned char result[HASH_BYTES])
{
	size_t result_length;

	if (!EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, key_length, data, length, result,
		       HASH_BYTES, &result_length))
		return -EIO;
	return 0;
}

/* Each step's result is the next step's key. */
static int signing_key(const struct sigv4_scope *scope, const char *secret,
		       unsigned char key[HASH_BYTES])
{
	char date[SIGV4_DATE_BYTES];
	const char *const steps[] = {date, scope->region, scope->service, "aws4_request"};
	unsigned char next[HASH_BYTES];
	struct buffer start = {0};
	int rc;

	sigv4_date(scope->time, date);
	date[8] = '\0'; /* the day alone */
	buffer_format(&start, "AWS4%s", secret);
	rc = buffer_error(&start);
	for (size_t i = 0; !rc && i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (i == 0)
			rc = hmac(start.data, start.length, steps[i], strlen(steps[i]), next);
		else
			rc = hmac(key, HASH_BYTES, steps[i], strlen(steps[i]), next);
		memcpy(key, next, HASH_BYTES);
	}
	OPENSSL_cleanse(next, sizeof(next));
	buffer_fini(&start);
	return rc;
}

int sigv4_signature(const struct sigv4_scope *scope, const char *secret_access_key,
		    const struct buffer *string_to_sign, char signature[SIGV4_SIGNATURE_BYTES])
{
	unsigned char key[HASH_BYTES] = {0}, hash[HASH_BYTES];
	struct buffer hex = {0};
	int rc = signing_key(scope, secret_access_key, key);

	if (!rc)
		rc = hmac(key, sizeof(key), string_to_sign->data, string_to_sign->length, hash);
	OPENSSL_cleanse(key, sizeof(key));
	if (rc)
		return rc;
	append_hex(&hex, hash, sizeof(hash));
	rc = buffer_error(&hex);
	if (!rc)
		memcpy(signature, hex.data, SIGV4_SIGNATURE_BYTES);
	buffer_fini(&hex);
	return rc;
}

void sigv4_authorization(const struct sigv4_scope *scope, const char *access_key_id,
			 const char *signed_headers, const char *signature,
			 struct buffer *authorization)
{
	buffer_format(authorization, ALGORITHM " Credential=%s/", access_key_id);
	append_scope(authorization, scope);
	buffer_format(authorization, ", SignedHeaders=%s, Signature=%s", signed_headers, signature);
}

int sigv4_sign(const struct sigv4_request *request, const struct sigv4_scope *scope,
	       const struct sigv4_key *key, struct buffer *authorization)
{
	struct buffer canonical = {0}, signed_headers = {0}, text = {0};
	char signature[SIGV4_SIGNATURE_BYTES];
	int rc = sigv4_canonical_request(request, &canonical, &signed_headers);

	if (!rc)
		rc = sigv4_string_to_sign(scope, &canonical, &text);
	if (!rc)
		rc = sigv4_signature(scope, key->secret_access_key, &text, signature);
	if (!rc) {
		sigv4_authorization(scope, key->access_key_id, buffer_string(&signed_headers),
				    signature, authorization);
		rc = buffer_error(authorization);
	}
	buffer_fini(&text);
	buffer_fini(&signed_headers);
	buffer_fini(&canonical);
	return rc;
}
