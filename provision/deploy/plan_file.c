/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/plan_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/aws/file_text.h"
#include "provision/deploy/digest.h"
#include "provision/deploy/plan_text.h"

enum {
	VERSION = 1,
	FILE_BYTES_MAX = 256 * 1024 * 1024, /* 10,000 creates are about 12 MB */
	DIFFERENCES_SHOWN = 10,
};

#define KIND "mirrorcap plan"

/* What was observed. */

static void add_tags(struct digest *digest, const struct mirror_session_tag *tags, size_t count)
{
	digest_text(digest, observed_tag(tags, count, CONFIG_TAG_DEPLOYMENT));
	digest_text(digest, observed_tag(tags, count, CONFIG_TAG_SESSION));
}

static void add_sessions(struct digest *digest, const struct observed_scope *scope)
{
	for (size_t i = 0; i < scope->session_count; i++) {
		const struct mirror_session *session = &scope->sessions[i];

		digest_text(digest, session->traffic_mirror_session_id);
		digest_text(digest, session->network_interface_id);
		digest_text(digest, session->traffic_mirror_target_id);
		digest_text(digest, session->traffic_mirror_filter_id);
		digest_text(digest, session->description);
		digest_number(digest, session->session_number);
		digest_number(digest, session->has_packet_length ? session->packet_length : 0);
		digest_number(digest, session->virtual_network_id);
		add_tags(digest, session->tags, session->tag_count);
	}
}

static void add_filters(struct digest *digest, const struct observed_scope *scope)
{
	for (size_t i = 0; i < scope->filter_count; i++) {
		const struct mirror_filter *filter = &scope->filters[i];

		digest_text(digest, filter->traffic_mirror_filter_id);
		digest_number(digest, filter->network_service_count);
		add_tags(digest, filter->tags, filter->tag_count);
		for (size_t j = 0; j < filter->rule_count; j++) {
			digest_text(digest, filter->rules[j].traffic_mirror_filter_rule_id);
			digest_number(digest, filter->rules[j].number);
		}
	}
}

static void add_sources(struct digest *digest, const struct observed_scope *scope)
{
	for (size_t i = 0; i < scope->interface_count; i++) {
		digest_text(digest, scope->interfaces[i].network_interface_id);
		digest_text(digest, scope->interfaces[i].instance_id);
	}
	for (size_t i = 0; i < scope->instance_count; i++) {
		digest_text(digest, scope->instances[i].instance_id);
		digest_text(digest, scope->instances[i].state);
	}
}

/* NULL where the hash fails. */
static json_t *fingerprint(const struct observed_scope *scope)
{
	struct digest digest;
	char hex[DIGEST_BYTES];

	digest_begin(&digest);
	add_sessions(&digest, scope);
	add_filters(&digest, scope);
	for (size_t i = 0; i < scope->target_count; i++) {
		digest_text(&digest, scope->targets[i].traffic_mirror_target_id);
		add_tags(&digest, scope->targets[i].tags, scope->targets[i].tag_count);
	}
	add_sources(&digest, scope);
	return digest_end(&digest, hex) ? NULL : json_string(hex);
}

/* Documents. */

/* Only what is carried out: texts for people may change from one version to the next. */
static json_t *change_json(const struct change *change)
{
	return json_pack("{s:s,s:s?,s:s?,s:O?,s:b,s:b,s:O?}", "identity", change->identity,
			 "operation", change_operation(change), "id", change->id, "input",
			 change->input, "needs_filter", change->needs_filter, "needs_target",
			 change->needs_target, "tags", change->tags);
}

