/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict reader. The first mistake stays; all that is read behind it is ignored.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/manifest_internal.h"

struct reader {
	char *error;
	int rc;
	char where[48]; /* "$", "$.chain", "$.pruned[3]" */
};

int manifest_fail(char *error, int rc, const char *text)
{
	snprintf(error, MANIFEST_ERROR_BYTES, "%s", text);
	return rc;
}

static void fail(struct reader *reader, const char *key, const char *what)
{
	if (reader->rc)
		return;
	reader->rc = -EINVAL;
	snprintf(reader->error, MANIFEST_ERROR_BYTES, "%s%s%s: %s", reader->where, key ? "." : "",
		 key ? key : "", what);
}

static void fail_memory(struct reader *reader)
{
	fail(reader, NULL, "out of memory");
	reader->rc = reader->rc == -EINVAL ? -ENOMEM : reader->rc;
}

__attribute__((format(printf, 2, 3))) static void go_to(struct reader *reader, const char *format,
							...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(reader->where, sizeof(reader->where), format, args);
	va_end(args);
}

/* NULL: there is none, which is a mistake. */
static const json_t *member(struct reader *reader, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		fail(reader, key, "is missing");
	return value;
}

static uint64_t read_number(struct reader *reader, const json_t *object, const char *key,
			    uint64_t least, uint64_t most)
{
	const json_t *value = member(reader, object, key);
	json_int_t number = json_integer_value(value);

	if (!json_is_integer(value) || number < 0 || (uint64_t)number < least ||
	    (uint64_t)number > most) {
		fail(reader, key, "is not a number of its range");
		return 0;
	}
	return (uint64_t)number;
}

static uint64_t read_count(struct reader *reader, const json_t *object, const char *key)
{
	return read_number(reader, object, key, 0, INT64_MAX);
}

static uint64_t read_count_or_null(struct reader *reader, const json_t *object, const char *key)
{
	if (json_is_null(member(reader, object, key)))
		return MANIFEST_UNKNOWN;
	return read_count(reader, object, key);
}

static bool read_boolean(struct reader *reader, const json_t *object, const char *key)
{
	const json_t *value = member(reader, object, key);

	if (!json_is_boolean(value))
		fail(reader, key, "is neither true nor false");
	return json_is_true(value);
}

static void read_text(struct reader *reader, const json_t *object, const char *key, char *text,
		      size_t bytes)
{
	const json_t *value = member(reader, object, key);

	if (!json_is_string(value) || json_string_length(value) >= bytes)
		fail(reader, key, "is not a text, or too long");
	else
		snprintf(text, bytes, "%s", json_string_value(value));
}

static void read_hex(struct reader *reader, const json_t *object, const char *key, uint8_t *data,
		     size_t bytes)
{
	const json_t *value = member(reader, object, key);

	if (!json_is_string(value) || digest_unhex(json_string_value(value), data, bytes))
		fail(reader, key, "is not that many lower-case hexadecimal digits");
}

/* Returns whether there is one. */
static bool read_hex_or_null(struct reader *reader, const json_t *object, const char *key,
			     uint8_t *data, size_t bytes)
{
	if (json_is_null(member(reader, object, key)))
		return false;
	read_hex(reader, object, key, data, bytes);
	return true;
}

/* A name within a directory, which leads nowhere else. NULL for null; the caller's. */
static char *read_file_name(struct reader *reader, const json_t *object)
{
	const json_t *value = member(reader, object, "file");
	const char *name = json_string_value(value);
	char *copy;

	if (json_is_null(value))
		return NULL;
	if (!name || !*name || json_string_length(value) >= MANIFEST_FILE_BYTES ||
	    strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		fail(reader, "file", "is not a file's name");
		return NULL;
	}
	copy = strdup(name);
	if (!copy)
		fail_memory(reader);
	return copy;
}

static void read_session(struct reader *reader, const json_t *object,
			 struct manifest_session *session)
{
	const json_t *source = member(reader, object, "source_ip");

	session->virtual_network_id =
		(uint32_t)read_number(reader, object, "virtual_network_id", 0, SESSION_MAX_VNI);
	session->has_source = !json_is_null(source);
	if (session->has_source &&
	    (!json_is_string(source) ||
	     session_source_parse(json_string_value(source), &session->source)))
		fail(reader, "source_ip", "is not an IPv4 or IPv6 address");
	read_text(reader, object, "name", session->name, sizeof(session->name));
	if (!session_name_valid(session->name))
		fail(reader, "name", "is not a session's name: " SESSION_NAME_RULE);
	session->packets = read_count_or_null(reader, object, "packets");
}

