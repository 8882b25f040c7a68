/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `mirrorcap load-balancer setup` and `teardown`: a Network Load Balancer before collectors as one
 * thing: load balancer, target group, listener, attributes and targets, in the order that AWS needs.
 *
 * What setup creates has one name and carries the tag mirrorcap:load-balancer=NAME; it is found
 * again by both, so that each command can be repeated, also after it was broken off. What has the
 * name but not the tag is foreign: neither command touches it.
 */
#ifndef PROVISION_LOAD_BALANCER_SETUP_H
#define PROVISION_LOAD_BALANCER_SETUP_H

#include "provision/commands/operation_command.h"

#define LOAD_BALANCER_SETUP_NOTES                                                              \
	"Creates what is missing of it: the load balancer, with cross-zone balancing; a UDP\n" \
	"target group, checked by TCP on the port that you name, whose flows end when a\n"     \
	"target leaves; a listener; and registers the targets. May be repeated. All carry\n"   \
	"the tag mirrorcap:load-balancer=NAME.\n"

#define LOAD_BALANCER_TEARDOWN_NOTES                                                          \
	"Deletes only what carries the tag mirrorcap:load-balancer=NAME, and nothing while\n" \
	"a traffic mirror target sends copies there. May be repeated.\n"

extern const struct shape load_balancer_setup_shape;
extern const struct shape load_balancer_teardown_shape;

/*
 * As operation_command's act: each step is told on stderr, the ARNs at the end on stdout.
 * Return 0, or -errno with failure set: -EEXIST (a foreign one has the name, or what is there is
 * another than what is wanted), -EBUSY (a mirror target uses it, or it is protected against
 * deletion), and those of operation_call().
 */
int load_balancer_setup(struct client *client, const struct operation_options *options,
			struct failure *failure);
int load_balancer_teardown(struct client *client, const struct operation_options *options,
			   struct failure *failure);

#endif
