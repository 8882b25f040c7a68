/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a session, the --vni argument, and the checks over all sessions.
 * The JSON form is in session_map_json.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/session_map.h"

enum { ARGUMENT_PART_BYTES = 128 };

__attribute__((format(printf, 2, 3))) static int fail(char *error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, SESSION_ERROR_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

bool session_name_valid(const char *name)
{
	static const char alphanumeric[] =
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t length = strlen(name);

	if (length == 0 || length >= SESSION_NAME_BYTES || !strchr(alphanumeric, name[0]))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!strchr(alphanumeric, name[i]) && !strchr("._-", name[i]))
			return false;
	return true;
}

int session_source_parse(const char *text, struct in6_addr *source)
{
	struct in_addr ipv4;

	if (inet_pton(AF_INET, text, &ipv4) == 1) {
		memset(source, 0, sizeof(*source));
		source->s6_addr[10] = 0xff;
		source->s6_addr[11] = 0xff;
		memcpy(&source->s6_addr[12], &ipv4, sizeof(ipv4));
		return 0;
	}
	return inet_pton(AF_INET6, text, source) == 1 ? 0 : -EINVAL;
}

void session_source_format(const struct in6_addr *source, char *text)
{
	if (IN6_IS_ADDR_V4MAPPED(source))
		inet_ntop(AF_INET, &source->s6_addr[12], text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, source, text, INET6_ADDRSTRLEN);
}

int session_map_append(struct session_map *map, const struct session *session)
{
	/* Grow at powers of two: the count itself tells when. */
	if ((map->count & (map->count - 1)) == 0) {
		size_t room = map->count ? 2 * (size_t)map->count : 1;
		struct session *grown = realloc(map->sessions, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		map->sessions = grown;
	}
	map->sessions[map->count++] = *session;
	return 0;
}

void session_map_fini(struct session_map *map)
{
	for (uint32_t i = 0; i < map->count; i++) {
		free(map->sessions[i].traffic_mirror_session_id);
		free(map->sessions[i].network_interface_id);
	}
	free(map->sessions);
	*map = (struct session_map){0};
}

/* Decimal digits only: no sign, no blanks, no other base. Returns 0 or -EINVAL. */
static int parse_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;

	if (*text == '\0')
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return -EINVAL;
	}
	if (value < min)
		return -EINVAL;
	*number = (uint32_t)value;
	return 0;
}

static int parse_length(struct session *session, const char *value, char *error)
{
	if (session->packet_length != SESSION_LENGTH_UNKNOWN)
		return fail(error, "length: given twice");
	if (parse_number(value, 1, SESSION_MAX_LENGTH, &session->packet_length))
		return fail(error, "length: '%s' is not a number from 1 to %d", value,
			    SESSION_MAX_LENGTH);
	return 0;
}

static int parse_name(struct session *session, const char *value, char *error)
{
	if (session->name[0])
		return fail(error, "name: given twice");
	if (!session_name_valid(value))
		return fail(error, "name: '%s' is not a name: " SESSION_NAME_RULE, value);
	snprintf(session->name, sizeof(session->name), "%s", value);
	return 0;
}

static int parse_source(struct session *session, const char *value, char *error)
{
	if (session->has_source)
		return fail(error, "source: given twice");
	if (session_source_parse(value, &session->source))
		return fail(error, "source: '%s' is not an IPv4 or IPv6 address", value);
	session->has_source = true;
	return 0;
}

/* One KEY=VALUE of a --vni argument. */
static int parse_part(struct session *session, char *part, char *error)
{
	static const struct {
		const char *key;
		int (*parse)(struct session *session, const char *value, char *error);
	} keys[] = {
		{"length", parse_length},
		{"name", parse_name},
		{"source", parse_source},
	};
	char *value = strchr(part, '=');

	if (!value)
		return fail(error, "'%s' is not KEY=VALUE", part);
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(part, keys[i].key) == 0)
			return keys[i].parse(session, value, error);
	return fail(error, "unknown key '%s': length, name and source are known", part);
}

/* Copies the text up to the next comma; returns what follows it, or NULL at the end. */
static const char *next_part(const char *text, char *part, bool *fits)
{
	size_t length = strcspn(text, ",");

	*fits = length < ARGUMENT_PART_BYTES;
	if (*fits) {
		memcpy(part, text, length);
		part[length] = '\0';
	}
	return text[length] ? text + length + 1 : NULL;
}

