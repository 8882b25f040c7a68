/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session map: which VNIs are recorded, under which name, cut to which length, from which
 * source. Contract between provisioning and capture; see "Session map" in docs/design.md.
 */
#ifndef CAPTURE_SESSION_MAP_H
#define CAPTURE_SESSION_MAP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SESSION_NAME_BYTES = 65,    /* 64 characters and the NUL */
	SESSION_LENGTH_UNKNOWN = 0, /* no PacketLength given */
	SESSION_MAX_VNI = 0xffffff, /* 24 bits, RFC 7348 section 5 */
	SESSION_MAX_LENGTH = 65535, /* no UDP packet holds more */
	SESSION_MAP_MAX = 1000000,  /* more is surely a mistake */
	SESSION_ERROR_BYTES = 256,
};

/* The rule of session_name_valid() in words, for messages. */
#define SESSION_NAME_RULE "up to 64 of A-Z a-z 0-9 . _ -, a letter or digit first"

/* An IPv4 address is held as the IPv4-mapped IPv6 address ::ffff:a.b.c.d, so that one compare
 * tells any two addresses apart. */
struct session {
	uint32_t virtual_network_id;
	uint32_t
		packet_length; /* bytes after the VXLAN header; SESSION_LENGTH_UNKNOWN if not given */
	bool has_source;
	struct in6_addr source;
	char name[SESSION_NAME_BYTES];   /* the given name, or "vni-N"; unique within a map */
	char *traffic_mirror_session_id; /* owned by the map, NULL if not given */
	char *network_interface_id;      /* owned by the map, NULL if not given */
};

struct session_map {
	struct session *sessions; /* owned */
	uint32_t count;
};

/*
 * Adds the session of one --vni argument: VNI[,length=N][,name=NAME][,source=IP].
 * map: zeroed before the first call; owned by the caller, session_map_fini().
 * error: SESSION_ERROR_BYTES; on failure says what is wrong with which part.
 * Returns 0 or -EINVAL, -ENOMEM.
 */
int session_map_add_argument(struct session_map *map, const char *argument, char *error);

/*
 * Reads a session map file (JSON, version 1). Names the JSON path of a wrong value
 * ("$.sessions[3].virtual_network_id: 16777216 is above 16777215"), the line of a syntax error
 * ("line 7: '}' expected near ']'"). The file's own name is the caller's to add.
 * error: SESSION_ERROR_BYTES.
 * warning: SESSION_ERROR_BYTES; set to one warning that lists unknown keys, else to "".
 * Returns 0 or -errno; *map is valid only on 0.
 */
int session_map_read(struct session_map *map, const char *path, char *error, char *warning);

/* Returns the map as JSON text, owned by the caller: free(); NULL when out of memory. */
char *session_map_text(const struct session_map *map);

/*
 * Writes the map as JSON to path, atomically: a temporary file in the same directory, synced,
 * renamed over path, directory synced. Returns 0 or -errno.
 */
int session_map_write(const struct session_map *map, const char *path);

/*
 * Checks the map as a whole and fills in missing names: the same VNI and source twice, and the
 * same name twice, are errors. Where several sessions without a name share a VNI, the default
 * name carries the source: vni-N-10.0.0.5 (':' of an IPv6 address becomes '-').
 * Called by both readers' users once, after the last session. Returns 0 or -EINVAL, -ENOMEM.
 */
int session_map_check(struct session_map *map, char *error);

/*
 * Adds a copy of *session at the end; the strings it points to then belong to the map.
 * Returns 0 or -ENOMEM.
 */
int session_map_append(struct session_map *map, const struct session *session);

/* Frees what the map owns; it is empty then. */
void session_map_fini(struct session_map *map);

/* True for [A-Za-z0-9][A-Za-z0-9._-]{0,63}. */
bool session_name_valid(const char *name);

/* Reads an IPv4 or IPv6 address in text form. Returns 0 or -EINVAL. */
int session_source_parse(const char *text, struct in6_addr *source);

/* Writes the text form, IPv4 as a dotted quad; text has at least INET6_ADDRSTRLEN bytes. */
void session_source_format(const struct in6_addr *source, char *text);

#endif
