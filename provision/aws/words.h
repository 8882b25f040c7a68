/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a command line without a shell, split as Python's shlex does (botocore uses it for
 * credential_process and for names of profiles): blanks separate, '…' holds as it is, "…" holds but
 * for \" and \\, a backslash elsewhere takes the next character. Nothing is expanded. Pure.
 */
#ifndef PROVISION_WORDS_H
#define PROVISION_WORDS_H

#include <stddef.h>

/* Zeroed is empty. */
struct words {
	char **list; /* owned; NULL-terminated, so that it is an argument vector */
	size_t count;
};

/*
 * words: needs no initialisation; words_fini() on 0.
 * Returns 0, or -EBADMSG (a quotation without end, a backslash at the end), -ENOMEM.
 */
int words_split(const char *text, struct words *words);

void words_fini(struct words *words);

#endif