static void read_sessions(struct reader *reader, const json_t *root, struct manifest *manifest)
{
	const json_t *array = member(reader, root, "sessions");
	size_t count = json_array_size(array);

	manifest->sessions_known = !json_is_null(array);
	if (manifest->sessions_known && (!json_is_array(array) || count > SESSION_MAP_MAX))
		fail(reader, "sessions", "is not an array, or too long");
	if (reader->rc || !count)
		return;
	manifest->sessions = calloc(count, sizeof(*manifest->sessions));
	if (!manifest->sessions) {
		fail_memory(reader);
		return;
	}
	manifest->session_count = (uint32_t)count;
	for (size_t i = 0; i < count && !reader->rc; i++) {
		go_to(reader, "$.sessions[%zu]", i);
		read_session(reader, json_array_get(array, i), &manifest->sessions[i]);
	}
	go_to(reader, "$");
}

static bool is_reason(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	return length && length < MANIFEST_REASON_BYTES && !text[length];
}

static void read_dropped(struct reader *reader, const json_t *object,
			 struct manifest_account *account)
{
	json_t *dropped = (json_t *)member(reader, object, "dropped");
	const char *reason;
	json_t *value;

	if (!json_is_object(dropped) || json_object_size(dropped) > MANIFEST_REASONS_MAX) {
		fail(reader, "dropped", "is not an object of reasons");
		return;
	}
	go_to(reader, "$.ledger.dropped");
	json_object_foreach(dropped, reason, value)
	{
		struct manifest_drop *drop = &account->dropped[account->dropped_count++];

		if (!is_reason(reason))
			fail(reader, NULL, "has a key that is no reason");
		else
			snprintf(drop->reason, sizeof(drop->reason), "%s", reason);
		drop->packets = read_count(reader, dropped, reason);
	}
	go_to(reader, "$.ledger");
}

static void read_account(struct reader *reader, const json_t *root,
			 struct manifest_account *account)
{
	const json_t *object = member(reader, root, "ledger");

	account->known = !json_is_null(object);
	if (!account->known)
		return;
	go_to(reader, "$.ledger");
	account->received = read_count(reader, object, "received");
	account->written = read_count(reader, object, "written");
	read_dropped(reader, object, account);
	account->missed = read_count_or_null(reader, object, "missed");
	go_to(reader, "$");
}

static void read_clock(struct reader *reader, const json_t *root, struct manifest_clock *clock)
{
	const json_t *object = member(reader, root, "clock");

	clock->known = !json_is_null(object);
	if (!clock->known)
		return;
	go_to(reader, "$.clock");
	clock->synchronized = read_boolean(reader, object, "synchronized");
	clock->max_error_us = read_count_or_null(reader, object, "max_error_us");
	clock->steps = read_count(reader, object, "steps");
	go_to(reader, "$");
}

static void read_chain(struct reader *reader, const json_t *root, struct manifest *manifest)
{
	const json_t *object = member(reader, root, "chain");

	go_to(reader, "$.chain");
	read_hex(reader, object, "id", manifest->chain, MANIFEST_CHAIN_BYTES);
	manifest->worker = (uint32_t)read_number(reader, object, "worker", 0, UINT32_MAX);
	manifest->sequence = read_number(reader, object, "sequence", 1, INT64_MAX);
	manifest->has_previous = read_hex_or_null(reader, object, "previous",
						  manifest->previous.bytes, DIGEST_BYTES);
	if (manifest->has_previous != (manifest->sequence > 1))
		fail(reader, "previous", "must be there for all but the first of a chain");
	go_to(reader, "$");
}

static enum manifest_reason read_reason(struct reader *reader, const json_t *object)
{
	char text[MANIFEST_REASON_BYTES] = "";

	read_text(reader, object, "reason", text, sizeof(text));
	for (int i = MANIFEST_RETENTION; i <= MANIFEST_UNCONFIRMED; i++)
		if (strcmp(text, manifest_reason_name((enum manifest_reason)i)) == 0)
			return (enum manifest_reason)i;
	fail(reader, "reason", "is none that is known");
	return MANIFEST_RETENTION;
}

static void read_pruned_one(struct reader *reader, const json_t *object, struct manifest *manifest)
{
	struct manifest_pruned pruned = {.file = read_file_name(reader, object)};
	bool known;

	pruned.sequence = read_count_or_null(reader, object, "sequence");
	known = read_hex_or_null(reader, object, "manifest", pruned.manifest.bytes, DIGEST_BYTES);
	if (known != (pruned.sequence != MANIFEST_UNKNOWN))
		fail(reader, "manifest", "goes with a sequence number");
	pruned.reason = read_reason(reader, object);
	pruned.time_ns = read_count(reader, object, "time_ns");
	if (!reader->rc && manifest_add_pruned(manifest, &pruned))
		fail_memory(reader);
	free(pruned.file);
}

