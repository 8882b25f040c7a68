/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session map's JSON form, version 1: "Session map" in docs/design.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/directory.h"
#include "capture/session_map.h"

enum {
	MAP_VERSION = 1,
	MAP_MODE = 0640,
	MAX_ID_LENGTH = 255, /* AWS ids have 21 characters */
	PATH_BYTES = 4096,
};

/* What a reader of one file carries along. */
struct reader {
	struct session_map *map;
	char *error;
	char *warning;  /* "PATH, PATH" of the unknown keys so far */
	uint32_t index; /* of the session being read */
};

__attribute__((format(printf, 3, 4))) static int fail(struct reader *reader, const char *key,
						      const char *format, ...)
{
	va_list args;
	int length;

	length = snprintf(reader->error, SESSION_ERROR_BYTES, "$.sessions[%u]%s%s: ", reader->index,
			  *key ? "." : "", key);
	va_start(args, format);
	vsnprintf(reader->error + length, SESSION_ERROR_BYTES - (size_t)length, format, args);
	va_end(args);
	return -EINVAL;
}

static void note_unknown(struct reader *reader, const char *prefix, const char *key)
{
	size_t length = strlen(reader->warning);

	snprintf(reader->warning + length, SESSION_ERROR_BYTES - length, "%s%s.%s",
		 length ? ", " : "", prefix, key);
}

static int read_integer(struct reader *reader, const char *key, const json_t *value, uint32_t min,
			uint32_t max, uint32_t *number)
{
	json_int_t integer = json_integer_value(value);

	if (!json_is_integer(value))
		return fail(reader, key, "is not an integer");
	if (integer > max)
		return fail(reader, key, "%lld is above %u", (long long)integer, max);
	if (integer < min)
		return fail(reader, key, "%lld is below %u", (long long)integer, min);
	*number = (uint32_t)integer;
	return 0;
}

static int read_vni(struct reader *reader, const char *key, const json_t *value,
		    struct session *session)
{
	return read_integer(reader, key, value, 0, SESSION_MAX_VNI, &session->virtual_network_id);
}

static int read_length(struct reader *reader, const char *key, const json_t *value,
		       struct session *session)
{
	return read_integer(reader, key, value, 1, SESSION_MAX_LENGTH, &session->packet_length);
}

static int read_name(struct reader *reader, const char *key, const json_t *value,
		     struct session *session)
{
	if (!json_is_string(value))
		return fail(reader, key, "is not a string");
	if (!session_name_valid(json_string_value(value)))
		return fail(reader, key, "'%.80s' is not a name: " SESSION_NAME_RULE,
			    json_string_value(value));
	snprintf(session->name, sizeof(session->name), "%s", json_string_value(value));
	return 0;
}

static int read_source(struct reader *reader, const char *key, const json_t *value,
		       struct session *session)
{
	if (!json_is_string(value))
		return fail(reader, key, "is not a string");
	if (session_source_parse(json_string_value(value), &session->source))
		return fail(reader, key, "'%.80s' is not an IPv4 or IPv6 address",
			    json_string_value(value));
	session->has_source = true;
	return 0;
}

static int read_id(struct reader *reader, const char *key, const json_t *value, char **id)
{
	if (!json_is_string(value))
		return fail(reader, key, "is not a string");
	if (json_string_length(value) == 0 || json_string_length(value) > MAX_ID_LENGTH)
		return fail(reader, key, "has not between 1 and %d characters", MAX_ID_LENGTH);
	*id = strdup(json_string_value(value));
	if (*id)
		return 0;
	(void)fail(reader, key, "out of memory");
	return -ENOMEM;
}

static int read_session_id(struct reader *reader, const char *key, const json_t *value,
			   struct session *session)
{
	return read_id(reader, key, value, &session->traffic_mirror_session_id);
}

static int read_interface_id(struct reader *reader, const char *key, const json_t *value,
			     struct session *session)
{
	return read_id(reader, key, value, &session->network_interface_id);
}

typedef int read_value(struct reader *reader, const char *key, const json_t *value,
		       struct session *session);

static read_value *find_key(const char *key)
{
	static const struct {
		const char *key;
		read_value *read;
	} keys[] = {
		{"virtual_network_id", read_vni},
		{"packet_length", read_length},
		{"name", read_name},
		{"source_ip", read_source},
		{"traffic_mirror_session_id", read_session_id},
		{"network_interface_id", read_interface_id},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(key, keys[i].key) == 0)
			return keys[i].read;
	return NULL;
}

/* Reads the keys of one session; on failure the caller frees what it holds. */
static int read_session(struct reader *reader, json_t *object, struct session *session)
{
	char prefix[32];
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return fail(reader, "", "is not an object");
	if (!json_object_get(object, "virtual_network_id"))
		return fail(reader, "virtual_network_id", "is missing");
	snprintf(prefix, sizeof(prefix), "$.sessions[%u]", reader->index);
	json_object_foreach(object, key, value)
	{
		read_value *read = find_key(key);
		int err;

		if (!read) {
			note_unknown(reader, prefix, key);
			continue;
		}
		err = read(reader, key, value, session);
		if (err)
			return err;
	}
	return 0;
}

static int read_sessions(struct reader *reader, const json_t *array)
{
	json_t *element;
	size_t i;

	json_array_foreach(array, i, element)
	{
		struct session session = {0};
		int err;

		reader->index = (uint32_t)i;
		err = read_session(reader, element, &session);
		if (!err && session_map_append(reader->map, &session)) {
			(void)fail(reader, "", "out of memory");
			err = -ENOMEM;
		}
		if (err) {
			free(session.traffic_mirror_session_id);
			free(session.network_interface_id);
			return err;
		}
	}
	return 0;
}

