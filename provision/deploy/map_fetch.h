/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session map is made of, from Describe calls alone: mirror sessions, and the primary
 * address of each source interface. All or nothing: what is not complete is a failure.
 */
#ifndef PROVISION_MAP_FETCH_H
#define PROVISION_MAP_FETCH_H

#include <jansson.h>

#include "provision/aws/client.h"
#include "provision/aws/failure.h"

/* Which sessions; one of the two. Borrowed. */
struct map_query {
	const char *traffic_mirror_target_id;
	const char *deployment; /* the value of the tag mirrorcap:deployment */
};

/* Zeroed is empty. All owned, map_facts_fini(). */
struct map_facts {
	json_t *sessions;  /* an array, in AWS CLI's form */
	json_t *addresses; /* an object: interface id to its primary address, IPv4 or IPv6 */
};

/*
 * Asks one account and region, and adds what it says. An interface that cannot be seen, since it
 * is another account's or gone, has no address.
 * Returns 0, or -errno with failure set; facts are then not complete.
 */
int map_fetch(struct client *client, const struct map_query *query, struct map_facts *facts,
	      struct failure *failure);

void map_facts_fini(struct map_facts *facts);

#endif
