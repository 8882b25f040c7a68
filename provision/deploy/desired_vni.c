/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "capture/session_map.h"
#include "provision/deploy/desired.h"

enum { VNIS = SESSION_MAX_VNI + 1 };

/* A bit for each VNI, 2 MiB. */
struct vnis {
	unsigned char *bits;
};

static bool has(const struct vnis *vnis, uint32_t vni)
{
	return vnis->bits[vni / 8] >> (vni % 8) & 1;
}

static void add(struct vnis *vnis, uint32_t vni)
{
	vnis->bits[vni / 8] |= (unsigned char)(1 << (vni % 8));
}

static void give(struct vnis *vnis, struct desired_session *wanted, uint32_t vni)
{
	wanted->has_virtual_network_id = true;
	wanted->virtual_network_id = vni;
	add(vnis, vni);
}

/* What a session has of its group's range it keeps, unless another has got it before. */
static void keep_own(struct vnis *vnis, struct desired_session *wanted)
{
	const struct config_vni *range = &wanted->group->virtual_network_id;
	const struct mirror_session *session = wanted->session;

	if (range->kind != CONFIG_VNI_RANGE || !session || !session->has_virtual_network_id)
		return;
	if (session->virtual_network_id >= range->from &&
	    session->virtual_network_id <= range->to && !has(vnis, session->virtual_network_id))
		give(vnis, wanted, session->virtual_network_id);
}

static void add_current(struct vnis *vnis, const struct mirror_session *session)
{
	if (session->has_virtual_network_id && session->virtual_network_id <= SESSION_MAX_VNI)
		add(vnis, session->virtual_network_id);
}

/* What nobody else should get: VNIs that are fixed, AWS's choice, or of sessions that stay. */
static void add_others(struct vnis *vnis, struct desired_scope *desired)
{
	for (size_t i = 0; i < desired->session_count; i++) {
		struct desired_session *wanted = &desired->sessions[i];
		const struct config_vni *range = &wanted->group->virtual_network_id;

		if (range->kind == CONFIG_VNI_FIXED)
			give(vnis, wanted, range->from);
		else if (range->kind == CONFIG_VNI_AUTO && wanted->session)
			add_current(vnis, wanted->session);
	}
	for (size_t i = 0; desired->uses && i < desired->scope->session_count; i++) {
		if (desired->uses[i] == DESIRED_FOREIGN || desired->uses[i] == DESIRED_KEPT)
			add_current(vnis, &desired->scope->sessions[i]);
	}
}

static bool needs_choice(const struct desired_session *wanted)
{
	return !wanted->left_out && !wanted->has_virtual_network_id &&
	       wanted->group->virtual_network_id.kind == CONFIG_VNI_RANGE;
}

static bool some_failed(const struct desired_scope *scopes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (scopes[i].scope->failure)
			return true;
	}
	return false;
}

/* Any of the range may be a session's that was not seen. */
static void wait(struct desired_scope *desired, struct desired_session *wanted)
{
	if (wanted->session)
		wanted->vni_unseen = true;
	else
		desired_leave_out(desired, wanted, SELECT_VNI_UNSEEN);
}

/* next: of the group, where the search goes on. */
static void choose(struct vnis *vnis, struct desired_scope *desired, struct desired_session *wanted,
		   uint32_t *next)
{
	const struct config_vni *range = &wanted->group->virtual_network_id;

	while (*next <= range->to && has(vnis, *next))
		++*next;
	if (*next <= range->to)
		give(vnis, wanted, *next);
	else if (wanted->session)
		wanted->no_vni = true;
	else
		desired_leave_out(desired, wanted, SELECT_NO_VNI);
}

void desired_virtual_network(const struct config *config, struct desired_scope *scopes,
			     size_t count, struct arena *arena)
{
	struct vnis vnis = {calloc(VNIS / 8, 1)};
	uint32_t *next = calloc(config->session_count + 1, sizeof(*next));
	const bool unseen = some_failed(scopes, count);

	if (!vnis.bits || !next) {
		arena->failed = true;
		goto out;
	}
	for (size_t i = 0; i < config->session_count; i++)
		next[i] = config->sessions[i].virtual_network_id.from;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < scopes[i].session_count; j++)
			keep_own(&vnis, &scopes[i].sessions[j]);
	}
	for (size_t i = 0; i < count; i++)
		add_others(&vnis, &scopes[i]);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < scopes[i].session_count; j++) {
			struct desired_session *wanted = &scopes[i].sessions[j];

			if (!needs_choice(wanted))
				continue;
			if (unseen)
				wait(&scopes[i], wanted);
			else
				choose(&vnis, &scopes[i], wanted,
				       &next[wanted->group - config->sessions]);
		}
	}
out:
	free(vnis.bits);
	free(next);
}