int session_map_add_argument(struct session_map *map, const char *argument, char *error)
{
	char part[ARGUMENT_PART_BYTES];
	struct session session = {0};
	const char *rest;
	bool fits;

	if (map->count >= SESSION_MAP_MAX)
		return fail(error, "more than %d sessions", SESSION_MAP_MAX);
	rest = next_part(argument, part, &fits);
	if (!fits || parse_number(part, 0, SESSION_MAX_VNI, &session.virtual_network_id))
		return fail(error, "VNI: '%.64s' is not a number from 0 to %d",
			    fits ? part : argument, SESSION_MAX_VNI);
	while (rest) {
		const char *text = rest;

		rest = next_part(text, part, &fits);
		if (!fits)
			return fail(error, "'%.64s…' is too long", text);
		if (parse_part(&session, part, error))
			return -EINVAL;
	}
	if (session_map_append(map, &session)) {
		snprintf(error, SESSION_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	return 0;
}

static int compare_identity(const void *a, const void *b)
{
	const struct session *left = *(const struct session *const *)a;
	const struct session *right = *(const struct session *const *)b;

	if (left->virtual_network_id != right->virtual_network_id)
		return left->virtual_network_id < right->virtual_network_id ? -1 : 1;
	if (left->has_source != right->has_source)
		return left->has_source ? 1 : -1;
	if (!left->has_source)
		return 0;
	return memcmp(&left->source, &right->source, sizeof(left->source));
}

static int compare_name(const void *a, const void *b)
{
	const struct session *left = *(const struct session *const *)a;
	const struct session *right = *(const struct session *const *)b;

	return strcmp(left->name, right->name);
}

/* sorted: by identity. */
static int check_identities(struct session **sorted, uint32_t count, char *error)
{
	char source[INET6_ADDRSTRLEN];

	for (uint32_t i = 1; i < count; i++) {
		const struct session *session = sorted[i];

		if (compare_identity(&sorted[i - 1], &sorted[i]) != 0)
			continue;
		if (!session->has_source)
			return fail(error, "VNI %u: given twice without a source",
				    session->virtual_network_id);
		session_source_format(&session->source, source);
		return fail(error, "VNI %u: given twice with the source %s",
			    session->virtual_network_id, source);
	}
	return 0;
}

static void set_default_name(struct session *session, bool with_source)
{
	char source[INET6_ADDRSTRLEN] = "";

	if (with_source)
		session_source_format(&session->source, source);
	for (char *c = source; *c; c++)
		if (*c == ':')
			*c = '-';
	snprintf(session->name, sizeof(session->name), "vni-%u%s%s", session->virtual_network_id,
		 with_source ? "-" : "", source);
}

/* Names the sessions of one VNI, sorted[0..count), that have no name. */
static void name_group(struct session **sorted, uint32_t count)
{
	uint32_t unnamed = 0;

	for (uint32_t i = 0; i < count; i++)
		unnamed += sorted[i]->name[0] == '\0';
	for (uint32_t i = 0; i < count; i++)
		if (sorted[i]->name[0] == '\0')
			set_default_name(sorted[i], unnamed > 1 && sorted[i]->has_source);
}

/* sorted: by identity, so that the sessions of a VNI are neighbours. */
static void name_all(struct session **sorted, uint32_t count)
{
	uint32_t first = 0;

	for (uint32_t i = 1; i <= count; i++) {
		if (i < count && sorted[i]->virtual_network_id == sorted[first]->virtual_network_id)
			continue;
		name_group(sorted + first, i - first);
		first = i;
	}
}

static int check_names(struct session **sorted, uint32_t count, char *error)
{
	for (uint32_t i = 1; i < count; i++)
		if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
			return fail(error, "name '%s': used for VNI %u and VNI %u", sorted[i]->name,
				    sorted[i - 1]->virtual_network_id,
				    sorted[i]->virtual_network_id);
	return 0;
}

int session_map_check(struct session_map *map, char *error)
{
	struct session **sorted;
	int err;

	if (map->count == 0)
		return 0;
	sorted = calloc(map->count, sizeof(struct session *));
	if (!sorted) {
		snprintf(error, SESSION_ERROR_BYTES, "out of memory");
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < map->count; i++)
		sorted[i] = &map->sessions[i];
	qsort(sorted, map->count, sizeof(struct session *), compare_identity);
	err = check_identities(sorted, map->count, error);
	if (!err) {
		name_all(sorted, map->count);
		qsort(sorted, map->count, sizeof(struct session *), compare_name);
		err = check_names(sorted, map->count, error);
	}
	free(sorted);
	return err;
}