static int fail_top(struct reader *reader, const char *text)
{
	snprintf(reader->error, SESSION_ERROR_BYTES, "%s", text);
	return -EINVAL;
}

static int read_root(struct reader *reader, json_t *root)
{
	const json_t *version = json_object_get(root, "version");
	const json_t *sessions = json_object_get(root, "sessions");
	const char *key;
	json_t *value;

	if (!json_is_object(root))
		return fail_top(reader, "$: is not an object");
	if (!version)
		return fail_top(reader, "$.version: is missing");
	if (!json_is_integer(version) || json_integer_value(version) != MAP_VERSION)
		return fail_top(reader, "$.version: is not 1, the only version known here");
	if (!sessions)
		return fail_top(reader, "$.sessions: is missing");
	if (!json_is_array(sessions))
		return fail_top(reader, "$.sessions: is not an array");
	if (json_array_size(sessions) > SESSION_MAP_MAX)
		return fail_top(reader, "$.sessions: has more than a million elements");
	json_object_foreach(root, key, value)
	{
		if (strcmp(key, "version") != 0 && strcmp(key, "sessions") != 0)
			note_unknown(reader, "$", key);
	}
	return read_sessions(reader, sessions);
}

/* Reads the text; *root is owned by the caller. Returns 0 or -errno. */
static int load(const char *path, json_t **root, char *error)
{
	json_error_t json_error;
	FILE *file = fopen(path, "re");
	int err = -EINVAL;

	if (!file) {
		err = -errno;
		snprintf(error, SESSION_ERROR_BYTES, "%s", strerror(errno));
		return err;
	}
	errno = 0;
	*root = json_loadf(file, JSON_REJECT_DUPLICATES, &json_error);
	if (*root) {
		err = 0;
	} else if (ferror(file)) {
		err = errno ? -errno : -EIO; /* a directory, or a disk that fails */
		snprintf(error, SESSION_ERROR_BYTES, "%s", strerror(-err));
	} else {
		snprintf(error, SESSION_ERROR_BYTES, "line %d: %s", json_error.line,
			 json_error.text);
	}
	fclose(file);
	return err;
}

int session_map_read(struct session_map *map, const char *path, char *error, char *warning)
{
	char unknown[SESSION_ERROR_BYTES] = "";
	struct reader reader = {.map = map, .error = error, .warning = unknown};
	json_t *root = NULL;
	int err;

	*map = (struct session_map){0};
	error[0] = '\0';
	warning[0] = '\0';
	err = load(path, &root, error);
	if (err)
		return err;
	err = read_root(&reader, root);
	json_decref(root);
	if (err)
		session_map_fini(map);
	else if (unknown[0])
		snprintf(warning, SESSION_ERROR_BYTES, "unknown keys ignored: %.230s", unknown);
	return err;
}

/* A new JSON object, or NULL when out of memory; json_pack's '*' leaves NULL values out. */
static json_t *pack_session(const struct session *session)
{
	char source[INET6_ADDRSTRLEN];
	json_t *length = NULL;

	if (session->has_source)
		session_source_format(&session->source, source);
	if (session->packet_length != SESSION_LENGTH_UNKNOWN) {
		length = json_integer(session->packet_length);
		if (!length)
			return NULL;
	}
	return json_pack("{s:I, s:o*, s:s*, s:s*, s:s*, s:s*}", "virtual_network_id",
			 (json_int_t)session->virtual_network_id, "packet_length", length, "name",
			 session->name[0] ? session->name : NULL, "source_ip",
			 session->has_source ? source : NULL, "traffic_mirror_session_id",
			 session->traffic_mirror_session_id, "network_interface_id",
			 session->network_interface_id);
}

char *session_map_text(const struct session_map *map)
{
	json_t *sessions = json_array();
	json_t *root;
	char *text;

	for (uint32_t i = 0; sessions && i < map->count; i++) {
		if (json_array_append_new(sessions, pack_session(&map->sessions[i])) == 0)
			continue;
		json_decref(sessions);
		sessions = NULL;
	}
	root = json_pack("{s:i, s:o}", "version", MAP_VERSION, "sessions", sessions);
	if (!root)
		return NULL;
	text = json_dumps(root, JSON_INDENT(1));
	json_decref(root);
	return text;
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		if (written > 0) {
			text += written;
			length -= (size_t)written;
		}
	}
	return 0;
}

/* Writes, syncs and closes fd, a temporary file, and renames it to path. */
static int replace(int fd, const char *temporary, const char *path, const char *text)
{
	int err = write_all(fd, text, strlen(text));

	if (!err && (fchmod(fd, MAP_MODE) < 0 || fsync(fd) < 0))
		err = -errno;
	if (close(fd) < 0 && !err)
		err = -errno;
	if (!err && rename(temporary, path) < 0)
		err = -errno;
	if (err) {
		unlink(temporary);
		return err;
	}
	return directory_sync_parent(path);
}

int session_map_write(const struct session_map *map, const char *path)
{
	char temporary[PATH_BYTES];
	char *text;
	int err;
	int fd;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return -ENAMETOOLONG;
	text = session_map_text(map);
	if (!text)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	err = fd < 0 ? -errno : replace(fd, temporary, path, text);
	free(text);
	return err;
}
