/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that AWS's tools share, ~/.aws/config and ~/.aws/credentials, by the rules that
 * botocore reads them with (Python's configparser): `[section]`, `key = value` or `key: value`,
 * keys in any case, comments (# or ;) on lines of their own only, values that go on over indented
 * lines, values of `key = value` lines one level deep, no section or key twice, and a section
 * DEFAULT whose keys stand in all others. Pure.
 */
#ifndef PROVISION_INI_H
#define PROVISION_INI_H

#include <stddef.h>

#include "provision/aws/buffer.h"

enum {
	INI_MAX_BYTES = 1 << 20,
	INI_MAX_LINES = 50000,
};

struct ini_entry {
	char *key; /* owned; lower case */
	struct buffer value;
};

struct ini_section {
	char *name;                /* owned; as it stands between the brackets */
	struct ini_entry *entries; /* owned */
	size_t count;
};

/* Zeroed is empty. Values may be secrets: ini_fini() wipes them. */
struct ini {
	struct ini_section *sections; /* owned */
	size_t count;
};

struct ini_error {
	unsigned int line;   /* from 1 */
	const char *message; /* static; never quotes the file, which holds secrets */
};

/*
 * ini: needs no initialisation; ini_fini() on 0.
 * Returns 0, or -EBADMSG (error is set), -EMSGSIZE (above a limit; error is set), -ENOMEM.
 */
int ini_parse(const char *text, size_t length, struct ini *ini, struct ini_error *error);

void ini_fini(struct ini *ini);

/* The section of that exact name, or NULL. */
const struct ini_section *ini_section(const struct ini *ini, const char *name);

/*
 * A key's value, of the section or of DEFAULT; NULL where there is none, or section is NULL. Lines
 * of a longer value are joined with '\n'; one that starts with '\n' is nested: see ini_nested().
 */
const char *ini_value(const struct ini *ini, const struct ini_section *section, const char *key);

/*
 * The value of a key inside a nested value. value: may be NULL. found: appended to where there is
 * such a key. Returns whether there is.
 */
bool ini_nested(const char *value, const char *key, struct buffer *found);

#endif
