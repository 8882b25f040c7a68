/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/mirror_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/session_map.h"
#include "provision/api/json_member.h"

void mirror_session_fini(struct mirror_session *session)
{
	free(session->traffic_mirror_session_id);
	free(session->traffic_mirror_target_id);
	free(session->traffic_mirror_filter_id);
	free(session->network_interface_id);
	free(session->owner_id);
	free(session->description);
	json_member_free_tags(session->tags, session->tag_count);
	*session = (struct mirror_session){0};
}

void mirror_session_list_fini(struct mirror_session_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		mirror_session_fini(&list->sessions[i]);
	free(list->sessions);
	*list = (struct mirror_session_list){0};
}

int mirror_session_from_json(const json_t *object, struct mirror_session *session)
{
	const struct json_member_text table[] = {
		{"TrafficMirrorSessionId", &session->traffic_mirror_session_id},
		{"TrafficMirrorTargetId", &session->traffic_mirror_target_id},
		{"TrafficMirrorFilterId", &session->traffic_mirror_filter_id},
		{"NetworkInterfaceId", &session->network_interface_id},
		{"OwnerId", &session->owner_id},
		{"Description", &session->description},
		{0},
	};
	int rc;

	*session = (struct mirror_session){0};
	rc = json_member_texts(object, table);
	if (!rc && !session->traffic_mirror_session_id)
		rc = -EBADMSG;
	if (!rc)
		rc = json_member_number(object, "SessionNumber", MIRROR_SESSION_MAX_NUMBER, NULL,
					&session->session_number);
	if (!rc)
		rc = json_member_number(object, "VirtualNetworkId", SESSION_MAX_VNI,
					&session->has_virtual_network_id,
					&session->virtual_network_id);
	if (!rc)
		rc = json_member_number(object, "PacketLength", INT32_MAX,
					&session->has_packet_length, &session->packet_length);
	if (!rc)
		rc = json_member_tags(object, &session->tags, &session->tag_count);
	if (rc)
		mirror_session_fini(session);
	return rc;
}

int mirror_session_list_append(struct mirror_session_list *list, const json_t *object)
{
	struct mirror_session *sessions;
	int rc;

	/* Grows by doubling: count is a power of two where the array is full. */
	if (!(list->count & (list->count - 1))) {
		size_t room = list->count ? 2 * list->count : 1;

		sessions = reallocarray(list->sessions, room, sizeof(*sessions));
		if (!sessions)
			return -ENOMEM;
		list->sessions = sessions;
	}
	rc = mirror_session_from_json(object, &list->sessions[list->count]);
	list->count += !rc;
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
