/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/map_keep.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_session(const struct session *a, const struct session *b)
{
	return a->virtual_network_id == b->virtual_network_id &&
	       a->packet_length == b->packet_length && a->has_source == b->has_source &&
	       (!a->has_source || memcmp(&a->source, &b->source, sizeof(a->source)) == 0) &&
	       strcmp(a->name, b->name) == 0 &&
	       same_text(a->traffic_mirror_session_id, b->traffic_mirror_session_id) &&
	       same_text(a->network_interface_id, b->network_interface_id);
}

static bool same_map(const struct session_map *a, const struct session_map *b)
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		if (!same_session(&a->sessions[i], &b->sessions[i]))
			return false;
	}
	return true;
}

static bool shrinks(uint32_t before, uint32_t now)
{
	return now == 0 || now < before - before / 2;
}

/* The file's map. Returns 1 where there is none, 0, or -errno. */
static int read_before(const char *path, struct session_map *before, char *error)
{
	char warning[SESSION_ERROR_BYTES], why[SESSION_ERROR_BYTES];
	int rc = session_map_read(before, path, why, warning);

	if (rc == -ENOENT)
		return 1;
	if (!rc && session_map_check(before, why)) {
		session_map_fini(before);
		rc = -EINVAL;
	}
	if (rc)
		snprintf(error, SESSION_ERROR_BYTES, "is there and is no session map: %.160s", why);
	return rc == -EINVAL || rc == -EISDIR ? -EEXIST : rc;
}

int map_keep_addresses(const char *path, json_t *addresses)
{
	char error[SESSION_ERROR_BYTES], address[INET6_ADDRSTRLEN];
	struct session_map before;
	int rc = read_before(path, &before, error);

	if (rc)
		return rc == -ENOMEM ? rc : 0;
	for (uint32_t i = 0; !rc && i < before.count; i++) {
		const struct session *session = &before.sessions[i];
		const char *id = session->network_interface_id;

		if (!id || !session->has_source || json_object_get(addresses, id))
			continue;
		session_source_format(&session->source, address);
		if (json_object_set_new(addresses, id, json_string(address)))
			rc = -ENOMEM;
	}
	session_map_fini(&before);
	return rc;
}

int map_keep(const char *path, const struct session_map *map, bool accept_shrink,
	     enum map_outcome *outcome, uint32_t *before, char *error)
{
	struct session_map old = {0};
	int rc = read_before(path, &old, error);
	const bool none = rc == 1;

	*before = 0;
	if (rc < 0)
		return rc;
	*before = old.count;
	*outcome = MAP_WRITTEN;
	if (!none && same_map(&old, map))
		*outcome = MAP_UNCHANGED;
	else if (!accept_shrink && shrinks(old.count, map->count))
		*outcome = MAP_KEPT;
	session_map_fini(&old);
	if (*outcome != MAP_WRITTEN)
		return 0;
	rc = session_map_write(map, path);
	if (rc)
		snprintf(error, SESSION_ERROR_BYTES, "cannot be written: %s", strerror(-rc));
	return rc;
}
