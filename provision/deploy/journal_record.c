/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/journal_record.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHECK_BYTES = 8, CHECK_TEXT = 2 * CHECK_BYTES + 1 };

static const char *const states[] = {
	[JOURNAL_INTENDED] = "intended",
	[JOURNAL_CREATED] = "created",
	[JOURNAL_DELETED] = "deleted",
};

#define STATES (sizeof(states) / sizeof(states[0]))

static const char *text_of(const json_t *record, const char *key)
{
	const char *text = json_string_value(json_object_get(record, key));

	return text ? text : "";
}

static bool find_state(const json_t *record, enum journal_state *state)
{
	for (size_t i = 0; i < STATES; i++) {
		if (strcmp(text_of(record, "state"), states[i]) == 0) {
			*state = (enum journal_state)i;
			return true;
		}
	}
	return false;
}

json_t *journal_record_new(const struct journal_entry *entry)
{
	return json_pack("{s:s, s:I, s:s, s:s, s:I}", "state", states[entry->state], "generation",
			 (json_int_t)entry->generation, "token", entry->token, "id", entry->id,
			 "time", (json_int_t)(entry->time ? entry->time : time(NULL)));
}

void journal_record_entry(const json_t *record, struct journal_entry *entry)
{
	if (!find_state(record, &entry->state))
		entry->state = JOURNAL_INTENDED;
	entry->generation = (uint32_t)json_integer_value(json_object_get(record, "generation"));
	entry->token = text_of(record, "token");
	entry->id = text_of(record, "id");
	entry->time = journal_record_time(record);
}

int64_t journal_record_time(const json_t *record)
{
	return json_integer_value(json_object_get(record, "time"));
}

/* Of the object's compact form. Returns 0 or -ENOMEM. */
static int make_check(const json_t *object, char check[CHECK_TEXT])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char *text = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
	int done = text && EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL);

	free(text);
	if (!done)
		return -ENOMEM;
	for (size_t i = 0; i < CHECK_BYTES; i++)
		snprintf(check + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

void journal_record_write(const char *identity, const json_t *record, struct buffer *text)
{
	json_t *line = json_copy((json_t *)record);
	char check[CHECK_TEXT], *dump = NULL;

	if (line && !json_object_set_new(line, "identity", json_string(identity)) &&
	    !make_check(line, check) && !json_object_set_new(line, "check", json_string(check)))
		dump = json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER);
	if (dump)
		buffer_format(text, "%s\n", dump);
	else
		text->failed = true;
	free(dump);
	json_decref(line);
}

static bool whole(const json_t *line, const char *check)
{
	const json_t *generation = json_object_get(line, "generation");
	const json_int_t value = json_integer_value(generation);
	enum journal_state state;

	return *check && *text_of(line, "identity") && find_state(line, &state) &&
	       json_is_integer(generation) && value >= 0 && value <= UINT32_MAX &&
	       json_is_integer(json_object_get(line, "time"));
}

int journal_record_read(json_t *records, const char *text, size_t length)
{
	json_t *line = length && text[length - 1] == '\n'
			       ? json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL)
			       : NULL;
	char given[CHECK_TEXT], check[CHECK_TEXT];
	int rc = -EBADMSG;

	snprintf(given, sizeof(given), "%s", text_of(line, "check"));
	json_object_del(line, "check");
	if (!json_is_object(line) || !whole(line, given))
		goto out;
	rc = make_check(line, check);
	if (!rc && strcmp(given, check) != 0)
		rc = -EBADMSG;
	if (!rc) {
		char *identity = strdup(text_of(line, "identity"));

		json_object_del(line, "identity");
		rc = identity && !json_object_set(records, identity, line) ? 0 : -ENOMEM;
		free(identity);
	}
out:
	json_decref(line);
	return rc;
}
