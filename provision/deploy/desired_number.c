/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/desired.h"

/* The sessions of one interface: those that shall be, and those that are. */
struct slice {
	struct desired_scope *desired;
	struct desired_session *wanted;
	size_t wanted_count;
	const struct mirror_session *sessions;
	const enum desired_use *uses;
	size_t session_count;
};

/* A session that stays and is not ours to renumber has it, or one that shall be got it. */
static bool is_taken(const struct slice *slice, uint32_t number)
{
	for (size_t i = 0; i < slice->session_count; i++) {
		if (slice->sessions[i].session_number == number &&
		    (slice->uses[i] == DESIRED_FOREIGN || slice->uses[i] == DESIRED_KEPT))
			return true;
	}
	for (size_t i = 0; i < slice->wanted_count; i++) {
		if (!slice->wanted[i].left_out && slice->wanted[i].session_number == number)
			return true;
	}
	return false;
}

/* Nor does one have it that is about to lose it: then the order of changes does not matter. */
static uint32_t lowest_free(const struct slice *slice)
{
	uint32_t number = MIRROR_SESSION_MIN_NUMBER;

	for (bool again = true; again;) {
		again = is_taken(slice, number);
		for (size_t i = 0; !again && i < slice->session_count; i++)
			again = slice->sessions[i].session_number == number;
		number += again;
	}
	return number;
}

static void limit(const struct slice *slice)
{
	size_t count = 0;

	for (size_t i = 0; i < slice->session_count; i++)
		count += slice->uses[i] != DESIRED_DELETED;
	for (size_t i = 0; i < slice->wanted_count; i++) {
		struct desired_session *wanted = &slice->wanted[i];

		if (wanted->session)
			continue;
		if (count < CONFIG_INTERFACE_SESSIONS_MAX)
			count++;
		else
			desired_leave_out(slice->desired, wanted, SELECT_FULL);
	}
}

static void give_fixed(const struct slice *slice, struct desired_session *wanted)
{
	if (!is_taken(slice, wanted->group->session_number))
		wanted->session_number = wanted->group->session_number;
	else if (wanted->session)
		wanted->number_is_taken = true;
	else
		desired_leave_out(slice->desired, wanted, SELECT_NUMBER_TAKEN);
}

static void number_slice(const struct slice *slice)
{
	const struct desired_session *end = slice->wanted + slice->wanted_count;

	limit(slice);
	for (struct desired_session *wanted = slice->wanted; wanted < end; wanted++) {
		if (!wanted->left_out && wanted->group->session_number)
			give_fixed(slice, wanted);
	}
	for (struct desired_session *wanted = slice->wanted; wanted < end; wanted++) {
		if (wanted->session && !wanted->session_number &&
		    !is_taken(slice, wanted->session->session_number))
			wanted->session_number = wanted->session->session_number;
	}
	for (struct desired_session *wanted = slice->wanted; wanted < end; wanted++) {
		if (!wanted->left_out && !wanted->session_number)
			wanted->session_number = lowest_free(slice);
	}
}

void desired_number(struct desired_scope *desired)
{
	const struct observed_scope *scope = desired->scope;

	for (size_t i = 0; i < desired->session_count;) {
		struct slice slice = {.desired = desired, .wanted = &desired->sessions[i]};

		while (i < desired->session_count &&
		       desired->sessions[i].interface == slice.wanted->interface) {
			slice.wanted_count++;
			i++;
		}
		slice.sessions = observed_sessions_of(
			scope, slice.wanted->interface->network_interface_id, &slice.session_count);
		if (slice.session_count)
			slice.uses = &desired->uses[slice.sessions - scope->sessions];
		number_slice(&slice);
	}
}
