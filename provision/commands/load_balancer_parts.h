/* SPDX-License-Identifier: Apache-2.0 */
/* What load-balancer setup and teardown share: finding what is there, and whose it is. */
#ifndef PROVISION_LOAD_BALANCER_PARTS_H
#define PROVISION_LOAD_BALANCER_PARTS_H

#include "provision/commands/operation_options.h"

#define LOAD_BALANCER_TAG "mirrorcap:load-balancer"

/* Borrowed but for the three parts. */
struct load_balancer_parts {
	struct client *client;
	struct failure *failure;
	const char *verb; /* for messages */
	const char *name;
	/* As Describe tells them; owned; NULL where there is none. */
	json_t *balancer, *group, *listener;
};

void load_balancer_parts_init(struct load_balancer_parts *parts, struct client *client,
			      const struct operation_options *options, struct failure *failure);
void load_balancer_parts_fini(struct load_balancer_parts *parts);

/* Finds all three, by name and by the listener's place. Returns as operation_call(), -EEXIST. */
int load_balancer_parts_find(struct load_balancer_parts *parts, int port);

/* input: taken over; NULL is out of memory. output: may be NULL. Returns as operation_call(). */
int load_balancer_parts_call(const struct load_balancer_parts *parts, const char *operation,
			     json_t *input, json_t **output);

/* The member's text of a part, or NULL. */
const char *load_balancer_parts_text(const json_t *part, const char *member);

/* One step, told to a person. */
void load_balancer_parts_say(const struct load_balancer_parts *parts, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
