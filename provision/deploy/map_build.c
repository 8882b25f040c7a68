/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/map_build.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/deploy/config.h"

enum { GROUP_LENGTH_MAX = 40 }; /* with "-eni-" and 17 digits it is a name */

/* What is told once, however many sessions it is true of. */
struct tally {
	uint32_t unseen; /* interfaces */
	char first[32];
};

static const char *text_of(const json_t *object, const char *member)
{
	return json_string_value(json_object_get(object, member));
}

static const char *tag_of(const json_t *session, const char *key)
{
	const json_t *tag;
	size_t i;

	json_array_foreach(json_object_get(session, "Tags"), i, tag)
	{
		const char *found = text_of(tag, "Key");

		if (found && strcmp(found, key) == 0)
			return text_of(tag, "Value");
	}
	return NULL;
}

/* False where there is no such number from 0 to max. */
static bool number_of(const json_t *session, const char *member, uint32_t max, uint32_t *number)
{
	const json_t *value = json_object_get(session, member);
	json_int_t found = json_integer_value(value);

	if (!json_is_integer(value) || found < 0 || found > max)
		return false;
	*number = (uint32_t)found;
	return true;
}

/* name: SESSION_NAME_BYTES; "" where no tag gives one. */
static void find_name(const json_t *json, char *name)
{
	const char *given = tag_of(json, "Name"), *group = tag_of(json, CONFIG_TAG_SESSION);
	const char *interface = text_of(json, "NetworkInterfaceId");

	if (given && session_name_valid(given))
		snprintf(name, SESSION_NAME_BYTES, "%s", given);
	else if (group && interface)
		snprintf(name, SESSION_NAME_BYTES, "%.*s-%s", GROUP_LENGTH_MAX, group, interface);
	if (!session_name_valid(name))
		name[0] = '\0';
}

static void set_source(const json_t *addresses, struct session *session, struct tally *tally)
{
	const char *id = session->network_interface_id ? session->network_interface_id : "";
	const char *address = text_of(addresses, id);

	session->has_source = address && session_source_parse(address, &session->source) == 0;
	if (session->has_source)
		return;
	if (tally->unseen++ == 0)
		snprintf(tally->first, sizeof(tally->first), "%s", id);
}

static int copy_text(const json_t *json, const char *member, char **copy)
{
	const char *text = text_of(json, member);

	*copy = NULL;
	if (!text || !*text)
		return 0;
	*copy = strdup(text);
	return *copy ? 0 : -ENOMEM;
}

static void free_session(struct session *session)
{
	free(session->traffic_mirror_session_id);
	free(session->network_interface_id);
}

static int add_session(const json_t *json, const json_t *addresses, struct session_map *map,
		       struct tally *tally, struct buffer *warnings)
{
	const char *id = text_of(json, "TrafficMirrorSessionId");
	struct session session = {0};
	int rc;

	if (!number_of(json, "VirtualNetworkId", SESSION_MAX_VNI, &session.virtual_network_id)) {
		buffer_format(warnings, "session %s has no VirtualNetworkId: it is left out\n",
			      id ? id : "without an id");
		return 0;
	}
	if (!number_of(json, "PacketLength", SESSION_MAX_LENGTH, &session.packet_length))
		session.packet_length = SESSION_LENGTH_UNKNOWN;
	rc = copy_text(json, "TrafficMirrorSessionId", &session.traffic_mirror_session_id);
	if (!rc)
		rc = copy_text(json, "NetworkInterfaceId", &session.network_interface_id);
	if (!rc) {
		find_name(json, session.name);
		set_source(addresses, &session, tally);
		rc = session_map_append(map, &session);
	}
	if (rc)
		free_session(&session);
	return rc;
}

/* Order. */

static int compare_ids(const char *left, const char *right)
{
	return strcmp(left ? left : "", right ? right : "");
}

