/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options that say which traffic mirror session is meant, under AWS CLI's names. For
 * `mirrorcap run`, which puts its own beside them: a program puts them into its own getopt_long() table,
 * hands those that are ours to session_options_set(), and checks once at the end:
 *
 *	struct option table[ROOM] = {{"delete-on-exit", no_argument, NULL, 'd'}};
 *	count = 1 + session_options_getopt(table + 1, ROOM - 1);   (ends with a zero row)
 *	while ((value = getopt_long(argc, argv, "", table, NULL)) != -1)
 *		if (session_options_owns(value))
 *			rc = session_options_set(&options, value, optarg, &failure);
 *	rc = session_options_check(&options, &warning, &failure);
 *	… client_new(&options.client …), ec2_find_session(client, &options.create.spec …)
 */
#ifndef PROVISION_SESSION_OPTIONS_H
#define PROVISION_SESSION_OPTIONS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>

#include "provision/api/ec2.h"
#include "provision/aws/buffer.h"
#include "provision/aws/client.h"
#include "provision/aws/failure.h"

enum {
	/* getopt_long() values from here on are ours. */
	SESSION_OPTIONS_BASE = 0x1000,
	SESSION_OPTIONS_MAX = 24, /* rows that session_options_getopt() may add, the last one too */
	SESSION_OPTIONS_WARNING_BYTES = 256,
};

/* Zeroed is empty. Texts are borrowed from argv unless said otherwise. */
struct session_options {
	struct ec2_create create;        /* .spec is what `run` looks for and creates */
	struct client_options client;    /* region, profile and endpoint URL */
	struct mirror_session_tag *tags; /* owned; create.spec.tags is the same */
};

/*
 * Fills a getopt_long() table with the options and a final row of zeros.
 * room: rows of table, at least SESSION_OPTIONS_MAX.
 * Returns the number of rows without the final one.
 */
size_t session_options_getopt(struct option *table, size_t room);

/* True for the values of getopt_long() that session_options_set() takes. */
bool session_options_owns(int value);

/*
 * Reads one option's argument. The failure names the option and what it takes.
 * Returns 0, -EINVAL, -ENOMEM.
 */
int session_options_set(struct session_options *options, int value, const char *argument,
			struct failure *failure);

/*
 * Checks that all the command needs was given; names every option that is missing.
 * warning: SESSION_OPTIONS_WARNING_BYTES; set to what is allowed but hardly meant, else "".
 * Returns 0 or -EINVAL.
 */
int session_options_check(const struct session_options *options, char *warning,
			  struct failure *failure);

/* length: of packets, 0 where not given. warning: as above, set where AWS may refuse it. */
void session_options_warn_length(uint32_t length, char *warning);

/* Appends a part of a usage text: one line per option. */
void session_options_help(struct buffer *text);

void session_options_fini(struct session_options *options);

#endif
