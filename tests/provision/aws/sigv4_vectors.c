/* SPDX-License-Identifier: Apache-2.0 */
#include "sigv4_vectors.h"

#include <dirent.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "provision/aws/credentials.h"
#include "provision/aws/file_text.h"
#include "provision/aws/sigv4.h"

enum {
	MAX_HEADERS = 32,
	MAX_FILE_BYTES = 1 << 20,
};

/* One case. */
struct vector {
	const char *directory;
	json_t *context;
	struct buffer text; /* of request.txt, cut into pieces that the request points to */
	struct http_header headers[MAX_HEADERS];
	struct sigv4_request request;
	char date[SIGV4_DATE_BYTES];
	char payload_hash[65];
};

static void read_file(const char *directory, const char *name, struct buffer *text)
{
	char path[4096];

	assert_true(snprintf(path, sizeof(path), "%s/%s", directory, name) < (int)sizeof(path));
	assert_int_equal(file_text_read(path, MAX_FILE_BYTES, text), 0);
}

/* Compares with a file; line ends may be DOS's. */
static void expect_file(const char *directory, const char *name, const char *text)
{
	struct buffer file = {0};
	size_t length = 0;

	read_file(directory, name, &file);
	for (size_t i = 0; i < file.length; i++) {
		if (file.data[i] != '\r')
			file.data[length++] = file.data[i];
	}
	buffer_truncate(&file, length);
	file.data[length] = '\0';
	assert_string_equal(text, buffer_string(&file));
	buffer_fini(&file);
}

static void add_header(struct vector *vector, const char *name, const char *value)
{
	assert_true(vector->request.header_count < MAX_HEADERS);
	vector->headers[vector->request.header_count++] = (struct http_header){name, value};
}

/* Takes a line off the text, without its end. NULL at the empty line before the payload. */
static char *take_line(char **rest)
{
	char *line = *rest;
	size_t length = strcspn(line, "\n");

	*rest = line + length + (line[length] == '\n');
	line[length] = '\0';
	if (length && line[length - 1] == '\r')
		line[length - 1] = '\0';
	return *line ? line : NULL;
}

/* "GET /path?query HTTP/1.1", where path and query may hold blanks. */
static void read_request_line(struct vector *vector, char *line)
{
	char *target = strchr(line, ' '), *version = strrchr(line, ' '), *query;

	assert_non_null(target);
	assert_true(version > target);
	*target++ = '\0';
	*version = '\0';
	query = strchr(target, '?');
	if (query)
		*query++ = '\0';
	vector->request.method = line;
	vector->request.path = target;
	vector->request.query = query;
}

/* A line that starts with a blank goes on with the value before it. */
static void read_headers(struct vector *vector, char **rest)
{
	char *line, *colon;

	while (**rest && (line = take_line(rest))) {
		if (*line == ' ' || *line == '\t') {
			/* Instead of the line end between them, of one or two bytes. */
			line[-1] = ' ';
			if (!line[-2])
				line[-2] = ' ';
			continue;
		}
		colon = strchr(line, ':');
		assert_non_null(colon);
		*colon = '\0';
		add_header(vector, line, colon + 1);
	}
}

static void read_request(struct vector *vector)
{
	char *rest;

	read_file(vector->directory, "request.txt", &vector->text);
	rest = vector->text.data;
	assert_non_null(rest);
	vector->request.headers = vector->headers;
	read_request_line(vector, take_line(&rest));
	read_headers(vector, &rest);
	vector->request.payload = rest;
	vector->request.payload_length = strlen(rest);
}

static const char *context_text(const struct vector *vector, const char *name)
{
	return json_string_value(json_object_get(vector->context, name));
}

/* What a signer adds. */
static void add_signing_headers(struct vector *vector, int64_t time)
{
	const json_t *credentials = json_object_get(vector->context, "credentials");
	const char *token = json_string_value(json_object_get(credentials, "token"));
	unsigned char hash[32];

	sigv4_date(time, vector->date);
	add_header(vector, "X-Amz-Date", vector->date);
	if (token && !json_is_true(json_object_get(vector->context, "omit_session_token")))
		add_header(vector, "X-Amz-Security-Token", token);
	if (!json_is_true(json_object_get(vector->context, "sign_body")))
		return;
	EVP_Digest(vector->request.payload, vector->request.payload_length, hash, NULL,
		   EVP_sha256(), NULL);
	for (int i = 0; i < 32; i++)
		snprintf(vector->payload_hash + (ptrdiff_t)2 * i, 3, "%02x", hash[i]);
	add_header(vector, "X-Amz-Content-Sha256", vector->payload_hash);
}

static void check_stages(const struct vector *vector, const struct sigv4_scope *scope)
{
	const json_t *credentials = json_object_get(vector->context, "credentials");
	const char *secret = json_string_value(json_object_get(credentials, "secret_access_key"));
	struct buffer canonical = {0}, names = {0}, text = {0};
	char signature[SIGV4_SIGNATURE_BYTES];

	assert_non_null(secret);
	assert_int_equal(sigv4_canonical_request(&vector->request, &canonical, &names), 0);
	expect_file(vector->directory, "header-canonical-request.txt", canonical.data);
	assert_int_equal(sigv4_string_to_sign(scope, &canonical, &text), 0);
	expect_file(vector->directory, "header-string-to-sign.txt", text.data);
	assert_int_equal(sigv4_signature(scope, secret, &text, signature), 0);
	expect_file(vector->directory, "header-signature.txt", signature);
	buffer_fini(&text);
	buffer_fini(&names);
	buffer_fini(&canonical);
}

static void check_case(const char *directory)
{
	struct vector vector = {.directory = directory};
	struct buffer context = {0};
	struct sigv4_scope scope;

	read_file(directory, "context.json", &context);
	vector.context = json_loads(buffer_string(&context), 0, NULL);
	assert_non_null(vector.context);
	scope = (struct sigv4_scope){
		.time = credentials_parse_time(context_text(&vector, "timestamp")),
		.region = context_text(&vector, "region"),
		.service = context_text(&vector, "service"),
	};
	assert_true(scope.time && scope.region && scope.service);
	read_request(&vector);
	vector.request.path_as_is = json_is_false(json_object_get(vector.context, "normalize"));
	add_signing_headers(&vector, scope.time);
	check_stages(&vector, &scope);
	json_decref(vector.context);
	buffer_fini(&vector.text);
	buffer_fini(&context);
}

void sigv4_vectors_check(const char *directory)
{
	DIR *list = opendir(directory);
	struct dirent *entry;
	unsigned int checked = 0;
	char path[4096];

	assert_non_null(list);
	while ((entry = readdir(list))) {
		snprintf(path, sizeof(path), "%s/%s/context.json", directory, entry->d_name);
		if (access(path, R_OK))
			continue;
		print_message("# %s\n", entry->d_name);
		*strrchr(path, '/') = '\0';
		check_case(path);
		checked++;
	}
	closedir(list);
	print_message("# %u vectors\n", checked);
	assert_true(checked > 0);
}