static json_t *changes_json(const struct plan_scope *scope)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < scope->change_count; i++) {
		if (scope->changes[i].kind == CHANGE_UNCHANGED)
			continue;
		if (json_array_append_new(list, change_json(&scope->changes[i]))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *scopes_json(const struct plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < plan->scope_count; i++) {
		const struct plan_scope *scope = &plan->scopes[i];

		if (json_array_append_new(
			    list, json_pack("{s:s,s:s,s:s,s:o,s:o}", "account", scope->account,
					    "account_id", scope->account_id, "region",
					    scope->region, "observed", fingerprint(scope->observed),
					    "changes", changes_json(scope)))) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *document_json(const struct plan *plan, const struct plan_options *options)
{
	return json_pack("{s:s,s:i,s:s,s:{s:b,s:I,s:b,s:b},s:o}", "kind", KIND, "version", VERSION,
			 "deployment", plan->deployment, "options", "limit_is_percent",
			 options->limit_is_percent, "limit", (json_int_t)options->limit,
			 "allow_empty", options->allow_empty, "delete_orphans",
			 options->delete_orphans, "scopes", scopes_json(plan));
}

/* Over all but itself: a file that was cut or edited is not what somebody looked at. */
static int checksum(const json_t *document, char hex[DIGEST_BYTES])
{
	json_t *bare = json_copy((json_t *)document);
	struct digest digest;
	char *text;

	if (!bare)
		return -ENOMEM;
	json_object_del(bare, "checksum");
	text = json_dumps(bare, JSON_SORT_KEYS | JSON_COMPACT);
	json_decref(bare);
	if (!text)
		return -ENOMEM;
	digest_begin(&digest);
	digest_text(&digest, text);
	free(text);
	return digest_end(&digest, hex);
}

/* Writing. */

static int write_file(const char *path, const char *text)
{
	char temporary[PATH_MAX];
	int fd, rc;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	/* For its owner alone: mode 0600. */
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = file_text_write(fd, text, strlen(text));
	if (!rc && fsync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc && rename(temporary, path))
		rc = -errno;
	if (rc)
		unlink(temporary);
	return rc;
}

static int refuse(const struct plan *plan, const char *path, struct failure *failure)
{
	if (!plan->refused && !plan_failed(plan))
		return 0;
	failure_set(failure, FAILURE_USAGE, "%s: the plan cannot be applied, and was not saved",
		    path);
	failure_set_remedy(failure, "mend what the plan says first");
	return -EINVAL;
}

int plan_file_write(const char *path, const struct plan *plan, const struct plan_options *options,
		    struct failure *failure)
{
	json_t *document;
	char hex[DIGEST_BYTES], *text;
	int rc = refuse(plan, path, failure);

	if (rc)
		return rc;
	document = document_json(plan, options);
	if (!document || checksum(document, hex) ||
	    json_object_set_new(document, "checksum", json_string(hex))) {
		json_decref(document);
		return failure_memory(failure);
	}
	text = json_dumps(document, JSON_INDENT(1));
	json_decref(document);
	if (!text)
		return failure_memory(failure);
	rc = write_file(path, text);
	free(text);
	if (rc) {
		failure_set(failure, FAILURE_OUTPUT, "%s: cannot write the plan: %s", path,
			    strerror(-rc));
		failure_set_remedy(failure, "give another file");
	}
	return rc;
}

/* Reading. */

static int bad(const char *path, const char *what, struct failure *failure)
{
	failure_set(failure, FAILURE_USAGE, "%s: %s", path, what);
	failure_set_remedy(failure, "make it anew with `mirrorcap plan -o %s`", path);
	return -EBADMSG;
}

static int load(const char *path, json_t **document, struct failure *failure)
{
	json_error_t error;
	FILE *file = fopen(path, "re");
	int rc = 0;

	if (!file || fseek(file, 0, SEEK_END)) {
		rc = -errno;
	} else if (ftell(file) > FILE_BYTES_MAX) {
		fclose(file);
		return bad(path, "is too large for a plan", failure);
	}
	if (rc) {
		failure_set(failure, FAILURE_USAGE, "%s: cannot read the plan: %s", path,
			    strerror(-rc));
		failure_set_remedy(failure, "make it with `mirrorcap plan -o %s`", path);
		if (file)
			fclose(file);
		return rc;
	}
	rewind(file);
	*document = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
	fclose(file);
	return *document ? 0 : bad(path, "is not a plan, or damaged", failure);
}

static bool is_change(const json_t *change)
{
	return json_is_string(json_object_get(change, "identity")) &&
	       json_is_string(json_object_get(change, "operation")) &&
	       json_is_object(json_object_get(change, "input"));
}

static bool is_scope(const json_t *scope)
{
	const json_t *changes = json_object_get(scope, "changes");

	if (!json_is_string(json_object_get(scope, "account_id")) ||
	    !json_is_string(json_object_get(scope, "region")) ||
	    !json_is_string(json_object_get(scope, "observed")) || !json_is_array(changes))
		return false;
	for (size_t i = 0; i < json_array_size(changes); i++) {
		if (!is_change(json_array_get(changes, i)))
			return false;
	}
	return true;
}

static bool are_scopes(const json_t *scopes)
{
	for (size_t i = 0; i < json_array_size(scopes); i++) {
		if (!is_scope(json_array_get(scopes, i)))
			return false;
	}
	return json_is_array(scopes);
}

static int read_options(json_t *document, struct plan_file *file)
{
	int percent, allow_empty, delete_orphans;
	json_int_t limit;

	if (json_unpack(document, "{s:s,s:{s:b,s:I,s:b,s:b}}", "deployment", &file->deployment,
			"options", "limit_is_percent", &percent, "limit", &limit, "allow_empty",
			&allow_empty, "delete_orphans", &delete_orphans) ||
	    limit < 0 || limit > UINT32_MAX)
		return -EBADMSG;
	file->options = (struct plan_options){.limit_is_percent = percent,
					      .limit = (uint32_t)limit,
					      .allow_empty = allow_empty,
					      .delete_orphans = delete_orphans};
	return 0;
}

static int check(const char *path, struct plan_file *file, struct failure *failure)
{
	json_t *document = file->document;
	const char *kind = json_string_value(json_object_get(document, "kind"));
	const char *sum = json_string_value(json_object_get(document, "checksum"));
	char hex[DIGEST_BYTES];

	if (!kind || strcmp(kind, KIND) != 0)
		return bad(path, "is not a plan", failure);
	if (json_integer_value(json_object_get(document, "version")) != VERSION)
		return bad(path, "is of another version of mirrorcap", failure);
	if (checksum(document, hex))
		return failure_memory(failure);
	if (!sum || strcmp(sum, hex) != 0)
		return bad(path, "was changed since it was made", failure);
	if (read_options(document, file) || !are_scopes(json_object_get(document, "scopes")))
		return bad(path, "is not a plan, or damaged", failure);
	return 0;
}

int plan_file_read(const char *path, struct plan_file *file, struct failure *failure)
{
	int rc;

	*file = (struct plan_file){0};
	rc = load(path, &file->document, failure);
	if (!rc)
		rc = check(path, file, failure);
	if (rc)
		plan_file_fini(file);
	return rc;
}

void plan_file_fini(struct plan_file *file)
{
	json_decref(file->document);
	*file = (struct plan_file){0};
}

/* Comparing. */

struct comparison {
	struct buffer *difference;
	size_t count;
};

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

static void differ(struct comparison *comparison, const char *what, const json_t *scope,
		   const json_t *change)
{
	if (comparison->count++ < DIFFERENCES_SHOWN)
		buffer_format(comparison->difference, "%s %s: %s: %s %s\n",
			      member(scope, "account"), member(scope, "region"), what,
			      member(change, "operation"), member(change, "identity"));
}

/* By identity, which is unique in a scope. */
static json_t *index_changes(const json_t *scope)
{
	const json_t *changes = json_object_get(scope, "changes");
	json_t *index = json_object();

	for (size_t i = 0; index && i < json_array_size(changes); i++) {
		json_t *change = json_array_get(changes, i);

		if (json_object_set(index, member(change, "identity"), change)) {
			json_decref(index);
			return NULL;
		}
	}
	return index;
}

static void compare_changes(struct comparison *comparison, const json_t *saved, const json_t *made)
{
	json_t *before = index_changes(saved), *now = index_changes(made), *change;
	const char *identity;

	if (!before || !now)
		comparison->count++;
	json_object_foreach(before, identity, change)
	{
		const json_t *other = json_object_get(now, identity);

		if (!other)
			differ(comparison, "no longer due", saved, change);
		else if (!json_equal(change, (json_t *)other))
			differ(comparison, "not the same any more", saved, change);
	}
	json_object_foreach(now, identity, change)
	{
		if (!json_object_get(before, identity))
			differ(comparison, "due, but not in the plan", made, change);
	}
	json_decref(before);
	json_decref(now);
}

static const json_t *find_scope(const json_t *scopes, const json_t *wanted)
{
	for (size_t i = 0; i < json_array_size(scopes); i++) {
		const json_t *scope = json_array_get(scopes, i);

		if (strcmp(member(scope, "account_id"), member(wanted, "account_id")) == 0 &&
		    strcmp(member(scope, "region"), member(wanted, "region")) == 0)
			return scope;
	}
	return NULL;
}

/* For each scope of one, the same of the other; with none, its changes have none either. */
static void compare_scopes(struct comparison *comparison, const json_t *saved, const json_t *made)
{
	for (size_t i = 0; i < json_array_size(saved); i++) {
		const json_t *scope = json_array_get(saved, i);

		compare_changes(comparison, scope, find_scope(made, scope));
	}
	for (size_t i = 0; i < json_array_size(made); i++) {
		const json_t *scope = json_array_get(made, i);

		if (!find_scope(saved, scope))
			compare_changes(comparison, NULL, scope);
	}
}

static void compare_observed(const json_t *saved, const json_t *made, struct buffer *difference)
{
	for (size_t i = 0; i < json_array_size(saved); i++) {
		const json_t *scope = json_array_get(saved, i), *now = find_scope(made, scope);

		if (strcmp(member(scope, "observed"), member(now, "observed")) != 0)
			buffer_format(difference,
				      "%s %s: AWS has changed since the plan was made, but the "
				      "same changes are due\n",
				      member(scope, "account"), member(scope, "region"));
	}
}

bool plan_file_same(const struct plan_file *file, const struct plan *plan,
		    struct buffer *difference)
{
	const json_t *saved = json_object_get(file->document, "scopes");
	struct comparison comparison = {.difference = difference};
	json_t *made;

	if (plan_failed(plan)) {
		buffer_text(difference, "not all could be described or planned now\n");
		return false;
	}
	made = scopes_json(plan);
	if (!made || strcmp(file->deployment, plan->deployment) != 0) {
		buffer_text(difference,
			    made ? "the plan is of another deployment\n" : "out of memory\n");
		json_decref(made);
		return false;
	}
	compare_scopes(&comparison, saved, made);
	if (comparison.count > DIFFERENCES_SHOWN)
		buffer_format(difference, "and %zu more\n", comparison.count - DIFFERENCES_SHOWN);
	if (!comparison.count)
		compare_observed(saved, made, difference);
	json_decref(made);
	return comparison.count == 0;
}
