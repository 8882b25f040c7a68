/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/mirror_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/session_map.h"

void mirror_session_fini(struct mirror_session *session)
{
	free(session->traffic_mirror_session_id);
	free(session->traffic_mirror_target_id);
	free(session->traffic_mirror_filter_id);
	free(session->network_interface_id);
	free(session->owner_id);
	free(session->description);
	for (size_t i = 0; i < session->tag_count; i++) {
		free(session->tags[i].key);
		free(session->tags[i].value);
	}
	free(session->tags);
	*session = (struct mirror_session){0};
}

void mirror_session_list_fini(struct mirror_session_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		mirror_session_fini(&list->sessions[i]);
	free(list->sessions);
	*list = (struct mirror_session_list){0};
}

/* Decoding. */

/* A missing or empty element leaves NULL. */
static int copy_text(const struct xml_element *parent, const char *name, char **copy)
{
	const char *text = xml_text(parent, name);

	*copy = NULL;
	if (!text || !*text)
		return 0;
	*copy = strdup(text);
	return *copy ? 0 : -ENOMEM;
}

static int decode_texts(const struct xml_element *element, struct mirror_session *session)
{
	const struct {
		const char *name;
		char **copy;
	} texts[] = {
		{"trafficMirrorSessionId", &session->traffic_mirror_session_id},
		{"trafficMirrorTargetId", &session->traffic_mirror_target_id},
		{"trafficMirrorFilterId", &session->traffic_mirror_filter_id},
		{"networkInterfaceId", &session->network_interface_id},
		{"ownerId", &session->owner_id},
		{"description", &session->description},
	};
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof(texts) / sizeof(texts[0]); i++)
		rc = copy_text(element, texts[i].name, texts[i].copy);
	if (!rc && !session->traffic_mirror_session_id)
		rc = -EBADMSG;
	return rc;
}

static int decode_number(const struct xml_element *element, const char *name, uint32_t max,
			 bool *present, uint32_t *number)
{
	int rc = xml_number(element, name, max, number);

	*present = !rc;
	return rc == -ENOENT ? 0 : rc;
}

static int decode_numbers(const struct xml_element *element, struct mirror_session *session)
{
	bool present;
	int rc = decode_number(element, "sessionNumber", MIRROR_SESSION_MAX_NUMBER, &present,
			       &session->session_number);

	if (!rc)
		rc = decode_number(element, "virtualNetworkId", SESSION_MAX_VNI,
				   &session->has_virtual_network_id, &session->virtual_network_id);
	if (!rc)
		rc = decode_number(element, "packetLength", INT32_MAX, &session->has_packet_length,
				   &session->packet_length);
	return rc;
}

static int decode_tag(const struct xml_element *item, struct mirror_session_tag *tag)
{
	const char *key = xml_text(item, "key");
	const char *value = xml_text(item, "value");

	if (!key)
		return -EBADMSG;
	tag->key = strdup(key);
	tag->value = strdup(value ? value : "");
	return tag->key && tag->value ? 0 : -ENOMEM;
}

static int decode_tags(const struct xml_element *set, struct mirror_session *session)
{
	const struct xml_element *first = xml_child(set, "item"), *item;
	size_t count = 0;
	int rc = 0;

	for (item = first; item; item = xml_next(item))
		count++;
	if (!count)
		return 0;
	session->tags = calloc(count, sizeof(*session->tags));
	if (!session->tags)
		return -ENOMEM;
	session->tag_count = count;
	count = 0;
	for (item = first; !rc && item; item = xml_next(item))
		rc = decode_tag(item, &session->tags[count++]);
	return rc;
}

int mirror_session_decode(const struct xml_element *element, struct mirror_session *session)
{
	int rc;

	*session = (struct mirror_session){0};
	rc = decode_texts(element, session);
	if (!rc)
		rc = decode_numbers(element, session);
	if (!rc)
		rc = decode_tags(xml_child(element, "tagSet"), session);
	if (rc)
		mirror_session_fini(session);
	return rc;
}

