/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest's text: jansson keeps the order in which members were added.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/manifest_internal.h"

static json_t *number(uint64_t value)
{
	return value == MANIFEST_UNKNOWN ? json_null() : json_integer((json_int_t)value);
}

static json_t *hex(const uint8_t *bytes, size_t count)
{
	char text[2 * MANIFEST_SIGNATURE_BYTES + 1];

	digest_hex(bytes, count, text);
	return json_string(text);
}

static json_t *hash(const struct digest *digest, bool known)
{
	return known ? hex(digest->bytes, DIGEST_BYTES) : json_null();
}

static json_t *session_json(const struct manifest_session *session)
{
	char source[INET6_ADDRSTRLEN];

	if (session->has_source)
		session_source_format(&session->source, source);
	return json_pack("{s:I, s:s?, s:s, s:o}", "virtual_network_id",
			 (json_int_t)session->virtual_network_id, "source_ip",
			 session->has_source ? source : NULL, "name", session->name, "packets",
			 number(session->packets));
}

/* Where one is NULL, the array is, too. */
static json_t *append(json_t *array, json_t *element)
{
	if (json_array_append_new(array, element) == 0)
		return array;
	json_decref(array);
	return NULL;
}

static json_t *sessions_json(const struct manifest *manifest)
{
	json_t *sessions = manifest->sessions_known ? json_array() : json_null();

	for (uint32_t i = 0; manifest->sessions_known && i < manifest->session_count; i++)
		sessions = append(sessions, session_json(&manifest->sessions[i]));
	return sessions;
}

static json_t *account_json(const struct manifest_account *account)
{
	json_t *dropped;

	if (!account->known)
		return json_null();
	dropped = json_object();
	for (uint32_t i = 0; i < account->dropped_count; i++)
		if (json_object_set_new(dropped, account->dropped[i].reason,
					number(account->dropped[i].packets)) < 0) {
			json_decref(dropped);
			return NULL;
		}
	return json_pack("{s:o, s:o, s:o, s:o}", "received", number(account->received), "written",
			 number(account->written), "dropped", dropped, "missed",
			 number(account->missed));
}

static json_t *clock_json(const struct manifest_clock *clock)
{
	if (!clock->known)
		return json_null();
	return json_pack("{s:b, s:o, s:o}", "synchronized", clock->synchronized, "max_error_us",
			 number(clock->max_error_us), "steps", number(clock->steps));
}

static json_t *chain_json(const struct manifest *manifest)
{
	return json_pack("{s:o, s:I, s:o, s:o}", "id", hex(manifest->chain, MANIFEST_CHAIN_BYTES),
			 "worker", (json_int_t)manifest->worker, "sequence",
			 number(manifest->sequence), "previous",
			 hash(&manifest->previous, manifest->has_previous));
}

static json_t *pruned_json(const struct manifest *manifest)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < manifest->pruned_count; i++) {
		const struct manifest_pruned *pruned = &manifest->pruned[i];
		bool known = pruned->sequence != MANIFEST_UNKNOWN;

		array = append(array, json_pack("{s:s?, s:o, s:o, s:s, s:o}", "file", pruned->file,
						"sequence", number(pruned->sequence), "manifest",
						hash(&pruned->manifest, known), "reason",
						manifest_reason_name(pruned->reason), "time_ns",
						number(pruned->time_ns)));
	}
	return array;
}

static json_t *manifest_json(const struct manifest *manifest, const uint8_t *key)
{
	bool file = manifest->file != NULL;
	uint64_t none = MANIFEST_UNKNOWN;

	return json_pack(
		"{s:i, s:s, s:s?, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:s, s:s, "
		"s:o, s:o, s:o, s:o, s:o}",
		"version", MANIFEST_VERSION, "type", MANIFEST_TYPE, "file", manifest->file,
		"sha256", hash(&manifest->digest, file), "bytes",
		number(file ? manifest->bytes : none), "packets",
		number(file ? manifest->packets : none), "first_ns",
		number(file ? manifest->first_ns : none), "last_ns",
		number(file ? manifest->last_ns : none), "recovered", manifest->recovered, "late",
		manifest->late, "sessions", sessions_json(manifest), "ledger",
		account_json(&manifest->account), "clock", clock_json(&manifest->clock), "program",
		manifest->program, "host", manifest->host, "configuration",
		hash(&manifest->configuration, manifest->has_configuration), "created_ns",
		number(manifest->created_ns), "chain", chain_json(manifest), "pruned",
		pruned_json(manifest), "public_key",
		key ? hex(key, MANIFEST_KEY_BYTES) : json_null());
}

char *manifest_body(const struct manifest *manifest, const uint8_t *key, size_t *length)
{
	json_t *json = manifest_json(manifest, key);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (text)
		*length = strlen(text) - 1;
	return text;
}

char *manifest_close(char *body, size_t *length, const uint8_t *signature)
{
	char hex_text[2 * MANIFEST_SIGNATURE_BYTES + 1];
	size_t room = *length + MANIFEST_SIGNED_TAIL_BYTES + 1;
	char *text = body ? realloc(body, room) : NULL;

	if (!text) {
		free(body);
		return NULL;
	}
	if (signature)
		digest_hex(signature, MANIFEST_SIGNATURE_BYTES, hex_text);
	*length += (size_t)snprintf(text + *length, room - *length,
				    MANIFEST_SIGNATURE_MEMBER "%s%s%s}\n", signature ? "\"" : "",
				    signature ? hex_text : "null", signature ? "\"" : "");
	return text;
}

char *manifest_text(const struct manifest *manifest, const struct manifest_key *key, size_t *length)
{
	uint8_t signature[MANIFEST_SIGNATURE_BYTES];
	char *body = manifest_body(manifest, key ? manifest_key_public(key) : NULL, length);

	if (body && key && manifest_key_sign(key, body, *length, signature)) {
		free(body);
		return NULL;
	}
	return manifest_close(body, length, key ? signature : NULL);
}
