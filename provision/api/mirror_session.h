/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A traffic mirror session: what one shall be (spec) and what EC2 says one is. Pure: JSON in,
 * structs out.
 */
#ifndef PROVISION_MIRROR_SESSION_H
#define PROVISION_MIRROR_SESSION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MIRROR_SESSION_MIN_NUMBER = 1,
	MIRROR_SESSION_MAX_NUMBER = 32766,
	/* What Describe returns for a load balancer's target where no PacketLength was sent. */
	MIRROR_SESSION_DEFAULT_LENGTH = 8500,
};

struct mirror_session_tag {
	char *key;
	char *value;
};

/* What a session shall be. All texts borrowed; NULL where not given. */
struct mirror_session_spec {
	const char *network_interface_id;
	const char *traffic_mirror_target_id;
	const char *traffic_mirror_filter_id;
	const char *description;
	uint32_t session_number; /* 0: not given */
	uint32_t packet_length;  /* bytes after the VXLAN header; 0: not given */
	bool has_virtual_network_id;
	uint32_t virtual_network_id;
	const struct mirror_session_tag *tags;
	size_t tag_count;
};

/* What EC2 says a session is. All owned, mirror_session_fini(); NULL or 0 where EC2 said nothing. */
struct mirror_session {
	char *traffic_mirror_session_id;
	char *traffic_mirror_target_id;
	char *traffic_mirror_filter_id;
	char *network_interface_id;
	char *owner_id;
	char *description;
	uint32_t session_number;
	bool has_packet_length;
	uint32_t packet_length; /* bytes after the VXLAN header */
	bool has_virtual_network_id;
	uint32_t virtual_network_id;
	struct mirror_session_tag *tags;
	size_t tag_count;
};

struct mirror_session_list {
	struct mirror_session *sessions; /* owned */
	size_t count;
};

/*
 * Reads an element of TrafficMirrorSessions, in AWS CLI's form. Members that are not known are
 * skipped.
 * session: needs no initialisation; mirror_session_fini() on 0.
 * Returns 0, -EBADMSG (no id, or a number that is not one), -ENOMEM.
 */
int mirror_session_from_json(const json_t *object, struct mirror_session *session);

/* The same, appended. Returns as above; the list stays valid. */
int mirror_session_list_append(struct mirror_session_list *list, const json_t *object);

/*
 * True where the session does what the spec wants: the same interface, target and filter, and the
 * same session number, VNI and packet length where the spec gives them. No packet length equals
 * none or MIRROR_SESSION_DEFAULT_LENGTH. Description and tags do not count.
 */
bool mirror_session_matches(const struct mirror_session *session,
			    const struct mirror_session_spec *spec);

void mirror_session_fini(struct mirror_session *session);

void mirror_session_list_fini(struct mirror_session_list *list);

#endif