int mirror_session_decode_set(const struct xml_element *set, struct mirror_session_list *list)
{
	const struct xml_element *first = xml_child(set, "item"), *item;
	struct mirror_session *sessions;
	size_t more = 0;
	int rc = 0;

	if (!set)
		return -EBADMSG;
	for (item = first; item; item = xml_next(item))
		more++;
	if (!more)
		return 0;
	sessions = reallocarray(list->sessions, list->count + more, sizeof(*sessions));
	if (!sessions)
		return -ENOMEM;
	list->sessions = sessions;
	for (item = first; !rc && item; item = xml_next(item)) {
		rc = mirror_session_decode(item, &list->sessions[list->count]);
		list->count += !rc;
	}
	return rc;
}

/* Comparing. */

/* What the spec leaves open matches anything. */
static bool same_text(const char *wanted, const char *found)
{
	return !wanted || (found && strcmp(wanted, found) == 0);
}

static bool same_length(const struct mirror_session *session, uint32_t wanted)
{
	uint32_t found =
		session->has_packet_length ? session->packet_length : MIRROR_SESSION_DEFAULT_LENGTH;

	return found == (wanted ? wanted : MIRROR_SESSION_DEFAULT_LENGTH);
}

bool mirror_session_matches(const struct mirror_session *session,
			    const struct mirror_session_spec *spec)
{
	if (!same_text(spec->network_interface_id, session->network_interface_id) ||
	    !same_text(spec->traffic_mirror_target_id, session->traffic_mirror_target_id) ||
	    !same_text(spec->traffic_mirror_filter_id, session->traffic_mirror_filter_id))
		return false;
	if (spec->session_number && spec->session_number != session->session_number)
		return false;
	if (spec->has_virtual_network_id &&
	    (!session->has_virtual_network_id ||
	     spec->virtual_network_id != session->virtual_network_id))
		return false;
	return same_length(session, spec->packet_length);
}

/* JSON. */

static void set_text(json_t *object, const char *name, const char *text, bool *failed)
{
	if (text && json_object_set_new(object, name, json_string(text)))
		*failed = true;
}

static void set_number(json_t *object, const char *name, bool present, uint32_t number,
		       bool *failed)
{
	if (present && json_object_set_new(object, name, json_integer(number)))
		*failed = true;
}

static json_t *tags_json(const struct mirror_session *session)
{
	json_t *tags = json_array();

	for (size_t i = 0; i < session->tag_count; i++) {
		const struct mirror_session_tag *tag = &session->tags[i];

		if (json_array_append_new(
			    tags, json_pack("{s:s,s:s}", "Key", tag->key, "Value", tag->value))) {
			json_decref(tags);
			return NULL;
		}
	}
	return tags;
}

json_t *mirror_session_json(const struct mirror_session *session)
{
	json_t *object = json_object();
	bool failed = !object;

	set_text(object, "TrafficMirrorSessionId", session->traffic_mirror_session_id, &failed);
	set_text(object, "TrafficMirrorTargetId", session->traffic_mirror_target_id, &failed);
	set_text(object, "TrafficMirrorFilterId", session->traffic_mirror_filter_id, &failed);
	set_text(object, "NetworkInterfaceId", session->network_interface_id, &failed);
	set_text(object, "OwnerId", session->owner_id, &failed);
	set_number(object, "PacketLength", session->has_packet_length, session->packet_length,
		   &failed);
	set_number(object, "SessionNumber", session->session_number > 0, session->session_number,
		   &failed);
	set_number(object, "VirtualNetworkId", session->has_virtual_network_id,
		   session->virtual_network_id, &failed);
	set_text(object, "Description", session->description, &failed);
	if (json_object_set_new(object, "Tags", tags_json(session)))
		failed = true;
	if (failed) {
		json_decref(object);
		return NULL;
	}
	return object;
}