static void read_pruned(struct reader *reader, const json_t *root, struct manifest *manifest)
{
	const json_t *array = member(reader, root, "pruned");

	if (!json_is_array(array))
		fail(reader, "pruned", "is not an array");
	for (size_t i = 0; i < json_array_size(array) && !reader->rc; i++) {
		go_to(reader, "$.pruned[%zu]", i);
		read_pruned_one(reader, json_array_get(array, i), manifest);
	}
	go_to(reader, "$");
}

/* Of a link without a file nothing is known; a file has a hash and a size. */
static void read_file(struct reader *reader, const json_t *root, struct manifest *manifest)
{
	bool hashed;

	manifest->file = read_file_name(reader, root);
	hashed = read_hex_or_null(reader, root, "sha256", manifest->digest.bytes, DIGEST_BYTES);
	manifest->bytes = read_count_or_null(reader, root, "bytes");
	manifest->packets = read_count_or_null(reader, root, "packets");
	manifest->first_ns = read_count_or_null(reader, root, "first_ns");
	manifest->last_ns = read_count_or_null(reader, root, "last_ns");
	if (hashed != (manifest->file != NULL))
		fail(reader, "sha256", "goes with a file");
	if ((manifest->bytes != MANIFEST_UNKNOWN) != (manifest->file != NULL))
		fail(reader, "bytes", "goes with a file");
	manifest->recovered = read_boolean(reader, root, "recovered");
	manifest->late = read_boolean(reader, root, "late");
}

static void read_signature(struct reader *reader, const json_t *root, struct manifest *manifest)
{
	bool has_key =
		read_hex_or_null(reader, root, "public_key", manifest->key, MANIFEST_KEY_BYTES);

	manifest->is_signed = read_hex_or_null(reader, root, "signature", manifest->signature,
					       MANIFEST_SIGNATURE_BYTES);
	if (has_key != manifest->is_signed)
		fail(reader, "signature", "goes with a public key");
}

static void read_root(struct reader *reader, const json_t *root, struct manifest *manifest)
{
	char type[sizeof(MANIFEST_TYPE)] = "";

	if (!json_is_object(root)) {
		fail(reader, NULL, "is not an object");
		return;
	}
	read_text(reader, root, "type", type, sizeof(type));
	if (strcmp(type, MANIFEST_TYPE) != 0)
		fail(reader, "type", "is not \"" MANIFEST_TYPE "\"");
	if (json_integer_value(member(reader, root, "version")) != MANIFEST_VERSION)
		fail(reader, "version", "is not 1, the only one that is known here");
	read_file(reader, root, manifest);
	read_sessions(reader, root, manifest);
	read_account(reader, root, &manifest->account);
	read_clock(reader, root, &manifest->clock);
	read_text(reader, root, "program", manifest->program, sizeof(manifest->program));
	read_text(reader, root, "host", manifest->host, sizeof(manifest->host));
	manifest->has_configuration = read_hex_or_null(reader, root, "configuration",
						       manifest->configuration.bytes, DIGEST_BYTES);
	manifest->created_ns = read_count(reader, root, "created_ns");
	read_chain(reader, root, manifest);
	read_pruned(reader, root, manifest);
	read_signature(reader, root, manifest);
}

/* What it says has one form: no second text can stand for it. */
static void check_form(struct reader *reader, const struct manifest *manifest, const char *text,
		       size_t length)
{
	size_t written = 0;
	char *body = manifest_body(manifest, manifest->is_signed ? manifest->key : NULL, &written);
	char *form =
		manifest_close(body, &written, manifest->is_signed ? manifest->signature : NULL);

	if (!form)
		fail_memory(reader);
	else if (written != length || memcmp(form, text, length) != 0)
		fail(reader, NULL,
		     "says nothing wrong, but is not in the form that mirrorcap writes");
	free(form);
}

int manifest_parse(struct manifest *manifest, const char *text, size_t length, char *error)
{
	struct reader reader = {.error = error, .where = "$"};
	json_error_t json_error;
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &json_error);

	*manifest = (struct manifest){0};
	if (root) {
		read_root(&reader, root, manifest);
		json_decref(root);
	} else {
		snprintf(reader.where, sizeof(reader.where), "byte %d", json_error.position);
		fail(&reader, NULL, json_error.text);
	}
	if (!reader.rc)
		check_form(&reader, manifest, text, length);
	if (reader.rc)
		manifest_fini(manifest);
	return reader.rc;
}