/* By what packets tell: the VNI and the source. */
static int compare_identity(const struct session *left, const struct session *right)
{
	if (left->virtual_network_id != right->virtual_network_id)
		return left->virtual_network_id < right->virtual_network_id ? -1 : 1;
	if (left->has_source != right->has_source)
		return left->has_source ? 1 : -1;
	return left->has_source ? memcmp(&left->source, &right->source, sizeof(left->source)) : 0;
}

static int compare_sessions(const void *a, const void *b)
{
	const struct session *left = a, *right = b;
	int order = compare_identity(left, right);

	return order ? order
		     : compare_ids(left->traffic_mirror_session_id,
				   right->traffic_mirror_session_id);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct session *const *)a)->name, (*(struct session *const *)b)->name);
}

/* What packets do not tell apart. */

static void warn_merged(const struct session *kept, const struct session *other,
			struct buffer *warnings)
{
	char source[INET6_ADDRSTRLEN] = "no known source";

	if (kept->has_source)
		session_source_format(&kept->source, source);
	buffer_format(warnings,
		      "sessions %s and %s have VNI %u and %s both: they are recorded as one; give "
		      "one another VirtualNetworkId\n",
		      kept->traffic_mirror_session_id ? kept->traffic_mirror_session_id : "?",
		      other->traffic_mirror_session_id ? other->traffic_mirror_session_id : "?",
		      kept->virtual_network_id, source);
}

/* map: sorted. Of neighbours with one identity the first stays, without what is not the same. */
static void merge(struct session_map *map, struct buffer *warnings)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		struct session *session = &map->sessions[i], *kept = NULL;

		if (count)
			kept = &map->sessions[count - 1];
		if (!kept || compare_identity(kept, session) != 0) {
			map->sessions[count++] = *session;
			continue;
		}
		warn_merged(kept, session, warnings);
		kept->name[0] = '\0';
		if (kept->packet_length != session->packet_length)
			kept->packet_length = SESSION_LENGTH_UNKNOWN;
		free_session(session);
	}
	map->count = count;
}

/* Names that several have are nobody's: they would share a directory. */
static int drop_shared_names(struct session_map *map, struct buffer *warnings)
{
	struct session **sorted = calloc(map->count + 1, sizeof(struct session *));
	uint32_t first = 0;

	if (!sorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < map->count; i++)
		sorted[i] = &map->sessions[i];
	qsort(sorted, map->count, sizeof(struct session *), compare_names);
	for (uint32_t i = 1; i <= map->count; i++) {
		if (i < map->count && strcmp(sorted[first]->name, sorted[i]->name) == 0)
			continue;
		if (i - first > 1 && sorted[first]->name[0]) {
			buffer_format(warnings,
				      "the name '%s' is that of %u sessions: it is used for none\n",
				      sorted[first]->name, i - first);
			for (uint32_t j = first; j < i; j++)
				sorted[j]->name[0] = '\0';
		}
		first = i;
	}
	free(sorted);
	return 0;
}

static void warn_unseen(const struct tally *tally, struct buffer *warnings)
{
	if (tally->unseen)
		buffer_format(warnings,
			      "%u sessions' interfaces cannot be seen from here (the first: %s): "
			      "they have no source address, their VNI alone tells them apart\n",
			      tally->unseen, tally->first);
}

int map_build(const struct map_facts *facts, struct session_map *map, struct buffer *warnings,
	      char *error)
{
	struct tally tally = {0};
	const json_t *session;
	int rc = 0;
	size_t i;

	*map = (struct session_map){0};
	json_array_foreach(facts->sessions, i, session)
	{
		rc = add_session(session, facts->addresses, map, &tally, warnings);
		if (rc)
			break;
	}
	if (!rc && map->count) {
		qsort(map->sessions, map->count, sizeof(*map->sessions), compare_sessions);
		merge(map, warnings);
		rc = drop_shared_names(map, warnings);
	}
	warn_unseen(&tally, warnings);
	if (!rc)
		rc = session_map_check(map, error);
	else
		snprintf(error, SESSION_ERROR_BYTES, "out of memory");
	if (rc)
		session_map_fini(map);
	return rc;
}
