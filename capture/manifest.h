/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A manifest: what a published file is, in a JSON file beside it, and the link of a chain.
 *
 * The manifests of a stream (a directory's files by one worker) form a chain: each holds the
 * SHA-256 of the one before it, over all its bytes. What retention removed since is listed in the
 * next one; where no file follows, in a link without a file. A manifest has one form to the byte:
 * the reader takes nothing that the writer would not write in the same way. See "Custody" in
 * docs/design.md and mirrorcap.manifest(5).
 */
#ifndef CAPTURE_MANIFEST_H
#define CAPTURE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/digest.h"
#include "capture/manifest_key.h"
#include "capture/session_map.h"

enum {
	MANIFEST_VERSION = 1,
	MANIFEST_CHAIN_BYTES = 16,
	MANIFEST_CHAIN_TEXT_BYTES = 2 * MANIFEST_CHAIN_BYTES + 1,
	MANIFEST_FILE_BYTES = 256, /* a file's name */
	MANIFEST_PROGRAM_BYTES = 64,
	MANIFEST_HOST_BYTES = 65,
	MANIFEST_REASON_BYTES = 32,
	MANIFEST_REASONS_MAX = 64,
	MANIFEST_ERROR_BYTES = 256,
	MANIFEST_TEXT_BYTES = 256 << 20, /* the longest that is read: a million sessions */
};

/* Of NAME.pcap it is NAME.pcap.manifest.json, and with the second suffix while its removal by
 * retention has not been recorded. */
#define MANIFEST_SUFFIX        ".manifest.json"
#define MANIFEST_PRUNED_SUFFIX ".manifest.json.pruned"

/* A count or a time that nobody can give: null in JSON, never 0. */
#define MANIFEST_UNKNOWN UINT64_MAX

/* How many of a session's packets are in the file. */
struct manifest_session {
	uint32_t virtual_network_id;
	bool has_source;
	struct in6_addr source;
	char name[SESSION_NAME_BYTES];
	uint64_t packets; /* or MANIFEST_UNKNOWN */
};

struct manifest_drop {
	char reason[MANIFEST_REASON_BYTES]; /* [a-z_]: later versions have others */
	uint64_t packets;
};

/*
 * What became of the worker's packets since the chain's file before this one was taken account
 * of, or the capture began: over a capture's files of one chain they add up.
 */
struct manifest_account {
	bool known;
	uint64_t received;
	uint64_t written; /* of all the worker's streams */
	struct manifest_drop dropped[MANIFEST_REASONS_MAX];
	uint32_t dropped_count;
	uint64_t missed; /* by the interfaces, before all workers; or MANIFEST_UNKNOWN */
};

/* The system's clock when the manifest was made, and the capture's. */
struct manifest_clock {
	bool known;
	bool synchronized;     /* the kernel is told so by who disciplines it */
	uint64_t max_error_us; /* by the kernel's account; or MANIFEST_UNKNOWN */
	uint64_t steps;        /* of a second or more, since the capture began */
};

enum manifest_reason {
	MANIFEST_RETENTION,   /* removed by retention */
	MANIFEST_LINK,        /* a link without a file that nothing needs any more */
	MANIFEST_UNCONFIRMED, /* retention was to remove it; the process that knew has gone */
};

/* A manifest that is no longer there, and what it was of. */
struct manifest_pruned {
	char *file;             /* NULL: a link without a file */
	uint64_t sequence;      /* in this chain; MANIFEST_UNKNOWN: the file had no manifest */
	struct digest manifest; /* of its bytes, where it has a sequence */
	enum manifest_reason reason;
	uint64_t time_ns;
};

struct manifest {
	char *file; /* name without a directory; NULL: a link without a file, all of it is null */
	struct digest digest; /* of the file's bytes */
	uint64_t bytes;
	uint64_t packets;           /* or MANIFEST_UNKNOWN */
	uint64_t first_ns, last_ns; /* of the first and the last record; or MANIFEST_UNKNOWN */
	bool recovered;
	bool late; /* made by a later run than the one that published the file */
	bool sessions_known;
	struct manifest_session *sessions; /* those with packets in the file */
	uint32_t session_count;
	struct manifest_account account;
	struct manifest_clock clock;
	char program[MANIFEST_PROGRAM_BYTES]; /* "mirrorcap 0.1.0" */
	char host[MANIFEST_HOST_BYTES];
	bool has_configuration;
	struct digest configuration; /* of the command line and the session map */
	uint64_t created_ns;

	uint8_t chain[MANIFEST_CHAIN_BYTES]; /* random: the same in all of its manifests */
	uint32_t worker;
	uint64_t sequence; /* 1 for the first */
	bool has_previous; /* all but the first */
	struct digest previous;
	struct manifest_pruned *pruned;
	uint32_t pruned_count;

	bool is_signed;
	uint8_t key[MANIFEST_KEY_BYTES]; /* public */
	uint8_t signature[MANIFEST_SIGNATURE_BYTES];
};

/*
 * Returns the manifest's text, or NULL when out of memory, where a name is not UTF-8, or OpenSSL
 * refuses. key: signs it, NULL: unsigned; is_signed, key and signature of the manifest are not
 * looked at. *length: without the NUL. Owned by the caller: free().
 */
char *manifest_text(const struct manifest *manifest, const struct manifest_key *key,
		    size_t *length);

/*
 * Reads a text of `length` bytes. Takes nothing but what manifest_text() makes, byte for byte;
 * says what is wrong where (MANIFEST_ERROR_BYTES). Does not check the signature.
 * Returns 0 or -errno: -EINVAL, -ENOMEM; *manifest is the caller's on 0: manifest_fini().
 */
int manifest_parse(struct manifest *manifest, const char *text, size_t length, char *error);

/*
 * Reads the file at path, a regular one. *digest: of its bytes, what the next in the chain has as
 * its `previous`. As manifest_parse(), and the errors of open(2) and read(2).
 * text, length: NULL, or get the file's bytes: the caller's, free().
 */
int manifest_read(struct manifest *manifest, const char *path, struct digest *digest, char **text,
		  size_t *length, char *error);

/* Is the signature that of the key in it? text, length: what was parsed. False without one. */
bool manifest_verify(const struct manifest *manifest, const char *text, size_t length);

/* Frees what the manifest owns. */
void manifest_fini(struct manifest *manifest);

/* Adds one to the pruned ones; file is copied. Returns 0 or -ENOMEM. */
int manifest_add_pruned(struct manifest *manifest, const struct manifest_pruned *pruned);

/* "retention" and so on. */
const char *manifest_reason_name(enum manifest_reason reason);

/* Writes the name of a link without a file, chain-ID-SEQUENCE.manifest.json. */
void manifest_link_name(const struct manifest *manifest, char name[MANIFEST_FILE_BYTES]);

/* Is it such a name, to the letter? */
bool manifest_is_link_name(const char *name);

#endif
