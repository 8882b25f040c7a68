/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the keys that sign requests come from: a chain of sources, asked in the order of the AWS
 * SDKs until one has some. A source is one row of credentials_sources and one function, in a file of
 * its own (credentials_env.c, credentials_sso.c, …).
 */
#ifndef PROVISION_CREDENTIALS_H
#define PROVISION_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "provision/aws/failure.h"
#include "provision/aws/imds.h"
#include "provision/aws/profile.h"

struct exchange;

enum {
	/* Refreshed this long before they expire: EC2 offers new ones from 15 minutes on. */
	CREDENTIALS_REFRESH_SECONDS = 600,
};

/* Zeroed holds none. Every text is owned and wiped by credentials_fini(). */
struct credentials {
	char *access_key_id;
	char *secret_access_key;
	char *session_token; /* NULL for long-term keys */
	int64_t expires_at;  /* seconds since the epoch; 0: never */
	const char *source;  /* static: the source's name */
};

/* What sources may use. All borrowed. */
struct credentials_context {
	struct exchange *exchange; /* for what has to be asked over the network */
	struct imds *imds;
	const struct profiles *profiles;
	const char
		*profile;   /* whose keys are looked for: the chosen one's, or a source_profile's */
	const char *region; /* of STS */
	bool environment; /* keys and roles in the environment count: no profile was insisted on */
};

struct credentials_source {
	const char *name;
	/*
	 * Returns 0; -ENOENT where this source is not set up, so that the next is asked; another
	 * -errno ends the search (set up, but wrongly). failure says what was tried in both cases.
	 * credentials: zeroed at entry; what was set by a failing source is freed by the chain.
	 */
	int (*load)(const struct credentials_context *context, struct credentials *credentials,
		    struct failure *failure);
	bool of_profile; /* may stand behind a source_profile, too */
};

/* Ends with a row whose name is NULL. */
extern const struct credentials_source credentials_sources[];

/*
 * Asks each source in turn. credentials: zeroed or filled before; replaced only on 0.
 * Returns 0, -ENOENT with a failure that lists what was tried, or the -errno of the source that is
 * set up wrongly; -EINVAL where they have expired.
 */
int credentials_load(const struct credentials_context *context, struct credentials *credentials,
		     struct failure *failure);

/* Asks those sources alone that a profile can be. As credentials_load(). */
int credentials_load_profile(const struct credentials_context *context,
			     struct credentials *credentials, struct failure *failure);

/* True where they expire within CREDENTIALS_REFRESH_SECONDS of now (seconds since the epoch). */
bool credentials_stale(const struct credentials *credentials, int64_t now);

/*
 * Copies the three texts; token may be NULL. origin names them in the failure. Keys become parts of
 * headers: only printable ASCII without blanks is taken.
 * Returns 0, or -EINVAL, -ENOMEM with failure set.
 */
int credentials_set(struct credentials *credentials, const char *id, const char *secret,
		    const char *token, const char *origin, struct failure *failure);

/*
 * A time as seconds since the epoch: 2026-11-22T23:10:38, perhaps with a fraction, then Z, UTC or
 * +HH:MM. 0 where text (may be NULL) is none, or before 1970.
 */
int64_t credentials_parse_time(const char *text);

void credentials_fini(struct credentials *credentials);

#endif
